import io
import json
import logging
from uuid import UUID

import pytest

from adapters.logs import log, set_up_logs

pytestmark = pytest.mark.usefixtures("logs_restored")


class Written(io.TextIOWrapper):
    """A stream as standard error is one, and what was written to it."""

    def so_far(self) -> str:
        self.flush()
        written = self.buffer
        assert isinstance(written, io.BytesIO)
        return written.getvalue().decode()


def test_a_program_reads_one_object_a_line():
    stream = Written(io.BytesIO(), encoding="utf-8", write_through=True)
    set_up_logs(to=stream)

    log("feed").info("caught up", position=9)
    log("feed").debug("not worth a line")

    (line,) = stream.so_far().splitlines()
    said = json.loads(line)
    assert said.pop("timestamp").endswith("Z")
    assert said == {"part": "feed", "event": "caught up", "position": 9, "level": "info"}


def test_an_id_stands_in_a_line_as_people_write_it():
    stream = Written(io.BytesIO(), encoding="utf-8", write_through=True)
    set_up_logs(to=stream)
    log("sync").warning("an account is in trouble", account=UUID(int=9))
    assert json.loads(stream.so_far())["account"] == "00000000-0000-0000-0000-000000000009"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_failure_is_logged_without_the_values_at_hand(form):
    stream = Written(io.BytesIO(), encoding="utf-8", write_through=True)
    set_up_logs(form=form, to=stream)
    subject = "Offerta_segreta".replace("_", " ")
    known: dict[int, str] = {}

    try:
        known[len(subject)]
    except KeyError:
        log("job").exception("stopped")

    assert "KeyError" in stream.so_far()
    assert "Offerta segreta" not in stream.so_far()


def test_a_library_that_works_jobs_writes_no_stack_traces():
    stream = Written(io.BytesIO(), encoding="utf-8", write_through=True)
    set_up_logs(to=stream)

    error = ConnectionError("Offerta segreta")
    logging.getLogger("procrastinate.worker").error("ended with status: Error", exc_info=error)

    assert stream.so_far() == ""


def test_what_a_mail_library_chats_stays_out():
    stream = Written(io.BytesIO(), encoding="utf-8", write_through=True)
    set_up_logs("debug", to=stream)

    logging.getLogger("aioimaplib.aioimaplib").warning("received: Offerta segreta")

    assert stream.so_far() == ""
