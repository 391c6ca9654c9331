"""Mail to people who are away is answered: once, in their language, and never into a loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.ids import uuid7
from adapters.mime.worker import ReadingWorker
from api.work.absences import Said, Span, set_absence
from api.work.accounts import Entered, configure
from api.work.autoreplies import answer
from api.work.autoreplying import halted_now
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.sendingside import EnteredSending, configure_sending
from api.work.settling import settle
from api.work.sharing import colleague_at
from api.work.sync import Sync
from api.work.tokens import by_operator
from composed import as_others_read
from domain.autoreply import AutorepliesHalted, AutoreplySuppressed, Why
from domain.identity import mailbox_id
from domain.values import AbsenceId
from dovecot import Dovecot
from instances import events_of, opened_on
from letters import mbox
from outgoing import lane_of
from smtpscript import POLITE, Sink, speaking
from speaking import in_thread

ANNA, BERT = "anna@firm.example", "bert@beta.example"
TEXTS = (("it", "Sono assente."), ("de", "Ich bin nicht da."))


class Side:
    """A firm whose one colleague is away, with a mailbox on a real server; `sink` is what left."""

    def __init__(
        self, carteggio: Carteggio, worker: ReadingWorker, server: Dovecot, who: str, folder: Path
    ) -> None:
        self.carteggio, self.worker, self.who = carteggio, worker, who
        self.account, self.sink = server.add_user(), Sink()
        domain = who.partition("@")[2]
        files = {
            "company.json": f'{{"name": "Firm", "domains": ["{domain}"]}}',
            "colleagues.csv": f"name,email,role,mailbox_collected\nWho,{who},sales,yes\n",
            "mailboxes.csv": f"address\n{who}\n",
            "parties.csv": "party_id,kind,name,language\nC1,customer,Delta,de-CH\n",
            "contacts.csv": "party_id,name,role,email\nC1,Dieter,,dieter@delta.example\n",
        }
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        import_directory(carteggio, folder)
        user = self.account
        login = (server.host, server.imap, "plain", user.user, user.password)
        configure(carteggio, Entered(who, *login))  # type: ignore[arg-type]

    def away(self, port: int) -> None:
        configure_sending(
            self.carteggio, EnteredSending(self.who, "127.0.0.1", port, "plain", "none")
        )
        said = Said(Span(date(2026, 1, 1)), answers=True, texts=TEXTS)
        whose = colleague_at(self.carteggio, self.who)
        set_absence(self.carteggio, AbsenceId(uuid7()), whose, said, by_operator())
        self.settled()

    def settled(self) -> None:
        settle(self.carteggio, self.carteggio.journal.head())

    def arrives(self, *mails: bytes) -> list[bytes]:
        """Let mail come in and be answered; give what left for it."""
        before = len(self.sink.mails)
        self.account.append(*mails, when=datetime.now(UTC) + timedelta(seconds=2))
        asyncio.run(Sync(self.carteggio, self.worker).all())
        self.answered()
        return self.sink.mails[before:]

    def answered(self) -> None:
        self.settled()

        async def go() -> None:
            while await answer(self.carteggio, datetime.now(UTC)):
                pass
            box = mailbox_id(self.carteggio.identity_key, self.who)
            async with lane_of(self.carteggio, box, self.worker) as lane:
                await lane.drain()

        asyncio.run(go())
        self.settled()

    def told(self) -> list[str]:
        events = events_of(self.carteggio, "autoreply.sent", "autoreply.suppressed")
        return [one.why if isinstance(one, AutoreplySuppressed) else "sent" for one in events]


@contextmanager
def side(
    carteggio: Carteggio, worker: ReadingWorker, server: Dovecot, who: str, folder: Path
) -> Iterator[Side]:
    one = Side(carteggio, worker, server, who, folder)
    with in_thread(lambda: speaking(POLITE, one.sink)) as port:
        one.away(port)
        yield one


@pytest.fixture
def anna(carteggio: Carteggio, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path) -> Any:
    with side(carteggio, worker, dovecot, ANNA, tmp_path / "firm") as one:
        yield one


@pytest.fixture
def bert(new_database: Any, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path) -> Any:
    with (
        opened_on(new_database(), tmp_path / "beta home") as other,
        side(other, worker, dovecot, BERT, tmp_path / "beta") as one,
    ):
        yield one


def letter(number: int, sender: str = BERT, to: str = ANNA, more: str = "") -> bytes:
    return (
        f"Return-Path: <{sender}>\r\nFrom: {sender}\r\nTo: {to}\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0100\r\nMessage-ID: <{number}@{sender.partition('@')[2]}>\r\n"
        f"Subject: Angebot {number}\r\n{more}\r\nWann?\r\n"
    ).encode()


def delivered(sink: Sink, raw: bytes) -> bytes:
    """Give a mail as its recipient's server keeps it: with the return path of its envelope."""
    (path,) = {one.split()[1][5:] for one in sink.commands() if one.startswith("MAIL")}
    return f"Return-Path: {path}\r\n".encode() + raw


def forgetful(sender: str, raw: bytes) -> bytes:
    """Give it as a server that knows no RFC 3834 hands it on."""
    lines = raw.split(b"\r\n")
    kept = [one for one in lines if not one.lower().startswith((b"auto-sub", b"x-auto-resp"))]
    return b"\r\n".join([f"Return-Path: <{sender}>".encode(), *kept]).replace(b"Auto: ", b"")


def test_two_who_are_away_answer_each_other_once_at_most(anna: Side, bert: Side):
    (reply,) = anna.arrives(letter(1))
    mail = as_others_read(reply)
    assert (mail["To"], mail["Auto-Submitted"]) == (BERT, "auto-replied")
    assert (mail["In-Reply-To"], mail["Subject"]) == ("<1@beta.example>", "Auto: Angebot 1")
    assert mail["References"] == "<1@beta.example>"
    assert "Sono assente." in mail.get_content()
    envelope = [one for one in anna.sink.commands() if one[:4] in ("MAIL", "RCPT")]
    assert [one.split()[1] for one in envelope] == ["FROM:<>", f"TO:<{BERT}>"]
    assert bert.arrives(delivered(anna.sink, reply)) == []
    assert bert.told() == [Why.NULL_RETURN_PATH]
    (second,) = bert.arrives(forgetful(ANNA, reply.replace(b"Message-ID: <", b"Message-ID: <x")))
    assert anna.arrives(forgetful(BERT, second)) == []
    assert (anna.told(), bert.told()[1:]) == (["sent", Why.ANSWERED_BEFORE], ["sent"])


def test_an_answer_is_in_the_language_of_who_wrote_and_in_the_history_and_ends_no_wait(anna: Side):
    (reply,) = anna.arrives(letter(1, "dieter@delta.example"))
    assert "Ich bin nicht da." in as_others_read(reply).get_content()
    anna.answered()
    assert anna.told() == ["sent"]
    (sent,) = [one for one in events_of(anna.carteggio, "message.received") if one.role == "sent"]
    assert sent.content.subject == "Auto: Angebot 1"
    classified = events_of(anna.carteggio, "message.classified")
    assert {(one.direction.value, one.automatic) for one in classified} == {
        ("inbound", False),
        ("outbound", True),
    }


def test_what_comes_from_files_or_from_before_is_not_answered(anna: Side, tmp_path: Path):
    path = mbox(tmp_path / "in.mbox", [letter(1)])
    import_mail(anna.carteggio, Wanted(path, ANNA), lambda _: None)
    anna.account.append(letter(2), when=datetime.now(UTC) - timedelta(hours=1))
    assert anna.arrives(letter(3, "users-request@acme.example")) == []
    assert anna.told() == [Why.PROGRAM_ADDRESS]


def test_a_storm_halts_the_mailbox_and_is_told_once(anna: Side, storm_at: int):
    storm = [letter(one, f"s{one}@acme.example") for one in range(storm_at + 3)]
    assert len(anna.arrives(*storm)) == storm_at
    assert anna.told().count(Why.HALTED) == 3
    (halted,) = events_of(anna.carteggio, "mailbox.autoreplies_halted")
    assert isinstance(halted, AutorepliesHalted)
    assert halted.sent == storm_at
    assert list(halted_now(anna.carteggio, datetime.now(UTC)).values()) == [halted.until]
