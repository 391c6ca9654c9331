"""What becomes of mail in its folder: read, flagged, moved away, by whichever mail program.

Beside each UID stands how its message is marked; what a later look finds otherwise is an event
(message.marked), recorded in the transaction that notes it. What was ordered here and is not done
on the server yet (outward.py) stays as it was ordered, but for what others changed since.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.database import Database
from adapters.ids import uuid7
from adapters.imap.changes import Changes
from adapters.journal import Journal, NewEvent
from api.work.outward import Pending, bits, shorten, words_of
from api.work.phases import phase
from api.work.reception import Place
from domain import message
from domain.marking import MarkMessage, in_order, living, reconciled
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Rejected

__all__ = ["Folder", "Marked", "Marking", "bits", "words_of"]

_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """A message under its UID, as it is marked."""

    uid: int
    message: UUID
    flags: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose UIDs are noted: under its cursor's key, in one numbering."""

    key: UUID
    uid_validity: int
    place: Place

    def note(self, connection: Connection[Any], marked: Sequence[Marked]) -> None:
        """Note UIDs, in the transaction of what was recorded of them."""
        connection.execute(
            "INSERT INTO folder_message (folder, uid_validity, uid, message, flags)"
            " SELECT %s, %s, * FROM unnest(%s::bigint[], %s::uuid[], %s::smallint[])"
            " ON CONFLICT (folder, uid_validity, uid) DO UPDATE SET flags = excluded.flags,"
            " message = excluded.message",
            (
                self.key,
                self.uid_validity,
                [one.uid for one in marked],
                [one.message for one in marked],
                [one.flags for one in marked],
            ),
        )

    def uids_of(self, database: Database, messages: Collection[UUID]) -> dict[UUID, set[int]]:
        """Give under which UIDs messages are noted."""
        found: dict[UUID, set[int]] = {}
        with database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT message, uid FROM folder_message"
                " WHERE folder = %s AND uid_validity = %s AND message = ANY(%b)",
                (self.key, self.uid_validity, list(messages)),
            )
            for id, uid in rows:
                found.setdefault(id, set()).add(uid)
        return found

    def forget(self, connection: Connection[Any], uids: Collection[int]) -> None:
        """Take UIDs away that are gone."""
        connection.execute(
            "DELETE FROM folder_message WHERE folder = %s AND uid_validity = %s AND uid = ANY(%s)",
            (self.key, self.uid_validity, list(uids)),
        )


@dataclass(frozen=True, slots=True)
class _Otherwise:
    """How the server has a message, and how it had it when last looked at; `now` None: not any more."""

    before: int
    now: int | None


_Observed = Mapping[UUID, _Otherwise]


class Marking:
    """Compares folders with what is noted of them, and records what is otherwise."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @phase("marking")
    def apply(self, folder: Folder, changes: Changes) -> int:
        """Record what changed in a folder; give of how many messages."""
        known = self._noted(folder, None if changes.some_may_be_gone else list(changes.flags))
        gone = changes.gone(known)
        left = [known[uid] for uid in sorted(gone)]
        now = [
            Marked(uid, known[uid].message, bits(flags))
            for uid, flags in sorted(changes.flags.items())
            if uid in known and uid not in gone and known[uid].flags != bits(flags)
        ]
        flags = {one.uid: one.flags for one in now}
        copies = self._copies(folder, [one.message for one in (*left, *now)])
        observed = {
            message: _Otherwise(
                before[-1].flags, _last([x for x in before if x.uid not in gone], flags)
            )
            for message, before in copies.items()
        }
        for some in _portions(left):
            these = {one.message: observed[one.message] for one in some}
            uids = [one.uid for one in some]
            self._record(folder, these, partial(folder.forget, uids=uids))
        for some in _portions(now):
            these = {one.message: observed[one.message] for one in some}
            self._record(folder, these, partial(folder.note, marked=some))
        return len(left) + len(now)

    def found_again(self, folder: Folder, marked: Sequence[Marked]) -> None:
        """Record how messages are marked that were known in this folder before they were listed."""
        if not marked:
            return
        before = self._elsewhere(folder, [one.message for one in marked])
        observed = {
            one.message: _Otherwise(before.get(one.message, one.flags), one.flags)
            for one in marked
            if before.get(one.message) != one.flags
        }
        self._record(folder, observed)

    def close_earlier(self, folder: Folder) -> None:
        """Record what did not come again in the new numbering, and forget the old one."""
        query = "SELECT DISTINCT message FROM folder_message WHERE folder = %s AND uid_validity"
        with self._journal.database.pool.connection() as connection:
            same = (folder.key, folder.uid_validity)
            now = {row[0] for row in connection.execute(f"{query} = %s", same)}
            old = {row[0] for row in connection.execute(f"{query} <> %s", same)}
        for some in _portions(sorted(old - now)):
            self._record(folder, {one: _Otherwise(0, None) for one in some})
        with self._journal.database.pool.connection() as connection:
            connection.execute(
                "DELETE FROM folder_message WHERE folder = %s AND uid_validity <> %s", same
            )

    def _noted(self, folder: Folder, uids: list[int] | None) -> dict[int, Marked]:
        """Give what is noted, as far as the folder was read: what we moved there lies above."""
        with self._journal.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uid, message, flags FROM folder_message WHERE folder = %s"
                " AND uid_validity = %s AND CASE WHEN %s::bigint[] IS NULL THEN uid <="
                " (SELECT max(last_uid) FROM folder_cursor c WHERE c.folder = %s)"
                " ELSE uid = ANY(%s) END",
                (folder.key, folder.uid_validity, uids, folder.key, uids),
            )
            return {row[0]: Marked(*row) for row in rows}

    def _copies(self, folder: Folder, messages: Sequence[UUID]) -> dict[UUID, list[Marked]]:
        """Give each message's copies in a folder by rising UID: the last one's marks are shown."""
        with self._journal.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uid, message, flags FROM folder_message WHERE folder = %s"
                " AND uid_validity = %s AND message = ANY(%b) ORDER BY uid",
                (folder.key, folder.uid_validity, list(set(messages))),
            )
            found: dict[UUID, list[Marked]] = {}
            for row in rows:
                found.setdefault(row[1], []).append(Marked(*row))
        return found

    def _elsewhere(self, folder: Folder, messages: list[UUID]) -> dict[UUID, int]:
        """Give how messages were marked when the folder was numbered otherwise, all copies alike."""
        with self._journal.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT message, min(flags) FROM folder_message WHERE folder = %s"
                " AND uid_validity <> %s AND message = ANY(%s)"
                " GROUP BY message HAVING min(flags) = max(flags)",
                (folder.key, folder.uid_validity, messages),
            )
            return dict(rows.fetchall())

    def _record(
        self,
        folder: Folder,
        observed: _Observed,
        also: Callable[[Connection[Any]], None] | None = None,
    ) -> None:
        """Record what is otherwise; what is erased, or was never there, is passed over.

        What was decided is decided once more under the lock, as orders may come in between.
        """
        if not observed and also is None:
            return
        with self._journal.writing() as writing:
            if self._decided(writing.connection, folder, observed):
                writing.prepare(observed)
                writing.lock()
                events = self._decided(writing.connection, folder, observed, shortening=True)
                writing.append(events)
            if also is not None:
                also(writing.connection)

    def _decided(
        self,
        connection: Connection[Any],
        folder: Folder,
        observed: _Observed,
        *,
        shortening: bool = False,
    ) -> list[NewEvent]:
        if not observed:
            return []
        pending = Pending.of(connection, folder.key, observed)
        states = dict.fromkeys(observed, message.initial)
        for recorded in self._journal.streams(states):
            states[recorded.stream] = message.evolve(states[recorded.stream], recorded.event)
        events = []
        for id, one in observed.items():
            shown: frozenset[str] | None = None
            if one.now is not None:
                orders = pending.marks.get(id, [])
                shown, left = reconciled(
                    frozenset(words_of(one.before)),
                    frozenset(words_of(one.now)),
                    [order.wish for order in orders],
                )
                if shortening:
                    shorten(connection, orders, left)
            order = _order(folder, states[id], shown, leaving=id in pending.leaving)
            events += [NewEvent(id, event, _envelope()) for event in _happens(states[id], order)]
        return events


def _last(there: Sequence[Marked], flags: Mapping[int, int]) -> int | None:
    """Give how the last of a message's copies is marked now; None where there is none."""
    return flags.get(there[-1].uid, there[-1].flags) if there else None


def _order(
    folder: Folder, state: message.Message, shown: frozenset[str] | None, *, leaving: bool
) -> MarkMessage:
    """Say how a message is marked here, or where our order takes it if it is to leave."""
    place = (folder.place.mailbox, folder.place.folder)
    if leaving and shown is not None:
        place = living(state.marks, place)
    return MarkMessage(*place, in_order(shown or frozenset()), shown is None)


def _happens(state: message.Message, order: MarkMessage) -> list[message.MessageEvent]:
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
