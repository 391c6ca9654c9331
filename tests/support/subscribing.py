"""A client that follows: a real WebSocket to a server that really serves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from serving import Api

CHANGES = """subscription($after: Position, $filter: ChangeFilter) { changes(after: $after, filter: $filter)
  { position event subjectId summary data node { id } } }"""


@dataclass
class Follower:
    """One connection that is let in."""

    socket: "ClientConnection"

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self) -> Any:
        return json.loads(await asyncio.wait_for(self.socket.recv(), 30))

    async def follow(self, query: str = CHANGES, id: str = "1", **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.send(type="subscribe", id=id, payload=payload)

    async def change(self) -> Any:
        """Give the next change."""
        message = await self.next()
        assert message["type"] == "next", message
        return message["payload"]["data"]["changes"]

    async def changes(self, count: int) -> list[Any]:
        return [await self.change() for _ in range(count)]


@asynccontextmanager
async def connected(
    api: "Api", token: str | None = None, *, header: bool = False, init: bool = True
) -> AsyncIterator[Follower]:
    """Connect, and be let in by the header or by connection_init."""
    from websockets.asyncio.client import connect  # noqa: PLC0415

    shown = f"Bearer {token or api.token}"
    address = api.address.replace("http", "ws", 1) + "/graphql"
    async with connect(
        address,
        subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
        additional_headers={"Authorization": shown} if header else None,
        proxy=None,
        max_queue=1,
    ) as socket:
        one = Follower(socket)
        if init:
            payload = {} if header else {"Authorization": shown}
            await one.send(type="connection_init", payload=payload)
            assert await one.next() == {"type": "connection_ack"}
        yield one
