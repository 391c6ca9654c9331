"""A rule about mail: under which condition what is done; every version is kept.

    saved (version 1) ─▶ saved (version 2) … ─▶ retired

What a rule did names its version, so what it was judged by can be looked up for ever. The condition
is read in domain/conditiontrees.py, the actions in domain/ruleactions.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.conditions import All, Any, Condition, Held, Line, Not, Says, held
from domain.labels import label
from domain.mailfacts import Facts
from domain.message import Direction
from domain.values import MailboxId, Personal, Rejected

MOST_NAME: Final = 120
MOST_ORDER: Final = 1_000_000
MOST_LETTERS: Final = 200_000
"""Of a condition, or of the actions, as JSON."""
STOP: Final = "stop"
"""The kind of the action after which no later rule is asked."""

Action = Mapping[str, object]
"""An action as data: its `kind`, and what that needs."""


@dataclass(frozen=True, slots=True)
class RuleSaved:
    """A version of a rule, all of it; versions are counted from 1.

    Rules are asked in the order of `order`, the lowest first. `mailbox` is the one whose mail it is
    about; None: all mail. `when` is the condition, a tree in JSON; `then` the actions, a list of
    objects in JSON, each with its `kind`. A rule that is not `enabled` is not asked.
    """

    version: int
    order: int
    enabled: bool
    mailbox: MailboxId | None
    name: Annotated[str, Personal]
    when: Annotated[str, Personal]
    then: Annotated[str, Personal]
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class RuleRetired:
    """A rule is asked no more; what it did stays, and its versions can be read as before."""

    note: Annotated[str, Personal] = ""


RuleEvent = RuleSaved | RuleRetired


@dataclass(frozen=True, slots=True)
class SaveRule:
    """Save a rule's next version; the one in `saved` does not count.

    `based_on` is the version that was changed: somebody else's later one is not overwritten. If it
    `keeps_place` the order in `saved` does not count, once there is a version.
    """

    saved: RuleSaved
    based_on: int | None = None
    keeps_place: bool = False


@dataclass(frozen=True, slots=True)
class OrderRule:
    """Let a rule be asked at another place; the rest of it stays."""

    order: int


@dataclass(frozen=True, slots=True)
class RetireRule:
    """Ask it no more."""

    note: str = ""


RuleCommand = SaveRule | OrderRule | RetireRule


@dataclass(frozen=True, slots=True)
class RuleState:
    """What decisions ask: the version that holds."""

    saved: RuleSaved | None = None
    retired: bool = False


initial = RuleState()


def evolve(rule: RuleState, event: object) -> RuleState:
    """Give the rule after an event."""
    match event:
        case RuleSaved():
            return replace(rule, saved=event)
        case RuleRetired():
            return replace(rule, retired=True)
        case _:
            return rule


def decide(rule: RuleState, command: RuleCommand) -> list[RuleEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case SaveRule(wanted, based_on, keeps_place):
            if keeps_place and rule.saved is not None:
                wanted = replace(wanted, order=rule.saved.order)
            return _saved(rule, wanted, based_on)
        case OrderRule(order):
            return _saved(rule, replace(_standing(rule), order=order), None)
        case RetireRule(note):
            if rule.saved is None:
                raise Rejected("NOT_FOUND", "there is no such rule; see: rules list")
            return [] if rule.retired else [RuleRetired(note)]
        case _ as never:
            assert_never(never)


def _standing(rule: RuleState) -> RuleSaved:
    if rule.saved is None or rule.retired:
        raise Rejected("NOT_FOUND", "there is no such rule; see: rules list")
    return rule.saved


def _saved(rule: RuleState, wanted: RuleSaved, based_on: int | None) -> list[RuleEvent]:
    current = rule.saved.version if rule.saved else 0
    if rule.retired:
        raise Rejected("CONFLICT", "the rule is retired: save it as a new one")
    asked = replace(wanted, version=current, name=label(wanted.name))
    if rule.saved is not None and replace(rule.saved, note=asked.note) == asked:
        return []
    if based_on is not None and based_on != current:
        do = "look at it, and save again"
        raise Rejected("CONFLICT", f"version {current} was saved meanwhile: {do}")
    check(asked)
    return [replace(asked, version=current + 1)]


def check(one: RuleSaved) -> None:
    """Refuse what cannot be a rule; its condition and its actions are read elsewhere."""
    if not one.name or len(one.name) > MOST_NAME:
        raise Rejected("INVALID", f"name: 1 to {MOST_NAME} letters are needed")
    if not 0 <= one.order <= MOST_ORDER:
        raise Rejected("INVALID", f"order: 0 to {MOST_ORDER:,}; the lowest is asked first")
    for part, text in (("when", one.when), ("then", one.then)):
        if len(text) > MOST_LETTERS:
            raise Rejected("INVALID", f"{part}: {MOST_LETTERS:,} letters are the most")
    if len(one.note) > 2_000:
        raise Rejected("INVALID", "note: 2,000 letters are the most")


# ---- rules as they are asked


@dataclass(frozen=True, slots=True)
class Rule:
    """A version of a rule, ready to be asked."""

    id: UUID
    version: int
    order: int
    mailbox: MailboxId | None
    name: str
    when: Condition
    then: tuple[Action, ...]

    @property
    def stops(self) -> bool:
        """Say whether no later rule is asked where it held."""
        return any(one.get("kind") == STOP for one in self.then)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a rule about a message.

    `prevented_by` is the earlier rule that stopped there; then nothing follows though it `held`.
    """

    rule: Rule
    held: Held
    prevented_by: Rule | None = None

    @property
    def applies(self) -> bool:
        """Say whether its actions follow."""
        return self.held.holds and self.prevented_by is None


def asked(rules: Sequence[Rule], facts: Facts) -> list[Asked]:
    """Ask rules, which are in order, about a message: live and in rehearsal the same."""
    answers: list[Asked] = []
    stopped: Rule | None = None
    for rule in rules:
        answer = Asked(rule, holds_for(rule, facts), stopped)
        answers.append(answer)
        if answer.applies and rule.stops:
            stopped = rule
    return answers


def holds_for(rule: Rule, facts: Facts) -> Held:
    """Hold one rule against a message: first whether it is about such mail at all.

    Rules are about mail that comes in, unless their condition names the direction.
    """
    if rule.mailbox is not None and rule.mailbox not in facts.mailboxes:
        return Held(holds=False, lines=(Line(0, "it came to the rule's mailbox", holds=False),))
    if facts.direction != Direction.INBOUND and "direction" not in fields_of(rule.when):
        line = Line(0, "it came in", holds=False, evidence=f"it is {facts.direction}")
        return Held(holds=False, lines=(line,))
    return held(rule.when, facts.within(rule.mailbox))


def fields_of(condition: Condition) -> frozenset[str]:
    """Give which fields a condition asks for."""
    match condition:
        case All(parts) | Any(parts):
            return frozenset(name for one in parts for name in fields_of(one))
        case Not(inner):
            return fields_of(inner)
        case Says():
            return frozenset((condition.field,))
        case _ as never:
            assert_never(never)
