"""How soon mail is answered: what counts where, and what is left over."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.responsetimes import Episode, ResponsesBy, Span, statistics
from domain.values import Rejected

ROME = ZoneInfo("Europe/Rome")
BOX, OTHER, GIULIA = (UUID(int=number) for number in (1, 2, 3))
BEGIN, END = datetime(2026, 1, 15, tzinfo=ROME), datetime(2026, 4, 1, tzinfo=ROME)
HOUR = timedelta(hours=1)
SPAN = Span(BEGIN, END, ROME)


def episode(
    since: datetime, hours: int | None, *, first: bool = True, answered: bool = True
) -> Episode:
    took = HOUR * (hours or 0)
    until = None if hours is None else since + took
    is_answered = answered and hours is not None
    return Episode(since, until, is_answered, first, took, (BOX,), GIULIA, ())


def test_an_answer_counts_in_the_month_in_which_it_was_given_by_the_clock_of_the_office():
    given = [episode(datetime(2026, 1, 31, 22, tzinfo=UTC), 1), episode(BEGIN, 4)]
    found = statistics(given, ResponsesBy.ALL, Span(BEGIN, END, ROME, monthly=True))
    assert [(one.month, one.first.count, one.backlog) for one in found] == [
        ("2026-01", 1, 1), ("2026-02", 1, 0),
    ]  # fmt: skip


def test_first_and_further_answers_are_told_apart_and_decisions_are_no_answers():
    given = [
        episode(BEGIN, 2), episode(BEGIN, 4), episode(BEGIN, 9, first=False),
        episode(BEGIN, 1, answered=False), episode(BEGIN, None),
    ]  # fmt: skip
    (one,) = statistics(given, ResponsesBy.PERSON, SPAN)
    assert (one.key, one.first.count, one.first.median, one.first.most) == (
        GIULIA,
        2,
        2 * HOUR,
        4 * HOUR,
    )
    assert (one.next.count, one.next.median, one.backlog) == (1, 9 * HOUR, 1)


DAYS = BEGIN.replace(tzinfo=None, day=1), END.replace(tzinfo=None, month=5)
episodes = st.builds(
    Episode,
    st.datetimes(*DAYS, timezones=st.just(UTC)),
    st.none() | st.datetimes(*DAYS, timezones=st.just(UTC)),
    st.booleans(), st.booleans(), st.timedeltas(timedelta(0), timedelta(days=9)),
    st.sampled_from([(BOX,), (OTHER,), (BOX, OTHER)]), st.sampled_from([GIULIA, None]), st.just(()),
)  # fmt: skip


@given(st.lists(episodes, max_size=30))
def test_months_add_up_to_the_whole_span(given):
    whole = statistics(given, ResponsesBy.MAILBOX, SPAN)
    months = statistics(given, ResponsesBy.MAILBOX, Span(BEGIN, END, ROME, monthly=True))
    for one in whole:
        parts = [month for month in months if month.key == one.key]
        assert sum(part.first.count for part in parts) == one.first.count
        assert sum(part.next.count for part in parts) == one.next.count
        assert sum(part.backlog for part in parts if part.month == "2026-03") == one.backlog


@pytest.mark.parametrize(
    ("begins", "ends", "sentence"),
    [
        (END, BEGIN, "before"),
        (BEGIN, BEGIN, "before"),
        (END + HOUR, END + 2 * HOUR, "past"),
        (BEGIN.replace(year=2016), END, "ten years"),
    ],
)
def test_spans_that_tell_nothing_or_too_much_are_refused(
    begins: datetime, ends: datetime, sentence: str
) -> None:
    with pytest.raises(Rejected, match=sentence):
        Span(begins, ends, ROME).until(END)


def test_nothing_is_told_of_months_to_come() -> None:
    far = datetime(9999, 11, 1, tzinfo=UTC)
    assert [part[0] for part in Span(BEGIN, far, ROME, monthly=True).until(END).parts()] == [
        "2026-01", "2026-02", "2026-03",
    ]  # fmt: skip
