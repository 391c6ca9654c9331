"""All mail is matched again: what would be decided otherwise is shown before it is ordered.

A rehearsal judges message by message as reactions do, records nothing, and lets what answers a
message that is judged otherwise follow. The order is an event; reactions do the rest.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching_rehearsal import Rehearsal
from api.work.consumers import PAUSE_S
from api.work.docket import docket_of
from api.work.instance import Carteggio
from api.work.masterdata import Tables
from api.work.openquestions import answer_questions
from api.work.settling import all_decided
from domain import relinking
from domain.facts import names_of
from domain.identity import relinking_stream
from domain.matching import Verdict, changes
from domain.message import (
    MessageClassified,
    MessageEvent,
    MessageLinked,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.recorded import Envelope
from domain.relinking import OrderRelinking
from domain.signedtoken import Signing

_AT_ONCE: Final = 500
_ROUNDS: Final = 20
"""So often what rests on changes is looked at again; chains of answers are mostly judged at once."""
_TOLD_EVERY_S: Final = 0.5
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Difference:
    """What would be recorded for one message."""

    message: UUID
    events: tuple[MessageEvent, ...]


@dataclass(slots=True)
class Rehearsed:
    """How far a rehearsal is, and what it found: events by what they say and by which rule."""

    messages: int = 0
    of: int = 0
    changed: int = 0
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a rehearsal looks things up in, and what it keeps."""

    tables: Tables
    kept: Rehearsal
    signing: Signing


def rehearse(carteggio: Carteggio, tell: Callable[[Rehearsed], None], examples: int) -> Rehearsed:
    """Judge all mail by the rules as they are now, and record nothing."""
    done = Rehearsed()
    with (
        carteggio.database.pool.connection() as connection,
        connection.transaction(force_rollback=True),
    ):
        done.of = _count(connection)
        stage = _Stage(Tables.on(connection, quiet=True), Rehearsal(connection), carteggio.signing)
        anew = set[UUID]()
        for some in _portions(connection):
            # What comes later is judged after these in any case.
            anew |= {one for one in _judged(stage, some, done.by_rule) if one <= some[-1]}
            done.messages += len(some)
            tell(done)
        for _ in range(_ROUNDS):
            portions = _in_portions(sorted(anew))
            anew = {one for some in portions for one in _judged(stage, some, done.by_rule)}
        done.changed, done.by_rule = stage.kept.count(), +done.by_rule
        done.examples = _differences(stage, stage.kept.first(examples))
    return done


def _differences(stage: _Stage, messages: list[UUID]) -> list[Difference]:
    before, now = stage.tables.lookups.verdicts(messages), stage.kept.verdicts(messages)
    return [Difference(one, tuple(changes(before.get(one), now[one]))) for one in messages]


def order(carteggio: Carteggio, envelope: Envelope, note: str = "") -> int | None:
    """Let all mail be matched again; give the position of the order."""
    stream = relinking_stream(carteggio.company)
    return carteggio.journal.record(stream, relinking, OrderRelinking(note), envelope)


def decide(carteggio: Carteggio, position: int, tell: Callable[[int], None]) -> None:
    """Let everything be decided that an order made due; tell now and then how much is left.

    Another process may be doing it: that one is waited for.
    """
    told = 0.0

    def meanwhile() -> None:
        nonlocal told
        if time.monotonic() > told + _TOLD_EVERY_S:
            tell(_left(carteggio))
            told = time.monotonic()

    carteggio.feed.catch_up(position, meanwhile)
    while not all_decided(carteggio):
        carteggio.feed.catch_up(None, meanwhile)
        meanwhile()
        time.sleep(PAUSE_S)
    tell(0)


def _left(carteggio: Carteggio) -> int:
    with carteggio.database.pool.connection() as connection:
        row = connection.execute("SELECT count(*) FROM matching_due").fetchone()
    return 0 if row is None else int(row[0])


def _judged(stage: _Stage, some: list[UUID], by_rule: Counter[tuple[str, str]]) -> set[UUID]:
    """Judge some messages; give those that rest on one that is judged otherwise than last time."""
    tables = stage.tables
    due = dict.fromkeys(some, _NOBODY)
    docket = docket_of(tables, due, stage.signing, stage.kept.verdicts)
    answer_questions(tables, docket)
    moved: list[str] = []
    differing: dict[UUID, Verdict] = {}
    for message, now in docket.judged.items():
        before, last = docket.before.get(message), docket.elsewhere.get(message)
        known = last or before
        if known is None or changes(known, now):
            moved += names_of(message, docket.facts[message].content)
        if last is not None:
            by_rule.subtract(map(_said, changes(before, last)))
        if events := changes(before, now):
            differing[message] = now
            by_rule.update(map(_said, events))
    stage.kept.keep(docket.judged, differing)
    rest = tables.lookups.named_by(moved) if moved else {}
    return {one for near in rest.values() for one in near} - docket.judged.keys()


def _said(event: MessageEvent) -> tuple[str, str]:
    match event:
        case MessageLinked(kind, state=state, rule=rule):
            return f"linked to a {kind.value}, {state.value}", rule
        case MessageUnlinked(kind, rule=rule):
            return f"unlinked from a {kind.value}", rule
        case MessageThreaded(parent=parent, rule=rule):
            return ("goes on with another" if parent else "goes on with no other any more"), rule
        case MessageSetApart(ancestor=ancestor, rule=rule):
            return ("begins anew" if ancestor else "begins anew no more"), rule
        case MessageClassified(reason=reason):
            return "classified otherwise", reason
        case _:
            raise AssertionError(event)


def _portions(connection: Connection[TupleRow]) -> Iterator[list[UUID]]:
    after = _NOBODY
    while True:
        rows = connection.execute(
            "SELECT message FROM matching_message WHERE message > %s ORDER BY message LIMIT %s",
            (after, _AT_ONCE),
        ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield [row[0] for row in rows]


def _in_portions(messages: list[UUID]) -> Iterator[list[UUID]]:
    return (messages[at : at + _AT_ONCE] for at in range(0, len(messages), _AT_ONCE))


def _count(connection: Connection[TupleRow]) -> int:
    row = connection.execute("SELECT count(*) FROM matching_message").fetchone()
    return 0 if row is None else int(row[0])


def as_rows(found: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    """Give what was found by what it says and by which rule, the most first."""
    rows = [(said, rule, count) for (said, rule), count in found.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))
