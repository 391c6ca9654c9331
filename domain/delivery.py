"""What became of a mail for each of its recipients, by all that is known of it, in whatever order.

    what our own server said (outgoing.*)  <  what a server behind it reports (RFC 3464, RFC 6109)

Of several reports the worst counts: whoever sent the mail has to look at it. But that a server put
the mail off counts no more once a later report says that it went on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from domain.classes import dataclass
from domain.content import NoticeKind
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
    OutgoingEvent,
    Resolution,
    Result,
    Said,
)
from domain.values import MessageId


class DeliveryState(StrEnum):
    """How far a mail came for a recipient; the order is that of what counts over what."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    """It was being sent, and nobody knows whether it arrived."""
    ACCEPTED = "accepted"
    """Our server took it over."""
    PEC_ACCEPTED = "pec_accepted"
    """Our provider took it over, and proves it (accettazione)."""
    RELAYED = "relayed"
    """A server took it over that tells nothing further; a PEC provider (presa-in-carico)."""
    DEFERRED = "deferred"
    """A server put it off, and tries again."""
    PEC_LATE = "pec_late"
    """Our provider warns that it was not delivered yet (preavviso-errore-consegna)."""
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"
    """It was put off for too long, or somebody gave it up."""
    REFUSED = "refused"
    """Our server did not take it over."""
    DELIVERED = "delivered"
    PEC_DELIVERED = "pec_delivered"
    """The recipient's provider proves that it is in his mailbox (avvenuta-consegna)."""
    BOUNCED = "bounced"
    """A server behind ours could not deliver it."""
    PEC_FAILED = "pec_failed"
    """A provider says that it is not delivered (non-accettazione, errore-consegna, a virus)."""


OPEN: Final = (
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
    DeliveryState.DEFERRED,
)
"""Of what our own server said: what it is to be asked again, or nobody knows."""
FAILED: Final = (
    DeliveryState.GIVEN_UP,
    DeliveryState.REFUSED,
    DeliveryState.BOUNCED,
    DeliveryState.PEC_FAILED,
)
ARRIVED: Final = (DeliveryState.DELIVERED, DeliveryState.PEC_DELIVERED)
_RANK: Final = {state: place for place, state in enumerate(DeliveryState)}
_BY_ACTION: Final = {
    "failed": DeliveryState.BOUNCED,
    "delayed": DeliveryState.DEFERRED,
    "delivered": DeliveryState.DELIVERED,
    "relayed": DeliveryState.RELAYED,
    "expanded": DeliveryState.RELAYED,
}
"""RFC 3464 2.3.3."""
_BY_RECEIPT: Final = {
    "accettazione": DeliveryState.PEC_ACCEPTED,
    "non-accettazione": DeliveryState.PEC_FAILED,
    "presa-in-carico": DeliveryState.RELAYED,
    "avvenuta-consegna": DeliveryState.PEC_DELIVERED,
    "errore-consegna": DeliveryState.PEC_FAILED,
    "preavviso-errore-consegna": DeliveryState.PEC_LATE,
    "rilevazione-virus": DeliveryState.PEC_FAILED,
}
"""RFC 6109, X-Ricevuta."""
_OF_ALL: Final = frozenset({"accettazione", "non-accettazione"})
"""Receipts that are about the whole mail, where they name nobody."""
_CODE: Final = re.compile(r"(?<![\d.])([245][0-5]\d)(?![\d.])")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mail stands for a recipient, since when, and who says so.

    `code` is a reply code (RFC 5321), 0 without one, `status` an enhanced one (RFC 3463). `proof`
    is the message that says so; None where our own server did.
    """

    state: DeliveryState
    at: datetime
    code: int = 0
    status: str = ""
    text: str = ""
    proof: MessageId | None = None


# ---- what our own server said

Standings = tuple[Standing, ...]
"""By the recipients' places."""


def sent(before: Standings, event: OutgoingEvent, at: datetime) -> Standings:
    """Give how a mail stands after an event of its own."""
    match event:
        case MailQueued(recipients=recipients):
            return tuple(Standing(DeliveryState.QUEUED, at) for _ in recipients)
        case MailSendingBegun(recipients=recipients):
            begun = dict.fromkeys(recipients, Standing(DeliveryState.SENDING, at))
            return _changed(before, begun)
        case MailAccepted(results=results, texts=texts, reply=reply):
            return _changed(before, _said(results, texts, reply, at))
        case MailDeferred(results=results, texts=texts, reply=reply):
            return _changed(before, _said(results, texts, reply, at))
        case MailRefused(results=results, given_up=given_up, texts=texts, reply=reply):
            told = _changed(before, _said(results, texts, reply, at))
            ending = DeliveryState.GIVEN_UP if given_up else DeliveryState.REFUSED
            return _ended(told, ending, at)
        case MailUncertain(reason=reason):
            lost = Standing(DeliveryState.UNCERTAIN, at, text=reason)
            return tuple(lost if one.state is DeliveryState.SENDING else one for one in before)
        case MailResolved(recipients=recipients) if recipients:
            return _changed(
                before, {one: Standing(DeliveryState.ACCEPTED, at) for one in recipients}
            )
        case MailResolved(resolution=resolution):
            return _resolved(before, resolution, at)
        case MailCancelled():
            return _ended(before, DeliveryState.CANCELLED, at)
        case _ as never:
            assert_never(never)


def _changed(before: Standings, now: Mapping[int, Standing]) -> Standings:
    return tuple(now.get(place, one) for place, one in enumerate(before))


def _said(
    results: Sequence[Result], texts: Sequence[str], reply: str, at: datetime
) -> dict[int, Standing]:
    """Of who was accepted the reply to the whole is told, if there is none to him."""
    told = [*texts, *([""] * len(results))]
    return {
        one.recipient: Standing(_SAID[one.said], at, one.code, one.enhanced, text or reply)
        for one, text in zip(results, told, strict=False)
    }


_SAID: Final = {
    Said.ACCEPTED: DeliveryState.ACCEPTED,
    Said.DEFERRED: DeliveryState.DEFERRED,
    Said.REFUSED: DeliveryState.REFUSED,
}


def _ended(before: Standings, ending: DeliveryState, at: datetime) -> Standings:
    """Let what was open end; what a server said of it stays told."""
    return tuple(replace(one, state=ending, at=at) if one.state in OPEN else one for one in before)


def _resolved(before: Standings, resolution: Resolution, at: datetime) -> Standings:
    match resolution:
        case Resolution.GIVEN_UP:
            return _ended(before, DeliveryState.GIVEN_UP, at)
        case Resolution.SENT | Resolution.SEND_AGAIN:
            sent = resolution is Resolution.SENT
            now = Standing(DeliveryState.ACCEPTED if sent else DeliveryState.QUEUED, at)
            return tuple(now if one.state is DeliveryState.UNCERTAIN else one for one in before)
        case _ as never:
            assert_never(never)


# ---- what others report


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice says of one recipient; addresses as keys, empty where it names nobody.

    `final` is whom the mail was for in the end, if that is told. `doubted`: a server found its
    sender forged. `signed`: by a signature that is not broken. `here`: it came to the mailbox from
    which the mail left.
    """

    message: MessageId
    at: datetime
    kind: NoticeKind
    outcome: str
    status: str = ""
    text: str = ""
    recipient: str = ""
    final: str = ""
    doubted: bool = False
    signed: bool = False
    here: bool = True
    certified: bool | None = None


def counts(told: Told, *, certified: bool) -> bool:
    """Tell whether a notice is believed about a mail to which it refers; `certified`: a PEC.

    A delivery report is, unless a server found its sender forged. A receipt is of a PEC alone, and
    signed (RFC 6109 3.1.3), and comes to the mailbox that sent it: nothing but its provider writes
    there, who puts whatever else comes into an envelope that says so.
    """
    match told.kind:
        case NoticeKind.DELIVERY:
            return not told.doubted
        case NoticeKind.PEC:
            return certified and told.here and told.signed and not told.doubted
        case NoticeKind.DISPOSITION | NoticeKind.FEEDBACK:
            return False
        case _ as never:
            assert_never(never)


def means(kind: NoticeKind, outcome: str) -> DeliveryState | None:
    """Give what a notice makes of a mail; None where it says nothing about delivery (RFC 8098)."""
    match kind:
        case NoticeKind.DELIVERY:
            return _BY_ACTION.get(outcome.strip().lower())
        case NoticeKind.PEC:
            return _BY_RECEIPT.get(outcome.strip().lower())
        case NoticeKind.DISPOSITION | NoticeKind.FEEDBACK:
            return None
        case _ as never:
            assert_never(never)


def about(told: Told, recipients: Sequence[str]) -> tuple[int, ...]:
    """Give the places of the recipients (by key) whom a notice is about; of a stranger, none.

    Mail that is passed on is reported of another address than that written to: then the one
    written to counts, or the only one.
    """
    named = {told.recipient, told.final} - {""}
    if found := tuple(place for place, one in enumerate(recipients) if one in named):
        return found
    if not named and told.outcome in _OF_ALL:
        return tuple(range(len(recipients)))
    return (0,) if len(recipients) == 1 and not _names_another(told) else ()


def _names_another(told: Told) -> bool:
    """Tell whether it says that the mail was written to somebody else."""
    passed_on = told.recipient == told.final
    return bool(told.recipient) and not (told.kind is NoticeKind.DELIVERY and passed_on)


def standing(base: Standing, told: Iterable[Told]) -> Standing:
    """Give how a mail stands by what our server said and by all believed notices about it."""
    reported = [one for one in map(_reported, told) if one is not None]
    went_on = [one.at for one in reported if one.state is DeliveryState.RELAYED]
    return min((base, *(one for one in reported if not _is_over(one, went_on))), key=_weight)


def _is_over(one: Standing, went_on: Sequence[datetime]) -> bool:
    """Tell whether what was put off has gone on since."""
    return one.state is DeliveryState.DEFERRED and any(one.at < at for at in went_on)


def _reported(told: Told) -> Standing | None:
    state = means(told.kind, told.outcome)
    if state is None:
        return None
    found = _CODE.search(told.text)
    return Standing(
        state, told.at, int(found[1]) if found else 0, told.status, told.text, told.message
    )


def _weight(one: Standing) -> tuple[int, datetime, str]:
    return -_RANK[one.state], one.at, str(one.proof or "")


# ---- what follows


def waits_since(base: Standing, now: Standing, *, certified: bool | None) -> datetime | None:
    """Give since when a receipt of delivery is due for a recipient of a PEC; None if none is.

    For an ordinary address none ever comes (RFC 6109 3.1.5), which the acceptance tells.
    """
    if certified is False or now.state in (*FAILED, *ARRIVED, DeliveryState.CANCELLED):
        return None
    if base.state is DeliveryState.ACCEPTED:
        return base.at
    return now.at if now.proof is not None else None
