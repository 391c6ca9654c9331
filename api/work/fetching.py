"""What is new in the folders of an IMAP account, each fetched from where it was left.

    select ─▶ what changed since ─▶ marks ─▶ what is new ─▶ stored, portion by portion ─▶ cursor

The cursor (UIDVALIDITY, UID) moves in the transaction of the events. When a server renumbers a
folder, it is listed from the beginning: what is known by its bytes records nothing new.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import Connection

from adapters.imap.session import ImapSession
from adapters.imap.values import Fetched, FolderState, Oversize, RemoteFolder, Role, Unfetchable
from adapters.logs import log
from api.work.accounts import Account
from api.work.instance import Carteggio
from api.work.lanes import Lanes
from api.work.marking import Folder, Marked, Marking, bits
from api.work.phases import awaiting, during
from api.work.reception import EXCLUDED, Arrival, Counts, Place, Reception
from api.work.synced import Synced
from domain.identity import header_key
from domain.message import FolderRole

ARCHIVE: Final = timedelta(days=30)
"""Mail that was older at an account's first sync is archive: nothing of it waits."""

_ALL_FLAGS_S: Final = 300.0
"""So often all flags are listed where the server does not count changes."""
Item = Fetched | Oversize | Unfetchable


@dataclass(frozen=True, slots=True)
class _Cursor:
    """How far a folder was fetched."""

    account: UUID
    folder: UUID
    role: str
    uid_validity: int
    last_uid: int
    cut_off: datetime | None
    highest_modseq: int
    renumbered: bool
    """Whether an earlier numbering is still noted: the new one is not read to its end yet."""

    def move(self, connection: Connection[Any]) -> None:
        connection.execute(
            "INSERT INTO folder_cursor"
            " (account, folder, role, uid_validity, last_uid, cut_off, highest_modseq)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (account, folder) DO UPDATE SET"
            " role = excluded.role, uid_validity = excluded.uid_validity,"
            " last_uid = excluded.last_uid, highest_modseq = excluded.highest_modseq,"
            " moved_at = clock_timestamp()",
            (
                self.account, self.folder, self.role, self.uid_validity, self.last_uid,
                self.cut_off, self.highest_modseq,
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Listed:
    """How a folder was when it was last compared, by a server that does not tell what is gone."""

    spread: int
    """How many UIDs up to the next one are not there; it grows with what is deleted alone."""
    at: float


class Fetching:
    """Fetches folders through sessions that others open, and stores what comes."""

    def __init__(self, carteggio: Carteggio, reception: Reception, lanes: Lanes) -> None:
        self._carteggio = carteggio
        self._reception = reception
        self._lanes = lanes
        self._marking = Marking(carteggio.journal)
        self._listed: dict[UUID, _Listed] = {}

    async def look(
        self,
        session: ImapSession,
        synced: Synced,
        folders: Sequence[RemoteFolder],
        cut_off: datetime | None = None,
    ) -> None:
        """Fetch what is new in these folders; the last one stays selected."""
        for folder in folders:
            await self._folder(session, synced, folder, cut_off)

    async def _folder(
        self,
        session: ImapSession,
        synced: Synced,
        folder: RemoteFolder,
        cut_off: datetime | None,
    ) -> None:
        state = await session.select(folder)
        key = folder_key(self._carteggio.identity_key, synced.account.id, folder)
        before = await asyncio.to_thread(self._cursor, synced.account.id, key)
        cursor = before or _first(synced.account.id, key, cut_off)
        cursor = replace(cursor, role=folder.role.value)
        if cursor.uid_validity != state.uidvalidity:
            cursor = _from_the_beginning(cursor, state)
        place = Place(
            synced.account.mailbox, folder.name, FolderRole(folder.role.value), cursor.cut_off
        )
        there = Folder(key, cursor.uid_validity, place)
        await self._compare(session, there, state, cursor)
        with during("listing"):
            new = await session.uids_with_sizes(cursor.last_uid)
        async with aclosing(self._lanes.portions(new)) as portions:
            async for portion in portions:
                cursor = await self._portion(session, synced, portion, there, cursor)
        if cursor.renumbered:
            await asyncio.to_thread(self._marking.close_earlier, there)
        cursor = replace(cursor, highest_modseq=state.highestmodseq)
        if cursor != before:
            await asyncio.to_thread(self._settle, cursor)
        synced.folders.append(folder.name)

    async def _compare(
        self, session: ImapSession, there: Folder, state: FolderState, cursor: _Cursor
    ) -> None:
        """Record what was marked otherwise, or is gone, since the folder was last read."""
        now = _Listed(state.uidnext - state.exists, time.monotonic())
        if cursor.last_uid and self._is_due(session, state, cursor, now):
            modseq = cursor.highest_modseq if state.highestmodseq else 0
            changes = await session.changes(cursor.last_uid, modseq)
            async with self._lanes.storing:
                await asyncio.to_thread(self._marking.apply, there, changes)
        elif state.highestmodseq == 0:
            return
        self._listed[there.key] = now

    def _is_due(
        self, session: ImapSession, state: FolderState, cursor: _Cursor, now: _Listed
    ) -> bool:
        last = self._listed.get(cursor.folder)
        if state.highestmodseq and cursor.highest_modseq:
            moved = state.highestmodseq != cursor.highest_modseq
            # Without QRESYNC the figure need not move when something is deleted.
            return moved or not (session.resyncs or (last and last.spread == now.spread))
        return last is None or last.spread != now.spread or now.at - last.at > _ALL_FLAGS_S

    async def _portion(
        self,
        session: ImapSession,
        synced: Synced,
        portion: Sequence[tuple[int, int]],
        there: Folder,
        cursor: _Cursor,
    ) -> _Cursor:
        async with aclosing(session.fetch(portion)) as fetching:
            async for items in awaiting("fetching", fetching):
                cursor = replace(cursor, last_uid=max(item.uid for item in items))
                async with self._lanes.storing:
                    counts = await asyncio.to_thread(self._take, items, there, cursor)
                synced.counts.add(counts)
                synced.not_fetched += sum(_is_left(item) for item in items)
        return cursor

    def _cursor(self, account: UUID, key: UUID) -> _Cursor | None:
        with self._carteggio.database.pool.connection() as connection:
            row = connection.execute(
                "SELECT role, uid_validity, last_uid, cut_off, highest_modseq, EXISTS (SELECT FROM"
                " folder_message m WHERE m.folder = c.folder AND m.uid_validity < c.uid_validity)"
                " OR EXISTS (SELECT FROM folder_message m WHERE m.folder = c.folder"
                " AND m.uid_validity > c.uid_validity)"
                " FROM folder_cursor c WHERE account = %s AND folder = %s",
                (account, key),
            ).fetchone()
        return _Cursor(account, key, *row) if row else None

    def _take(self, items: Sequence[Item], there: Folder, cursor: _Cursor) -> Counts:
        whole = [item for item in items if isinstance(item, Fetched)]
        batch = self._reception.read(
            [Arrival(item.raw, there.place, item.received_at, item.flags) for item in whole]
        )
        taken = list(zip(whole, batch.messages, strict=True))
        marked = [
            Marked(item.uid, message, bits(item.flags))
            for item, message in taken
            if message is not None
        ]
        left = [item for item in items if _is_left(item)]
        left += [item for item, message in taken if message is None]
        fresh = {one.identity.message for one in batch.fresh}
        self._marking.found_again(there, [one for one in marked if one.message not in fresh])

        def moved(connection: Connection[Any], _: Counts) -> None:
            there.note(connection, marked)
            cursor.move(connection)
            for item in left:
                _leave(connection, cursor, item)

        return self._reception.store(batch, moved)

    def _settle(self, cursor: _Cursor) -> None:
        """Keep the cursor also where nothing came, so that a first look is remembered as such."""
        with self._carteggio.database.pool.connection() as connection:
            cursor.move(connection)


def folder_key(identity_key: bytes, account: UUID, folder: RemoteFolder) -> UUID:
    """Give the key under which a folder is known here, which does not tell its name."""
    return uuid5(account, header_key(identity_key, folder.wire.decode("latin-1")))


def _first(account: UUID, key: UUID, cut_off: datetime | None) -> _Cursor:
    return _Cursor(
        account, key, "", 0, 0, cut_off or datetime.now(UTC) - ARCHIVE, 0, renumbered=False
    )


def _from_the_beginning(cursor: _Cursor, state: FolderState) -> _Cursor:
    """Follow a folder that got a new numbering (UIDVALIDITY, RFC 3501 2.3.1.1)."""
    renumbered = cursor.uid_validity != 0
    if renumbered:
        log("sync").warning(
            "a folder was renumbered", account=cursor.account, folder=cursor.folder
        )
    return replace(
        cursor,
        uid_validity=state.uidvalidity,
        last_uid=0,
        highest_modseq=0,
        renumbered=renumbered,
    )


def chosen(account: Account, there: Sequence[RemoteFolder], synced: Synced) -> list[RemoteFolder]:
    """Choose INBOX and Sent, or the folders that the account names; say which are not there.

    INBOX comes last: it is the one in which news is waited for.
    """
    if account.folders:
        names = {one.name: one for one in there}
        if missing := [name for name in account.folders if name not in names]:
            synced.warning = f"these folders are not there: {', '.join(missing)}"
        found = [names[name] for name in account.folders if name in names]
    else:
        found = [one for one in there if one.role is not Role.OTHER]
        if not any(one.role is Role.SENT for one in found):
            synced.warning = "no Sent folder is found; name it with --folder: answers are not seen"
    return sorted(found, key=lambda one: one.role is Role.INBOX)


def _is_left(item: Item) -> bool:
    return isinstance(item, Oversize) or (isinstance(item, Unfetchable) and not item.gone)


def _leave(connection: Connection[Any], cursor: _Cursor, item: Item) -> None:
    """Note a message that is not taken in: too large, not given by the server, or excluded."""
    size = item.size if isinstance(item, Oversize) else None
    reasons: dict[type[Item], str] = {Oversize: "too large", Fetched: EXCLUDED}
    reason = reasons.get(type(item), "not given")
    connection.execute(
        "INSERT INTO not_fetched (account, folder, uid_validity, uid, size, reason)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (cursor.account, cursor.folder, cursor.uid_validity, item.uid, size, reason),
    )
