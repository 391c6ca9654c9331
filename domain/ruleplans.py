"""Who gets a message by a rule's actions: planned on what is known, then drawn.

What is planned tells a rehearsal who may be drawn; drawing alone needs chance.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.absence import Absence, stand_in
from domain.classes import dataclass
from domain.drawing import Candidate, Chance, Way, draw, present
from domain.ruleactions import Act, ActionKind, Done, Why
from domain.values import ColleagueId, PartyId


@dataclass(frozen=True, slots=True)
class Around:
    """What is known around a message, as far as assigning asks.

    `groups` are those that stand, `owns` how many open conversations are whose. `managers` are the
    sales managers of its `parties`, each once; `answered` is who answered last, `owner` whose its
    conversation is by a word of somebody.
    """

    now: datetime
    absences: tuple[Absence, ...] = ()
    groups: Mapping[UUID, tuple[ColleagueId, ...]] = field(default_factory=dict)
    owns: Mapping[ColleagueId, int] = field(default_factory=dict)
    parties: tuple[PartyId, ...] = ()
    managers: tuple[ColleagueId, ...] = ()
    answered: ColleagueId | None = None
    owner: ColleagueId | None = None

    def is_there(self, who: ColleagueId) -> bool:
        """Say whether a colleague is not away."""
        return stand_in(who, self.absences, self.now).who == who


@dataclass(frozen=True, slots=True)
class Planned:
    """An action that assigns: settled already, or one of `candidates` is to be drawn."""

    act: Act
    done: Done | None = None
    members: tuple[ColleagueId, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @property
    def whom(self) -> tuple[ColleagueId, ...]:
        """Give who may get it: nobody, one, or one of several."""
        if self.done is not None:
            return () if self.done.to is None else (ColleagueId(self.done.to),)
        return tuple(one.who for one in self.candidates)


def planned(act: Act, around: Around) -> Planned:
    """Plan an action that assigns (ASSIGNS).

    Who has the conversation already, and is there, keeps it where somebody is to be drawn: one talk
    is not spread over a group.
    """
    match act.kind:
        case ActionKind.ASSIGN:
            return _meant(act, act.colleague, Why.GONE, around)
        case ActionKind.ASSIGN_LAST_ANSWERER:
            return _meant(act, around.answered, Why.NOT_ANSWERED_YET, around)
        case ActionKind.ASSIGN_SALES_MANAGER:
            return _meant(act, *_manager(around), around)
        case ActionKind.ASSIGN_GROUP:
            return _of_group(act, around)
        case _:
            raise ValueError(act.kind)


def settled(plan: Planned, chance: Chance, last: ColleagueId | None = None) -> Done:
    """Draw who gets it, where that is to be drawn; `last` is whose turn it was in the group."""
    if plan.done is not None or plan.act.group is None or plan.act.way is None:
        return plan.done or Done(plan.act.kind, done=False, why=Why.CANNOT)
    drawn = draw(plan.act.group, plan.act.way, plan.members, plan.candidates, chance, last)
    found = drawn.candidate
    if found is None:
        return Done(plan.act.kind, done=False, why=Why.NOBODY_THERE, draw=drawn)
    return replace(_given(plan.act, found.member, found.who), draw=drawn)


def _manager(around: Around) -> tuple[ColleagueId | None, Why]:
    if len(around.managers) == 1:
        return around.managers[0], Why.NOTHING
    if around.managers:
        return None, Why.SEVERAL_PARTIES
    return None, Why.NO_MANAGER if around.parties else Why.NO_PARTY


def _meant(act: Act, who: ColleagueId | None, why: Why, around: Around) -> Planned:
    """Plan that somebody gets it, or who stands in for him."""
    if who is None:
        return Planned(act, Done(act.kind, done=False, why=why))
    there = stand_in(who, around.absences, around.now).who
    if there is None:
        nobody = Done(act.kind, done=False, why=Why.NOBODY_THERE, instead_of=who)
        return Planned(act, nobody)
    return Planned(act, _given(act, who, there))


def _given(act: Act, meant: ColleagueId, who: ColleagueId) -> Done:
    if meant == who:
        return Done(act.kind, to=who)
    return Done(act.kind, to=who, why=Why.STANDS_IN, instead_of=meant)


def _of_group(act: Act, around: Around) -> Planned:
    members = around.groups.get(act.group) if act.group else None
    if members is None:
        return Planned(act, Done(act.kind, done=False, why=Why.NO_GROUP))
    if around.owner is not None and around.is_there(around.owner):
        return Planned(act, Done(act.kind, done=False, why=Why.OWNED, to=around.owner))
    owns = around.owns if act.way is Way.LEAST_BUSY else None
    return Planned(act, None, members, present(members, around.absences, around.now, owns))


WORDS: Final[Mapping[Why, str]] = {
    Why.NOTHING: "",
    Why.STANDS_IN: "who was meant is away",
    Why.NOBODY_THERE: "everybody who was meant is away, and nobody stands in: it stays with the "
    "mailbox's people",
    Why.NO_GROUP: "the group is retired",
    Why.NO_MANAGER: "the party names no sales manager who is a colleague",
    Why.NO_PARTY: "it belongs to no party",
    Why.SEVERAL_PARTIES: "it belongs to several parties",
    Why.NOT_ANSWERED_YET: "nobody has answered it yet",
    Why.OWNED: "it is somebody's already",
    Why.LOOP: "it came here through this rule, or through too many",
    Why.NOT_APPROVED: "the address is neither ours nor approved",
    Why.NOT_ANSWERABLE: "it may not be answered by a program",
    Why.NOT_SENDABLE: "the mailbox cannot send it",
    Why.ALREADY_SO: "it is so already",
    Why.GONE: "what is named is there no more",
    Why.CANNOT: "it cannot be done",
}
"""Why something was not done, or otherwise, in plain English."""
