"""The database restarts, or crashes, while a server has a mail: what is known is recorded then."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

import pytest

from commands import Instance
from domain.leaving import OutgoingState
from outgoing import letter, office_of
from smtpscript import POLITE, Sink, speaking
from speaking import in_thread

if TYPE_CHECKING:
    import asyncio.streams
    import subprocess


@contextmanager
def killed(process: "subprocess.Popen[str]") -> "Iterator[subprocess.Popen[str]]":
    """Let it run until the block is left."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_mail_is_accepted_though_the_database_restarted_meanwhile(
    own_instance: Instance,
) -> None:
    own_instance.done("init")
    sink, struck, back = Sink(), [], Event()

    async def restart(_: bytes, writer: "asyncio.streams.StreamWriter") -> None:
        os.kill(own_instance.server_pid(), signal.SIGINT)
        done = await asyncio.to_thread(own_instance.run, "unanswered")
        struck.append(done.code)
        back.set()
        writer.write(b"250 2.0.0 Ok: queued\r\n")

    with in_thread(lambda: speaking(POLITE | {"CONTENT": restart}, sink)) as port:
        with office_of(own_instance) as office:
            office.sends_by(port)
            mail = office.queue(1)
        with killed(own_instance.start("work", CARTEGGIO_MAIL_NETWORKS_ALLOWED="127.0.0.0/8")):
            assert back.wait(120)
            with office_of(own_instance) as office:
                office.until(lambda: office.state(mail) is OutgoingState.ACCEPTED, 120)
    assert (struck, sink.mails) == ([0], [letter(1)])


@pytest.mark.slow
def test_nothing_leaves_twice_though_the_database_crashed_in_a_flight_and_the_process_with_it(
    own_instance: Instance,
) -> None:
    own_instance.done("init")
    sink, struck, workers = Sink(), Event(), list[int]()

    async def crash(_: bytes, writer: "asyncio.streams.StreamWriter") -> None:
        if len(sink.mails) == 3 and not struck.is_set():
            os.kill(own_instance.server_pid(), signal.SIGQUIT)
            os.kill(workers[0], signal.SIGKILL)
            struck.set()
        writer.write(b"250 2.0.0 Ok: queued\r\n")

    with in_thread(lambda: speaking(POLITE | {"CONTENT": crash}, sink)) as port:
        with office_of(own_instance) as office:
            office.sends_by(port)
            mails = [office.queue(one) for one in range(5)]
        allowed = {"CARTEGGIO_MAIL_NETWORKS_ALLOWED": "127.0.0.0/8"}
        with killed(own_instance.start("work", **allowed)) as process:
            workers.append(process.pid)
            assert struck.wait(120)
        with killed(own_instance.start("work", **allowed)), office_of(own_instance) as office:
            ended = {OutgoingState.ACCEPTED, OutgoingState.UNCERTAIN}
            office.until(lambda: {office.state(one) for one in mails} <= ended, 120)
            states = [office.state(one) for one in mails]
    assert states[0] is OutgoingState.ACCEPTED
    assert len(sink.mails) == len(set(sink.mails)) >= 3
    for number, state in enumerate(states):
        assert state is OutgoingState.UNCERTAIN or letter(number) in sink.mails
