"""The API as its clients have it: a real server on a port of its own, asked over HTTP.

`api` serves the instance of the fixture `carteggio`, without the work behind it: what a test
records is seen after `caught_up`. `shared_api` is for all tests of a module that change nothing.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from domain.access import Scope

if TYPE_CHECKING:
    import httpx

    from api.work.instance import Carteggio

ALL = tuple(Scope)
MANAGES = [Scope.MANAGE_MAILBOXES]


@dataclass
class Api:
    """A server that runs, and a client of it."""

    carteggio: "Carteggio"
    address: str
    client: "httpx.Client"
    token: str
    """Sees and may do everything."""

    def caught_up(self) -> None:
        """Let the read models reach what is recorded."""
        self.carteggio.feed.catch_up(self.carteggio.journal.head())

    def issue(
        self,
        scopes: Sequence[Scope] = ALL,
        mailboxes: Sequence[Any] | None = None,
        expires_at: datetime | None = None,
        name: str = "tests",
    ) -> str:
        """Issue a further token."""
        from api.work.tokens import issue  # noqa: PLC0415

        bearer = issue(self.carteggio, name, scopes, mailboxes, expires_at)
        self.caught_up()
        return str(bearer)

    def bears(self, token: str | None = None) -> dict[str, str]:
        """Give the header that shows a token."""
        return {"Authorization": f"Bearer {token or self.token}"}

    def get(self, path: str, token: str | None = None, **more: Any) -> "httpx.Response":
        """Fetch with a token."""
        return self.client.get(path, headers=self.bears(token), **more)

    def post(self, body: Any, token: str | None = None, **headers: str) -> "httpx.Response":
        """Send a body as a question, in JSON."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/graphql", json=body, headers=self.bears(token) | said)

    def ask(self, query: str, token: str | None = None, **variables: Any) -> Any:
        """Ask a question that has to be answered without errors; give its data."""
        answer = self.post({"query": query, "variables": variables}, token)
        said = answer.json()
        assert "errors" not in said, said["errors"]
        return said["data"]

    def refusal(self, query: str, token: str | None = None, **variables: Any) -> Any:
        """Ask a question that has to fail; give the code of its first error."""
        said = self.post({"query": query, "variables": variables}, token).json()
        return said["errors"][0]["extensions"]["code"]

    def imported(self, path: Path, mailbox: str, **more: Any) -> None:
        """Import a mail file."""
        from api.work.importing import Wanted, import_mail  # noqa: PLC0415

        import_mail(self.carteggio, Wanted(path, mailbox, **more), lambda _: None)
        self.caught_up()


@contextmanager
def serving(carteggio: "Carteggio", *, working: bool = False) -> Iterator[Api]:
    """Serve an instance until the block is left."""
    import httpx  # noqa: PLC0415
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415
    from api.http.heads import BoundedHead  # noqa: PLC0415
    from api.work.tokens import issue  # noqa: PLC0415

    started = Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            create_app(carteggio, working=working), http=BoundedHead, ws="websockets-sansio",
            ws_max_size=64 * 1024, ws_per_message_deflate=False,
            log_config=None, access_log=False, server_header=False, proxy_headers=False,
        )  # fmt: skip
        server = Server(config)
        thread = Thread(target=server.run, args=([listening],), name="tests-api")
        thread.start()
        try:
            assert started.wait(20)
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            token = str(issue(carteggio, "tests", ALL, None, None))
            with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
                api = Api(carteggio, address, client, token)
                api.caught_up()
                yield api
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def server_log(tmp_path: Path, logs_restored: None) -> Iterator[Path]:
    """Give the file to which the log of a server goes that a test asks for after this.

    A captured standard error cannot be read while a thread writes to it: streams of text are not
    safe for that, and Python before 3.12.4 and 3.11.10 crashes (CPython issue 119506).
    """
    from adapters.logs import set_up_logs  # noqa: PLC0415

    del logs_restored
    path = tmp_path / "server.log"
    with path.open("w", encoding="utf-8") as stream:
        set_up_logs("debug", "json", stream)
        yield path


@pytest.fixture
def api(carteggio: "Carteggio") -> Iterator[Api]:
    """Serve the instance of the test."""
    with serving(carteggio) as served:
        yield served


@pytest.fixture
def manager(api: Api) -> str:
    """Give a token that manages mailboxes, and reads no mail."""
    return api.issue(MANAGES)


@pytest.fixture(scope="module")
def shared_api(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Serve an empty instance to a module's tests."""
    from instances import opened_on  # noqa: PLC0415
    from servers import fresh_database  # noqa: PLC0415

    home = tmp_path_factory.mktemp("api") / "home"
    with (
        fresh_database(postgres) as database,
        opened_on(database, home) as opened,
        serving(opened) as served,
    ):
        yield served
