"""Mail leaves by `carteggio work`, a process that may be stopped and killed at any moment."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from commands import Instance, ended
from domain.leaving import OutgoingState
from events import envelope
from outgoing import BOX, NOW, Office, letter, office_of, working
from smtpscript import POLITE, Answers, Sink, speaking
from speaking import SILENCE, in_thread, text


@pytest.fixture
def office(instance: Instance) -> Iterator[Office]:
    with office_of(instance) as opened:
        yield opened


@contextmanager
def server(office: Office, answers: Answers | None = None) -> Iterator[Sink]:
    """Let the office send by a server on this machine."""
    sink = Sink()
    with in_thread(lambda: speaking(POLITE | dict(answers or {}), sink)) as port:
        office.sends_by(port)
        yield sink


def test_a_worker_sends_what_is_due_and_its_copy_is_in_the_history(
    instance: Instance, office: Office
):
    mail, later = office.queue(1), office.queue(2, due=NOW + timedelta(days=1))
    taken_back = office.queue(3, due=NOW + timedelta(days=1))
    office.outbox.cancel(taken_back, envelope())
    with server(office) as sink, working(instance) as process:
        office.until(lambda: not [one for one in office.rows() if one[0] != later])
        done = ended(process, signal.SIGTERM)
    assert done.code == 0
    assert sink.mails == [letter(1)]
    assert [office.state(one) for one in (mail, later, taken_back)] == [
        OutgoingState.ACCEPTED,
        OutgoingState.QUEUED,
        OutgoingState.CANCELLED,
    ]
    (copy,) = [
        one for one in instance.exported().values() if one["message_id"] == "<1@firma.example>"
    ]
    assert copy["locations"] == [f"{BOX}/Sent"]


def test_what_is_put_off_is_tried_again_and_what_is_refused_is_not(
    instance: Instance, office: Office
):
    people = [text(b"250 ok\r\n"), text(b"451 4.2.1 later\r\n"), text(b"550 5.1.1 nobody\r\n")]
    with server(office, {"RCPT": people}) as sink, working(instance):
        put_off = office.queue(11)
        office.until(lambda: office.state(put_off) is OutgoingState.DEFERRED)
        instance.done("outbox", "retry", "--mailbox", BOX)
        office.until(lambda: put_off not in [row[0] for row in office.rows()])
    assert sink.mails == [letter(11), letter(11)]
    (told,) = instance.asked("outbox", "show", put_off)
    assert list(told["recipients"].values()) == ["accepted", "accepted"]
    with server(office, {"RCPT": people[2:]}) as sink, working(instance):
        refused = office.queue(12)
        office.until(lambda: refused not in [row[0] for row in office.rows()])
    assert office.state(refused) is OutgoingState.REFUSED
    assert sink.mails == []


def test_a_worker_that_is_killed_within_a_mail_leaves_it_to_a_person(
    instance: Instance, office: Office
):
    with server(office, {"CONTENT": SILENCE}) as sink, working(instance) as process:
        mail = office.queue(21)
        office.until(lambda: bool(sink.mails))
        ended(process, signal.SIGKILL)
    with server(office) as sink, working(instance):
        office.until(lambda: office.state(mail) is OutgoingState.UNCERTAIN)
    assert sink.mails == []
    (line,) = instance.asked("outbox", "list", "--state", "uncertain", "--mailbox", BOX)
    assert (line["mail"], line["subject"]) == (str(mail), "Ordine 21")
    with server(office) as sink, working(instance):
        instance.done("outbox", "resolve", mail, "--again", "--note", "nobody has it")
        office.until(lambda: mail not in [row[0] for row in office.rows()])
    assert sink.mails == [letter(21)]
    assert instance.run("outbox", "resolve", mail, "--sent").code == 1


def test_a_mail_is_taken_back_and_no_server_hears_of_it(instance: Instance, office: Office):
    mail = office.queue(31)
    instance.done("outbox", "cancel", mail, "--note", "wrong price")
    with server(office) as sink, working(instance):
        other = office.queue(32)
        office.until(lambda: other not in [row[0] for row in office.rows()])
    assert sink.mails == [letter(32)]
    shown = instance.done("outbox", "show", mail).out
    assert "cancelled" in shown
    assert "wrong price" in shown
    assert instance.run("outbox", "cancel", other).code == 1
    assert instance.run("outbox", "show", "nothing").code == 1
    assert instance.run("outbox", "resolve", mail).code == 2
