"""What could not be read is kept, and read later it is as if it had been read at first."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from adapters.mime.frames import Limits
from adapters.mime.reader import READER
from adapters.mime.worker import ReadingWorker
from api.work.directory import import_directory
from api.work.importing import register_mailbox
from api.work.instance import PROJECTIONS, Carteggio
from api.work.reception import Arrival, Place, Reception
from api.work.replay import Replay
from api.work.rereading import Reread, Rereading, read_quarantine
from boxes import BOX, by_ada
from domain import authentication, rereading
from domain import message as mail
from domain.authentication import ServerTrusted, TrustServer
from domain.identity import mailbox_id, server_id
from domain.message import FolderRole, OrderMove
from domain.rereading import RereadCopy
from domain.values import Address
from instances import events_of, opened_on
from office import FILES
from projections.authentication import results_of
from projections.quarantine import Unread, read_before, unread
from projections.reader import EVERYTHING
from servers import fresh_database

NARROW = Limits(cpu_seconds=0.02)
HEAVY = (
    b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
    b"Content-Type: text/html\n\n<p>When does 2026/17 come?</p>" + b"<pre>\n" * 50_000 + b"\n--x\n"
    b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=plan.pdf\n\npdf\n"
    b"--x--\n"
)
ASKED = (
    b"From: Ada <ada@acme.example>\nTo: info@firm.example\nCc: bob@rossi.example\n"
    b"Date: Mon, 02 Feb 2026 10:00:00 +0100\nMessage-ID: <q@acme.example>\nSubject: Delivery\n"
)
ANSWERED = (
    b"From: info@firm.example\nTo: ada@acme.example\nDate: Mon, 02 Feb 2026 11:00:00 +0100\n"
    b"Message-ID: <a@firm.example>\nIn-Reply-To: <q@acme.example>\nSubject: Monday\n"
)
COPY = b"Delivered-To: sales@firm.example\n" + ASKED
QUESTIONS = (
    (
        "SELECT header_id, subject, snippet, sender, attachments, degraded, reader, direction,"
        " wants_answer, reason, evidence FROM {message} ORDER BY 1"
    ),
    "SELECT role, address, name FROM {participant} ORDER BY 1, 2",
    "SELECT name, size FROM {attachment} ORDER BY 1",
    "SELECT state, rule, place, evidence FROM {link} WHERE to_position IS NULL ORDER BY 2, 3, 4",
    "SELECT since, until FROM {waiting} WHERE to_position IS NULL ORDER BY 1",
    "SELECT count(DISTINCT conversation) FROM {conversation_member} WHERE to_position IS NULL",
)


def take_in(carteggio: Carteggio, folder: Path, limits: Limits | None) -> None:
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    import_directory(carteggio, folder)
    at = datetime(2026, 2, 2, 9, tzinfo=UTC)
    with ReadingWorker(limits) as worker:
        reception = Reception(carteggio.journal, carteggio.blobs, worker, "import")
        for box, head in (("info", ASKED), ("info", ANSWERED), ("sales", COPY)):
            place = Place(
                register_mailbox(carteggio, f"{box}@firm.example"), "INBOX", FolderRole.INBOX
            )
            reception.store(reception.read([Arrival(head + HEAVY, place, at)]))
    carteggio.feed.catch_up()


def facts(carteggio: Carteggio) -> list[object]:
    """Give what is shown of mail, without ids, which are an instance's own."""

    async def asked() -> list[object]:
        async with carteggio.reading() as (connection, names):
            return [
                await (await connection.execute(names.sql(query))).fetchall()
                for query in QUESTIONS
            ]

    return asyncio.run(asked())


def listed(carteggio: Carteggio) -> list[Unread]:
    async def asked() -> list[Unread]:
        async with carteggio.reading() as reading:
            return await unread(*reading, EVERYTHING)

    return asyncio.run(asked())


def older_than(carteggio: Carteggio, version: int) -> list[UUID]:
    async def asked() -> list[UUID]:
        async with carteggio.reading() as reading:
            return await read_before(*reading, EVERYTHING, version)

    return asyncio.run(asked())


def reread(carteggio: Carteggio, messages: list[UUID], *, dry: bool = False) -> Reread:
    with ReadingWorker() as worker:
        done = Rereading(carteggio, worker).run(messages, dry=dry)
    carteggio.feed.catch_up()
    return done


@contextmanager
def another(postgres: str, folder: Path) -> Iterator[Carteggio]:
    with fresh_database(postgres) as database, opened_on(database, folder) as opened:
        yield opened


def test_what_is_mended_is_as_if_it_had_been_read_at_first(
    carteggio: Carteggio, postgres: str, tmp_path: Path
):
    take_in(carteggio, tmp_path / "erp", NARROW)
    kept = listed(carteggio)
    assert len(kept) == 2
    assert {tuple(one.defects) for one in kept} == {("reading was cut off",)}
    assert {one.sender for one in kept} == {"ada@acme.example", "info@firm.example"}
    done = reread(carteggio, [one.message for one in kept])
    assert (done.changed, done.mended, done.degraded, done.lost) == (2, 2, 0, 0)
    assert listed(carteggio) == []
    with another(postgres, tmp_path / "other") as other:
        take_in(other, tmp_path / "other erp", None)
        assert facts(carteggio) == facts(other)


def test_the_same_comes_of_a_replay_and_a_second_time_nothing(
    carteggio: Carteggio, tmp_path: Path
):
    take_in(carteggio, tmp_path / "erp", NARROW)
    messages = [one.message for one in listed(carteggio)]
    assert reread(carteggio, messages, dry=True).mended == 2
    assert events_of(carteggio, "message.reread") == []
    reread(carteggio, messages)
    head = carteggio.journal.head()
    assert reread(carteggio, messages).changed == 0
    assert carteggio.journal.head() == head
    assert Replay(carteggio.journal, PROJECTIONS).verify() == []
    Replay(carteggio.journal, PROJECTIONS).rebuild()
    carteggio.feed.catch_up()
    assert listed(carteggio) == []


def test_what_is_found_inside_is_kept_with_the_message(carteggio: Carteggio, tmp_path: Path):
    take_in(carteggio, tmp_path / "erp", NARROW)
    message = listed(carteggio)[0].message
    reread(carteggio, [message])
    (event,) = events_of(carteggio, "message.reread")
    assert carteggio.blobs.get(event.files[0], message) == b"pdf"
    carteggio.keyring.destroy([message])
    assert reread(carteggio, [message]).lost == 1


def test_only_what_an_older_reader_read_is_chosen(carteggio: Carteggio, tmp_path: Path):
    take_in(carteggio, tmp_path / "erp", NARROW)
    assert older_than(carteggio, READER) == []
    assert len(older_than(carteggio, READER + 1)) == 2
    read_quarantine(carteggio, Event())
    assert events_of(carteggio, "message.reread") == []


@pytest.mark.parametrize("limits", [None, NARROW])
def test_where_all_is_well_nothing_is_recorded(carteggio: Carteggio, tmp_path: Path, limits):
    take_in(carteggio, tmp_path / "erp", limits)
    messages = older_than(carteggio, READER + 1)
    with ReadingWorker(limits) as worker:
        done = Rereading(carteggio, worker).run(messages)
    assert (done.messages, done.changed, done.mended) == (2, 0, 0)
    assert events_of(carteggio, "message.reread") == []


def test_results_and_blind_recipients_are_those_that_a_copy_names_as_it_is_read_last(carteggio):
    """Another copy's own stay; a move changes nothing of what its octets say."""
    at, key = datetime(2026, 2, 2, 9, tzinfo=UTC), carteggio.identity_key
    checked = b"Authentication-Results: mx.firm.example; dkim=fail header.d=acme.example\n"
    with ReadingWorker() as worker:
        reception = Reception(carteggio.journal, carteggio.blobs, worker, "import")
        for folder, head in (("Sent", b"Bcc: eve@acme.example\n"), ("INBOX", checked)):
            place = Place(register_mailbox(carteggio, BOX), folder, FolderRole(folder.lower()[:5]))
            raw = head + ASKED + b"\nText\n"
            reception.store(reception.read([Arrival(raw, place, at)]))
    sent, inbox = events_of(carteggio, "message.received", "message.copy_found")
    message = carteggio.journal.read(0, names=["message.received"])[0].stream
    carteggio.feed.catch_up()
    assert told(carteggio) == [["fail"], ["eve@acme.example"], [1]]
    passed = (
        ("authentication-results", checked.partition(b": ")[2].decode().replace("fail", "pass")),
    )
    move = OrderMove(mailbox_id(key, BOX), "INBOX", "Shelf", FolderRole.OTHER)
    carteggio.journal.record(message, mail, move, by_ada())
    for raw, bcc, trace in (
        (sent.raw, (Address("ben@acme.example"),), ()),
        (inbox.raw, (), passed),
    ):
        content = replace(sent.content, reader=READER + 1, bcc=bcc, trace=trace)
        carteggio.journal.record(message, rereading, RereadCopy(raw, content), by_ada())
    carteggio.feed.catch_up()
    assert told(carteggio) == [["pass"], ["ben@acme.example"], [1, 1]]


def told(carteggio: Carteggio) -> list[list[object]]:
    """Give the results, the blind recipients, and how many results each place has."""

    async def asked() -> list[list[object]]:
        async with carteggio.reading() as (connection, names):
            columns = ("result FROM {authentication_result}", "address FROM {blind_copy}")
            found = []
            for one in columns:
                rows = await connection.execute(names.sql(f"SELECT {one}"))
                found.append([row[0] for row in await rows.fetchall()])
            ids = [one.stream for one in carteggio.journal.read(0, names=["message.received"])]
            id = server_id(carteggio.company, "mx.firm.example")
            trust = TrustServer(ServerTrusted("mx.firm.example"))
            carteggio.journal.record(id, authentication, trust, by_ada())
            carteggio.feed.catch_up()
            shown = await results_of(connection, names, EVERYTHING, ids)
            return [*found, [len(rows) for rows in shown.values()]]

    return asyncio.run(asked())
