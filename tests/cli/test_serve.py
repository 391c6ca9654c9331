"""`carteggio serve` as its users have it: a process, asked over HTTP, ended by a signal."""

import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from commands import Ended, Instance, ended
from letters import letter, mbox

BOX = "info@firm.example"
UNANSWERED = {"query": "{ unanswered(first: 5) { totalCount { value } } }"}
WAITING = {"data": {"unanswered": {"totalCount": {"value": 1}}}}


@dataclass
class Server:
    """A `carteggio serve` that answers."""

    process: "subprocess.Popen[str]"
    address: str

    def ask(self, token: str, **body: object) -> httpx.Response:
        said = {"Authorization": f"Bearer {token}"}
        return httpx.post(
            f"{self.address}/graphql", json=body, headers=said, timeout=30, trust_env=False
        )

    def figure(self, path: str, pattern: str) -> str:
        """Give what is found in an answer that needs no token."""
        found = re.search(pattern, httpx.get(self.address + path, trust_env=False).text)
        assert found
        return found[1]

    def end(self, number: int = signal.SIGTERM) -> Ended:
        return ended(self.process, number)


@contextmanager
def serve(instance: Instance, *options: str, host: str = "127.0.0.1") -> Iterator[Server]:
    """Run `carteggio serve` on a port of its own; at the end it has to have been ended, or is."""
    process = instance.start("serve", "--port", "0", "--host", host, *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/graphql", line)
        assert found, line or ended(process)
        address = f"http://127.0.0.1:{found[1]}"
        # The port is taken before the instance is opened: the first answer may take a while.
        assert httpx.get(f"{address}/health", timeout=60, trust_env=False).status_code == 200
        yield Server(process, address)
    finally:
        if process.poll() is None:
            ended(process, signal.SIGKILL)


def running(pid: int) -> bool:
    """Tell whether a process runs; one that has ended may wait to be noticed by its parent."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order_and_no_database_is_left(
    own_instance: Instance, number: int
):
    with serve(own_instance) as server:
        database = own_instance.server_pid()
        assert running(database)
        done = server.end(number)
    assert done.code == 0, done.err
    assert not running(database)
    assert "carteggio token create" in done.out
    assert "not encrypted" not in done.err


@pytest.mark.slow
def test_commands_go_on_while_it_serves_and_clients_see_what_they_do(
    instance: Instance, tmp_path: Path
):
    with serve(instance) as server:
        token = instance.done("token", "create", "tests").out.strip()
        assert server.ask(token, query="{ __typename }").status_code == 200
        assert server.figure("/health", '"work":"([a-z]+)"') == "good"
        path = mbox(tmp_path / "info.mbox", [letter("1@client.example")])
        instance.done("import", "mail", str(path), "--mailbox", BOX)
        assert server.ask(token, **UNANSWERED).json() == WAITING
        assert instance.asked("unanswered")
        instance.done("token", "revoke", "tests")
        assert server.ask(token, query="{ __typename }").status_code == 401
        assert server.end().code == 0


def test_a_request_under_way_is_answered_before_it_ends(instance: Instance):
    """The wait for a position that never comes takes two seconds."""
    token = instance.done("token", "create", "slow").out.strip()
    answers: list[httpx.Response] = []
    body = {"query": "{ __typename }", "extensions": {"minPosition": "99999999"}}
    with serve(instance, "--no-work", host="0.0.0.0") as server:  # noqa: S104  for a moment
        asking = threading.Thread(target=lambda: answers.append(server.ask(token, **body)))
        asking.start()
        while server.figure("/metrics", r"carteggio_http_requests_running (\d)") != "2":
            assert asking.is_alive()
        assert server.figure("/health", '"work":"([a-z]+)"') == "elsewhere"
        done = server.end()
        asking.join()
    assert done.code == 0
    assert answers[0].json()["errors"][0]["extensions"]["code"] == "STALE"
    assert "what they send is not encrypted" in done.err
    assert token.rpartition("_")[2] not in done.err


def test_a_port_in_use_is_told_in_a_sentence(instance: Instance):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = instance.run("serve", "--port", port)
    assert done.code == 1
    assert done.err.strip() == (
        f"carteggio: port {port} of 127.0.0.1 is in use already; choose another with --port"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_here_is_told_in_a_sentence(instance: Instance, host: str):
    done = instance.run("serve", "--host", host)
    assert done.code == 1
    assert f"there is no address {host!r} on this machine" in done.err


def test_there_has_to_be_an_instance(instance: Instance, tmp_path: Path):
    done = Instance(tmp_path / "nowhere").run("serve", "--port", 0)
    assert done.code == 1
    assert "init" in done.err
