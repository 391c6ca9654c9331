"""The API of the demo, on this machine only, for as long as it is wanted."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep
from typing import Final

import uvicorn

from api.app import create_app
from api.work.instance import Carteggio
from domain.values import Rejected

HOST: Final = "127.0.0.1"
PREFERRED: Final = 8420
_PATIENCE_S: Final = 20.0


class Serving:
    """An API that runs: its address, and waiting until it ends."""

    def __init__(self, thread: Thread, port: int) -> None:
        self._thread = thread
        self.address = f"http://{HOST}:{port}"

    def wait(self) -> None:
        """Wait until the API ends, which it does not by itself."""
        while self._thread.is_alive():
            self._thread.join(1.0)


@contextmanager
def served(carteggio: Carteggio, port: int | None) -> Iterator[Serving]:
    """Serve the API until the block is left; answers that are on their way are sent first."""
    with _listening(port) as listening:
        config = uvicorn.Config(
            create_app(carteggio),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, args=([listening],), name="carteggio-demo-api")
        thread.start()
        try:
            _wait_until_it_answers(server, thread)
            yield Serving(thread, listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_it_answers(server: uvicorn.Server, thread: Thread) -> None:
    end = monotonic() + _PATIENCE_S
    while not server.started:
        if not thread.is_alive() or monotonic() > end:
            raise Rejected("NOT_SERVING", "the API did not start")
        sleep(0.01)


def _listening(port: int | None) -> socket.socket:
    """Listen on the port that was named, else on the preferred one, else on any that is free."""
    if port is None:
        try:
            return socket.create_server((HOST, PREFERRED))
        except OSError:
            return socket.create_server((HOST, 0))
    try:
        return socket.create_server((HOST, port))
    except OSError as refused:
        reason = os.strerror(refused.errno or 0).lower()
        raise Rejected("PORT", f"port {port} cannot be used: {reason}") from None
