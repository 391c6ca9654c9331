"""What a reader finds in the raw bytes of a mail. Derived, versioned, and never the evidence."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from domain.classes import dataclass
from domain.values import Address


@dataclass(frozen=True, slots=True)
class Attachment:
    """A leaf part that is no body text; `name` is display text, never a path, empty if it has none.

    `size` counts decoded octets. `inside` is the place of the attachment out of which this one was
    taken (winmail.dat, an attached mail, a signed file); `title` is an attached mail's subject.
    """

    name: str
    media_type: str
    size: int
    content_id: str = ""
    inline: bool = False
    inside: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """What a calendar part is about; texts are as its sender wrote them.

    `start` is ISO 8601, a day or a time, with Z for UTC, else in `zone` or, without one, wherever
    the reader is. A higher `sequence` of the same `uid` replaces a lower one.
    """

    uid: str = ""
    organiser: Address | None = None
    summary: str = ""
    start: str = ""
    zone: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that a person passes on: who wrote it, and what about.

    `begins` is the place in the text of the mail where the forwarded text begins; None where the
    mail is attached, whose first text is in `text` then. `by_command`: the mail begins with @fwd,
    so whoever wrote what is forwarded counts as its writer.
    """

    sender: Address
    subject: str = ""
    sent_at: datetime | None = None
    message_id: str = ""
    begins: int | None = None
    by_command: bool = True
    text: str = ""


class NoticeKind(StrEnum):
    """What a machine says about another message."""

    DELIVERY = "delivery"
    """A delivery status notification (RFC 3464), or a bounce in a form of its own."""
    DISPOSITION = "disposition"
    """A message disposition notification (RFC 8098), a read receipt."""
    FEEDBACK = "feedback"
    """An abuse report (RFC 5965)."""
    PEC = "pec"
    """A receipt of certified mail (RFC 6109, X-Ricevuta)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a notice says of one recipient.

    `recipient` is whom the sender wrote to, where that is told (RFC 3464 2.3.1), else as `final`,
    whom the mail was for in the end. `text` is what a server said. `certified`: whether it is a
    PEC address (RFC 6109, destinatari tipo); None where that is not told.
    """

    recipient: str
    outcome: str = ""
    status: str = ""
    text: str = ""
    final: str = ""
    certified: bool | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A machine's notice and the message that it concerns.

    `concerns` holds Message-IDs without brackets: the original's, as far as the notice tells.
    `outcome` is the Action of a delivery report (failed, delayed, delivered, …), the disposition
    of a read receipt, the feedback type, or X-Ricevuta's value. Of several recipients `outcome`,
    `status` and `recipient` are of the worst; `reports` tell of each. `envelope` is the id that
    the sender gave the transmission (ENVID, RFC 3461 4.4).
    """

    kind: NoticeKind
    outcome: str = ""
    status: str = ""
    recipient: str = ""
    concerns: tuple[str, ...] = ()
    reports: tuple[Report, ...] = ()
    envelope: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """One mail as read. Texts are Unicode without NUL; ids have no brackets; times are UTC.

    `text` is what a person reads, from text/plain or else made from HTML, quoted history included.
    `signals` are the header fields (lower-case name, value) that decide on machine mail and PEC;
    `trace` those that differ from copy to copy (Return-Path, Delivered-To, Authentication-Results).
    `defects` say what could not be read as the standards ask; empty for a sound mail.
    """

    reader: int
    message_id: str = ""
    sent_at: datetime | None = None
    subject: str = ""
    authors: tuple[Address, ...] = ()
    """From (RFC 5322 3.6.2)."""
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    thread_index: str = ""
    """Exchange's Thread-Index, in base64 without blanks."""
    also_known_as: tuple[str, ...] = ()
    """Ids that it had before a provider gave it another, as far as the mail tells."""
    text: str = ""
    html: bool = False
    attachments: tuple[Attachment, ...] = ()
    signals: tuple[tuple[str, str], ...] = ()
    trace: tuple[tuple[str, str], ...] = ()
    notice: Notice | None = None
    pec_sender: Address | None = None
    """The real sender inside a PEC transport envelope (RFC 6109), whose From is the provider."""
    pec_message_id: str = ""
    """The Message-ID that the sender gave, where the PEC provider substituted it."""
    protection: str = ""
    """smime-signed, smime-encrypted, pgp-signed, pgp-encrypted, or empty."""
    calendar_method: str = ""
    """METHOD of a text/calendar part (RFC 5546), upper case, or empty."""
    calendar: CalendarEntry | None = None
    """The first entry of the same part (RFC 5545)."""
    signature: str = ""
    """Of signed mail: intact, broken, or unverified, where it cannot be told. Intact says that the
    mail is as the key's owner signed it, and nothing of who that is."""
    forwarded: Forwarded | None = None
    """Where the subject is marked as forwarded, or the text begins with @fwd."""
    degraded: bool = False
    """True when the mail could not be read in full; the raw bytes are kept all the same."""
    defects: tuple[str, ...] = field(default=())

    def signal(self, name: str) -> str:
        """Give the first value of a signal header, or an empty text."""
        return next((value for key, value in self.signals if key == name), "")

    def traced(self, name: str) -> str | None:
        """Give the first value of a trace header; None if the copy has none."""
        return next((value for key, value in self.trace if key == name), None)
