"""A process that is killed while rules act: each acts once on each message, and what they send leaves once."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from domain.attention import MessageHandedOver
from domain.ruleactions import PartyEventRegistered
from dovecot import Dovecot
from instances import events_of
from ruledmail import Posted, firm_with_post

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
POINTS = (
    ("ruleacting.py:act:call", 2),
    ("ruleacting.py:_append:return", 1),
    ("ruleacting.py:_append:return", 4),
    ("ruleacting.py:_write:return", 2),
    ("ruleacting.py:_recorded:return", 1),
    ("sending.py:_with:return", 1),
    ("sending.py:_queued:return", 1),
    ("ruleruns.py:_through:return", 1),
    ("ruleruns.py:_move:call", 1),
)
"""Before a rule acts; when its events are written and not committed; committed, and no other rule has
acted yet; when all have, and that is not noted."""


@pytest.fixture
def posted(
    carteggio: Carteggio, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path
) -> Iterator[Posted]:
    with firm_with_post(carteggio, worker, dovecot, tmp_path) as one:
        yield one


def dies(posted: Posted, point: str, times: int) -> None:
    """Let rules act in a process that is killed at a point."""
    carteggio = posted.carteggio
    command = [sys.executable, "-m", "ruledying", str(carteggio.home.folder)]
    done = subprocess.run(
        [*command, carteggio.database.dsn, point, str(times)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'support'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, f"{point}: {done.stderr[-2_000:]}"


def test_wherever_it_is_killed_each_rule_acts_once_and_mail_leaves_once(posted: Posted):
    posted.group("Sales", "anna", "bert", "carla")
    events = {"kind": "register_event", "event": "wrote"}
    posted.rule({"kind": "assign_group", "group": "Sales", "by": "turn"}, events, order=1)
    posted.rule({"kind": "forward", "to": "dora@firm.example"}, order=2)
    posted.rule({"kind": "tag", "tag": "came"}, order=3)
    for point, times in POINTS:
        posted.imported(posted.letters(2))
        dies(posted, point, times)
    posted.act()
    posted.leaves()
    count = 2 * len(POINTS)
    told = Counter(posted.told_of())
    assert (len(told), set(told.values())) == (3 * count, {1})
    assert all(one.done for each in posted.told() for one in each.done)
    given = [x.to for x in events_of(posted.carteggio, "message.handed_over") if isinstance(x, MessageHandedOver)]  # fmt: skip
    turns = [posted.who(one) for one in ("anna", "bert", "carla")]
    assert given == [turns[at % 3] for at in range(count)]
    happened = events_of(posted.carteggio, "party.event_registered")
    assert [type(one) for one in happened] == [PartyEventRegistered] * count
    assert len(events_of(posted.carteggio, "message.tagged")) == count
    assert len(events_of(posted.carteggio, "outgoing.queued")) == count
    assert len(posted.sink.mails) == len(set(posted.sink.mails)) == count
