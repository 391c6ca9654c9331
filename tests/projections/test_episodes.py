"""From when to when a letter waits, by what was answered and said."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from projections.episodes import episodes
from projections.letters import Letter
from projections.words import Ruling

TALK = UUID(int=1)


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def told(
    answers: Sequence[int], rulings: Sequence[tuple[int, str]], *, wants: bool = True
) -> list[tuple[int, int | None, str]]:
    """Give from when, until when, and why, of a letter of nine o'clock."""
    question = Letter(UUID(int=2), at(9), [UUID(int=3)], False, 1, "inbound", wants=wants)
    ours = [Letter(UUID(int=10 + x), at(x), [], False, 1, "outbound") for x in answers]
    said = [Ruling(at(hour), reason) for hour, reason in rulings]
    found = episodes(TALK, [(question, ours)], lambda _: said, 1)
    return [(one.begun.hour, one.until.hour if one.until else None, one.reason) for one in found]


@pytest.mark.parametrize(
    ("answers", "rulings", "expected"),
    [
        ([], [], [(9, None, "waiting")]),
        ([11, 12], [], [(9, 11, "answered")]),
        ([], [(10, "spam"), (11, "duplicate")], [(9, 10, "duplicate")]),
        ([], [(10, "spam"), (12, "")], [(9, 10, "spam"), (12, None, "reopened")]),
        ([11], [(12, "")], [(9, 11, "answered"), (12, None, "reopened")]),
        ([11, 14], [(12, "")], [(9, 11, "answered"), (12, 14, "answered")]),
        ([11], [(12, ""), (13, "spam")], [(9, 11, "answered"), (12, 13, "spam")]),
        ([11], [(12, "spam"), (13, "")], [(9, 11, "answered")]),
        ([11], [(12, "spam"), (13, ""), (14, "")], [(9, 11, "answered"), (14, None, "reopened")]),
        ([11], [(11, "spam")], [(9, 11, "answered")]),
        ([], [(8, "spam")], []),
    ],
)
def test_what_ends_a_wait_and_what_begins_it_anew(
    answers: list[int],
    rulings: list[tuple[int, str]],
    expected: list[tuple[int, int | None, str]],
) -> None:
    assert told(answers, rulings) == expected


def test_thanks_wait_only_from_somebodys_word_on() -> None:
    assert told([], [], wants=False) == []
    assert told([11], [(12, "")], wants=False) == [(12, None, "reopened")]
