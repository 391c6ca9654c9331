"""Accounts are fetched: what is new in INBOX and Sent, each folder from where it was left.

The cursor (UIDVALIDITY, UID) moves in the transaction of the events. When a server renumbers a
folder, it is listed from the beginning: what is known by its bytes records nothing new.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import Connection

from adapters.imap.session import ImapSession
from adapters.imap.values import (
    Fetched,
    ImapTrouble,
    Limits,
    Oversize,
    RemoteFolder,
    Role,
    Unfetchable,
)
from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Account, accounts_of, password_of
from api.work.instance import Carteggio
from api.work.reception import Arrival, Counts, Place, Reception
from domain.identity import header_key
from domain.message import FolderRole
from domain.values import Rejected

ARCHIVE: Final = timedelta(days=30)
"""Mail that was older at an account's first sync is archive: nothing of it waits."""

_AT_ONCE: Final = 4
Item = Fetched | Oversize | Unfetchable


@dataclass(slots=True)
class Synced:
    """How a look into one account went; `trouble` is a sentence for people, empty if all is well.

    A `warning` says what is missing though the rest was fetched.
    """

    account: Account
    counts: Counts = field(default_factory=Counts)
    folders: list[str] = field(default_factory=list)
    not_fetched: int = 0
    trouble: str = ""
    kind: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Cursor:
    """How far a folder was fetched."""

    account: UUID
    folder: UUID
    role: str
    uid_validity: int
    last_uid: int
    cut_off: datetime | None

    def move(self, connection: Connection[Any]) -> None:
        connection.execute(
            "INSERT INTO folder_cursor (account, folder, role, uid_validity, last_uid, cut_off)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (account, folder) DO UPDATE SET"
            " role = excluded.role, uid_validity = excluded.uid_validity,"
            " last_uid = excluded.last_uid, moved_at = clock_timestamp()",
            (self.account, self.folder, self.role, self.uid_validity, self.last_uid, self.cut_off),
        )


class Sync:
    """Looks into the accounts of one company; one that fails leaves the others alone."""

    def __init__(
        self, carteggio: Carteggio, worker: ReadingWorker, limits: Limits | None = None
    ) -> None:
        """Read mail through `worker`."""
        self._carteggio = carteggio
        self._reception = Reception(
            carteggio.journal, carteggio.blobs, worker, "imap", exact=False
        )
        self._limits = limits or Limits(largest=carteggio.settings.max_fetch_bytes)

    async def all(
        self, addresses: Sequence[str] = (), cut_off: datetime | None = None
    ) -> list[Synced]:
        """Look into every account that is not paused, or into those of some mailboxes."""
        wanted = {address.strip().casefold() for address in addresses}
        known = await accounts_of(self._carteggio)
        if missing := wanted - {one.address.casefold() for one in known}:
            sentence = f"no account is configured for {', '.join(sorted(missing))}"
            raise Rejected("NOT_FOUND", f"{sentence}; add it with: carteggio account add")
        chosen = [
            one
            for one in known
            if (one.address.casefold() in wanted if wanted else not one.paused)
        ]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def looked_into(account: Account) -> Synced:
            async with gate:
                return await self._guarded(account, cut_off)

        return list(await asyncio.gather(*map(looked_into, chosen)))

    async def _guarded(self, account: Account, cut_off: datetime | None) -> Synced:
        synced = Synced(account)
        try:
            async with _alone(self._carteggio, account) as alone:
                if not alone:
                    synced.kind = "busy"
                    synced.trouble = "another process is fetching it"
                    return synced
                await self._account(account, cut_off, synced)
        except ImapTrouble as trouble:
            synced.kind, synced.trouble = trouble.kind.value, trouble.sentence
        except Rejected as trouble:
            synced.kind, synced.trouble = trouble.code.casefold(), trouble.sentence
        except OSError as trouble:
            synced.kind = "local"
            synced.trouble = trouble.strerror or type(trouble).__name__
        if synced.kind:
            log("sync").warning("an account is in trouble", account=account.id, kind=synced.kind)
        await asyncio.to_thread(self._note, synced)
        return synced

    async def _account(self, account: Account, cut_off: datetime | None, synced: Synced) -> None:
        password = await asyncio.to_thread(password_of, self._carteggio, account.id)
        async with ImapSession(account.imap(password), self._limits) as session:
            for folder in _chosen(account, await session.folders(), synced):
                await self._folder(session, account, folder, cut_off, synced)

    async def _folder(
        self,
        session: ImapSession,
        account: Account,
        folder: RemoteFolder,
        cut_off: datetime | None,
        synced: Synced,
    ) -> None:
        state = await session.select(folder)
        cursor = await asyncio.to_thread(self._cursor, account, folder, cut_off)
        if cursor.uid_validity != state.uidvalidity:
            cursor = replace(cursor, uid_validity=state.uidvalidity, last_uid=0)
        place = Place(account.mailbox, folder.name, FolderRole(folder.role.value), cursor.cut_off)
        async for items in session.fetch(await session.uids_with_sizes(cursor.last_uid)):
            cursor = replace(cursor, last_uid=max(item.uid for item in items))
            counts = await asyncio.to_thread(self._take, items, place, cursor)
            synced.counts.add(counts)
            synced.not_fetched += sum(_is_left(item) for item in items)
        await asyncio.to_thread(self._settle, cursor)
        synced.folders.append(folder.name)

    def _cursor(self, account: Account, folder: RemoteFolder, cut_off: datetime | None) -> _Cursor:
        key = _folder_key(self._carteggio.identity_key, account.id, folder.wire)
        with self._carteggio.database.pool.connection() as connection:
            row = connection.execute(
                "SELECT uid_validity, last_uid, cut_off FROM folder_cursor"
                " WHERE account = %s AND folder = %s",
                (account.id, key),
            ).fetchone()
        validity, uid, before = row or (0, 0, cut_off or datetime.now(UTC) - ARCHIVE)
        return _Cursor(account.id, key, folder.role.value, validity, uid, before)

    def _take(self, items: Sequence[Item], place: Place, cursor: _Cursor) -> Counts:
        arrivals = [
            Arrival(item.raw, place, item.received_at, item.flags)
            for item in items
            if isinstance(item, Fetched)
        ]

        def moved(connection: Connection[Any], _: Counts) -> None:
            cursor.move(connection)
            for item in items:
                if _is_left(item):
                    _leave(connection, cursor, item)

        return self._reception.store(self._reception.read(arrivals), moved)

    def _settle(self, cursor: _Cursor) -> None:
        """Keep the cursor also where nothing came, so that a first look is remembered as such."""
        with self._carteggio.database.pool.connection() as connection:
            cursor.move(connection)

    def _note(self, synced: Synced) -> None:
        with self._carteggio.database.pool.connection() as connection:
            connection.execute(
                "INSERT INTO account_state (account, tried_at, fetched_at, trouble) VALUES"
                " (%(id)s, clock_timestamp(), CASE WHEN %(kind)s = '' THEN clock_timestamp() END,"
                " %(kind)s) ON CONFLICT (account) DO UPDATE SET tried_at = excluded.tried_at,"
                " trouble = excluded.trouble,"
                " fetched_at = coalesce(excluded.fetched_at, account_state.fetched_at)",
                {"id": synced.account.id, "kind": synced.kind},
            )


def _chosen(account: Account, there: Sequence[RemoteFolder], synced: Synced) -> list[RemoteFolder]:
    """Choose INBOX and Sent, or the folders that the account names; say which are not there."""
    if not account.folders:
        chosen = [one for one in there if one.role is not Role.OTHER]
        if not any(one.role is Role.SENT for one in chosen):
            synced.warning = "no Sent folder is found; name it with --folder: answers are not seen"
        return chosen
    names = {one.name: one for one in there}
    if missing := [name for name in account.folders if name not in names]:
        synced.warning = f"these folders are not there: {', '.join(missing)}"
    return [names[name] for name in account.folders if name in names]


def _is_left(item: Item) -> bool:
    return isinstance(item, Oversize) or (isinstance(item, Unfetchable) and not item.gone)


def _leave(connection: Connection[Any], cursor: _Cursor, item: Item) -> None:
    """Note a message that was not fetched: too large, or the server does not give it."""
    size = item.size if isinstance(item, Oversize) else None
    reason = "too large" if isinstance(item, Oversize) else "not given"
    connection.execute(
        "INSERT INTO not_fetched (account, folder, uid_validity, uid, size, reason)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (cursor.account, cursor.folder, cursor.uid_validity, item.uid, size, reason),
    )


def _folder_key(key: bytes, account: UUID, wire: bytes) -> UUID:
    return uuid5(account, header_key(key, wire.decode("latin-1")))


@asynccontextmanager
async def _alone(carteggio: Carteggio, account: Account) -> AsyncIterator[bool]:
    """Hold an account's lock while it is fetched, so that no two processes fetch it at once."""
    database = carteggio.database
    async with await database.connect_async(direct=True) as connection:
        cursor = await connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))",
            (f"{database.schema} {account.id}",),
        )
        row = await cursor.fetchone()
        yield row is not None and bool(row[0])
