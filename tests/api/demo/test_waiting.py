"""What the demo says that waits is what the sample's stories leave open, no more and no less."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from api.demo.run import TakenIn, known_of, take_in
from api.demo.truth import Truth, bare
from api.work.answers import history_of, unanswered_lines
from api.work.instance import Carteggio
from instances import opened_on
from servers import fresh_database


@dataclass
class Shown:
    """A demo that has taken in the sample."""

    carteggio: Carteggio
    taken: TakenIn
    said: list[str]

    @property
    def truth(self) -> Truth:
        return Truth(self.carteggio.home.folder / "sample")


@pytest.fixture(scope="module")
def shown(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    home, said = tmp_path_factory.mktemp("demo") / "home", list[str]()
    with fresh_database(postgres) as database, opened_on(database, home) as opened:
        taken = take_in(opened, lambda what, more: said.append(f"{what} {more}"))
        yield Shown(opened, taken, said)


def test_the_unanswered_list_is_what_the_stories_leave_open(shown):
    lines, more = asyncio.run(unanswered_lines(shown.carteggio, None, 1_000))
    assert {bare(line.message_id) for line in lines} == shown.truth.waiting()
    assert len(lines) == 21
    assert not more
    assert [line.since for line in lines] == sorted(line.since for line in lines)
    assert all(line.parties for line in lines)


def test_every_customer_has_the_mail_with_its_addresses(shown):
    for code in ("K1001", "K1003", "K1010", "K1016", "K1020", "K1023"):
        title, lines, _ = asyncio.run(history_of(shown.carteggio, code, None, 1_000))
        assert title.startswith(code)
        assert shown.truth.with_party(code) <= {bare(line.message_id) for line in lines}
        assert any(line.documents for line in lines)


def test_what_was_done_is_counted(shown):
    done = shown.taken
    known = asyncio.run(known_of(shown.carteggio))
    assert done.counts.read == known.messages + done.counts.copies
    assert done.counts.known == 0
    assert done.mailboxes == 5
    assert 0.9 < known.with_party / known.messages < 1
    assert len(shown.said) == 3
