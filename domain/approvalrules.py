"""When a mail needs a second pair of eyes, and whose: what is said about it, and which word holds.

Each scope is a stream: the same scope, the same rule. Of all rules in force that fit a mail the
narrowest counts: one that names the colleague, then the kind of document, then the mailbox; a rule
may as well say that nothing is needed. Without any, mail leaves without approval.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, assert_never

from domain.classes import dataclass
from domain.inforce import Said, holding
from domain.values import ColleagueId, MailboxId, Personal, Rejected

_MOST: Final = 100
LONGEST_REASON: Final = 2_000


class ApproverRole(StrEnum):
    """As what a colleague may approve mail of others."""

    SUPERVISOR = "supervisor"
    """He answers for the mailbox."""
    DISPATCHER = "dispatcher"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class ApprovalScope:
    """Which mail: all conditions hold; None or an empty kind is any, mail without a document too."""

    mailbox: MailboxId | None = None
    kind: str = ""
    colleague: ColleagueId | None = None


# ---- events


@dataclass(frozen=True, slots=True)
class ApprovalRuleSet:
    """From `since` on mail of a scope needs approval, or by an exception does not (`needed` False).

    `roles` and `people` may give it; without any, whoever acts on the mailbox. `programs`: what
    programs send needs it, too.
    """

    scope: ApprovalScope
    since: datetime
    needed: bool = True
    roles: tuple[ApproverRole, ...] = ()
    people: tuple[ColleagueId, ...] = ()
    programs: bool = True
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ApprovalRuleWithdrawn:
    """From `since` on the rule of a scope says nothing any more."""

    scope: ApprovalScope
    since: datetime
    reason: Annotated[str, Personal] = ""


ApprovalRulesEvent = ApprovalRuleSet | ApprovalRuleWithdrawn


# ---- commands


@dataclass(frozen=True, slots=True)
class SetApprovalRule:
    """Say it."""

    rule: ApprovalRuleSet


@dataclass(frozen=True, slots=True)
class WithdrawApprovalRule:
    """Let it say nothing any more."""

    withdrawn: ApprovalRuleWithdrawn


ApprovalRulesCommand = SetApprovalRule | WithdrawApprovalRule


@dataclass(frozen=True, slots=True)
class Word:
    """What was said last in one stream; None: nothing."""

    said: ApprovalRulesEvent | None = None


initial = Word()


def evolve(word: Word, event: object) -> Word:
    """Give the word after an event."""
    return Word(event) if isinstance(event, ApprovalRuleSet | ApprovalRuleWithdrawn) else word


def decide(word: Word, command: ApprovalRulesCommand) -> list[ApprovalRulesEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case SetApprovalRule(rule):
            _check(rule)
            before = word.said
            same = (
                isinstance(before, ApprovalRuleSet)
                and before.since <= rule.since
                and replace(before, since=rule.since, reason=rule.reason) == rule
            )
            return [] if same else [rule]
        case WithdrawApprovalRule(withdrawn):
            if word.said is None:
                sentence = "there is no such rule of approval; see: approval rules"
                raise Rejected("NOT_FOUND", sentence)
            return [] if isinstance(word.said, ApprovalRuleWithdrawn) else [withdrawn]
        case _ as never:
            assert_never(never)


def _check(rule: ApprovalRuleSet) -> None:
    if len(rule.people) > _MOST:
        raise Rejected("INVALID", f"{_MOST} people at most may approve; name a role")
    if len(rule.reason) > LONGEST_REASON:
        raise Rejected("INVALID", f"reason: {LONGEST_REASON:,} characters is the most")
    if rule.people == (rule.scope.colleague,):
        sentence = "nobody approves his own mail: name somebody else, or a role"
        raise Rejected("INVALID", sentence)


# ---- which one holds


@dataclass(frozen=True, slots=True)
class MailCase:
    """A mail that is to leave: `kinds` of the documents that it presents; `colleague` None: a program."""

    mailbox: MailboxId
    kinds: frozenset[str] = frozenset()
    colleague: ColleagueId | None = None


def rule_for(
    said: Iterable[Said[ApprovalRulesEvent]], mail: MailCase, at: datetime
) -> Said[ApprovalRuleSet] | None:
    """Give the rule by which a mail needs approval at a moment; None: it needs none.

    It needs one as soon as one of its documents does: an exception is for its own kind alone.
    """
    held = [
        Said(one.stream, one.position, one.since, one.event)
        for one in holding(said, at)
        if isinstance(one.event, ApprovalRuleSet)
    ]
    found = (_narrowest(held, mail, kind) for kind in sorted(mail.kinds or {""}))
    needed = [one for one in found if one is not None and one.event.needed]
    return max(needed, key=lambda one: _named(one.event.scope), default=None)


def _narrowest(
    held: Iterable[Said[ApprovalRuleSet]], mail: MailCase, kind: str
) -> Said[ApprovalRuleSet] | None:
    fitting = (one for one in held if _fits(one.event, mail, kind))
    return max(fitting, key=lambda one: _named(one.event.scope), default=None)


def _fits(rule: ApprovalRuleSet, mail: MailCase, kind: str) -> bool:
    scope = rule.scope
    return (
        scope.mailbox in (None, mail.mailbox)
        and scope.kind in ("", kind)
        and scope.colleague in (None, mail.colleague)
        and (rule.programs or mail.colleague is not None)
    )


def _named(scope: ApprovalScope) -> tuple[bool, bool, bool]:
    return scope.colleague is not None, bool(scope.kind), scope.mailbox is not None
