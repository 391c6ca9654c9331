"""What is said about who may send: for the company, a colleague, a mailbox. The newest word counts.

The words lie in the streams of company, colleague and mailbox; what follows from them for one mail
is domain/permission.py.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Annotated, Final, assert_never

from domain.classes import dataclass
from domain.company import ColleagueRegistered, MailboxRegistered
from domain.values import ColleagueId, DocumentId, MailboxId, Personal, Rejected

EVERY_KIND: Final = "*"
"""Stands for documents of every kind, and for mail without any."""


class SendingRule(StrEnum):
    """What a colleague needs beside the mailbox to send a document."""

    OPEN = "open"
    """Nothing."""
    STRICT = "strict"
    """The document is assigned to him, or he has a role or a grant for it."""


class Reach(StrEnum):
    """Which documents of a kind a colleague may send."""

    ASSIGNED = "assigned"
    """Those that the rule lets him send: under the strict one, what is assigned to him."""
    ANY = "any"
    """All of them, whoever is responsible."""


class OfficeRole(StrEnum):
    """Who sends for others."""

    DISPATCHER = "dispatcher"
    COORDINATOR = "coordinator"


class SendRight(StrEnum):
    """How a colleague may send from a mailbox whose mail he need not see (as in RFC 4314's spirit)."""

    SEND_AS = "send_as"
    """As the mailbox."""
    ON_BEHALF = "on_behalf"
    """For it, named as the one who sends (Sender, RFC 5322 3.6.2)."""


class Ground(StrEnum):
    """Why sending was refused."""

    COMPANY_OFF = "company_off"
    COLLEAGUE_OFF = "colleague_off"
    NO_RIGHT = "no_right"
    KIND_OFF = "kind_off"
    NOT_ASSIGNED = "not_assigned"
    NOT_APPROVED = "not_approved"
    """No other colleague approved it, and a rule says that one has to."""


# ---- events


@dataclass(frozen=True, slots=True)
class CompanySendingSwitched:
    """Nobody of the company sends any more, or all send again who may."""

    on: bool
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class SendingRuleSet:
    """What colleagues need to send a document is another rule from now on."""

    rule: SendingRule
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ColleagueSendingSwitched:
    """A colleague sends nothing any more, or again what he may."""

    on: bool
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class SendingGranted:
    """A colleague may send documents of a kind (`*`: every kind); `reach` says which of them."""

    kind: str
    reach: Reach
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class SendingWithdrawn:
    """A colleague may send no document of a kind (`*`: of any, nor mail without one)."""

    kind: str
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class OfficeRoleGiven:
    """A colleague has a role from now on, beside what master data says of him."""

    role: OfficeRole
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class OfficeRoleTaken:
    """A colleague has that role no more, unless master data says so."""

    role: OfficeRole
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class SendRightGiven:
    """A colleague may send from the mailbox, whether or not he sees its mail."""

    colleague: ColleagueId
    right: SendRight
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class SendRightTaken:
    """That right is gone; as a member of the mailbox he may still send from it."""

    colleague: ColleagueId
    reason: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class SendingRefused:
    """Somebody tried to send and was refused; nothing of the mail is kept.

    `colleague` None: a program, or the operator. `document` is what the mail was to present.
    """

    mailbox: MailboxId
    ground: Ground
    colleague: ColleagueId | None = None
    document: DocumentId | None = None


SendingRulesEvent = (
    CompanySendingSwitched
    | SendingRuleSet
    | ColleagueSendingSwitched
    | SendingGranted
    | SendingWithdrawn
    | OfficeRoleGiven
    | OfficeRoleTaken
    | SendRightGiven
    | SendRightTaken
    | SendingRefused
)


# ---- commands


@dataclass(frozen=True, slots=True)
class SayOfCompany:
    """Say something that holds for the company."""

    said: CompanySendingSwitched | SendingRuleSet


@dataclass(frozen=True, slots=True)
class SayOfColleague:
    """Say something about a colleague."""

    said: (
        ColleagueSendingSwitched
        | SendingGranted
        | SendingWithdrawn
        | OfficeRoleGiven
        | OfficeRoleTaken
    )


@dataclass(frozen=True, slots=True)
class SayOfMailbox:
    """Say who may send from a mailbox."""

    said: SendRightGiven | SendRightTaken


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    """Keep that somebody was refused."""

    refused: SendingRefused


SendingRulesCommand = SayOfCompany | SayOfColleague | SayOfMailbox | RecordRefusal


@dataclass(frozen=True, slots=True)
class SendingRules:
    """What was said in one stream; None of a kind in `reaches`: withdrawn."""

    known: bool = False
    on: bool = True
    rule: SendingRule = SendingRule.OPEN
    reaches: Mapping[str, Reach | None] = field(default_factory=dict)
    roles: frozenset[OfficeRole] = frozenset()
    rights: Mapping[ColleagueId, SendRight] = field(default_factory=dict)


initial = SendingRules()


def evolve(rules: SendingRules, event: object) -> SendingRules:
    """Give what is said after an event."""
    match event:
        case ColleagueRegistered() | MailboxRegistered():
            return replace(rules, known=True)
        case CompanySendingSwitched(on) | ColleagueSendingSwitched(on):
            return replace(rules, on=on)
        case SendingRuleSet(rule):
            return replace(rules, rule=rule)
        case SendingGranted(kind, reach):
            return replace(rules, reaches={**rules.reaches, kind: reach})
        case SendingWithdrawn(kind):
            return replace(rules, reaches={**rules.reaches, kind: None})
        case OfficeRoleGiven(role):
            return replace(rules, roles=rules.roles | {role})
        case OfficeRoleTaken(role):
            return replace(rules, roles=rules.roles - {role})
        case SendRightGiven(colleague, right):
            return replace(rules, rights={**rules.rights, colleague: right})
        case SendRightTaken(colleague):
            left = {one: right for one, right in rules.rights.items() if one != colleague}
            return replace(rules, rights=left)
        case _:
            return rules


def decide(rules: SendingRules, command: SendingRulesCommand) -> list[SendingRulesEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case RecordRefusal(refused):
            return [refused]
        case SayOfColleague() if not rules.known:
            do = "colleagues.csv names them: import directory"
            raise Rejected("NOT_FOUND", f"there is no such colleague; {do}")
        case SayOfMailbox() if not rules.known:
            raise Rejected("NOT_FOUND", "there is no such mailbox; see: mailbox list")
        case SayOfCompany(said) | SayOfColleague(said) | SayOfMailbox(said):
            return [] if evolve(rules, said) == rules else [said]
        case _ as never:
            assert_never(never)
