"""What the demo says that waits is what the sample's stories leave open, no more and no less."""

import asyncio

import pytest

from api.demo.run import known_of, take_in
from api.demo.truth import Truth, bare
from api.work.answers import history_of, unanswered_lines


@pytest.fixture
def taken(carteggio):
    said: list[str] = []
    return take_in(carteggio, lambda what, more: said.append(f"{what} {more}")), said


def test_the_unanswered_list_is_what_the_stories_leave_open(carteggio, taken):
    truth = Truth(carteggio.home.folder / "sample")
    lines, more = asyncio.run(unanswered_lines(carteggio, None, 1_000))
    assert {bare(line.message_id) for line in lines} == truth.waiting()
    assert len(lines) == 21
    assert not more
    assert [line.since for line in lines] == sorted(line.since for line in lines)
    assert all(line.parties for line in lines)


def test_every_customer_has_the_mail_with_its_addresses(carteggio, taken):
    truth = Truth(carteggio.home.folder / "sample")
    for code in ("K1001", "K1003", "K1010", "K1016", "K1020", "K1023"):
        title, lines, _ = asyncio.run(history_of(carteggio, code, None, 1_000))
        assert title.startswith(code)
        assert truth.with_party(code) <= {bare(line.message_id) for line in lines}
        assert any(line.documents for line in lines)


def test_what_was_done_is_counted(carteggio, taken):
    done, said = taken
    known = asyncio.run(known_of(carteggio))
    assert done.counts.read == known.messages + done.counts.copies
    assert done.counts.known == 0
    assert done.mailboxes == 5
    assert 0.9 < known.with_party / known.messages < 1
    assert len(said) == 3
