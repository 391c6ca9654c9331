"""Which messages of a maildrop were seen, by the server's unique ids: state, moved with the events."""

import hmac
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import Connection

from adapters.pop3.values import Fetched, Item, Listed, Oversize, Unfetchable
from api.work.arrivals import EXCLUDED, NOT_STORED, Counts
from api.work.instance import Carteggio
from api.work.reception import Moved

_Row = tuple[object, ...]
_TOO_LARGE: Final = "too large"
_NOT_GIVEN: Final = "not given"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a message; `left_out` says why it was not fetched."""

    size: int
    header: bytes | None
    left_out: str | None
    seen_at: datetime


class SeenIds:
    """The messages of one maildrop that were seen. All that is kept of them is keyed."""

    def __init__(self, carteggio: Carteggio, account: UUID) -> None:
        self._database = carteggio.database
        self._key = carteggio.identity_key
        self._account = account
        self._folder = uuid5(account, "maildrop")

    def cut_off(self, first: datetime) -> datetime | None:
        """Give the date before which mail is archive; `first` is kept at the first look."""
        with self._database.pool.connection() as connection:
            connection.execute(
                "INSERT INTO folder_cursor (account, folder, role, uid_validity, last_uid, cut_off)"
                " VALUES (%s, %s, 'inbox', 0, 0, %s) ON CONFLICT DO NOTHING",
                (self._account, self._folder, first),
            )
            row = connection.execute(
                "SELECT cut_off FROM folder_cursor WHERE account = %s AND folder = %s",
                (self._account, self._folder),
            ).fetchone()
        return row[0] if row else first

    def unseen(self, listing: Sequence[Listed], largest: int, again: datetime) -> list[Listed]:
        """Give what was never seen, or left out and can be had now, or tried last before `again`.

        A known id with another size is another message: then no id is trusted, and all is given.
        """
        seen = self._seen()
        known = [(one, seen.get(self._id(one)) if one.uidl else None) for one in listing]
        if any(before and before.size != one.size for one, before in known):
            return list(listing)
        return [one for one, before in known if before is None or _due(before, largest, again)]

    def noting(
        self,
        items: Sequence[Item],
        messages: Mapping[tuple[bytes, int], UUID | None],
        failed: Callable[[], Collection[tuple[bytes, int]]],
    ) -> Moved:
        """Give what enters what came, in the transaction of the events.

        `messages` are those of items by their keys in the listing; of one for which None stands
        there, as the do-not-capture list keeps it out, nothing is kept but its id. `failed` gives
        then those that could not be stored.
        """
        out = {key: EXCLUDED for key, message in messages.items() if message is None}

        def note(connection: Connection[Any], _: Counts) -> None:
            left = out | dict.fromkeys(failed(), NOT_STORED)
            there = [item for item in items if not _is_gone(item)]
            rows = [self._row(item, left) for item in there if item.listed.uidl]
            self._note_seen(connection, rows)
            self._note_left(connection, there, messages, left)

        return note

    def _note_seen(self, connection: Connection[Any], rows: Sequence[_Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO maildrop_seen AS known"
                " (account, uidl, size, digest, header, left_out) VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (account, uidl) DO UPDATE SET size = excluded.size,"
                " digest = excluded.digest, header = excluded.header,"
                " left_out = excluded.left_out, seen_at = CASE WHEN known.digest ="
                " excluded.digest THEN known.seen_at ELSE excluded.seen_at END",
                rows,
            )

    @property
    def folder(self) -> UUID:
        """Give what stands for the maildrop among the folders."""
        return self._folder

    def standing(self, listing: Iterable[Listed]) -> tuple[set[int], dict[int, str], set[int]]:
        """Compare a listing: what of it is stored, what left out and why, and all that lies there.

        Ids stand for UIDs. A known id with another size is another message.
        """
        seen = self._seen()
        ids = [(self._id(one), one.size) for one in listing if one.uidl]
        known = [(id, seen[id]) for id, size in ids if id in seen and seen[id].size == size]
        stored = {_uid_of(id) for id, one in known if one.left_out is None}
        left = {_uid_of(id): one.left_out for id, one in known if one.left_out is not None}
        return stored, left, {_uid_of(id) for id, _ in ids}

    def forget_all_but(self, listing: Iterable[Listed]) -> None:
        """Forget what is no longer in the maildrop: its id may come again for something else."""
        gone = self._seen().keys() - {self._id(one) for one in listing if one.uidl}
        self._forget(gone)

    def stored_before(self, until: datetime, listing: Iterable[Listed]) -> list[Listed]:
        """Give what lies in the maildrop and has been stored for so long."""
        seen = self._seen()
        return [
            one
            for one in listing
            if one.uidl
            and (before := seen.get(self._id(one))) is not None
            and before.left_out is None
            and before.size == one.size
            and before.seen_at <= until
        ]

    def proved(self, shown: Sequence[Item]) -> list[Listed]:
        """Give those messages, of which the server shows the header, that are the ones stored.

        What turns out to be another message is forgotten, and so fetched at the next look.
        """
        seen = self._seen()
        headers = [one for one in shown if isinstance(one, Oversize) and one.header]
        ours = [
            one.listed
            for one in headers
            if (before := seen.get(self._id(one.listed))) is not None
            and before.header == self._digest(_header(one.header))
        ]
        self._forget({self._id(one.listed) for one in headers} - {self._id(one) for one in ours})
        return ours

    def _seen(self) -> dict[UUID, _Seen]:
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uidl, size, header, left_out, seen_at FROM maildrop_seen"
                " WHERE account = %s",
                (self._account,),
            ).fetchall()
        return {row[0]: _Seen(*row[1:]) for row in rows}

    def _forget(self, ids: Iterable[UUID]) -> None:
        if gone := list(ids):
            with self._database.pool.connection() as connection:
                connection.execute(
                    "DELETE FROM maildrop_seen WHERE account = %s AND uidl = ANY(%b)",
                    (self._account, gone),
                )
                connection.execute(
                    "DELETE FROM not_fetched WHERE account = %s AND folder = %s AND uid = ANY(%b)",
                    (self._account, self._folder, [_uid_of(one) for one in gone]),
                )

    def _row(self, item: Item, left: Mapping[tuple[bytes, int], str]) -> _Row:
        own = self._account, self._id(item.listed), item.listed.size
        if item.listed.key in left:
            return *own, None, None, left[item.listed.key]
        if isinstance(item, Fetched):
            return *own, self._digest(item.raw), self._digest(_header(item.raw)), None
        # A message that is larger than the server says would be tried at every look.
        honest = isinstance(item, Oversize) and item.size == item.listed.size
        return *own, None, None, _TOO_LARGE if honest else _NOT_GIVEN

    def _note_left(
        self,
        connection: Connection[Any],
        items: Iterable[Item],
        messages: Mapping[tuple[bytes, int], UUID | None],
        left: Mapping[tuple[bytes, int], str],
    ) -> None:
        """Note what is not taken in, beside that of other folders; the id stands for its UID."""
        came = [self._uid(item) for item in items if isinstance(item, Fetched)]
        connection.execute(
            "DELETE FROM not_fetched WHERE account = %s AND folder = %s AND uid = ANY(%b)",
            (self._account, self._folder, came),
        )
        for item in items:
            out = left.get(item.listed.key)
            if isinstance(item, Fetched) and out is None:
                continue
            message = None if out else messages.get(item.listed.key)
            large = isinstance(item, Oversize) and out is None
            size = item.size if isinstance(item, Oversize) and large else None
            reason = out or (_TOO_LARGE if large else _NOT_GIVEN)
            connection.execute(
                "INSERT INTO not_fetched AS known (account, folder, uid_validity, uid, size, reason,"
                " message) VALUES (%s, %s, 0, %s, %s, %s, %s) ON CONFLICT (account, folder,"
                " uid_validity, uid) DO UPDATE SET tries = known.tries + 1, wanted_at = NULL,"
                " message = coalesce(excluded.message, known.message)",
                (self._account, self._folder, self._uid(item), size, reason, message),
            )

    def _id(self, one: Listed) -> UUID:
        uidl, ordinal = one.key
        return UUID(bytes=self._digest(b"uidl %d %s" % (ordinal, uidl)))

    def wanted(self) -> set[int]:
        """Give what was left out for its size and is wanted, by the numbers that stand for UIDs."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uid FROM not_fetched WHERE account = %s AND folder = %s"
                " AND wanted_at IS NOT NULL",
                (self._account, self._folder),
            )
            return {row[0] for row in rows}

    def number_of(self, one: Listed) -> int:
        """Give the number that stands for a message's UID."""
        return _uid_of(self._id(one))

    def _uid(self, item: Item) -> int:
        return self.number_of(item.listed)

    def _digest(self, octets: bytes) -> bytes:
        return hmac.digest(self._key, self._account.bytes + octets, "sha256")[:16]


def _due(before: _Seen, largest: int, again: datetime) -> bool:
    if before.left_out == _TOO_LARGE:
        return before.size <= largest
    return before.left_out in {_NOT_GIVEN, NOT_STORED} and before.seen_at <= again


def _uid_of(id: UUID) -> int:
    return id.int >> 65


def _is_gone(item: Item) -> bool:
    return isinstance(item, Unfetchable) and item.gone


def _header(octets: bytes) -> bytes:
    return octets.partition(b"\r\n\r\n")[0].rstrip(b"\r\n")
