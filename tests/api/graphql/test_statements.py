"""A page of messages is read in as many statements as it has sorts of parts, however many rows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool

from office import Asks, nodes

PAGE = """query($first: Int!) { messages(first: $first) { edges { node { %s } } } }"""
ROW = "subject receivedAt from { email }"
PARTS = {
    "to { email } cc { email } bcc { email }": 1,
    "parties { code }": 2,
    "parties { code contacts { address } }": 3,
    "documents { number }": 2,
    "documents { number party { name } }": 3,
    "links { reason evidence }": 1,
    "links { reason target { ... on Party { code } ... on Document { number } } }": 3,
    "occurrences { folder mailbox { address } }": 2,
    "conversation { id }": 1,
    "conversation { id messageCount }": 2,
    "status": 1,
    "answeredBy { subject }": 2,
    "unanswered { since }": 1,
    "unanswered { mailboxes { address } message { parties { code } } }": 5,
    "body": 1,
    "attachments { name }": 1,
}
ALL = "parties { code } documents { number } links { reason } conversation { id } "
ALL += "occurrences { folder mailbox { address } }"


class Counting(AsyncCursor[Any]):
    """Notes what is asked of the database."""

    asked: list[str] = []  # noqa: RUF012  one list for all cursors of a test

    async def execute(self, query: Any, *more: Any, **named: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string(self)
        self.asked.append(text)
        return await super().execute(query, *more, **named)


class CountingConnection(AsyncConnection[Any]):
    """Lends such cursors."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.cursor_factory = Counting


@pytest.fixture
async def counted(office) -> AsyncIterator[Asks]:
    """Ask over connections that count."""
    database = office.database
    async with AsyncConnectionPool(
        database.dsn,
        connection_class=CountingConnection,
        kwargs={"autocommit": True},
        configure=database._configure_reading(15_000),
        min_size=1,
        open=False,
    ) as pool:
        yield Asks(office, pool)


async def statements(counted: Asks, wanted: str, first: int = 50, **more: Any) -> int:
    Counting.asked.clear()
    found = await counted(PAGE % wanted, first=first, **more)
    assert len(nodes(found["messages"])) == first
    return sum("FROM projection" not in one and "SELECT" in one for one in Counting.asked)


async def test_a_page_is_read_in_one_statement_and_counted_in_another_only_if_asked(counted):
    await statements(counted, ROW, 1)
    assert await statements(counted, ROW) == 1
    total = "query($first: Int!) { messages(first: $first) { totalCount { value } edges { node { id } } } }"
    Counting.asked.clear()
    assert (await counted(total, first=50))["messages"]["totalCount"] == {"value": 72}
    assert len([one for one in Counting.asked if "FROM projection" not in one]) == 2


@pytest.mark.parametrize(("part", "more"), PARTS.items(), ids=str)
async def test_a_part_of_every_message_of_a_page_costs_few_statements(counted, part, more):
    await statements(counted, ROW, 1)
    assert await statements(counted, f"{ROW} {part}") == 1 + more
    assert await statements(counted, f"{ROW} {part}", 10) <= 1 + more


async def test_who_is_not_cleared_for_everything_costs_one_statement_more_for_links(counted):
    await statements(counted, ROW, 1)
    assert await statements(counted, f"{ROW} links {{ reason evidence }}", clearance=0) == 3
    everything = await statements(counted, f"{ROW} {ALL}")
    assert await statements(counted, f"{ROW} {ALL}", clearance=0) == everything + 1


async def test_a_page_of_fifty_with_all_that_belongs_to_mail_takes_seven_statements(counted):
    await statements(counted, ROW, 1)
    assert await statements(counted, f"{ROW} {ALL}") == 1 + 3 + 1 + 2
