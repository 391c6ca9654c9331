"""Views of what waits, kept in order, say what going through all of it says."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.graphql.paging import slice_of_ordered
from api.work.supervising import DUE_FIRST, due_row
from api.work.waitviews import Chosen, View, stretches
from domain.dueness import Dueness, Standing
from domain.waitgroups import (
    AgeBand,
    Attending,
    Group,
    GroupBy,
    Wait,
    WaitsWanted,
    grouped,
    is_wanted,
)
from projections.reader import Page
from projections.waits import LONGEST_WAIT_FIRST, LONGEST_WAIT_LAST

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOME = [UUID(int=number) for number in range(1, 5)]


def a_wait(chance: random.Random, number: int) -> Wait:
    hours = chance.choice([0, 1, 4, 24, 25, 72, 168, 400, 672, 673])
    due = AT + timedelta(hours=chance.randrange(-9, 9))
    standing = chance.choice(list(Standing))
    return Wait(
        conversation=UUID(int=number),
        message=UUID(int=number),
        since=AT - timedelta(hours=hours),
        mailboxes=tuple(chance.sample(SOME, chance.randint(1, 2))),
        owner=chance.choice([None, *SOME]),
        parties=tuple(chance.sample(SOME, chance.randint(0, 2))),
        managers=tuple(chance.sample([*SOME, "Neri"], chance.randint(0, 1))),
        kinds=tuple(chance.sample(["invoice", "Order"], chance.randint(0, 2))),
        attending=chance.choice(list(Attending)),
        due=Dueness(timedelta(0), None if standing is Standing.NONE else due, standing),
    )


def a_choice(chance: random.Random) -> tuple[Chosen, Sequence[AgeBand], datetime | None]:
    wanted = WaitsWanted(
        owners=tuple(chance.sample([None, *SOME], chance.choice([0, 0, 2]))),
        managers=chance.choice([(), (), ("Neri", SOME[0])]),
        kinds=chance.choice([(), (), ("ORDER",)]),
        standings=tuple(chance.sample(list(Standing), chance.choice([0, 0, 2]))),
        attending=chance.choice([(), (Attending.SNOOZED, Attending.IN_HAND)]),
    )
    boxes = frozenset(chance.sample(SOME, chance.choice([0, 0, 2])))
    party = chance.choice([None, None, SOME[1]])
    ages = chance.sample(list(AgeBand), chance.choice([0, 0, 1, 3]))
    before = chance.choice([None, None, AT - timedelta(hours=24)])
    return Chosen(boxes, party, not wanted.attending, wanted), ages, before


def chosen_of(
    waits: list[Wait], chosen: Chosen, ages: Sequence[AgeBand], before: datetime | None
) -> list[Wait]:
    wanted = replace(chosen.wanted, ages=tuple(ages))
    return [
        one
        for one in waits
        if is_wanted(one, wanted, AT)
        and (not chosen.mailboxes or chosen.mailboxes & set(one.mailboxes))
        and (chosen.party is None or chosen.party in one.parties)
        and (not chosen.awake or one.attending is not Attending.SNOOZED)
        and (before is None or one.since < before)
    ]


def without_business(groups: list[Group]) -> list[Group]:
    return [replace(one, business_median=None) for one in groups]


@pytest.mark.parametrize("seed", range(60))
def test_a_view_tells_what_going_through_all_tells(seed: int):
    chance = random.Random(seed)  # noqa: S311
    waits = [a_wait(chance, number) for number in range(60)]
    chosen, ages, before = a_choice(chance)
    view = View(chosen, waits[:40])
    for wait in waits[40:]:
        view.put(wait)
    for wait in waits[:10]:
        view.drop(wait)
    found = chosen_of(waits[10:], chosen, ages, before)
    within = stretches(ages, before, AT)
    for by in GroupBy:
        told = without_business(grouped(found, by, AT))
        assert view.groups(by, AT, within) == told
        assert view.groups(by, AT, within, 2) == told[:2]
    assert [one.message for one in view.since(within)] == [
        one.message for one in sorted(found, key=lambda one: (one.since, one.message))
    ]
    assert view.due_first(within) == sorted(map(due_row, found), key=DUE_FIRST.key)


def test_a_list_that_goes_downward_is_paged_as_well_as_one_that_goes_upward():
    chance = random.Random(5)  # noqa: S311
    waits = [a_wait(chance, number) for number in range(9)]
    rows = View(Chosen(awake=False), waits).every.rows
    down, key = LONGEST_WAIT_LAST, LONGEST_WAIT_LAST.key
    first = slice_of_ordered(rows, down, Page(4))
    assert (first.rows, first.has_next, first.has_previous) == (rows[:-5:-1], True, False)
    second = slice_of_ordered(rows, down, Page(4, key(first.rows[-1])))
    assert [*first.rows, *second.rows, *rows[:1]] == rows[::-1]
    assert (second.has_next, second.has_previous) == (True, True)
    back = slice_of_ordered(rows, down, Page(last=4, before=key(second.rows[0])))
    assert back.rows == first.rows
    up = slice_of_ordered(rows, LONGEST_WAIT_FIRST, Page(last=3))
    assert (up.rows, up.has_next, up.has_previous) == (rows[-3:], False, True)


def test_a_page_that_is_turned_while_rows_come_and_go_skips_and_repeats_nothing():
    chance = random.Random(9)  # noqa: S311
    waits = [a_wait(chance, number) for number in range(40)]
    view = View(Chosen(awake=False), waits[:30])
    seen = slice_of_ordered(view.every.rows, LONGEST_WAIT_FIRST, Page(10)).rows
    view.drop(next(one for one in waits if one.message == seen[-1].message))
    for wait in waits[30:]:
        view.put(wait)
    edge = LONGEST_WAIT_FIRST.key(seen[-1])
    rest = slice_of_ordered(view.every.rows, LONGEST_WAIT_FIRST, Page(100, edge)).rows
    assert rest == [one for one in view.every.rows if one > seen[-1]]
