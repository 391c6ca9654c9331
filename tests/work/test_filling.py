"""Read models are filled by several processes at once."""

from pathlib import Path

import pytest

from adapters.keyring import FileRoot
from api.work import filling
from api.work.importing import Wanted, import_mail
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay
from letters import many, mbox

SHARED = {"correspondence", "mail", "trail", "history"}


@pytest.fixture
def office(carteggio: Carteggio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Carteggio:
    """Take some mail in, and find it enough for three processes."""
    mail = mbox(tmp_path / "mail.mbox", many(40))
    import_mail(carteggio, Wanted(mail, "info@firma.example"), lambda _: None)
    monkeypatch.setattr(filling, "SHARED_FROM", 1)
    monkeypatch.setattr(filling, "PROCESSES", 3)
    return carteggio


def generations(carteggio: Carteggio) -> set[tuple[int, str]]:
    return {(one.generation, one.state) for one in carteggio.feed.status()}


def test_each_process_has_about_the_same_to_do() -> None:
    alone, *others = filling.shares(PROJECTIONS)
    names = [one.name for share in (alone, *others) for one in share]
    assert sorted(names) == sorted(one.name for one in PROJECTIONS)
    assert len(filling.shares(PROJECTIONS[:1])) == 1


def test_what_several_processes_filled_is_what_follows_from_the_journal(
    office: Carteggio,
) -> None:
    told: list[tuple[int, int]] = []
    replay = Replay(office.journal, PROJECTIONS)
    replay.rebuild(progress=lambda done, goal: told.append((done, goal)))
    assert generations(office) == {(2, "live")}
    assert told[-1][1] == office.journal.head()
    assert replay.verify() == []


def test_a_process_fills_and_exchanges_its_share_by_itself(office: Carteggio) -> None:
    shared = [one for one in PROJECTIONS if one.name in SHARED]
    replay = Replay(office.journal, PROJECTIONS)
    replay._begin(shared)
    with filling.helped(office.journal, [shared], lambda: None):
        pass
    filled = {one.name for one in office.feed.status() if one.generation == 2}
    assert filled == SHARED
    assert {one.state for one in office.feed.status()} == {"live"}


def test_what_a_process_leaves_when_it_ends_early_is_filled_here(
    office: Carteggio, tmp_path: Path
) -> None:
    office.keyring.root = FileRoot(tmp_path / "no such key")
    Replay(office.journal, PROJECTIONS).rebuild()
    assert generations(office) == {(2, "live")}
