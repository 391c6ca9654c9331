"""What was sent lies once in the mailbox's folder of sent mail, and is one message in the history."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.work.sentcopy import LOOKS, filed_by_provider
from events import envelope
from instances import events_of
from postbox import BOX, Postbox, letter
from smtpscript import POLITE, speaking
from speaking import text, then_drop

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from dovecot import MailAccount

ALL_LOOKS = len(LOOKS) + 1


@pytest.fixture
def postbox(
    carteggio: "Carteggio", worker: "ReadingWorker", mail_account: "MailAccount"
) -> Postbox:
    return Postbox(carteggio, worker, mail_account)


async def sent(postbox: Postbox, number: int = 1) -> UUID:
    mail = await asyncio.to_thread(postbox.queue, number)
    await postbox.drain()
    return mail


async def enter(postbox: Postbox, sent_copy: str = "append", sent: str = "") -> None:
    await asyncio.to_thread(postbox.enter, sent_copy, sent=sent)


async def fetch(postbox: Postbox) -> None:
    from api.work.sync import Sync  # noqa: PLC0415

    (synced,) = await Sync(postbox.carteggio, postbox.worker).all()
    assert synced.trouble == ""
    await asyncio.to_thread(postbox.carteggio.feed.catch_up)


async def test_a_copy_is_filed_once_with_the_same_octets_and_as_seen(postbox: Postbox) -> None:
    await enter(postbox)
    await sent(postbox)
    assert postbox.in_folder() == []
    await postbox.look_after(2)
    ((flags, raw),) = postbox.in_folder()
    assert (flags.count("Seen"), raw) == (1, letter(1))
    assert postbox.looks() == []


async def test_a_copy_that_the_server_files_itself_is_waited_for_and_not_filed_again(
    postbox: Postbox,
) -> None:
    await enter(postbox, "auto")
    await sent(postbox)
    await postbox.look_after(2)
    assert (postbox.in_folder(), postbox.looks()) == ([], ["copy"])
    assert postbox.account is not None
    postbox.account.append(letter(1), folder="Sent")
    await postbox.look_after(ALL_LOOKS)
    assert ([raw for _, raw in postbox.in_folder()], postbox.looks()) == ([letter(1)], [])


async def test_where_the_server_files_nothing_a_copy_is_filed_after_some_looks(
    postbox: Postbox,
) -> None:
    await enter(postbox, "auto")
    await sent(postbox)
    await postbox.look_after(ALL_LOOKS - 1)
    assert postbox.in_folder() == []
    await postbox.look_after()
    assert [raw for _, raw in postbox.in_folder()] == [letter(1)]


async def test_nothing_is_filed_where_no_copy_is_wanted(postbox: Postbox) -> None:
    await enter(postbox, "never")
    await sent(postbox)
    await postbox.look_after(ALL_LOOKS)
    assert (postbox.in_folder(), postbox.looks()) == ([], [])


@pytest.mark.parametrize("lost", ["X-Carteggio-Id", "References"])
async def test_a_copy_to_which_a_provider_gave_another_id_is_found(
    postbox: Postbox, lost: str
) -> None:
    await enter(postbox)
    await sent(postbox)
    assert postbox.account is not None
    rewritten = letter(1).replace(b"Message-ID: <1@", b"Message-ID: <other@")
    stripped = rewritten.replace(f"{lost}: <1@firma.example>\r\n".encode(), b"")
    postbox.account.append(stripped, folder="Sent")
    await postbox.look_after()
    assert [raw for _, raw in postbox.in_folder()] == [stripped]


async def test_what_only_refers_to_it_is_no_copy_of_it(postbox: Postbox) -> None:
    await enter(postbox)
    await sent(postbox)
    assert postbox.account is not None
    later = letter(11).replace(b"References: <11@", b"References: <1@")
    postbox.account.append(later, folder="Sent")
    await postbox.look_after()
    assert [raw for _, raw in postbox.in_folder()] == [later, letter(1)]


async def test_a_process_that_died_at_the_append_leaves_one_copy(postbox: Postbox) -> None:
    await enter(postbox)
    await sent(postbox)
    with postbox.carteggio.database.pool.connection() as connection:
        query = "SELECT mail, what, lane, since, due FROM sent_look"
        (noted,) = connection.execute(query).fetchall()
        await postbox.look_after()
        connection.execute(
            "INSERT INTO sent_look (mail, what, lane, since, due) VALUES (%s, %s, %s, %s, %s)",
            noted,
        )
    await postbox.look_after()
    assert ([raw for _, raw in postbox.in_folder()], postbox.looks()) == ([letter(1)], [])


async def test_many_copies_and_many_processes_file_each_once(postbox: Postbox) -> None:
    await enter(postbox)
    for number in range(7):
        await asyncio.to_thread(postbox.queue, number)
    await postbox.drain()
    await asyncio.gather(*(postbox.look_after() for _ in range(3)))
    await postbox.look_after()
    assert sorted(raw for _, raw in postbox.in_folder()) == sorted(map(letter, range(7)))


async def test_the_copy_that_is_captured_later_is_the_same_message(postbox: Postbox) -> None:
    await enter(postbox, sent="Gesendet")
    assert postbox.account is not None
    with postbox.account.login() as client:
        client.create("Gesendet")
    await sent(postbox)
    await postbox.look_after()
    await fetch(postbox)
    await fetch(postbox)
    (received,) = events_of(postbox.carteggio, "message.received")
    (copy,) = events_of(postbox.carteggio, "message.copy_found")
    assert (received.folder, copy.folder, copy.role.value) == ("Sent", "Gesendet", "sent")
    assert events_of(postbox.carteggio, "message.completed") == []


async def test_a_copy_in_the_folder_that_bears_the_usual_name_is_the_one_that_is_known(
    postbox: Postbox,
) -> None:
    await enter(postbox)
    await sent(postbox)
    await postbox.look_after()
    await fetch(postbox)
    assert len(events_of(postbox.carteggio, "message.received", "message.copy_found")) == 1


async def test_a_mailbox_that_is_not_fetched_sends_and_keeps_its_history(
    carteggio: "Carteggio", worker: "ReadingWorker"
) -> None:
    postbox = Postbox(carteggio, worker)
    await enter(postbox, "auto")
    await sent(postbox)
    await postbox.look_after()
    assert (postbox.sink.mails, postbox.looks()) == ([letter(1)], [])
    (received,) = events_of(carteggio, "message.received")
    assert received.role.value == "sent"


async def test_a_server_that_is_away_stops_neither_the_lane_nor_the_copy_for_good(
    postbox: Postbox,
) -> None:
    from api.work.accounts import Entered, configure  # noqa: PLC0415

    await enter(postbox)
    away = Entered(BOX, "127.0.0.1", 1, "plain", "anna", "secret")
    await asyncio.to_thread(configure, postbox.carteggio, away)
    await asyncio.to_thread(postbox.carteggio.feed.catch_up)
    await sent(postbox, 1)
    await postbox.look_after()
    await sent(postbox, 2)
    assert (postbox.sink.mails, postbox.looks()) == ([letter(1), letter(2)], ["copy", "copy"])
    await enter(postbox)
    await postbox.look_after()
    assert [raw for _, raw in postbox.in_folder()] == [letter(1), letter(2)]


async def test_nothing_is_filed_of_a_mail_that_was_not_accepted(postbox: Postbox) -> None:
    await enter(postbox)
    await asyncio.to_thread(postbox.queue, 1)
    await asyncio.to_thread(postbox.queue, 2)
    await postbox.drain({"RCPT": text(b"550 5.1.1 nobody\r\n")})
    await postbox.look_after()
    await asyncio.to_thread(postbox.queue, 3)
    await postbox.drain({"CONTENT": then_drop(b"")})
    await postbox.look_after(ALL_LOOKS)
    assert postbox.in_folder() == []


async def test_who_is_put_off_gets_it_later_and_one_copy_is_filed(postbox: Postbox) -> None:
    from domain.leaving import BeginSending, Conclude  # noqa: PLC0415
    from domain.outgoing import Result, Said  # noqa: PLC0415

    await enter(postbox)
    mail = await asyncio.to_thread(postbox.queue, 1)
    later = datetime.now(UTC) + timedelta(hours=1)
    first = {0: Result(0, Said.ACCEPTED), 1: Result(1, Said.DEFERRED)}
    steps = (
        BeginSending(datetime.now(UTC)),
        Conclude(1, datetime.now(UTC), first, {}),
        BeginSending(later),
        Conclude(2, later, {1: Result(1, Said.ACCEPTED)}, {}),
    )
    for step in steps:
        await asyncio.to_thread(postbox.outbox.record, mail, step, envelope())
        await postbox.look_after()
    assert [raw for _, raw in postbox.in_folder()] == [letter(1)]


async def test_the_work_behind_sends_and_files_what_is_due(postbox: Postbox) -> None:
    from api.work.lanes import Lanes  # noqa: PLC0415

    await enter(postbox)
    await asyncio.to_thread(postbox.queue, 1)
    async with speaking(POLITE, postbox.sink) as port:
        await asyncio.to_thread(postbox.sends_by, port)
        await Lanes(postbox.carteggio, postbox.worker).run_once()
    assert (postbox.sink.mails, postbox.looks()) == ([letter(1)], [])
    assert [raw for _, raw in postbox.in_folder()] == [letter(1)]


def test_known_providers_file_what_is_sent_where_it_is_fetched_from_them() -> None:
    assert filed_by_provider("smtp.gmail.com", "imap.gmail.com")
    assert filed_by_provider("SMTP.office365.com.", "outlook.office365.com")
    assert not filed_by_provider("smtp.gmail.com", "outlook.office365.com")
    assert not filed_by_provider("mail.firma.example", "mail.firma.example")
