"""What a rule does with a message for which it held: read from data, planned, recorded.

    actions as data ─▶ read ─▶ planned on what is known ─▶ drawn ─▶ message.rule_applied, with its effects

A rule acts on a message once. What rules send names the rules it came through; none of them acts on
it again, and after `MOST_DEPTH` of them none does. So no loop can be made of rules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from domain.choosing import TargetKind
from domain.classes import dataclass
from domain.drawing import Draw, Way
from domain.tagging import MOST_TAG
from domain.values import (
    Address,
    ColleagueId,
    MailboxId,
    MessageId,
    Personal,
    Rejected,
    TemplateId,
)

MOST_DEPTH: Final = 3
"""Through so many rules a mail comes at most; then none acts on it."""
MOST_WORDS: Final = 500
MOST_HOURS: Final = 24 * 366
_MOST_ADDRESSES: Final = 20


class ActionKind(StrEnum):
    """What a rule may do; the `kind` of an action as data."""

    ASSIGN = "assign"
    ASSIGN_SALES_MANAGER = "assign_sales_manager"
    ASSIGN_GROUP = "assign_group"
    ASSIGN_LAST_ANSWERER = "assign_last_answerer"
    FORWARD = "forward"
    HAND_TO_MAILBOX = "hand_to_mailbox"
    LINK = "link"
    TAG = "tag"
    REGISTER_EVENT = "register_event"
    REPLY = "reply"
    SNOOZE = "snooze"
    STOP = "stop"


ASSIGNS: Final = frozenset(
    {
        ActionKind.ASSIGN,
        ActionKind.ASSIGN_SALES_MANAGER,
        ActionKind.ASSIGN_GROUP,
        ActionKind.ASSIGN_LAST_ANSWERER,
    }
)
SENDS: Final = frozenset({ActionKind.FORWARD, ActionKind.REPLY, ActionKind.HAND_TO_MAILBOX})
"""What sends mail: one of them a rule."""


@dataclass(frozen=True, slots=True)
class Act:
    """An action, read: of its parts those that its kind needs.

    `hours` None: a snooze lasts until they write. `words` are a tag, or an event of the party.
    """

    kind: ActionKind
    colleague: ColleagueId | None = None
    group: UUID | None = None
    way: Way | None = None
    to: tuple[Address, ...] = ()
    mailbox: MailboxId | None = None
    target: tuple[TargetKind, UUID] | None = None
    template: TemplateId | None = None
    words: str = ""
    hours: int | None = None


class Why(StrEnum):
    """Why an action was not done, or otherwise than it was meant."""

    NOTHING = ""
    STANDS_IN = "stands_in"
    """Who was meant is away; a substitute got it."""
    NOBODY_THERE = "nobody_there"
    """Who was meant is away, and nobody stands in: it stays with the mailbox's group."""
    NO_GROUP = "no_group"
    NO_MANAGER = "no_manager"
    NO_PARTY = "no_party"
    SEVERAL_PARTIES = "several_parties"
    NOT_ANSWERED_YET = "not_answered_yet"
    OWNED = "owned"
    """The conversation is somebody's already who is there."""
    LOOP = "loop"
    """It came through this rule, or through too many."""
    NOT_APPROVED = "not_approved"
    """The address is neither ours nor approved."""
    NOT_ANSWERABLE = "not_answerable"
    NOT_SENDABLE = "not_sendable"
    ALREADY_SO = "already_so"
    GONE = "gone"
    """What the action names is there no more."""
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action: `to` whom or what, in whose place (`instead_of`), by which choice.

    `mail` is what was queued. What was not done says why.
    """

    kind: ActionKind
    done: bool = True
    why: Why = Why.NOTHING
    to: UUID | None = None
    instead_of: ColleagueId | None = None
    draw: Draw | None = None
    mail: UUID | None = None


# ---- events


@dataclass(frozen=True, slots=True)
class RuleApplied:
    """A rule held for the message, and this was done; each rule is told once of a message.

    `mailbox` is the one as whose mail it was asked for, `through` are the rules by whose mail the
    message came, the last one last. `because` are the lines that explain its condition, `said` a
    sentence for each action, `name` how the rule was called.
    """

    rule: UUID
    version: int
    mailbox: MailboxId
    through: tuple[UUID, ...]
    done: tuple[Done, ...]
    name: Annotated[str, Personal] = ""
    because: Annotated[tuple[str, ...], Personal] = ()
    said: Annotated[tuple[str, ...], Personal] = ()

    @property
    def depth(self) -> int:
        """Give through how many rules it had come."""
        return len(self.through)


@dataclass(frozen=True, slots=True)
class PartyEventRegistered:
    """Something happened with the party, by a rule that held for a message of it."""

    rule: UUID
    version: int
    message: MessageId
    words: Annotated[str, Personal]


RuleRunEvent = RuleApplied | PartyEventRegistered


# ---- commands


@dataclass(frozen=True, slots=True)
class ApplyRule:
    """Keep what a rule did, with what belongs to it in the stream of the message."""

    applied: RuleApplied
    effects: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Runs:
    """What decisions ask: which rules acted on the message."""

    applied: frozenset[UUID] = field(default_factory=frozenset)


initial = Runs()


def evolve(runs: Runs, event: object) -> Runs:
    """Give the state after an event."""
    return Runs(runs.applied | {event.rule}) if isinstance(event, RuleApplied) else runs


def decide(runs: Runs, command: ApplyRule) -> Sequence[object]:
    """Return what happens. An empty list means that the rule acted on it already."""
    if command.applied.rule in runs.applied:
        return []
    return [command.applied, *command.effects]


def loops(rule: UUID, through: Sequence[UUID]) -> bool:
    """Say whether a rule may not act on what came through these rules."""
    return rule in through or len(through) >= MOST_DEPTH


# ---- actions, read from data

Resolve: TypeAlias = Callable[[str, str], UUID]
"""Gives the id that a text names, of a kind (colleague, group, mailbox, …); raises Rejected."""
_Tree: TypeAlias = Mapping[str, object]


def read_actions(tree: Sequence[_Tree], resolve: Resolve) -> tuple[Act, ...]:
    """Read the actions of a rule; Rejected (INVALID) says which one is wrong, and how."""
    acts = []
    for at, one in enumerate(tree):
        try:
            acts.append(_act(one, resolve))
        except Rejected as wrong:
            raise Rejected(wrong.code, f"then[{at}]: {wrong.sentence}") from wrong
    if sum(act.kind in ASSIGNS for act in acts) > 1:
        raise Rejected("INVALID", "then: one action that assigns; a mail is one person's")
    if sum(act.kind in SENDS for act in acts) > 1:
        raise Rejected("INVALID", "then: one mail; let a second rule send another one")
    return tuple(acts)


def _act(tree: _Tree, resolve: Resolve) -> Act:
    try:
        kind = ActionKind(str(tree.get("kind")))
    except ValueError:
        raise Rejected("INVALID", f"kind: one of {', '.join(ActionKind)}") from None
    reader, needed, may = _READERS[kind]
    if unknown := tree.keys() - {"kind", *needed, *may}:
        raise Rejected("INVALID", f"{min(unknown)}: {kind} has no such part")
    if missing := [one for one in needed if tree.get(one) in (None, "", [])]:
        raise Rejected("INVALID", f"{missing[0]}: {kind} needs it")
    return reader(kind, tree, resolve)


def _text(tree: _Tree, part: str, most: int = 200) -> str:
    said = tree.get(part)
    if not isinstance(said, str) or not 1 <= len(" ".join(said.split())) <= most:
        raise Rejected("INVALID", f"{part}: a text of 1 to {most} letters is needed")
    return " ".join(said.split())


def _bare(kind: ActionKind, _: _Tree, __: Resolve) -> Act:
    return Act(kind)


def _to_colleague(kind: ActionKind, tree: _Tree, resolve: Resolve) -> Act:
    return Act(kind, colleague=ColleagueId(resolve("colleague", _text(tree, "to"))))


def _to_group(kind: ActionKind, tree: _Tree, resolve: Resolve) -> Act:
    try:
        way = Way(str(tree["by"]))
    except ValueError:
        raise Rejected("INVALID", f"by: one of {', '.join(Way)}") from None
    return Act(kind, group=resolve("group", _text(tree, "group")), way=way)


def _to_addresses(kind: ActionKind, tree: _Tree, _: Resolve) -> Act:
    said = tree["to"] if isinstance(tree["to"], list) else [tree["to"]]
    texts = [one.strip() if isinstance(one, str) else "" for one in said]
    if len(texts) > _MOST_ADDRESSES or not all("@" in one.strip("@") for one in texts):
        raise Rejected("INVALID", f"to: 1 to {_MOST_ADDRESSES} mail addresses are needed")
    return Act(kind, to=tuple(Address(one) for one in dict.fromkeys(texts)))


def _to_mailbox(kind: ActionKind, tree: _Tree, resolve: Resolve) -> Act:
    return Act(kind, mailbox=MailboxId(resolve("mailbox", _text(tree, "mailbox"))))


def _to_target(kind: ActionKind, tree: _Tree, resolve: Resolve) -> Act:
    named = [one for one in (TargetKind.PARTY, TargetKind.DOCUMENT) if tree.get(one.value)]
    if len(named) != 1:
        raise Rejected("INVALID", "name one party, or one document")
    (target,) = named
    return Act(kind, target=(target, resolve(target.value, _text(tree, target.value))))


def _with_tag(kind: ActionKind, tree: _Tree, _: Resolve) -> Act:
    return Act(kind, words=_text(tree, "tag", MOST_TAG))


def _with_event(kind: ActionKind, tree: _Tree, _: Resolve) -> Act:
    return Act(kind, words=_text(tree, "event", MOST_WORDS))


def _with_template(kind: ActionKind, tree: _Tree, resolve: Resolve) -> Act:
    return Act(kind, template=TemplateId(resolve("template", _text(tree, "template"))))


def _with_time(kind: ActionKind, tree: _Tree, _: Resolve) -> Act:
    hours = tree.get("hours")
    if hours is None:
        return Act(kind)
    if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= MOST_HOURS:
        raise Rejected("INVALID", f"hours: 1 to {MOST_HOURS:,}; none: until they write")
    return Act(kind, hours=hours)


_Reader: TypeAlias = Callable[[ActionKind, _Tree, Resolve], Act]
_READERS: Final[Mapping[ActionKind, tuple[_Reader, tuple[str, ...], tuple[str, ...]]]] = {
    ActionKind.ASSIGN: (_to_colleague, ("to",), ()),
    ActionKind.ASSIGN_SALES_MANAGER: (_bare, (), ()),
    ActionKind.ASSIGN_GROUP: (_to_group, ("group", "by"), ()),
    ActionKind.ASSIGN_LAST_ANSWERER: (_bare, (), ()),
    ActionKind.FORWARD: (_to_addresses, ("to",), ()),
    ActionKind.HAND_TO_MAILBOX: (_to_mailbox, ("mailbox",), ()),
    ActionKind.LINK: (_to_target, (), ("party", "document")),
    ActionKind.TAG: (_with_tag, ("tag",), ()),
    ActionKind.REGISTER_EVENT: (_with_event, ("event",), ()),
    ActionKind.REPLY: (_with_template, ("template",), ()),
    ActionKind.SNOOZE: (_with_time, (), ("hours",)),
    ActionKind.STOP: (_bare, (), ()),
}
"""How an action is read, which parts it needs, and which it may have."""
