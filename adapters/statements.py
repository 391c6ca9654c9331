"""Statements that an event loop runs by itself, prepared once: for what is done for each of many mails.

A thread for each costs more than the statement does. Values go over the wire as PostgreSQL reads
them (its binary format), so nothing is looked up for them.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final, LiteralString, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg.pq import ConnStatus, ExecStatus

from adapters.database import Database

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_INSTANT: Final = timedelta(microseconds=1)
_PLACE: Final = re.compile(r"%s")
_DONE: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_INT4: Final = 23

T = TypeVar("T")
Value = UUID | datetime | bytes | Sequence[int]


class Statements:
    """Prepared statements on a connection of their own, run one after the other, each committed.

    What fails with the connection raises psycopg.OperationalError, and all that is asked for later.
    """

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        """Listen on a connection that nobody else uses, from the running loop."""
        self._connection = connection
        self._wire = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._rows: asyncio.Future[int] | None = None
        self._socket = self._wire.socket
        self.is_open = True

    @classmethod
    async def prepared(cls, database: Database, queries: Mapping[str, LiteralString]) -> Self:
        """Connect and prepare queries by their names; their values stand as %s."""
        connection = await database.connect_async(direct=True)
        try:
            for name, query in queries.items():
                await connection.execute(f"PREPARE {name} AS {_numbered(query)}".encode())
        except BaseException:
            await connection.close()
            raise
        made = cls(connection)
        made._loop.add_reader(made._socket, made._hear)
        return made

    async def run(self, name: str, *values: Value) -> int:
        """Run a statement to its end, whoever waits for it, and give how many rows it gave."""
        async with self._turn:
            if not self.is_open:
                raise psycopg.OperationalError("the connection was lost")
            self._rows = rows = self._loop.create_future()
            try:
                wire = [*map(_wired, values)]
                self._wire.send_query_prepared(name.encode(), wire, [1] * len(wire))
                self._flush()
            except psycopg.Error as error:
                self._lose(error)
            return await ended(rows)

    async def close(self) -> None:
        """Give the connection back."""
        self._lose(psycopg.OperationalError("the connection was closed by us"))
        await self._connection.close()

    def _flush(self) -> None:
        """Send what the socket takes; the rest when it takes more."""
        self._loop.remove_writer(self._socket)
        if self._wire.flush():
            self._loop.add_writer(self._socket, self._flush)

    def _hear(self) -> None:
        try:
            self._wire.consume_input()
            if not self._wire.is_busy():
                self._end(list(self._results()))
        except psycopg.Error as error:
            self._lose(error)

    def _results(self) -> Iterator[psycopg.pq.abc.PGresult]:
        while (result := self._wire.get_result()) is not None:
            yield result

    def _end(self, results: Sequence[psycopg.pq.abc.PGresult]) -> None:
        if self._rows is None or self._rows.done() or not results:
            return
        if results[-1].status in _DONE:
            self._rows.set_result(results[-1].ntuples)
            return
        error = psycopg.errors.error_from_result(results[-1])
        if self._wire.status == ConnStatus.OK:
            self._rows.set_exception(error)
        else:
            self._lose(error)

    def _lose(self, error: psycopg.Error) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        if self._rows is not None and not self._rows.done():
            self._rows.set_exception(psycopg.OperationalError(str(error)))


async def ended(doing: "asyncio.Future[T]") -> T:
    """Wait for something to its end, also where nobody waits for it any more."""
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        doing.exception()  # it is not asked for any more
        raise


def _numbered(query: str) -> str:
    places = count(1)
    return _PLACE.sub(lambda _: f"${next(places)}", query)


def _wired(value: Value) -> bytes:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime):
        return ((value - _EPOCH) // _INSTANT).to_bytes(8, signed=True)
    return _array(value)


def _array(numbers: Sequence[int]) -> bytes:
    """Write an integer[]: its dimensions, no NULL in it, the type, then for each its length and itself."""
    head = (1 if numbers else 0, 0, _INT4, *((len(numbers), 1) if numbers else ()))
    each = (part for one in numbers for part in (4, one))
    return b"".join(part.to_bytes(4, signed=True) for part in (*head, *each))
