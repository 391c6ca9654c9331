"""Whoever manages mailboxes over the API makes the server reach no machine but mail servers."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.database import Database
from adapters.mime.worker import ReadingWorker
from api.work.accounts import Entered, configure
from api.work.instance import Carteggio
from api.work.sync import Sync
from instances import events_of, opened_on
from serving import Api, serving

BOX = "info@firm.example"
CONFIGURE = """mutation($input: AccountConfigureInput!) { accountConfigure(input: $input) {
  userErrors { code message } account { id host } } }"""
TEST = """mutation($input: AccountTestInput!) { accountTest(input: $input) { isGood
  steps { name state said } } }"""


@pytest.fixture
def guarded(database: Database, tmp_path: Path) -> Iterator[Carteggio]:
    with opened_on(database, tmp_path / "home", allowed="") as opened:
        yield opened


@pytest.fixture
def api(guarded: Carteggio) -> Iterator[Api]:
    with serving(guarded) as served:
        yield served


@pytest.fixture
def inside() -> Iterator[socket.socket]:
    """Give a service of this machine that nobody should be able to make us call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def configured(api: Api, id: str, **more: Any) -> Any:
    input = {
        "commandId": id, "address": BOX, "host": "127.1", "security": "PLAIN",
        "password": "x", **more,
    }  # fmt: skip
    return api.ask(CONFIGURE, input=input)["accountConfigure"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "169.254.169.254", "0.0.0.1"])
def test_what_is_written_as_such_a_machine_is_refused_at_once(api: Api, host: str):
    (error,) = configured(api, "c-1", host=host, check=False)["userErrors"]
    assert error["code"] == "OUT_OF_REACH"
    assert error["message"] == (
        f"host: no mail server may be at {host}; the administrator may allow it by the setting "
        "mail_networks_allowed"
    )
    assert events_of(api.carteggio, "account.configured") == []


def test_what_leads_there_by_another_name_is_never_called_not_in_fetching_either(
    api: Api, worker: ReadingWorker, inside: socket.socket
):
    port = inside.getsockname()[1]
    (error,) = configured(api, "c-1", port=port)["userErrors"]
    assert error["code"] == "NO_LOGIN"
    assert "it is 127.0.0.1: no mail server may be there" in error["message"]
    id = configured(api, "c-2", port=port, check=False)["account"]["id"]
    tried = api.ask(TEST, input={"accountId": id})["accountTest"]
    assert [step["state"] for step in tried["steps"][:3]] == ["GOOD", "BAD", "NOT_REACHED"]
    api.caught_up()
    (synced,) = asyncio.run(Sync(api.carteggio, worker).all())
    assert "no mail server may be there" in synced.trouble
    with pytest.raises(BlockingIOError):
        inside.accept()


def test_what_the_administrator_entered_there_can_be_changed_but_not_moved(
    api: Api, inside: socket.socket
):
    port = inside.getsockname()[1]
    configure(api.carteggio, Entered(BOX, "localhost", port, "plain", "anna", "secret"))
    api.caught_up()
    kept = {"commandId": "c-1", "address": BOX, "folders": ["INBOX"], "check": False}
    done = api.ask(CONFIGURE, input=kept)["accountConfigure"]
    assert (done["userErrors"], done["account"]["host"]) == ([], "localhost")
    moved = {**kept, "commandId": "c-2", "port": 1, "password": "y"}
    (error,) = api.ask(CONFIGURE, input=moved)["accountConfigure"]["userErrors"]
    assert error["code"] == "OUT_OF_REACH"
