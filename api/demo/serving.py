"""The API of the demo, on this machine only, for as long as it is wanted."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

import uvicorn

from api.app import create_app
from api.work.instance import Carteggio
from domain.values import Rejected

HOST: Final = "127.0.0.1"


class Serving:
    """An API that runs: its address, and waiting until it ends."""

    def __init__(self, thread: Thread, port: int) -> None:
        self._thread = thread
        self.address = f"http://{HOST}:{port}"

    def wait(self) -> None:
        """Wait until the API ends, which it does not by itself."""
        while self._thread.is_alive():
            # Not for ever: a signal that another thread took is seen when this one wakes.
            self._thread.join(1.0)


def listening(port: int | None, usual: int) -> socket.socket:
    """Listen on the port that was named, else on the usual one, else on any that is free."""
    if port is None:
        try:
            return socket.create_server((HOST, usual))
        except OSError:
            return socket.create_server((HOST, 0))
    try:
        return socket.create_server((HOST, port))
    except OSError as refused:
        reason = os.strerror(refused.errno or 0).lower()
        raise Rejected("PORT", f"port {port} cannot be used: {reason}") from None


@contextmanager
def served(carteggio: Carteggio, there: socket.socket) -> Iterator[Serving]:
    """Serve the API until the block is left; answers that are on their way are sent first."""
    settled = Event()
    server = _server(carteggio, settled)
    thread = Thread(target=_run, args=(server, there, settled), name="carteggio-demo-api")
    thread.start()
    try:
        settled.wait()
        if not server.started:
            raise Rejected("NOT_SERVING", "the API did not start")
        yield Serving(thread, there.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


def _server(carteggio: Carteggio, settled: Event) -> uvicorn.Server:
    async def told() -> None:
        settled.set()

    config = uvicorn.Config(
        create_app(carteggio),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        callback_notify=told,  # for the first time when it has started
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)


def _run(server: uvicorn.Server, there: socket.socket, settled: Event) -> None:
    try:
        server.run([there])
    finally:
        settled.set()
