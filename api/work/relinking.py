"""All mail is matched again: what would be decided otherwise is shown before it is ordered.

A rehearsal judges message by message as reactions do, records nothing, and lets what answers a
message that is judged otherwise follow. The order is an event; reactions do the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from api.work.docket import docket_of
from api.work.instance import Carteggio
from api.work.masterdata import Tables
from api.work.openquestions import answer_questions
from domain import relinking
from domain.identity import relinking_stream
from domain.matching import Verdict, changes, names_of
from domain.message import (
    MessageClassified,
    MessageEvent,
    MessageLinked,
    MessageThreaded,
    MessageUnlinked,
)
from domain.recorded import Envelope
from domain.relinking import OrderRelinking
from domain.signedtoken import Signing

_AT_ONCE: Final = 500
_ROUNDS: Final = 20
"""So often what rests on changes is looked at again; chains of answers are mostly judged at once."""
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


def rehearse(carteggio: Carteggio, tell: Callable[[Rehearsed], None], examples: int) -> Rehearsed:
    """Judge all mail by the rules as they are now, and record nothing."""
    done, verdicts = Rehearsed(), dict[UUID, Verdict]()
    found = dict[UUID, tuple[MessageEvent, ...]]()
    with carteggio.database.pool.connection() as connection:
        done.of = _count(connection)
        tables, anew = Tables.on(connection, quiet=True), set[UUID]()
        for some in _portions(connection):
            anew |= _judged(tables, some, carteggio.signing, verdicts, found)
            done.messages += len(some)
            tell(done)
        for _ in range(_ROUNDS):
            if not anew:
                break
            anew = {
                one
                for some in _in_portions(sorted(anew))
                for one in _judged(tables, some, carteggio.signing, verdicts, found)
            }
        connection.rollback()
    for events in found.values():
        done.by_rule.update(map(_said, events))
    done.changed = len(found)
    done.examples = [Difference(one, found[one]) for one in sorted(found)[:examples]]
    return done


def order(carteggio: Carteggio, envelope: Envelope, note: str = "") -> int | None:
    """Let all mail be matched again; give the position of the order."""
    stream = relinking_stream(carteggio.company)
    return carteggio.journal.record(stream, relinking, OrderRelinking(note), envelope)


def _judged(
    tables: Tables,
    some: list[UUID],
    signing: Signing,
    verdicts: dict[UUID, Verdict],
    found: dict[UUID, tuple[MessageEvent, ...]],
) -> set[UUID]:
    """Judge some messages; give those that rest on one that is judged otherwise than last time."""
    docket = docket_of(tables, dict.fromkeys(some, _NOBODY), signing, verdicts)
    answer_questions(tables, docket)
    moved: list[str] = []
    for message, now in docket.judged.items():
        before = docket.before.get(message)
        last = verdicts.get(message, before)
        if last is None or changes(last, now):
            moved += names_of(message, docket.facts[message].content)
        events = tuple(changes(before, now))
        verdicts.pop(message, None)
        found.pop(message, None)
        if events:
            verdicts[message], found[message] = now, events
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
