"""The facts of messages that rules are asked about, from the events alone.

Live and in rehearsal they are read by the same functions, so they are the same. Of what may change
afterwards (links, master data, calendars) a message's facts tell what was known

- THEN: when it had first been decided whose it is: what a rule that runs at once is given;
- NOW: by all that has been recorded up to the position at which this was begun.

What a message says is what was read of it by then; which of its copies came first does not matter. A
copy that comes into a further mailbox later makes it a message of that mailbox, too, THEN as well: its
rules are asked, then, about what was known at first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from adapters.daysoff import business_time
from api.work.instance import Carteggio
from domain import facts as matched
from domain.calendars import CalendarsEvent
from domain.choosing import TargetKind
from domain.content import Content
from domain.document import DocumentChanged, DocumentRegistered
from domain.inforce import Said, calendar_for, in_force
from domain.languages import language_of
from domain.mailfacts import DocumentFacts, Facts, PartyFacts
from domain.message import (
    CaptureEvent,
    LinkState,
    MessageClassified,
    MessageLinked,
    MessageReceived,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.party import PartyChanged, PartyRegistered
from domain.recorded import Recorded
from domain.rereading import as_read_now
from domain.values import Address, DocumentId, MailboxId, MessageId, PartyId
from domain.wording import new_text
from projections.calendars import said
from projections.reader import EVERYTHING

_DECISIONS: Final = (
    MessageClassified, MessageLinked, MessageUnlinked, MessageThreaded, MessageSetApart,
)  # fmt: skip
_COUNTS: Final = (LinkState.AUTOMATIC, LinkState.CONFIRMED)
_RECORDS: Final = (PartyRegistered, PartyChanged, DocumentRegistered, DocumentChanged)
_KEPT: Final = 5_000
"""So many histories of parties and documents are kept in memory."""


class Known(StrEnum):
    """As of when what may change about a message is told."""

    THEN = "then"
    NOW = "now"


class Knowledge:
    """What is known up to a position: made once for a stretch of work, asked batch by batch."""

    def __init__(
        self, carteggio: Carteggio, upto: int, words: Sequence[Said[CalendarsEvent]], known: Known
    ) -> None:
        """Tell of nothing beyond `upto`; `words` are those about calendars."""
        self._journal = carteggio.journal
        self._zone = carteggio.settings.time_zone
        self._words = words
        self._known = known
        self._histories: OrderedDict[UUID, tuple[Recorded, ...]] = OrderedDict()
        self.upto = upto

    def facts_of(self, messages: Collection[UUID]) -> dict[MessageId, Facts]:
        """Give the facts of messages; those that are unknown, erased or not decided yet are absent."""
        streams: dict[UUID, list[Recorded]] = {}
        for one in self._journal.streams(messages):
            if one.position <= self.upto:
                streams.setdefault(one.stream, []).append(one)
        cut = {
            id: past[: _decided(past)] if self._known is Known.THEN else past
            for id, past in streams.items()
        }
        links = {id: _links(past) for id, past in cut.items()}
        self._look_up({target for found in links.values() for _, target in found})
        found = (
            self._facts(MessageId(id), cut[id], links[id], _mailboxes(streams[id]))
            for id in messages
            if _is_decided(cut.get(id, ()))
        )
        return {one.message: one for one in found if one is not None}

    def _facts(
        self,
        id: MessageId,
        past: Sequence[Recorded],
        links: Collection[tuple[TargetKind, UUID]],
        boxes: tuple[MailboxId, ...],
    ) -> Facts | None:
        copies = as_read_now(one.event for one in past)
        seen = _seen(copies)
        if seen is None:
            return None
        upto = past[-1].position if self._known is Known.THEN else self.upto
        said = [one.event for one in past if isinstance(one.event, MessageClassified)]
        return replace(
            _as_read(id, seen, copies, said[-1]),
            position=upto,
            zone=self._zone,
            mailboxes=boxes,
            open=tuple(one for one in boxes if self._is_open(one, seen, upto)),
            parties=tuple(self._parties(links, upto)),
            documents=tuple(self._documents(links, upto)),
        )

    def _is_open(self, mailbox: MailboxId, seen: matched.Facts, upto: int) -> bool:
        """Say whether a mailbox's calendar was open; without one it always is."""
        now = in_force((one for one in self._words if one.position <= upto), seen.at)
        calendar = calendar_for(now, mailbox)
        if calendar is None:
            return True
        event = calendar.event
        return business_time(event.opening, event.country, event.region).open_at(seen.at)

    def _look_up(self, targets: set[UUID]) -> None:
        """Read the histories of parties and documents that are not at hand."""
        for known in targets & self._histories.keys():
            self._histories.move_to_end(known)
        missing = [one for one in targets if one not in self._histories]
        streams: dict[UUID, list[Recorded]] = {one: [] for one in missing}
        for one in self._journal.streams(missing) if missing else ():
            if isinstance(one.event, _RECORDS) and one.position <= self.upto:
                streams[one.stream].append(one)
        self._histories |= {id: tuple(past) for id, past in streams.items()}
        while len(self._histories) > max(_KEPT, len(targets)):
            self._histories.popitem(last=False)

    def _parties(
        self, links: Collection[tuple[TargetKind, UUID]], upto: int
    ) -> Iterator[PartyFacts]:
        for id in (target for kind, target in links if kind is TargetKind.PARTY):
            past = (one.event for one in self._histories[id] if one.position <= upto)
            said = [one for one in past if isinstance(one, PartyRegistered | PartyChanged)]
            if said and isinstance(said[0], PartyRegistered):
                code, last = said[0].erp_id, said[-1]
                yield PartyFacts(
                    PartyId(id), code, last.kind, last.name, last.language, last.country,
                    last.attributes,
                )  # fmt: skip

    def _documents(
        self, links: Collection[tuple[TargetKind, UUID]], upto: int
    ) -> Iterator[DocumentFacts]:
        for id in (target for kind, target in links if kind is TargetKind.DOCUMENT):
            past = (one.event for one in self._histories[id] if one.position <= upto)
            said = [one for one in past if isinstance(one, DocumentRegistered | DocumentChanged)]
            if said:
                record, last = said[-1].record, said[-1]
                yield DocumentFacts(
                    DocumentId(id), record.kind, record.number, last.title, last.attributes
                )


async def knowledge(
    carteggio: Carteggio, known: Known = Known.NOW, upto: int | None = None
) -> Knowledge:
    """Begin with all that is known up to a position; None: up to now."""
    head = await asyncio.to_thread(carteggio.journal.head) if upto is None else upto
    async with carteggio.reading() as asked:
        words = await said(*asked, EVERYTHING)
    return Knowledge(carteggio, head, words, known)


async def facts_of(
    carteggio: Carteggio, messages: Collection[UUID], known: Known = Known.NOW
) -> dict[MessageId, Facts]:
    """Give the facts of messages, a few hundred at most."""
    asked = await knowledge(carteggio, known)
    return await asyncio.to_thread(asked.facts_of, messages)


def _is_decided(past: Sequence[Recorded]) -> bool:
    return any(isinstance(one.event, MessageClassified) for one in past)


def _decided(past: Sequence[Recorded]) -> int:
    """Give how many events there were once it was first decided on: what was decided together."""
    first = next((at for at, one in enumerate(past) if isinstance(one.event, _DECISIONS)), None)
    if first is None:
        return len(past)
    cause, end = past[first].envelope.causation, first
    while end < len(past) and isinstance(past[end].event, _DECISIONS):
        if past[end].envelope.causation != cause:
            break
        end += 1
    return end


def _mailboxes(past: Iterable[Recorded]) -> tuple[MailboxId, ...]:
    return tuple(sorted({x.event.mailbox for x in past if isinstance(x.event, CaptureEvent)}))


def _seen(copies: Sequence[CaptureEvent]) -> matched.Facts | None:
    seen: matched.Facts | None = None
    for copy in copies:
        if isinstance(copy, MessageReceived):
            seen = matched.facts_of(copy)
        elif seen is not None:
            seen = matched.also_seen(seen, copy)
    return seen


def _as_read(
    id: MessageId, seen: matched.Facts, copies: Sequence[CaptureEvent], said: MessageClassified
) -> Facts:
    """Tell what the copy says that came first, with the header fields of all."""
    first = min(copies, key=lambda one: (one.received_at, one.raw_sha256))
    content = next(
        one.content
        for one in copies
        if one.content is not None and one.content_key == seen.first.content_key
    )
    text = new_text(content.text)
    return Facts(
        message=id,
        position=0,
        at=seen.at,
        zone="UTC",
        direction=said.direction.value,
        automatic=said.automatic,
        kind=said.kind,
        mailboxes=(),
        senders=_senders(content),
        recipients=(*content.to, *content.cc),
        subject=content.subject,
        text=text,
        language=language_of(text),
        attachments=content.attachments,
        headers=tuple(sorted({*seen.traces, *seen.signals})),
        size=first.whole_size or first.size,
    )


def _senders(content: Content) -> tuple[Address, ...]:
    """Give who wrote: of certified mail the real sender; whose mail is passed on by @fwd, too."""
    own = (content.pec_sender,) if content.pec_sender else content.authors
    passed_on = content.forwarded
    return (*own, passed_on.sender) if passed_on and passed_on.by_command else own


def _links(past: Iterable[Recorded]) -> tuple[tuple[TargetKind, UUID], ...]:
    """Give whose it is by links that count, in the order in which they were made."""
    standing: dict[UUID, MessageLinked] = {}
    for one in past:
        match one.event:
            case MessageLinked() as event:
                standing.pop(event.target, None)
                standing[event.target] = event
            case MessageUnlinked(target=target):
                standing.pop(target, None)
            case _:
                continue
    return tuple((one.kind, one.target) for one in standing.values() if one.state in _COUNTS)
