"""Whose conversations became, and when they rested, in plain English."""

from domain.attention import (
    AttentionEvent,
    HandedBecause,
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
)
from domain.reminding import MessageReminded

OfAttention = AttentionEvent | MessageReminded


def of_attention(event: OfAttention) -> str:
    """Say who has it, that it rests, or that somebody was reminded of it."""
    match event:
        case MessageTaken():
            return "taken in hand"
        case MessageHandedOver():
            return _handed_over(event)
        case MessageSnoozed(until=until, reason=reason):
            when = f"until {until:%Y-%m-%d %H:%M} UTC, or until" if until else "until"
            return f"snoozed {when} they write{_why(reason)}"
        case MessageWaitPaused(reason=reason):
            return f"its clock was stopped{_why(reason)}"
        case MessageWaitContinued(reason=reason):
            return f"it waits as before{_why(reason)}"
        case MessageAttentionUndone():
            return "whose it is, or that it rests: what was said is undone"
        case MessageReminded(to=to, note=note):
            return f"{_people(len(to))} reminded that it waits{_why(note)}"


def _handed_over(event: MessageHandedOver) -> str:
    what = "handed over" if event.to else "given back to the people of its mailbox"
    match event.because:
        case HandedBecause.RULE:
            what += ", by a rule"
        case HandedBecause.ABSENCE:
            what += ", as whoever had it is away"
        case HandedBecause.PERSON:
            pass
    return what + _why(event.note)


def _people(count: int) -> str:
    return "a colleague was" if count == 1 else f"{count} colleagues were"


def _why(text: str) -> str:
    flat = " ".join(text.split())
    return f": {flat if len(flat) <= 120 else flat[:119] + '…'}" if flat else ""
