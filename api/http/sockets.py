"""Following over WebSocket, by the protocol graphql-transport-ws.

Who follows shows his token in the header Authorization, or in the payload of connection_init. No
cookie lets anybody in, so another page's script gets nowhere. Results are sent one after another,
none is kept: whoever reads slowly is told slowly, and who reads nothing is left.
"""

import asyncio
import logging
from contextlib import aclosing
from typing import Any, Final

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from adapters.logs import log
from api.http.following import Following, Result, results
from api.http.state import Served
from api.security import Unknown, Viewer
from api.work.projector import where

PROTOCOL: Final = "graphql-transport-ws"
LARGEST: Final = 64 * 1024
_INIT_S: Final = 10.0
_SLOW_S: Final = 60.0
_MOST: Final = 20
"""So many operations on one connection."""
_LONGEST_ID: Final = 200
# It would log where each connection went: what stands behind a path may be anything.
logging.getLogger("uvicorn.error").addFilter(lambda record: "WebSocket" not in str(record.msg))


class _Close(Exception):
    """The connection ends, with a code and a reason of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def socket(socket: WebSocket) -> None:
    """Serve one connection."""
    if PROTOCOL not in socket.scope["subprotocols"]:
        await socket.close(4406)
        return
    await socket.accept(PROTOCOL)
    one = _Connection(socket)
    try:
        await one.serve()
    except _Close as end:
        await one.close(end)
    except (WebSocketDisconnect, RuntimeError):
        pass  # it went
    except Exception as error:  # noqa: BLE001  the last catch; it says where, never what
        log("http").error("a connection broke off", error=where(error))
        await one.close(_Close(1011, "internal error"))
    finally:
        await one.end()


class _Connection:
    """One connection: who it is from, and what he follows on it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._served: Served = socket.app.state.served
        self._authorization = socket.headers.get("Authorization")
        self._viewer: Viewer | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._ended: asyncio.Future[_Close] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Heed messages until the connection ends."""
        try:
            async with asyncio.timeout(_INIT_S):
                while self._viewer is None:
                    await self._heed(await self._message())
        except TimeoutError:
            raise _Close(4408, "Connection initialisation timeout") from None
        while True:
            await self._heed(await self._message())

    async def end(self) -> None:
        """Follow nothing any more."""
        tasks = list(self._running.values())
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self, end: _Close) -> None:
        """End the connection, if it is still there."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.close(end.code, end.reason)

    async def _message(self) -> dict[str, Any]:
        """Wait for the next message, or for an operation that ends the connection."""
        reading = asyncio.ensure_future(self._socket.receive_text())
        try:
            either: set[asyncio.Future[Any]] = {reading, self._ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                raise self._ended.result()
            text = await reading
        except KeyError:
            raise _Close(4400, "WebSocket message type must be text") from None
        finally:
            reading.cancel()
        try:
            found = orjson.loads(text) if len(text) <= LARGEST else None
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise _Close(4400, "a message is one JSON object of 64 KB at most")
        return found

    async def _heed(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "connection_init"}:
                await self._let_in(message.get("payload"))
            case {"type": "ping"}:
                await self._send({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id), "payload": dict(payload)}:
                self._subscribe(id, payload)
            case {"type": "complete", "id": str(id)}:
                if task := self._running.pop(id, None):
                    task.cancel()
            case _:
                raise _Close(4400, "there is no such message")

    async def _let_in(self, payload: object) -> None:
        if self._viewer is not None:
            raise _Close(4429, "Too many initialisation requests")
        if isinstance(payload, dict):
            shown = payload.get("Authorization") or payload.get("authorization")
            self._authorization = shown if isinstance(shown, str) else self._authorization
        try:
            self._viewer = await self._served.doorkeeper.viewer(self._authorization)
        except Unknown:
            raise _Close(4403, "Forbidden") from None
        await self._send({"type": "connection_ack"})

    def _subscribe(self, id: str, payload: dict[str, Any]) -> None:
        if self._viewer is None:
            raise _Close(4401, "Unauthorized")
        if id in self._running:
            raise _Close(4409, f"Subscriber for {id[:60]} already exists")
        if len(self._running) >= _MOST or len(id) > _LONGEST_ID:
            raise _Close(4400, f"{_MOST} operations at most, under ids of {_LONGEST_ID} letters")
        asked = _asked(payload)
        self._running[id] = asyncio.create_task(self._operate(id, self._viewer, asked))

    async def _operate(self, id: str, viewer: Viewer, asked: Following) -> None:
        try:
            source = results(self._served, viewer, self._authorization, asked)
            async with aclosing(source) as following:
                async for one in following:
                    if one.ends:
                        await self._end_operation(id, one)
                        return
                    await self._send({"id": id, "type": "next", "payload": one.said})
            self._running.pop(id, None)
            await self._send({"id": id, "type": "complete"})
        except TimeoutError:
            self._leave(_Close(1008, "nothing was read for too long"))
        except (WebSocketDisconnect, RuntimeError):
            return  # it went
        except Exception as error:  # noqa: BLE001  it says where, never what
            log("http").error("following broke off", error=where(error))
            self._leave(_Close(1011, "internal error"))

    async def _end_operation(self, id: str, last: Result) -> None:
        if last.shut_out:
            self._leave(_Close(4403, "Forbidden"))
            return
        self._running.pop(id, None)
        await self._send({"id": id, "type": "error", "payload": last.said["errors"]})

    def _leave(self, end: _Close) -> None:
        if not self._ended.done():
            self._ended.set_result(end)

    async def _send(self, message: dict[str, object]) -> None:
        async with asyncio.timeout(_SLOW_S), self._sending:
            await self._socket.send_text(orjson.dumps(message).decode())


def _asked(payload: dict[str, Any]) -> Following:
    query, variables = payload.get("query"), payload.get("variables")
    operation = payload.get("operationName")
    if not isinstance(query, str) or not isinstance(variables, dict | None):
        raise _Close(4400, "`query` is no text, or `variables` no object")
    if not isinstance(operation, str | None):
        raise _Close(4400, "`operationName` is no text")
    return Following(query, variables, operation or None)
