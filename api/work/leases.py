"""Which process attends which account, and which one fetches it in this very moment.

Attending is a lease: long, renewed, shared evenly among the processes that live. Fetching is a
lock: short, so that a command may fetch beside a worker, but never the same account at once.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID, uuid4

import psycopg

from adapters.database import Database

LASTING_S: Final = 30.0


class Leases:
    """The accounts that one process attends."""

    def __init__(self, database: Database, lasting: float = LASTING_S) -> None:
        """Take nothing yet; a process that does not renew is taken for dead after `lasting`."""
        self._database = database
        self._lasting = lasting
        self.worker = uuid4()

    def share(self, wanted: Collection[UUID]) -> set[UUID]:
        """Renew what is ours, take our share of what is free; give what we attend now."""
        with self._database.pool.connection() as connection, connection.transaction():
            key = f"{self._database.schema} leases"
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))
            connection.execute(
                "DELETE FROM attending_worker WHERE until < clock_timestamp() AND worker <> %s",
                (self.worker,),
            )
            connection.execute(
                "INSERT INTO attending_worker VALUES (%s, clock_timestamp() + %s * interval '1 s')"
                " ON CONFLICT (worker) DO UPDATE SET until = excluded.until",
                (self.worker, self._lasting),
            )
            workers = connection.execute("SELECT count(*) FROM attending_worker").fetchone()
            rows = connection.execute("SELECT account, worker FROM account_lease").fetchall()
            held = {account: worker == self.worker for account, worker in rows}
            ours = shared(held, set(wanted), workers[0] if workers else 1)
            self._write(connection, {one for one, is_ours in held.items() if is_ours}, ours)
        return ours

    def release(self) -> None:
        """Leave everything to the others."""
        with self._database.pool.connection() as connection:
            connection.execute("DELETE FROM attending_worker WHERE worker = %s", (self.worker,))

    def _write(
        self, connection: psycopg.Connection, before: set[UUID], ours: Collection[UUID]
    ) -> None:
        given_back, taken = list(before.difference(ours)), list(set(ours) - before)
        if given_back:
            connection.execute("DELETE FROM account_lease WHERE account = ANY(%b)", (given_back,))
        if taken:
            connection.execute(
                "INSERT INTO account_lease SELECT unnest(%b::uuid[]), %s", (taken, self.worker)
            )


def shared(held: dict[UUID, bool], wanted: set[UUID], workers: int) -> set[UUID]:
    """Choose what is ours: of `held` (True: by us) what is still wanted, then what is free."""
    most = -(-len(wanted) // max(workers, 1))
    ours = sorted(one for one, is_ours in held.items() if is_ours and one in wanted)[:most]
    free = sorted(wanted - held.keys())
    random.shuffle(free)  # two that start at once would else take the accounts of one server
    return {*ours, *free[: most - len(ours)]}


class Locks:
    """The accounts that one process fetches now: advisory locks, all on one connection.

    Where that connection is lost the locks are free, and two may fetch one account: it costs
    time and records nothing twice.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.AsyncConnection | None = None
        self._connecting = asyncio.Lock()
        self._held: set[UUID] = set()

    @asynccontextmanager
    async def holding(self, account: UUID) -> AsyncIterator[bool]:
        """Hold an account while it is fetched; False if somebody else does."""
        if account in self._held:
            yield False
            return
        self._held.add(account)  # before it is asked for: one connection gets a lock twice
        try:
            async with self._locked(account) as ours:
                yield ours
        finally:
            self._held.discard(account)

    @asynccontextmanager
    async def _locked(self, account: UUID) -> AsyncIterator[bool]:
        if not await self._ask("pg_try_advisory_lock", account):
            yield False
            return
        try:
            yield True
        finally:
            with suppress(psycopg.OperationalError):  # with a lost connection it is free already
                await self._ask("pg_advisory_unlock", account)

    async def close(self) -> None:
        """Give everything back."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> psycopg.AsyncConnection:
        async with self._connecting:
            if self._connection is None or self._connection.closed:
                self._connection = await self._database.connect_async(direct=True)
            return self._connection

    async def _ask(self, what: str, account: UUID) -> bool:
        connection = await self._connected()
        cursor = await connection.execute(
            f"SELECT {what}(hashtextextended(%s, 0))".encode(),
            (f"{self._database.schema} {account}",),
        )
        row = await cursor.fetchone()
        return row is not None and bool(row[0])
