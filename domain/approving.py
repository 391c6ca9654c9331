"""The words of mails that tell colleagues of approvals: one waits for them, or theirs was decided.

They name no subject and no number: a mail among us that did would be linked to the document it names.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

SUBJECT_ASKED: Final = "A mail waits for your approval"


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one approval: by whom, of a mail from which mailbox; `note` may be empty."""

    by: str
    mailbox: str
    at: datetime
    note: str = ""


def asked_text(one: Told) -> str:
    """Say who asks, and that nothing leaves before somebody decided."""
    when = f"{one.at:%Y-%m-%d %H:%M (%Z)}"
    said = [f"{one.by} asked at {when} that a mail from {one.mailbox} be approved."]
    said += [f"“{one.note}”"] if one.note else []
    said.append(
        "Read it as it would leave, and approve or refuse it: it does not leave before that. Whoever"
        " of those who may decide does so first decides for all."
    )
    return "\n\n".join(said) + "\n"


def decided_subject(*, approved: bool) -> str:
    """Say what came of a mail whose approval was asked."""
    return "Your mail was approved" if approved else "Your mail was not approved"


def decided_text(one: Told, *, approved: bool) -> str:
    """Say who decided, and what to do next."""
    what = "approved" if approved else "refused"
    when = f"{one.at:%Y-%m-%d %H:%M (%Z)}"
    said = [f"{one.by} {what} your mail from {one.mailbox} at {when}."]
    said += [f"“{one.note}”"] if one.note else []
    said.append(
        "Send the draft now: nothing leaves by itself, and another word in it asks for a new approval."
        if approved
        else "Change the draft, and ask again."
    )
    return "\n\n".join(said) + "\n"
