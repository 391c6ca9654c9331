"""What becomes of mail in its folder: read, flagged, moved away, by whichever mail program.

Beside each UID stands how its message is marked; what a later look finds otherwise is an event
(message.marked), recorded in the transaction that notes it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.ids import uuid7
from adapters.imap.changes import Changes
from adapters.journal import Journal, NewEvent
from api.work.phases import phase
from api.work.reception import Place
from domain import message
from domain.marking import MarkMessage
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Rejected

_AT_ONCE: Final = 100
_BITS: Final = {"seen": 1, "flagged": 2, "answered": 4, "draft": 8}


@dataclass(frozen=True, slots=True)
class Marked:
    """A message under its UID, as it is marked."""

    uid: int
    message: UUID
    flags: int


def bits(flags: Iterable[str]) -> int:
    """Write flags as they are noted."""
    return sum(_BITS[one] for one in set(flags) if one in _BITS)


def words_of(flags: int) -> tuple[str, ...]:
    """Read them again."""
    return tuple(name for name, bit in _BITS.items() if flags & bit)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose UIDs are noted: under its cursor's key, in one numbering."""

    key: UUID
    uid_validity: int
    place: Place

    def note(self, connection: Connection[Any], marked: Sequence[Marked]) -> None:
        """Note UIDs, in the transaction of what was recorded of them."""
        connection.execute(
            "INSERT INTO folder_message SELECT %s, %s, * FROM"
            " unnest(%s::bigint[], %s::uuid[], %s::smallint[]) ON CONFLICT"
            " (folder, uid_validity, uid) DO UPDATE SET flags = excluded.flags,"
            " message = excluded.message",
            (
                self.key,
                self.uid_validity,
                [one.uid for one in marked],
                [one.message for one in marked],
                [one.flags for one in marked],
            ),
        )

    def forget(self, connection: Connection[Any], uids: Collection[int]) -> None:
        """Take UIDs away that are gone."""
        connection.execute(
            "DELETE FROM folder_message WHERE folder = %s AND uid_validity = %s AND uid = ANY(%s)",
            (self.key, self.uid_validity, list(uids)),
        )

    def order(self, flags: int, *, gone: bool = False) -> MarkMessage:
        """Say how a message is marked in this folder."""
        place = self.place
        return MarkMessage(place.mailbox, place.folder, () if gone else words_of(flags), gone)


class Marking:
    """Compares folders with what is noted of them, and records what is otherwise."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @phase("marking")
    def apply(self, folder: Folder, changes: Changes) -> int:
        """Record what changed in a folder; give of how many messages."""
        known = self._noted(folder, None if changes.some_may_be_gone else list(changes.flags))
        gone = changes.gone(known)
        there = {one.message for uid, one in known.items() if uid not in gone}
        left = [known[uid] for uid in sorted(gone)]
        now = [
            Marked(uid, known[uid].message, bits(flags))
            for uid, flags in sorted(changes.flags.items())
            if uid in known and uid not in gone and known[uid].flags != bits(flags)
        ]
        for some in _portions(left):
            orders = {
                one.message: folder.order(0, gone=True) for one in some if one.message not in there
            }
            uids = [one.uid for one in some]
            self._record(orders, partial(folder.forget, uids=uids))
        for some in _portions(now):
            orders = {one.message: folder.order(one.flags) for one in some}
            self._record(orders, partial(folder.note, marked=some))
        return len(left) + len(now)

    def found_again(self, folder: Folder, marked: Sequence[Marked]) -> None:
        """Record how messages are marked that were known in this folder before they were listed."""
        if not marked:
            return
        before = self._elsewhere(folder, [one.message for one in marked])
        orders = {
            one.message: folder.order(one.flags)
            for one in marked
            if before.get(one.message) != one.flags
        }
        self._record(orders)

    def close_earlier(self, folder: Folder) -> None:
        """Record what did not come again in the new numbering, and forget the old one."""
        query = "SELECT DISTINCT message FROM folder_message WHERE folder = %s AND uid_validity"
        with self._journal.database.pool.connection() as connection:
            same = (folder.key, folder.uid_validity)
            now = {row[0] for row in connection.execute(f"{query} = %s", same)}
            old = {row[0] for row in connection.execute(f"{query} <> %s", same)}
        for some in _portions(sorted(old - now)):
            self._record({one: folder.order(0, gone=True) for one in some})
        with self._journal.database.pool.connection() as connection:
            connection.execute(
                "DELETE FROM folder_message WHERE folder = %s AND uid_validity <> %s", same
            )

    def _noted(self, folder: Folder, uids: list[int] | None) -> dict[int, Marked]:
        with self._journal.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uid, message, flags FROM folder_message WHERE folder = %s"
                " AND uid_validity = %s AND (%s::bigint[] IS NULL OR uid = ANY(%s))",
                (folder.key, folder.uid_validity, uids, uids),
            )
            return {row[0]: Marked(*row) for row in rows}

    def _elsewhere(self, folder: Folder, messages: list[UUID]) -> dict[UUID, int]:
        """Give how messages were marked when the folder was numbered otherwise."""
        with self._journal.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT message, flags FROM folder_message WHERE folder = %s"
                " AND uid_validity <> %s AND message = ANY(%s)",
                (folder.key, folder.uid_validity, messages),
            )
            return dict(rows.fetchall())

    def _record(
        self,
        orders: Mapping[UUID, MarkMessage],
        also: Callable[[Connection[Any]], None] | None = None,
    ) -> None:
        """Record what the orders change; what is erased, or was never there, is passed over."""
        if not orders and also is None:
            return
        states = dict.fromkeys(orders, message.initial)
        for recorded in self._journal.streams(states) if orders else ():
            states[recorded.stream] = message.evolve(states[recorded.stream], recorded.event)
        events = [
            NewEvent(id, event, _envelope())
            for id, order in orders.items()
            for event in _decided(states[id], order)
        ]
        with self._journal.writing() as writing:
            writing.seal(events)
            writing.append(events)
            if also is not None:
                also(writing.connection)


def _decided(state: message.Message, order: MarkMessage) -> list[message.MessageEvent]:
    try:
        return message.decide(state, order)
    except Rejected:
        return []


def _envelope() -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "reception")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("imap"))


def _portions(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(things), _AT_ONCE):
        yield things[at : at + _AT_ONCE]
