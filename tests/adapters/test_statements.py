"""Statements that a loop runs by itself: what they give, and what becomes of them when it is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from adapters.statements import Statements

if TYPE_CHECKING:
    from adapters.database import Database

WHEN = datetime(2026, 11, 27, 3, 25, 59, 123_457, UTC)
ID = UUID("0193680e-0b1c-7a2b-8a1e-0123456789ab")
SAME = "SELECT WHERE %s::timestamptz = '2026-11-27T03:25:59.123457Z' AND %s::uuid = '0193680e-0b1c-7a2b-8a1e-0123456789ab'"


@asynccontextmanager
async def prepared(database: "Database") -> AsyncIterator[Statements]:
    statements = await Statements.prepared(
        database,
        {
            "same": SAME,
            "octets": "SELECT WHERE %s::bytea = decode('00ff25', 'hex')",
            "each": "SELECT unnest(%s::integer[])",
            "wrong": "SELECT 1 / (length(%s::bytea) - 1)",
            "slow": "SELECT pg_sleep(length(%s::bytea) / 10.0)",
            "goes": "SELECT pg_terminate_backend(pg_backend_pid()) WHERE %s::bytea IS NOT NULL",
        },
    )
    try:
        yield statements
    finally:
        await statements.close()


async def test_values_arrive_as_they_were_meant(database: "Database") -> None:
    async with prepared(database) as statements:
        assert await statements.run("same", WHEN, ID) == 1
        assert await statements.run("same", WHEN, UUID(int=1)) == 0
        assert await statements.run("octets", b"\x00\xff%") == 1
        assert [await statements.run("each", one) for one in ([], [7], [-1, 2, 3])] == [0, 1, 3]


async def test_a_statement_that_fails_fails_alone(database: "Database") -> None:
    async with prepared(database) as statements:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await statements.run("wrong", b"x")
        assert await statements.run("wrong", b"xyz") == 1


async def test_one_that_nobody_waits_for_any_more_ends_before_the_next(
    database: "Database",
) -> None:
    async with prepared(database) as statements:
        slow = asyncio.create_task(statements.run("slow", b"x"))
        await asyncio.sleep(0)
        slow.cancel()
        assert await statements.run("octets", b"\x00\xff%") == 1
        with pytest.raises(asyncio.CancelledError):
            await slow


async def test_with_a_lost_connection_all_that_is_asked_for_fails_as_the_database_does(
    database: "Database",
) -> None:
    async with prepared(database) as statements:
        with pytest.raises(psycopg.OperationalError):
            await statements.run("goes", b"")
        with pytest.raises(psycopg.OperationalError):
            await statements.run("octets", b"")
        assert not statements.is_open
