"""Read models follow what is taken in, much of it in a process of their own."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event
from typing import Any

import pytest

from adapters.journal import Journal
from api.work import following
from api.work.children import started
from api.work.feed import feed_channel
from api.work.following import followed
from api.work.importing import register_mailbox
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay

LONG_S = 60.0


class Begun:
    """Keeps the processes that were started, and lets others wait for the first."""

    def __init__(self) -> None:
        self.children: list[subprocess.Popen[str]] = []
        self._one = Event()

    def __call__(self, journal: Journal, work: str, **given: Any) -> subprocess.Popen[str]:
        self.children.append(started(journal, work, **given))
        self._one.set()
        return self.children[-1]

    def first(self) -> subprocess.Popen[str]:
        assert self._one.wait(LONG_S)
        return self.children[0]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    """Let anything be much."""
    found = Begun()
    monkeypatch.setattr(following, "MUCH", 0)
    monkeypatch.setattr(following, "started", found)
    return found


@contextmanager
def reaching(carteggio: Carteggio) -> Iterator[None]:
    """Wait at the end until somebody tells that the read models have all."""
    with carteggio.database.connect(direct=True) as connection:
        connection.execute(f"LISTEN {feed_channel(carteggio.database)}".encode())
        yield
        head = carteggio.journal.head()
        with closing(connection.notifies(timeout=LONG_S)) as notified:
            assert any(int(one.payload) >= head for one in notified)


def test_a_process_follows_and_leaves_when_all_is_taken_in(
    carteggio: Carteggio, begun: Begun
) -> None:
    with followed(carteggio.feed), reaching(carteggio):
        child = begun.first()
        register_mailbox(carteggio, "info@firma.example")
    assert child.returncode == 0
    assert {one.lag for one in carteggio.feed.status()} == {0}
    assert Replay(carteggio.journal, PROJECTIONS).verify() == []


def test_what_a_process_leaves_when_it_ends_early_is_followed_here(
    carteggio: Carteggio, begun: Begun
) -> None:
    with followed(carteggio.feed), reaching(carteggio):
        begun.first().kill()
        begun.first().wait(LONG_S)
        register_mailbox(carteggio, "info@firma.example")
    assert len(begun.children) == 1
    assert {one.lag for one in carteggio.feed.status()} == {0}


def test_nobody_is_started_where_another_process_feeds(carteggio: Carteggio, begun: Begun) -> None:
    with carteggio.feed.holding() as ours, followed(carteggio.feed):
        assert ours
        register_mailbox(carteggio, "info@firma.example")
    assert begun.children == []
