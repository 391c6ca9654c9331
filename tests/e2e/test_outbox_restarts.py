"""The database restarts while a server has a mail: its answer is recorded once it is back."""

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
def killed(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Let it run until the block is left."""
    try:
        yield
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
