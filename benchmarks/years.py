"""The events of an office's years, as capture and reactions would record them.

Made, not read: so that a journal of many messages fills in minutes. Few parties write most, replies
come soon, conversations are short with a few long ones, and one question in thirty stays open.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from random import Random
from uuid import UUID

from adapters.ids import uuid7
from adapters.journal import NewEvent
from api.work.instance import Carteggio
from domain.choosing import TargetKind
from domain.content import Content
from domain.message import (
    Direction,
    FolderRole,
    LinkState,
    MessageClassified,
    MessageLinked,
    MessageReceived,
)
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Address, BlobName, MailboxId, MessageId

FIRST_DAY = datetime(2016, 1, 4, 7, 0, tzinfo=UTC)
MAILBOXES = tuple(MailboxId(UUID(int=number)) for number in range(1, 6))
PARTIES = tuple(UUID(int=1_000 + number) for number in range(2_000))
_RANKED = list(accumulate(1 / (rank + 20) for rank in range(len(PARTIES))))
"""Zipf's law, flattened at the top: the first party writes one message in a hundred."""
_OPEN = 400
_AT_ONCE = 2_000
_TEXT = "Buongiorno, vi preghiamo di confermarci la data di consegna prevista. Cordiali saluti. "


@dataclass(frozen=True, slots=True)
class _Said:
    """What a reply needs of what it answers."""

    id: str
    references: tuple[str, ...]
    subject: str
    party: int
    inbound: bool
    mailbox: MailboxId


@dataclass(slots=True)
class Years:
    """Gives message after message, each with its events; the same for the same seed."""

    seed: int
    _chance: Random = field(init=False)
    _said: list[_Said] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        """Begin on the first day."""
        self._chance = Random(self.seed)

    def messages(self) -> Iterator[tuple[MessageId, list[object]]]:
        """Give a message's id and what is recorded of it, without end."""
        at = FIRST_DAY
        while True:
            at += timedelta(seconds=self._chance.expovariate(1 / 600))
            said = self._next()
            message = MessageId(UUID(int=self._chance.getrandbits(128)))
            yield message, [self._received(said, at), self._classified(said), *self._links(said)]

    def _next(self) -> _Said:
        """Answer something recent more often than not, or begin a conversation."""
        self._number += 1
        chance, id = self._chance, f"{self._number}.{self._chance.getrandbits(32):x}@mail.example"
        if self._said and chance.random() < 0.55:
            # Taken out, as few messages are answered twice.
            before = self._said.pop(chance.randrange(len(self._said)))
            refers = (*before.references, before.id)[-12:]
            said = _Said(
                id, refers, before.subject, before.party, not before.inbound, before.mailbox
            )
        else:
            party = chance.choices(range(len(PARTIES)), cum_weights=_RANKED)[0]
            subject = f"Ordine {chance.randrange(1_000_000)}"
            inbound = chance.random() < 0.7
            said = _Said(id, (), subject, party, inbound, chance.choice(MAILBOXES))
        self._said.append(said)
        if len(self._said) > _OPEN:
            self._said.pop(0)
        return said

    def _received(self, said: _Said, at: datetime) -> MessageReceived:
        person = Address(f"buyer@firm{said.party}.example", f"Buyer {said.party}")
        office = Address("office@werkstatt.example", "Werkstatt")
        content = Content(
            reader=1,
            message_id=said.id,
            sent_at=at,
            subject=f"R: {said.subject}" if said.references else said.subject,
            authors=(person if said.inbound else office,),
            to=(office if said.inbound else person,),
            references=said.references,
            text=_TEXT * self._chance.randint(1, 5),
        )
        return MessageReceived(
            mailbox=said.mailbox,
            role=FolderRole.INBOX if said.inbound else FolderRole.SENT,
            received_at=at,
            size=2_000,
            raw=BlobName(said.id),
            content_key=f"{self._number:032x}",
            header_key=f"{self._number:032x}",
            folder="INBOX" if said.inbound else "Sent",
            raw_sha256=f"{self._number:064x}",
            content=content,
        )

    def _classified(self, said: _Said) -> MessageClassified:
        way = Direction.INBOUND if said.inbound else Direction.OUTBOUND
        # Most of what nobody answers was no question.
        wants = said.inbound and self._chance.random() < (0.1 if said.references else 0.5)
        return MessageClassified(
            direction=way,
            automatic=False,
            kind="",
            wants_answer=wants,
            reason="asks",
            rule_version=1,
        )

    def _links(self, said: _Said) -> Iterator[MessageLinked]:
        where = "from" if said.inbound else "to"
        sure, evidence = LinkState.AUTOMATIC, f"buyer@firm{said.party}.example"
        party = PARTIES[said.party]
        yield MessageLinked(
            TargetKind.PARTY, party, sure, "address-exact", 1, 100, where, evidence
        )
        if self._chance.random() < 0.4:
            document = UUID(int=10_000_000 + said.party * 10 + self._chance.randrange(10))
            yield MessageLinked(
                TargetKind.DOCUMENT, document, sure, "document-number", 1, 90, "subject", evidence
            )


def record(carteggio: Carteggio, count: int, seed: int = 1) -> None:
    """Record the events of so many messages in a company's journal."""
    context = Envelope(
        uuid7(), datetime.now(UTC), Actor(ActorKind.SYSTEM, "bench"), Origin("import")
    )
    left = islice(Years(seed).messages(), count)
    while batch := list(islice(left, _AT_ONCE)):
        with carteggio.journal.writing() as writing:
            writing.append(
                [
                    NewEvent(message, event, replace(context, event_id=uuid7()))
                    for message, events in batch
                    for event in events
                ]
            )
