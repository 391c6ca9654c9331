"""What follows from an event by itself: messages are classified and linked, and again when due.

    events ──fold──▶ look-ups ──due──▶ judge (pure) ──▶ classified, linked, unlinked ──▶ journal

Two steps, each one transaction: `_fold` brings the look-ups up to date and notes which messages
are due; `_decide` takes some of these, judges them, appends what changed and keeps the verdict.
A decision never runs ahead of what it reads, and none is made twice: its position, its due list
and its events move together. Decisions are a function of what is known, so the order in which
mail and master data arrived does not matter in the end.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

from adapters.database import Database
from adapters.journal import Journal, NewEvent
from adapters.matching import Lookups, number_key
from api.work.lookups import HEARD, fold
from domain.content import Content
from domain.correspondents import Ours, correspondents
from domain.identity import reaction_event
from domain.linking import NumberedDocument
from domain.matching import (
    Facts,
    Surroundings,
    Verdict,
    changes,
    in_next_round,
    judge,
    named_ids,
    numbers_in,
    own_ids,
    parties_matched,
)
from domain.message import MessageClassified, MessageEvent, MessageLinked, MessageUnlinked
from domain.numbers import Sighting
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, MessageId

_EVENTS_AT_ONCE = 2_000
_DECISIONS_AT_ONCE = 500

Numbers = tuple[tuple[str, Sighting], ...]


class Reactions:
    """The feed's consumer that decides; `run_once` gives how much it did, 0 when all is decided."""

    name = "reactions"

    def __init__(self, journal: Journal, database: Database) -> None:
        """Read from and write to `journal`; the look-ups lie in `database`."""
        self._journal = journal
        self._database = database

    def run_once(self) -> int:
        """Fold a batch of events into the look-ups, then decide on some messages that are due."""
        return self._fold() + self._decide()

    def _fold(self) -> int:
        head = self._journal.head()
        with self._database.pool.connection() as connection, connection.transaction():
            lookups = Lookups(connection)
            after = lookups.position(self.name)
            batch = self._journal.read(after, upto=head, limit=_EVENTS_AT_ONCE, names=HEARD)
            if batch:
                fold(lookups, batch, self._journal.streams)
            reached = batch[-1].position if batch else head
            if reached > after:
                lookups.move(self.name, reached)
            return len(batch)

    def _decide(self) -> int:
        with self._journal.writing() as writing:
            lookups = Lookups(writing.connection)
            due = lookups.take_due(_DECISIONS_AT_ONCE)
            if not due:
                return 0
            docket = _docket(lookups, due)
            self._journal.prepare(docket.changed)
            if docket.events:
                writing.append(docket.events)
            lookups.keep_verdicts(docket.changed)
            ids = {one: own_ids(docket.facts[one].content) for one in docket.changed}
            lookups.due_naming_each(
                [(id, due[message]) for message, own in ids.items() for id in own]
            )
            lookups.settled(due)
            return len(due)


@dataclass(slots=True)
class _Docket:
    """The messages to be decided on, with everything that is looked up for them at once."""

    due: Mapping[UUID, UUID]
    facts: Mapping[UUID, Facts]
    ours: Ours
    numbers: Mapping[UUID, Numbers]
    before: dict[UUID, Verdict]
    parents: Mapping[UUID, UUID]
    parties_at: Mapping[str, tuple[UUID, ...]]
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]]
    judged: dict[UUID, Verdict] = field(default_factory=dict)
    changed: dict[UUID, Verdict] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)


def _docket(lookups: Lookups, due: Mapping[UUID, UUID]) -> _Docket:
    facts = lookups.facts(due)
    ours = lookups.own.all()
    contents = {message: one.content for message, one in facts.items()}
    parents = _parents(lookups, contents)
    order = list(_parents_first(facts, parents))
    before = lookups.verdicts({*facts, *parents.values()})
    people = {
        message: _people(one, ours.within(facts[message].mailboxes))
        for message, one in contents.items()
    }
    parties_at = lookups.parties_at(set().union(*people.values()))
    belonging = {message for message, verdict in before.items() if parties_matched(verdict)}
    belonging |= {message for message, found in people.items() if found & parties_at.keys()}
    searched = _with_heirs(belonging, order, parents)
    numbers = {message: numbers_in(contents[message]) for message in searched}
    parties = {party for found in parties_at.values() for party in found}
    parties.update(party for verdict in before.values() for party in parties_matched(verdict))
    keys = {number_key(one.number) for found in numbers.values() for _, one in found}
    documents = lookups.documents_named(parties, keys)
    docket = _Docket(due, facts, ours, numbers, before, parents, parties_at, documents)
    for message in order:
        _judge(docket, message)
    return docket


def _people(content: Content, ours: Ours) -> set[str]:
    return {address.casefold() for _, address in correspondents(content, ours)}


def _parents(lookups: Lookups, contents: Mapping[UUID, Content]) -> dict[UUID, UUID]:
    """Find for each message the nearest known one that it concerns or answers.

    One that names this message in turn is none: a loop would be its own ground.
    """
    named = {message: named_ids(one) for message, one in contents.items()}
    known = lookups.known_as({one for ids in named.values() for one in ids})
    near = {
        message: [other for one in ids for other in known.get(one, ()) if other != message]
        for message, ids in named.items()
    }
    own = {message: own_ids(contents[message]) for message, found in near.items() if found}
    loops = lookups.naming(
        {(one, other) for message, ids in own.items() for one in ids for other in near[message]}
    )
    parents: dict[UUID, UUID] = {}
    for message, ids in own.items():
        found = (one for one in near[message] if loops.isdisjoint((id, one) for id in ids))
        if (parent := next(found, None)) is not None:
            parents[message] = parent
    return parents


def _parents_first(messages: Collection[UUID], parents: Mapping[UUID, UUID]) -> Iterator[UUID]:
    """Give messages after their ancestors, as far as these are among them.

    Without recursion: chains of thousands of replies exist.
    """
    seen: set[UUID] = set()
    for message in messages:
        chain: list[UUID] = []
        one: UUID | None = message
        while one is not None and one in messages and one not in seen:
            seen.add(one)
            chain.append(one)
            one = parents.get(one)
        yield from reversed(chain)


def _with_heirs(
    belonging: Collection[UUID], order: Sequence[UUID], parents: Mapping[UUID, UUID]
) -> list[UUID]:
    """Give the messages that a party may belong to, by themselves or by what they answer.

    Only these are searched for numbers, as numbers count among the documents of a party.
    """
    found = set(belonging)
    for one in order:
        if parents.get(one) in found:
            found.add(one)
    return [one for one in order if one in found]


def _judge(docket: _Docket, message: UUID) -> None:
    parent = docket.parents.get(message)
    verdict = None
    if parent is not None:
        verdict = docket.judged.get(parent) or docket.before.get(parent)
    around = Surroundings(
        ours=docket.ours.within(docket.facts[message].mailboxes),
        parties_at=docket.parties_at,
        documents_of=docket.documents_of,
        numbers=docket.numbers.get(message, ()),
        parent=None if parent is None or verdict is None else (MessageId(parent), verdict),
    )
    before = docket.before.get(message)
    now = judge(docket.facts[message], around)
    events = changes(before, now)
    docket.judged[message] = now
    if events:
        now = in_next_round(before, now)
        docket.judged[message] = docket.changed[message] = now
        docket.events.extend(_recorded(docket, message, now.round, events))


def _recorded(
    docket: _Docket, message: UUID, round_: int, events: Collection[MessageEvent]
) -> list[NewEvent]:
    cause = uuid5(message, str(round_))
    return [
        NewEvent(message, event, _envelope(cause, docket.due[message], message, event))
        for event in events
    ]


def _envelope(cause: UUID, causation: UUID, message: UUID, event: MessageEvent) -> Envelope:
    rule, version, target = _named(message, event)
    return Envelope(
        event_id=reaction_event(cause, f"{type(event).__name__} {rule}", version, target),
        at=datetime.now(UTC),
        actor=Actor(ActorKind.RULE, f"{rule}@{version}"),
        origin=Origin("feed"),
        causation=causation,
    )


def _named(message: UUID, event: MessageEvent) -> tuple[str, int, UUID]:
    match event:
        case MessageLinked() | MessageUnlinked():
            return event.rule, event.rule_version, event.target
        case MessageClassified(rule_version=version):
            return "classification", version, message
        case _:
            raise AssertionError(event)
