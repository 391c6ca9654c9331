"""Reading in a child process: the same readings, and no bad mail harms another."""

import json
import subprocess
import sys
import threading
from dataclasses import astuple

from adapters.mime.frames import Limits
from adapters.mime.reader import Reading, read
from adapters.mime.worker import _CHILD, ReadingWorker

GOOD = b"Subject: good\nMessage-ID: <good@a.example>\n\nhello"
ATTACHED = b"Content-Type: application/pdf; name=a.pdf\nDate: Mon, 19 Jan 2026 08:10 +0100\n\nx"
HEAVY = b"Subject: heavy\nMessage-ID: <heavy@a.example>\nContent-Type: text/html\n\n" + (
    b"<pre>\n" * 600_000
)


def test_a_worker_reads_as_its_caller_would():
    raws = [GOOD, ATTACHED, b"", GOOD] * 100
    with ReadingWorker() as worker:
        assert worker.read_many(raws) == [read(raw) for raw in raws]
        assert worker.read_many([]) == []


def test_a_large_mail_passes():
    raw = ATTACHED + b"x" * 20_000_000
    with ReadingWorker() as worker:
        assert len(worker.read_many([raw])[0].files[0]) == 20_000_001


def survivors(limits: Limits) -> list[Reading]:
    with ReadingWorker(limits) as worker:
        return worker.read_many([GOOD, HEAVY, GOOD, HEAVY, GOOD])


def check(readings: list[Reading]) -> None:
    assert [reading.content.degraded for reading in readings] == [False, True, False, True, False]
    assert [reading.content.subject for reading in readings[:2]] == ["good", "heavy"]
    assert readings[1].content.message_id == "heavy@a.example"
    assert readings[1].content.defects != ()


def test_a_mail_that_takes_too_much_cpu_is_left_unread():
    check(survivors(Limits(cpu_seconds=0.05)))


def test_a_mail_that_takes_too_much_memory_is_left_unread():
    check(survivors(Limits(memory=60_000_000, room_factor=1)))


def test_a_worker_starts_again_after_it_was_closed():
    worker = ReadingWorker()
    assert worker.read_many([GOOD])[0].content.subject == "good"
    worker.close()
    assert worker.read_many([GOOD])[0].content.subject == "good"
    worker.close()
    worker.close()


def test_threads_may_share_a_worker():
    found: list[Reading] = []
    with ReadingWorker() as worker:
        threads = [
            threading.Thread(target=lambda: found.extend(worker.read_many([GOOD] * 50)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [read(GOOD)] * 200


def test_a_child_killed_from_outside_is_replaced():
    with ReadingWorker() as worker:
        worker.read_many([GOOD])
        assert worker._child is not None
        worker._child.kill()
        assert worker.read_many([GOOD]) == [read(GOOD)]


def test_a_child_whose_parent_is_gone_ends_without_a_word():
    given = json.dumps([sys.path, astuple(Limits())])
    words = [sys.executable, "-I", "-c", _CHILD, given]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait(60) == 0
        assert child.stderr is not None
        assert child.stderr.read() == b""
