"""Wait for what the server tells by itself (IDLE, RFC 2177), no longer than asked for."""

import asyncio
from typing import Any

from adapters.imap.connection import Connection, granted


async def idle(connection: Connection, within: float, also: asyncio.Event | None = None) -> bool:
    """Wait for news of the selected folder, or for `also`; False if neither comes in time.

    The connection is out of IDLE again when this returns; a server that does not come back from
    it in time is ImapTrouble, one that ends it by itself is taken to have news. To be given less than 29 minutes: servers forget us after 30.
    """
    protocol = connection.protocol
    if protocol.news.is_set() or (also is not None and also.is_set()):
        return True
    asked = protocol.challenge()
    pending = connection.start(b"IDLE")
    begun: set[asyncio.Future[Any]] = {asked, pending.done}
    going = asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
    await connection.within(going, connection.limits.command, "IDLE")
    if not pending.done.done():
        await _first(protocol.news, also, pending.done, within)
    ended = pending.done.done()
    if not ended:
        protocol.wire.write(b"DONE\r\n")
    granted(await connection.finish(pending), "IDLE")
    return ended or protocol.news.is_set() or (also is not None and also.is_set())


async def _first(
    news: asyncio.Event, also: asyncio.Event | None, done: asyncio.Future[Any], within: float
) -> None:
    """Wait for the first of these, so long and no longer."""
    waits = [asyncio.create_task(one.wait()) for one in (news, also) if one is not None]
    either: set[asyncio.Future[Any]] = {done, *waits}
    try:
        await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
