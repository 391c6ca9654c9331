"""The dialogue with a mail server is cut at sixty points: nothing arrives twice, nothing is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dovecot import BINARY

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not BINARY.exists(), reason="Dovecot is not installed")
def test_nothing_is_sent_twice_and_nothing_is_lost_wherever_the_dialogue_is_cut() -> None:
    command = [sys.executable, "-m", "benchmarks.proofs.cut_points", "--points", "60"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    told = json.loads(done.stdout)
    assert (told["points"], told["doubled"], told["lost"], told["mistold"]) == (60, 0, 0, 0)
    assert (told["broken"], told["unsettled"]) == ([], 0)
    assert told["killed"] > 0
