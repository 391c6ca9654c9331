"""Whoever owns what is late gets one mail with all of it, which starts nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import dyingalarms
from alarmed import ANNA, CARLO, DORA, INFO, TARGET, Alarmed, moment
from api.work import alarmtelling
from api.work.answers import unanswered_lines
from api.work.handover import order_id, say_checked
from api.work.instance import Carteggio
from api.work.sendingside import EnteredSending, configure_sending
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator
from api.work.troubles import troubles
from domain.attention import Snooze
from domain.mailbox import Role
from instances import events_of
from smtpscript import POLITE, Sink, speaking
from speaking import in_thread


@pytest.fixture
def firm(carteggio: Carteggio, tmp_path: Path) -> Iterator[tuple[Alarmed, Sink]]:
    """Carlo answers info@, Dora observes it; it sends by a server here."""
    sink, one = Sink(), Alarmed(carteggio, tmp_path).begin()
    for who, role in ((CARLO, Role.MEMBER), (DORA, Role.OBSERVER)):
        share(carteggio, one.box(INFO), colleague_at(carteggio, who), role, by_operator())
    with in_thread(lambda: speaking(POLITE, sink)) as port:
        configure_sending(carteggio, EnteredSending(INFO, "127.0.0.1", port, "plain", "none"))
        yield one, sink


def test_one_mail_tells_a_person_all_of_it_and_starts_no_wait(firm, worker):
    one, sink = firm
    escalating = replace(
        TARGET, escalate_to=(colleague_at(one.carteggio, DORA),), since=moment("2026-01-02T00:00")
    )
    one.wants(escalating)
    one.arrives("2026-03-02T09:00")
    one.arrives("2026-03-02T09:00", sender="Bert <bert@beta.example>")
    assert one.look("2026-03-02T12:05") == ["warning"] * 2
    (warning,) = one.left(sink, worker)
    assert (warning["To"], warning["Auto-Submitted"]) == (f"Carlo <{CARLO}>", "auto-generated")
    assert warning["Subject"] == "Waiting for an answer: 2 due soon"
    assert "Ada waits in info@firm.example" in warning.get_content()
    assert "4711" not in warning.as_string()
    one.look("2026-03-02T14:05")
    breaches = {mail["To"]: mail for mail in one.left(sink, worker)}
    assert sorted(breaches) == [f"Carlo <{CARLO}>", f"Dora <{DORA}>"]
    assert "not answered in time" in breaches[f"Dora <{DORA}>"].get_content()
    lines, _ = asyncio.run(unanswered_lines(one.carteggio, None, 10))
    assert {line.sender for line in lines} == {"Ada", "Bert"}
    told = events_of(one.carteggio, "message.alarm_told")
    assert [len(event.mails) for event in told] == [1, 1, 2, 2]


def test_his_own_mail_is_told_to_him_and_what_was_answered_meanwhile_to_nobody(firm, worker):
    one, sink = firm
    one.arrives("2026-03-02T09:00", ANNA)
    question = one.arrives("2026-03-02T12:30")
    one.look("2026-03-02T12:31")
    assert [mail["To"] for mail in one.left(sink, worker)] == [f"Anna <{ANNA}>"]
    one.answers("2026-03-02T15:00", question)
    one.look("2026-03-03T09:30")
    assert [mail["To"] for mail in one.left(sink, worker)] == [f"Anna <{ANNA}>"]


def test_who_is_killed_after_the_mail_tells_nobody_twice(firm, worker, monkeypatch):
    one, sink = firm

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    one.arrives("2026-03-02T09:00")
    monkeypatch.setattr(alarmtelling, "_record", killed)
    with pytest.raises(KeyboardInterrupt):
        one.look("2026-03-02T12:05")
    assert events_of(one.carteggio, "message.alarm_told") == []
    monkeypatch.undo()
    one.look("2026-03-02T12:10")
    assert len(one.left(sink, worker)) == 1
    (told,) = events_of(one.carteggio, "message.alarm_told")
    assert len(told.mails) == 1


def test_an_alarm_that_nobody_could_be_told_is_told_once_somebody_can_be(
    carteggio, tmp_path, worker
):
    one, sink = Alarmed(carteggio, tmp_path).begin(), Sink()
    one.arrives("2026-03-02T09:00", ANNA)
    assert one.look("2026-03-02T12:05") == ["warning"]
    assert events_of(carteggio, "message.alarm_told", "outgoing.queued") == []
    ((part, said, do),) = troubles(carteggio, {one.box(ANNA): ANNA}, moment("2026-03-02T12:06"))
    assert (part, do.split(":")[0]) == (f"alarms of {ANNA}", "see that a mailbox sends")
    since = moment("2026-03-02T12:05").astimezone(carteggio.settings.zone)
    assert said == f"of 1 alarms nobody could be told, of the first since {since:%Y-%m-%d %H:%M}"
    with in_thread(lambda: speaking(POLITE, sink)) as port:
        configure_sending(carteggio, EnteredSending(INFO, "127.0.0.1", port, "plain", "none"))
        one.look("2026-03-02T12:35")
        assert [mail["To"] for mail in one.left(sink, worker)] == [f"Anna <{ANNA}>"]
    (told,) = events_of(carteggio, "message.alarm_told")
    assert (told.told, len(told.mails)) == ((colleague_at(carteggio, ANNA),), 1)
    assert list(troubles(carteggio, {}, moment("2026-03-02T12:36"))) == []


def test_who_is_killed_between_deciding_and_mailing_at_any_place_tells_it_once(firm, worker):
    one, sink = firm
    one.arrives("2026-03-02T09:00")
    one.look("2026-03-02T09:05")
    here = Path(dyingalarms.__file__)
    killed = subprocess.run(
        [sys.executable, here, one.carteggio.home.folder, one.carteggio.database.dsn, "2026-03-02T12:05"],
        env={**os.environ, "PYTHONPATH": f"{here.parents[2]}{os.pathsep}{here.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    assert killed.stdout.split() == [str(-signal.SIGKILL)] * len(dyingalarms.PLACES)
    one.look("2026-03-02T12:10")
    assert len(one.left(sink, worker)) == 1
    warned, told = events_of(one.carteggio, "message.wait_warned", "message.alarm_told")
    assert (warned.mailbox, len(told.mails)) == (one.box(INFO), 1)


def test_several_who_work_at_once_notice_and_tell_it_once(firm, worker):
    one, sink = firm
    one.arrives("2026-03-02T09:00")
    one.caught_up()

    async def at_once() -> None:
        from api.work.alarms import look  # noqa: PLC0415

        at = moment("2026-03-02T12:05")
        await look(one.carteggio, moment("2026-03-02T09:05"))
        for _ in range(3):
            await asyncio.gather(*(look(one.carteggio, at) for _ in range(3)))
            await asyncio.to_thread(one.caught_up)

    asyncio.run(at_once())
    assert len(one.left(sink, worker)) == 1
    assert len(events_of(one.carteggio, "message.wait_warned", "message.alarm_told")) == 2


def test_of_what_is_snoozed_its_owner_is_told_once_it_wakes_though_its_clock_went_on(firm, worker):
    one, sink = firm
    one.arrives("2026-03-02T09:00")
    one.arrives("2026-03-02T09:00", sender="Bert <bert@beta.example>")
    one.caught_up()
    ids = [each.stream for each in one.carteggio.journal.read(0, names=["message.received"])]
    for id, until in zip(ids, (moment("2026-03-02T15:00"), None), strict=True):
        stamp = replace(by_operator(), at=moment("2026-03-02T09:30"))
        order = Snooze(order_id(stamp), stamp.at, until, "Torna mercoledì.")
        assert say_checked(one.carteggio, {id: order}, stamp).count == 1
    assert one.look("2026-03-02T14:10") == ["warning", "warning", "breach", "breach"]
    assert one.left(sink, worker) == []
    one.look("2026-03-02T15:00")
    (told,) = one.left(sink, worker)
    assert told["Subject"] == "Waiting for an answer: 1 too late"
    assert "Ada waits in info@firm.example" in told.get_content()
    one.arrives("2026-03-02T16:00", answers="<m2@mail.example>", sender="Bert <bert@beta.example>")
    one.look("2026-03-02T16:10")
    (told,) = one.left(sink, worker)
    assert "Bert waits in info@firm.example" in told.get_content()
    one.look("2026-03-04T16:10")
    assert one.left(sink, worker) == []
