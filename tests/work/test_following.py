"""Read models follow a long import in a process of their own, and are fed whatever becomes of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from adapters.keyring import FileRoot
from api.work import importing
from api.work.feed import Feed, feed_channel
from api.work.following import followed
from api.work.importing import Wanted, import_mail, register_mailbox
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay
from letters import many, mbox


def fed(carteggio: Carteggio, work: Callable[[], object]) -> bool:
    """Do some work and wait until somebody tells that a read model moved on."""
    with carteggio.database.connect() as connection:
        connection.execute(psycopg.sql.SQL("LISTEN {}").format(_channel(carteggio)))
        work()
        return bool(list(connection.notifies(timeout=60, stop_after=1)))


def _channel(carteggio: Carteggio) -> psycopg.sql.Identifier:
    return psycopg.sql.Identifier(feed_channel(carteggio.database))


def test_a_process_of_its_own_feeds_when_work_is_long(carteggio: Carteggio):
    feeds_nobody = replace(carteggio, feed=Feed(carteggio.journal, ()))
    with followed(feeds_nobody) as is_long:
        is_long()
        assert fed(carteggio, lambda: register_mailbox(carteggio, "info@firm.example"))


def test_a_process_that_cannot_open_the_keys_is_no_harm(carteggio: Carteggio, tmp_path: Path):
    root = carteggio.keyring.root
    with followed(carteggio) as is_long:
        carteggio.keyring.root = FileRoot(tmp_path / "no such key")
        is_long()
        carteggio.keyring.root = root
        assert fed(carteggio, lambda: register_mailbox(carteggio, "info@firm.example"))


def test_when_the_process_is_killed_the_import_feeds_again(carteggio: Carteggio):
    with followed(carteggio) as is_long:
        is_long()
        follower = is_long.__self__
        assert follower._handed_over.wait(60)
        follower._child.kill()
        assert fed(carteggio, lambda: register_mailbox(carteggio, "info@firm.example"))


def test_a_long_import_ends_with_read_models_as_they_follow_from_the_journal(
    carteggio: Carteggio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importing, "LONG", 1)
    path = mbox(tmp_path / "info.mbox", many(1_000))
    done = import_mail(carteggio, Wanted(path, "info@firm.example"), lambda _: None)
    assert done.counts.stored == 1_000
    assert all(one.lag == 0 for one in carteggio.feed.status())
    assert Replay(carteggio.journal, PROJECTIONS).verify() == []
