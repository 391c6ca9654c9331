"""An import that is killed in any of its phases: the same command again makes it whole.

`make proof` does this two hundred times, with more mail and with the database server too.
"""

import hashlib
import os
import signal
import time
from pathlib import Path

import pytest

from api.work.phases import IMPORTING, PHASES
from commands import Instance
from letters import many, mbox

pytestmark = pytest.mark.slow
BOX = "info@firm.example"
COUNT = 700


def killed_while(phase: str, instance: Instance, path: Path) -> None:
    """Start an import and kill it in this phase."""
    trace = path.with_name("phases")
    trace.write_bytes(bytes(len(PHASES)))
    process = instance.start(*words(path), CARTEGGIO_TRACE_PHASES=str(trace))
    until = time.monotonic() + 60
    while not trace.read_bytes()[PHASES.index(phase)]:
        assert process.poll() is None, "it ended before it came to this phase"
        assert time.monotonic() < until
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def words(path: Path) -> tuple[str, ...]:
    return ("import", "mail", str(path), "--mailbox", BOX, "--json")


@pytest.mark.parametrize("phase", IMPORTING)
def test_what_was_killed_goes_on_and_nothing_is_lost_or_doubled(
    own_instance: Instance, phase: str, tmp_path: Path
):
    letters = many(COUNT)
    path = mbox(tmp_path / "info.mbox", letters)
    killed_while(phase, own_instance, path)
    summary = own_instance.done(*words(path)).fact
    assert (summary["read"], summary["stored"], summary["already_known"]) == (COUNT, COUNT, 0)
    wanted = sorted(hashlib.sha256(one).hexdigest() for one in letters)
    assert sorted(one["raw_sha256"] for one in own_instance.exported().values()) == wanted
    assert own_instance.done("replay", "--verify", "--json").fact["differences"] == 0


def test_a_database_that_dies_under_an_import_is_told_in_a_sentence(
    own_instance: Instance, tmp_path: Path
):
    path = mbox(tmp_path / "info.mbox", many(COUNT))
    trace = path.with_name("phases")
    trace.write_bytes(bytes(len(PHASES)))
    process = own_instance.start(*words(path), CARTEGGIO_TRACE_PHASES=str(trace))
    while not trace.read_bytes()[PHASES.index("reading")]:
        assert process.poll() is None
    os.kill(own_instance.server_pid(), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "run the same command again" in err.splitlines()[-1]
    summary = own_instance.done(*words(path)).fact
    assert (summary["stored"], summary["already_known"]) == (COUNT, 0)
