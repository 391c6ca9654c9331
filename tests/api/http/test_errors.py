"""What an error tells: the client its code, the log where, nobody what mail says."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import psycopg.conninfo
import pytest

from adapters.database import Database
from serving import Api

MAILBOXES = "{ mailboxes { address } }"


@contextmanager
def unreachable(server: str, database: Database) -> Iterator[None]:
    """Let nobody reach a database for a while."""
    with psycopg.connect(server, autocommit=True) as connection:
        name = psycopg.conninfo.conninfo_to_dict(database.dsn)["dbname"]
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def tables(api: Api, name: str) -> list[bytes]:
    """Give the read tables of a name."""
    with api.carteggio.database.connect() as connection:
        found = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename ~ %s",
            (api.carteggio.database.schema, rf"^{name}__g\d+$"),
        ).fetchall()
    assert found
    return [table.encode() for (table,) in found]


def drop(api: Api, name: str) -> None:
    with api.carteggio.database.connect() as connection:
        for table in tables(api, name):
            connection.execute(b"DROP TABLE " + table)


def logged(log: Path, reference: str) -> str:
    """Give the one line of the log that bears a reference."""
    (line,) = [one for one in log.read_text(encoding="utf-8").splitlines() if reference in one]
    return line


def test_what_breaks_inside_is_told_by_a_number_that_the_log_has_too(server_log: Path, api: Api):
    drop(api, "mailbox")
    answer = api.post({"query": MAILBOXES})
    (error,) = answer.json()["errors"]
    found = re.fullmatch(r"internal error ([0-9a-f]{12}); the log says more", error["message"])
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert error["extensions"] == {"code": "INTERNAL"}
    assert error["path"] == ["mailboxes"]
    assert found is not None
    line = logged(server_log, found[1])
    assert "UndefinedTable (reader.py:" in line
    assert "SELECT" not in line


def test_a_download_that_breaks_is_told_in_the_same_way(server_log: Path, api: Api):
    drop(api, "message")
    answer = api.get("/messages/" + "0" * 32 + "/raw")
    (error,) = answer.json()["errors"]
    assert answer.status_code == 500
    assert error["extensions"] == {"code": "INTERNAL"}
    assert "UndefinedTable" in logged(server_log, error["message"].split()[2].rstrip(";"))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.slow
def test_while_the_database_is_away_clients_are_told_to_try_again(api: Api, postgres: str):
    assert api.ask(MAILBOXES) == {"mailboxes": []}
    with unreachable(postgres, api.carteggio.database):
        away = api.post({"query": MAILBOXES})
        assert away.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert api.client.get("/health").status_code == 503
        for path in ("/metrics", "/messages/" + "0" * 32 + "/raw"):
            answer = api.get(path)
            assert answer.status_code == 503
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert answer.headers["Retry-After"] == "5"
    end = time.monotonic() + 10
    while "errors" in api.post({"query": MAILBOXES}).json():
        assert time.monotonic() < end
    assert api.client.get("/health").status_code == 200


@pytest.mark.slow
def test_a_question_that_takes_too_long_is_stopped_and_says_so(api: Api):
    with api.carteggio.database.connect(autocommit=False) as connection:
        for table in tables(api, "mailbox"):
            # Whoever reads waits for this lock until the statement's own limit.
            connection.execute(b"LOCK TABLE " + table + b" IN ACCESS EXCLUSIVE MODE")
        assert api.refusal(MAILBOXES) == "TOO_SLOW"


def test_who_has_written_sees_it_from_the_position_on(api: Api):
    head = api.carteggio.journal.head()
    for position in (0, head, str(head)):
        asked = {"query": MAILBOXES, "extensions": {"minPosition": position}}
        assert api.post(asked).json() == {"data": {"mailboxes": []}}


def test_a_position_that_is_not_reached_in_time_is_stale(api: Api):
    beyond = api.carteggio.journal.head() + 1
    asked = {"query": MAILBOXES, "extensions": {"minPosition": str(beyond)}}
    lenient = api.post(asked)
    strict = api.post(asked, Accept="application/graphql-response+json")
    assert (lenient.status_code, strict.status_code) == (200, 503)
    assert strict.headers["Retry-After"] == "1"
    assert set(strict.json()) == {"errors"}
    assert strict.json()["errors"][0]["extensions"]["code"] == "STALE"


@pytest.mark.parametrize("position", [-1, 1.5, "x", "-1", "", True, [1], 1 << 63, "9" * 30, "１"])
def test_what_is_no_position_is_refused(shared_api: Api, position: object):
    asked = {"query": "{ __typename }", "extensions": {"minPosition": position}}
    answer = shared_api.post(asked)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_REQUEST"


def test_a_question_that_breaks_off_is_no_error_of_the_server(server_log: Path, api: Api):
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    host, _, port = api.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
    seen = ""
    for _ in range(200):
        api.ask("{ __typename }")
        seen = server_log.read_text(encoding="utf-8")
        if re.search(r"status\W+400|ClientDisconnect", seen):
            break
    assert re.search(r"status\W+400", seen)
    assert "ClientDisconnect" not in seen
