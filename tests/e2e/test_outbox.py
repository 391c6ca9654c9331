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
from speaking import in_thread


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
    (copy,) = instance.exported().values()
    assert copy["message_id"] == "<1@firma.example>"
    assert copy["locations"] == [f"{BOX}/Sent"]
