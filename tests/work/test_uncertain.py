"""Mail of which nobody knows whether it left: it is found out where it can be, and never guessed."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.work.resolver import LOOKS
from domain.leaving import BeginSending, Conclude, LoseSight, OutgoingState, ResolveSending
from domain.outgoing import MailResolved, Resolution, Result, Said
from domain.values import Rejected
from events import envelope
from instances import events_of
from postbox import BOX, PEOPLE, Postbox, letter
from smtpscript import POLITE, Answers
from speaking import text, then_drop

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from dovecot import MailAccount

ALL_LOOKS = len(LOOKS) + 1
LOST: Answers = {"CONTENT": then_drop(b"")}


@pytest.fixture
def postbox(
    carteggio: "Carteggio", worker: "ReadingWorker", mail_account: "MailAccount"
) -> Postbox:
    return Postbox(carteggio, worker, mail_account)


@pytest.fixture
def alone(carteggio: "Carteggio", worker: "ReadingWorker") -> Postbox:
    """Give one that is not fetched."""
    return Postbox(carteggio, worker)


async def uncertain(postbox: Postbox) -> UUID:
    await asyncio.to_thread(postbox.enter)
    mail = await asyncio.to_thread(postbox.queue)
    await postbox.drain(LOST)
    assert postbox.state(mail).state is OutgoingState.UNCERTAIN
    return mail


def found_by(postbox: Postbox) -> list[tuple[Resolution, str]]:
    found: list[MailResolved] = events_of(postbox.carteggio, "outgoing.resolved")
    return [(one.resolution, one.found_by) for one in found]


async def test_a_mail_that_lies_in_the_folder_of_sent_mail_left(postbox: Postbox) -> None:
    mail = await uncertain(postbox)
    assert postbox.account is not None
    await postbox.look_after(2)
    assert postbox.state(mail).state is OutgoingState.UNCERTAIN
    postbox.account.append(letter(1), folder="Sent")
    await postbox.look_after()
    assert found_by(postbox) == [(Resolution.SENT, "sent_folder")]
    assert postbox.state(mail).state is OutgoingState.ACCEPTED
    await postbox.drain()
    await postbox.look_after()
    assert postbox.sink.mails == [letter(1)]
    assert ([raw for _, raw in postbox.in_folder()], postbox.looks()) == ([letter(1)], [])
    assert len(events_of(postbox.carteggio, "message.received")) == 1


async def test_that_nothing_is_found_proves_nothing(postbox: Postbox) -> None:
    mail = await uncertain(postbox)
    await postbox.look_after(ALL_LOOKS + 2)
    await postbox.drain()
    assert postbox.state(mail).state is OutgoingState.UNCERTAIN
    assert (postbox.sink.mails, found_by(postbox)) == ([letter(1)], [])
    assert postbox.account is not None
    postbox.account.append(letter(1), folder="Sent")
    await postbox.look_after()  # the minutes are over: it is a person's now, unless it is fetched
    assert found_by(postbox) == []
    await asyncio.to_thread(postbox.import_mail, letter(1), folder="Sent")
    await postbox.look_after()
    assert found_by(postbox) == [(Resolution.SENT, "sent_folder")]


BOUNCE = f"""From: MAILER-DAEMON@firma.example\r
To: {BOX}\r
Message-ID: <b1@firma.example>\r
Subject: Undelivered Mail\r
Content-Type: multipart/report; report-type=delivery-status; boundary=x\r
\r
--x\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.firma.example\r
\r
Final-Recipient: rfc822; {PEOPLE[1]}\r
Action: failed\r
Status: 5.1.1\r
\r
--x\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: <1@firma.example>\r
From: {BOX}\r
--x--\r
"""
RECEIPT = """From: posta-certificata@pec.example\r
Message-ID: <receipt@pec.example>\r
Subject: ACCETTAZIONE: Ordine 1\r
X-Ricevuta: accettazione\r
X-Riferimento-Message-ID: <1@firma.example>\r
Content-Type: application/xml; name=daticert.xml\r
\r
<postacert tipo="accettazione" errore="nessuno"><dati><msgid>&lt;1@firma.example&gt;</msgid></dati></postacert>\r
"""


def reply(who: str, number: int = 1) -> str:
    return (
        f"From: {who}\r\nTo: {BOX}\r\nMessage-ID: <re{number}@rossi.example>\r\n"
        f"In-Reply-To: <{number}@firma.example>\r\nSubject: Re: Ordine\r\n\r\nGrazie.\r\n"
    )


@pytest.mark.parametrize("told", [BOUNCE, RECEIPT, reply(PEOPLE[0]), reply("else@rossi.example")])
async def test_whoever_refers_to_it_has_it(alone: Postbox, told: str) -> None:
    mail = await uncertain(alone)
    await alone.look_after(ALL_LOOKS)
    await asyncio.to_thread(alone.import_mail, told.encode())
    await alone.look_after()
    assert found_by(alone) == [(Resolution.SENT, "notice")]
    await alone.drain()
    assert (alone.state(mail).state, alone.looks()) == (OutgoingState.ACCEPTED, [])


async def test_what_tells_of_it_is_heeded_soon_after_it_was_captured(alone: Postbox) -> None:
    from api.work.lanes import Lanes  # noqa: PLC0415

    await uncertain(alone)
    await alone.look_after(ALL_LOOKS + 1)
    await Lanes(alone.carteggio, alone.worker).run_once()
    assert found_by(alone) == []
    await asyncio.to_thread(alone.import_mail, reply(PEOPLE[0]).encode())
    await Lanes(alone.carteggio, alone.worker).run_once()
    assert found_by(alone) == [(Resolution.SENT, "notice")]


async def test_what_we_write_about_it_ourselves_tells_nothing(alone: Postbox) -> None:
    await uncertain(alone)
    ours = reply(BOX).encode()
    await asyncio.to_thread(alone.import_mail, ours, folder="Sent")
    await asyncio.to_thread(alone.import_mail, reply(PEOPLE[0], 11).encode())
    await alone.look_after(2)
    assert found_by(alone) == []


async def partly(postbox: Postbox) -> UUID:
    """Let the first attempt be accepted for one, and the second, for the other, be uncertain."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    await asyncio.to_thread(postbox.enter)
    mail = await asyncio.to_thread(postbox.queue)
    await postbox.drain({"RCPT": [POLITE["RCPT"], text(b"451 4.2.1 later\r\n")]})
    await postbox.look_after()
    later = BeginSending(datetime.now(UTC) + timedelta(hours=1))
    for step in (later, LoseSight(2, "gone")):
        await asyncio.to_thread(postbox.outbox.record, mail, step, envelope())
    return mail


async def test_a_copy_of_what_others_got_earlier_tells_nothing_of_who_was_put_off(
    postbox: Postbox,
) -> None:
    mail = await partly(postbox)
    assert [raw for _, raw in postbox.in_folder()] == [letter(1)]
    await asyncio.to_thread(postbox.import_mail, reply(PEOPLE[0]).encode())
    await postbox.look_after(ALL_LOOKS)
    assert (found_by(postbox), postbox.state(mail).state) == ([], OutgoingState.UNCERTAIN)
    await asyncio.to_thread(postbox.import_mail, BOUNCE.encode())
    await postbox.look_after()
    assert found_by(postbox) == [(Resolution.SENT, "notice")]
    assert postbox.state(mail).left == frozenset()


async def test_who_was_not_taken_is_told_so_after_the_mail_is_found(postbox: Postbox) -> None:
    await asyncio.to_thread(postbox.enter)
    mail = await asyncio.to_thread(postbox.queue)
    refused = [POLITE["RCPT"], text(b"550 5.1.1 nobody\r\n")]
    await postbox.drain({"RCPT": refused, **LOST})
    assert postbox.account is not None
    postbox.account.append(letter(1), folder="Sent")
    await postbox.look_after()
    assert postbox.state(mail).left == frozenset({1})
    await postbox.drain({"RCPT": text(b"550 5.1.1 nobody\r\n")})
    said = postbox.state(mail).said
    assert (said, postbox.sink.mails) == ({0: Said.ACCEPTED, 1: Said.REFUSED}, [letter(1)])


async def test_a_person_has_it_sent_again_with_the_same_octets(alone: Postbox) -> None:
    mail = await uncertain(alone)
    again = ResolveSending(Resolution.SEND_AGAIN, "person")
    await asyncio.to_thread(alone.outbox.resolve, mail, again, envelope())
    assert alone.looks() == []
    with pytest.raises(Rejected, match="nothing about it is uncertain"):
        alone.outbox.resolve(mail, again, envelope())
    await alone.drain()
    assert alone.state(mail).state is OutgoingState.ACCEPTED
    assert alone.sink.mails == [letter(1), letter(1)]


async def test_what_a_person_gave_up_is_in_the_history_once_he_learns_that_it_arrived(
    alone: Postbox,
) -> None:
    mail = await uncertain(alone)
    for said in (Resolution.GIVEN_UP, Resolution.SENT):
        command = ResolveSending(said, "person")
        await asyncio.to_thread(alone.outbox.resolve, mail, command, envelope())
    await alone.drain()
    assert alone.state(mail).state is OutgoingState.ACCEPTED
    assert alone.sink.mails == [letter(1)]
    assert len(events_of(alone.carteggio, "message.received")) == 1


async def test_an_answer_that_comes_after_that_keeps_it_from_being_sent_again(
    alone: Postbox,
) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    mail = await uncertain(alone)
    again = ResolveSending(Resolution.SEND_AGAIN, "person")
    await asyncio.to_thread(alone.outbox.resolve, mail, again, envelope())
    said = {one: Result(one, Said.ACCEPTED) for one in range(len(PEOPLE))}
    late = Conclude(1, datetime.now(UTC), said, {})
    await asyncio.to_thread(alone.outbox.record, mail, late, envelope())
    await alone.drain()
    assert (alone.state(mail).state, alone.sink.mails) == (OutgoingState.ACCEPTED, [letter(1)])
