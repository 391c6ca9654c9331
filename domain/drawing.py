"""Who of a group gets it: by lot, by turn, or who has least to do; decided once, and told in full.

    members ─▶ who is there ─▶ candidates ─▶ drawn: by whom, among whom, with which ticket

Chance comes in as a function, and its ticket is kept with the candidates: whoever reads the event
draws the same person again. Nobody who is away is drawn; his substitute is, and theirs in turn.
Somebody who stands in for members and is in the group himself has one chance all the same: with two
he would be given the mail of all who are away.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.absence import Absence, stand_in
from domain.classes import dataclass
from domain.values import ColleagueId

Chance = Callable[[int], int]
"""Gives a number from 0 until before another one, each as likely."""
NOBODY_THERE: Final = "everybody of the group is away, and nobody stands in"


class Way(StrEnum):
    """How somebody is chosen."""

    LOT = "lot"
    TURN = "turn"
    LEAST_BUSY = "least_busy"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is there, as the member himself or standing in for him.

    `owns`: so many open conversations are his; counted only where that decides.
    """

    member: ColleagueId
    who: ColleagueId
    owns: int = 0


@dataclass(frozen=True, slots=True)
class Draw:
    """A choice: who of whom, with all that it follows from.

    `members` are the group's, in their order, `candidates` those who are there. `ticket` is the
    number that chance gave, if it was asked; `last` the member whose turn it was before, if turns
    decide. `picked` is the place among the candidates; None: there are none.
    """

    group: UUID
    way: Way
    members: tuple[ColleagueId, ...]
    candidates: tuple[Candidate, ...]
    ticket: int | None = None
    last: ColleagueId | None = None
    picked: int | None = None

    @property
    def candidate(self) -> Candidate | None:
        """Give who was chosen, and for whom."""
        return None if self.picked is None else self.candidates[self.picked]

    @property
    def who(self) -> ColleagueId | None:
        """Give who was chosen; None: nobody was there."""
        return None if self.candidate is None else self.candidate.who


def present(
    members: Sequence[ColleagueId],
    absences: Iterable[Absence],
    at: datetime,
    owns: Mapping[ColleagueId, int] | None = None,
) -> tuple[Candidate, ...]:
    """Give who of a group may be chosen at a moment: each person once, members before others.

    Who stands in takes the place of the first member for whom he does.
    """
    away, busy = list(absences), owns or {}
    there = {one: stand_in(one, away, at).who for one in members}
    taken = {one for one in members if there[one] == one}
    found: list[Candidate] = []
    for member, who in there.items():
        if who is None or (who != member and who in taken):
            continue
        taken.add(who)
        found.append(Candidate(member, who, busy.get(who, 0)))
    return tuple(found)


def draw(
    group: UUID,
    way: Way,
    members: tuple[ColleagueId, ...],
    candidates: tuple[Candidate, ...],
    chance: Chance,
    last: ColleagueId | None = None,
) -> Draw:
    """Choose one of those who are there; of the least busy ones by lot."""
    if not candidates:
        return Draw(group, way, members, candidates)
    by_turn = way is Way.TURN
    drawn = Draw(
        group,
        way,
        members,
        candidates,
        ticket=None if by_turn else chance(len(_among(way, candidates))),
        last=last if by_turn else None,
    )
    return replace(drawn, picked=again(drawn))


def again(drawn: Draw) -> int | None:
    """Choose again by what is told of a choice, without chance: give the same place."""
    if not drawn.candidates:
        return None
    if drawn.ticket is None:
        return _next(drawn.members, drawn.candidates, drawn.last)
    return _among(drawn.way, drawn.candidates)[drawn.ticket]


def _among(way: Way, candidates: tuple[Candidate, ...]) -> Sequence[int]:
    """Give the places among which chance decides."""
    if way is not Way.LEAST_BUSY:
        return range(len(candidates))
    least = min(one.owns for one in candidates)
    return [at for at, one in enumerate(candidates) if one.owns == least]


def _next(
    members: Sequence[ColleagueId], candidates: Sequence[Candidate], last: ColleagueId | None
) -> int | None:
    """Give the place of who comes after a member, in the group's order; who left begins anew."""
    places = {one.member: at for at, one in enumerate(candidates)}
    begin = members.index(last) + 1 if last in members else 0
    order = (*members[begin:], *members[:begin])
    return next((places[one] for one in order if one in places), None)
