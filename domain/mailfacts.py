"""What conditions of rules speak of: a message as it is known at a moment, whatever asks for it.

A rule that acts and one that is rehearsed are given the same facts (api/work/mailfacts.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.classes import dataclass
from domain.content import Attachment
from domain.values import Address, DocumentId, MailboxId, MessageId, PartyId

Headers = tuple[tuple[str, str], ...]
Values = tuple[str, ...]
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A party to which the message belongs; `attributes` are the source's further columns."""

    id: PartyId
    code: str
    kind: str
    name: str
    language: str = ""
    country: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    def told(self, name: str) -> str:
        """Give what a party's field or attribute says, by its name without case."""
        own = {
            "code": self.code,
            "kind": self.kind,
            "name": self.name,
            "language": self.language,
            "country": self.country,
        }
        return own.get(name) or _attribute(self.attributes, name)


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document to which the message belongs."""

    id: DocumentId
    kind: str
    number: str
    title: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    def told(self, name: str) -> str:
        """Give what a document's field or attribute says, by its name without case."""
        own = {"kind": self.kind, "number": self.number, "title": self.title}
        return own.get(name) or _attribute(self.attributes, name)


@dataclass(frozen=True, slots=True)
class Facts:
    """A message as conditions see it, by all that is known up to `position`.

    `at`: when the first copy was received. `text` is what was newly written. `mailboxes` hold a
    copy; `open` are those of them in whose business hours it came. `headers` are the kept fields,
    in lower case, of all copies. `zone` is the instance's, `language` that of the text, if known.
    """

    message: MessageId
    position: int
    at: datetime
    zone: str
    direction: str
    automatic: bool
    kind: str
    mailboxes: tuple[MailboxId, ...]
    open: tuple[MailboxId, ...] = ()
    senders: tuple[Address, ...] = ()
    recipients: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    language: str = ""
    attachments: tuple[Attachment, ...] = ()
    headers: Headers = ()
    size: int = 0
    parties: tuple[PartyFacts, ...] = ()
    documents: tuple[DocumentFacts, ...] = ()

    def within(self, mailbox: MailboxId | None) -> "Facts":
        """Give the facts as a rule of one mailbox sees them: in its hours, or not."""
        if mailbox is None:
            return self
        return replace(self, open=tuple(one for one in self.open if one == mailbox))

    def wall(self, zone: str) -> datetime:
        """Give when it was received, on a clock of a zone; empty: the instance's."""
        return self.at.astimezone(ZoneInfo(zone or self.zone))


Texts = Callable[[Facts, str], Iterable[str]]


def _attribute(attributes: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in attributes if key.casefold() == name), "")


def _header(facts: Facts, name: str) -> Iterable[str]:
    return (value for key, value in facts.headers if key == name)


TEXTS: Final[Mapping[str, Texts]] = {
    "sender.address": lambda facts, _: (one.spec for one in facts.senders),
    "sender.domain": lambda facts, _: (one.domain for one in facts.senders),
    "sender.name": lambda facts, _: (one.name for one in facts.senders),
    "recipient.address": lambda facts, _: (one.spec for one in facts.recipients),
    "recipient.domain": lambda facts, _: (one.domain for one in facts.recipients),
    "recipient.name": lambda facts, _: (one.name for one in facts.recipients),
    "subject": lambda facts, _: (facts.subject,),
    "text": lambda facts, _: (facts.text,),
    "language": lambda facts, _: (facts.language,),
    "attachment.name": lambda facts, _: (one.name for one in facts.attachments),
    "attachment.type": lambda facts, _: (one.media_type for one in facts.attachments),
    "direction": lambda facts, _: (facts.direction,),
    "machine.kind": lambda facts, _: (facts.kind if facts.automatic else "",),
    "time.weekday": lambda facts, zone: (WEEKDAYS[facts.wall(zone).weekday()],),
    "time.clock": lambda facts, zone: (facts.wall(zone).strftime("%H:%M"),),
}
"""Fields that hold texts; of time, in a zone."""
NAMED: Final[Mapping[str, Texts]] = {
    "party": lambda facts, name: (one.told(name) for one in facts.parties),
    "document": lambda facts, name: (one.told(name) for one in facts.documents),
    "header": _header,
}
"""Fields that hold texts under a further name: `party.sales_manager`, `header.x-spam-flag`."""
NUMBERS: Final[Mapping[str, Callable[[Facts, str], Iterable[int]]]] = {
    "size": lambda facts, _: (facts.size,),
    "attachment.size": lambda facts, _: (one.size for one in facts.attachments),
    "attachment.count": lambda facts, _: (len(facts.attachments),),
    "time.hour": lambda facts, zone: (facts.wall(zone).hour,),
}
TRUTHS: Final[Mapping[str, Callable[[Facts], bool]]] = {
    "machine": lambda facts: facts.automatic,
    "linked": lambda facts: bool(facts.parties or facts.documents),
    "linked.party": lambda facts: bool(facts.parties),
    "linked.document": lambda facts: bool(facts.documents),
    "time.business": lambda facts: bool(facts.open),
}
IN_ZONE: Final = frozenset({"time.weekday", "time.clock", "time.hour"})
FIELDS: Final = (*TEXTS, *NUMBERS, *TRUTHS)
