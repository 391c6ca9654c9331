"""What follows from an event by itself: messages are classified and linked, and again when due.

    events ──fold──▶ look-ups ──due──▶ judge (pure) ──▶ classified, linked, unlinked ──▶ journal

Two steps, each one transaction: `_fold` brings the look-ups up to date and notes which messages
are due; `_decide` takes some of these, judges them, appends what changed and keeps the verdict.
A decision never runs ahead of what it reads, and none is made twice: its position, its due list
and its events move together. Decisions are a function of what is known, so the order in which
mail and master data arrived does not matter in the end.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid5

from adapters.database import Database
from adapters.journal import Journal, NewEvent
from adapters.matching import Lookups
from api.work.docket import Docket, docket_of
from api.work.lookups import HEARD, VERSION, fold
from api.work.masterdata import Tables
from api.work.openquestions import answer_questions, asked_in
from domain.facts import names_of, ref_of
from domain.identity import reaction_event
from domain.matching import changes
from domain.message import (
    MessageClassified,
    MessageEvent,
    MessageLinked,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.recorded import Envelope, Origin
from domain.signedtoken import Signing
from domain.values import Actor, ActorKind

_EVENTS_AT_ONCE = 2_000
_DECISIONS_AT_ONCE = 500


class Reactions:
    """The feed's consumer that decides; `run_once` gives how much it did, 0 when all is decided."""

    name = "reactions"

    def __init__(self, journal: Journal, database: Database, ticket_marker: str = "") -> None:
        """Read from and write to `journal`; the look-ups lie in `database`.

        With `ticket_marker` signed tokens in subjects count too.
        """
        self._journal = journal
        self._database = database
        self._signing = Signing(journal.keyring.token_key, ticket_marker)

    def run_once(self) -> int:
        """Fold a batch of events into the look-ups, then decide on some messages that are due.

        While look-ups are filled anew nothing is decided: it would rest on half of them.
        """
        folded, complete = self._fold()
        return folded + self._decide() if complete else max(folded, 1)

    def _fold(self) -> tuple[int, bool]:
        head = self._journal.head()
        with self._database.pool.connection() as connection, connection.transaction():
            lookups = Lookups(connection)
            after = lookups.position(self.name)
            if lookups.begin_anew(self.name, VERSION, after):
                after = 0
            filling = lookups.filling_up_to(self.name)
            head = filling or head
            batch = self._journal.read(after, upto=head, limit=_EVENTS_AT_ONCE, names=HEARD)
            if batch:
                tables = Tables.on(connection, quiet=bool(filling))
                fold(tables, batch, self._journal.streams)
            reached = batch[-1].position if batch else head
            if reached > after:
                lookups.move(self.name, reached)
            return len(batch), reached >= filling

    def _decide(self) -> int:
        with self._journal.writing() as writing:
            tables = Tables.on(writing.connection)
            due = tables.due.take_due(_DECISIONS_AT_ONCE)
            if not due:
                return 0
            docket = docket_of(tables, due, self._signing)
            answer_questions(tables, docket)
            self._journal.prepare(docket.changed)
            events = [one for message in docket.changed for one in _events(docket, message)]
            if events:
                writing.append(events)
            _keep(tables, docket)
            return len(due)


def _keep(tables: Tables, docket: Docket) -> None:
    """Keep what was decided, and ask anew for what rests on it."""
    tables.lookups.keep_verdicts(docket.changed)
    tables.lookups.keep_mentions(docket.mentions)
    tables.topics.keep_seekers(docket.seeking)
    tables.topics.keep(asked_in(docket), questions=True)
    gone_on = {one: docket.parents[one] for one in docket.threads}
    tables.lookups.keep_ids((), [(ref_of(parent), one) for one, parent in gone_on.items()])
    tables.due.due_naming_each(
        [(id, docket.due[one]) for one in docket.changed for id in _rests_on(docket, one)]
    )
    tables.due.settled(docket.due)
    # What answers a question of this very batch found none yet.
    tables.due.due_answering({one: docket.due[one] for one in docket.changed})


def _rests_on(docket: Docket, message: UUID) -> Iterator[str]:
    """Give under which ids others go on with a message, or with what it answers."""
    yield from names_of(message, docket.facts[message].content)
    if message in docket.parents:
        yield ref_of(docket.parents[message])


def _events(docket: Docket, message: UUID) -> Iterator[NewEvent]:
    now = docket.changed[message]
    cause = uuid5(message, str(now.round))
    for event in changes(docket.before.get(message), now):
        yield NewEvent(message, event, _envelope(cause, docket.due[message], message, event))


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
        case MessageThreaded():
            return f"thread {event.rule}", event.rule_version, event.parent or message
        case MessageSetApart():
            return f"apart {event.rule}", event.rule_version, event.ancestor or message
        case MessageClassified(rule_version=version):
            return "classification", version, message
        case _:
            raise AssertionError(event)
