"""A mail that leaves: queued with its exact octets, sent, and what each recipient's server said.

    queued ─▶ sending ─▶ accepted │ refused │ deferred ─▶ sending …
                  └────▶ uncertain ─▶ resolved

A mail is `sending` before the first octet of its content is offered: whoever finds it so later does
not know whether it arrived, and never sends it again by himself. Recipients are named by their
place in the list, as what servers say of them is kept longer than their addresses.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.choosing import Target
from domain.classes import dataclass
from domain.values import (
    Address,
    BlobName,
    DocumentId,
    MailboxId,
    MessageId,
    Personal,
    TemplateId,
)


class RecipientRole(StrEnum):
    """Where a recipient stands."""

    TO = "to"
    CC = "cc"
    BCC = "bcc"


class Said(StrEnum):
    """What a server said of a recipient."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"


class Resolution(StrEnum):
    """What came out about a mail of which nobody knew whether it had left."""

    SENT = "sent"
    SEND_AGAIN = "send_again"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address, and where it stands."""

    address: Address
    role: RecipientRole


@dataclass(frozen=True, slots=True)
class Result:
    """What was said of a recipient, by his place: reply code (RFC 5321) and enhanced (RFC 3463)."""

    recipient: int
    said: Said
    code: int = 0
    enhanced: str = ""


# ---- events


@dataclass(frozen=True, slots=True)
class MailQueued:
    """A mail is to leave from a mailbox, not before a moment; its octets are fixed.

    `message` is the message as which its copy will be known, `targets` to whom and what it belongs
    by the word of who sends it, `removed` what it was proposed to belong to and does not by the same
    word. `document` is the record that it was composed for: it brings it if it `presents` it (as all
    did before this was said), else it only concerns it. `template` and its version are what it was
    made from, `answers` and `forwards` the message that it replies to or passes on. `certified`: it
    goes out as PEC (RFC 6109). `files` are SHA-256 of the attachments' octets (hex), in the order
    of `file_names`. `returns` False: it leaves with the null return path (RFC 3834 4), so that no
    notice about it comes back. `approval`: under which approval of a colleague it leaves.
    """

    mailbox: MailboxId
    message: MessageId
    raw: BlobName
    raw_sha256: str
    size: int
    not_before: datetime
    message_id: Annotated[str, Personal]
    sender: Annotated[Address, Personal]
    recipients: Annotated[tuple[Recipient, ...], Personal]
    subject: Annotated[str, Personal] = ""
    targets: tuple[Target, ...] = ()
    document: DocumentId | None = None
    template: TemplateId | None = None
    template_version: int = 0
    answers: MessageId | None = None
    forwards: MessageId | None = None
    certified: bool = False
    files: tuple[str, ...] = ()
    file_names: Annotated[tuple[str, ...], Personal] = ()
    removed: tuple[Target, ...] = ()
    presents: bool = True
    returns: bool = True
    approval: UUID | None = None


@dataclass(frozen=True, slots=True)
class MailSendingBegun:
    """The content of the mail is about to be offered, for these recipients: the server took them."""

    attempt: int
    recipients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MailAccepted:
    """A server took the mail over for some recipients; `retry_at`: others were put off until then.

    `texts` are what was said of each, `reply` of the whole; `known_as` is the id that the server
    gave it in its reply, if any.
    """

    attempt: int
    results: tuple[Result, ...]
    retry_at: datetime | None = None
    texts: Annotated[tuple[str, ...], Personal] = ()
    reply: Annotated[str, Personal] = ""
    known_as: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MailDeferred:
    """No server took it over; it is tried again at `retry_at`."""

    attempt: int
    results: tuple[Result, ...]
    retry_at: datetime
    texts: Annotated[tuple[str, ...], Personal] = ()
    reply: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MailRefused:
    """No server will take it over for anybody who is left; `given_up`: it was put off for too long."""

    attempt: int
    results: tuple[Result, ...]
    given_up: bool = False
    texts: Annotated[tuple[str, ...], Personal] = ()
    reply: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MailUncertain:
    """Nobody knows whether it left: the connection or the process ended while it was being sent."""

    attempt: int
    reason: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class MailResolved:
    """It came out what became of it, or somebody decided; `found_by` says how.

    With `recipients` it had been given up before: for those it had left after all.
    """

    attempt: int
    resolution: Resolution
    found_by: str
    note: Annotated[str, Personal] = ""
    recipients: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MailCancelled:
    """Somebody took it back before it left."""

    note: Annotated[str, Personal] = ""


OutgoingEvent = (
    MailQueued
    | MailSendingBegun
    | MailAccepted
    | MailDeferred
    | MailRefused
    | MailUncertain
    | MailResolved
    | MailCancelled
)
