"""The embedded PostgreSQL: a server of our own for whoever has none.

Processes share one server. Each holds a shared lock while it uses it; starting and stopping
happen behind a gate, and the last one out stops the server. The system frees the locks of a
process that dies, so nothing has to be cleaned up after it.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from adapters.postgres_server import SETTINGS, Server
from adapters.postgres_user import (
    DatabaseUser,
    PostgresFailed,
    database_user,
    reachable_binaries,
    wheel_binaries,
)

if sys.platform != "win32":
    import fcntl


class EmbeddedPostgres:
    """One server in one folder, shared by the processes that use it.

    `binaries` may name another PostgreSQL's programs, `settings` adds to ours.
    """

    def __init__(
        self,
        folder: Path,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._wanted_binaries = binaries
        self._settings = {**SETTINGS, **(settings or {})}
        self._using: IO[bytes] | None = None
        self._process = 0

    def start(self) -> str:
        """Return the address of a server that answers; bring up one if there is none.

        May be called again: it brings back a server that died meanwhile.
        """
        user = database_user()
        self._make_folder(user)
        with self._gate():
            self._hold()
            try:
                server = self._server(user)
                server.make_data()
                server.bring_up()
            except BaseException:
                self._let_go(server_of=user)
                raise
            return server.dsn

    def stop_if_last(self) -> bool:
        """Stop using the server, and stop it if nobody else does; return whether it was."""
        # A forked child shares the lock of its parent: the server is the parent's to stop.
        if self._using is None or self._process != os.getpid():
            return False
        with self._gate():
            return self._let_go(server_of=database_user())

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.stop_if_last()

    def _make_folder(self, user: DatabaseUser) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        user.owns(self.folder)
        self.folder.chmod(0o700)
        if not user.reaches(self.folder):
            raise PostgresFailed(
                f"the database runs as the user 'carteggio', who cannot enter {self.folder}; "
                "choose a folder that others may pass through, such as /var/lib/carteggio, "
                "with --home or CARTEGGIO_HOME"
            )

    def _server(self, user: DatabaseUser) -> Server:
        wanted = self._wanted_binaries or wheel_binaries()
        binaries = reachable_binaries(wanted, user, self.folder)
        return Server(self.folder, binaries, self._settings, user)

    @contextmanager
    def _gate(self) -> Iterator[None]:
        with (self.folder / "gate.lock").open("ab") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield  # closing the file opens the gate

    def _hold(self) -> None:
        if self._using is None:
            self._using = (self.folder / "use.lock").open("ab")
            fcntl.flock(self._using, fcntl.LOCK_SH)
            self._process = os.getpid()

    def _let_go(self, server_of: DatabaseUser) -> bool:
        using, self._using = self._using, None
        if using is None:
            return False
        with using:
            try:
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._server(server_of).stop()
            return True
