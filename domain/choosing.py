"""What people say about whom or what a message belongs to: it stands above every rule.

It is decided on the stream of the message, beside domain/message.py; what follows for its links is
told by `message.linked` and `message.unlinked`, as for rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.values import Personal, Rejected


class TargetKind(StrEnum):
    """What a message can be linked to."""

    PARTY = "party"
    DOCUMENT = "document"
    CONTACT = "contact"
    """Somebody of a party whom a message concerns though he neither wrote nor got it."""


Target = tuple[TargetKind, UUID]


@dataclass(frozen=True, slots=True)
class MessageLinkConfirmed:
    """A person, or a rule about mail, said that a message belongs to a target, found so before or not.

    Of a contact, `contact_of` is the party that has it: the message belongs to that one, too.
    """

    kind: TargetKind
    target: UUID
    note: Annotated[str, Personal] = ""
    contact_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class MessageLinkRejected:
    """A person said that a message does not belong to a party or document, whatever rules find."""

    kind: TargetKind
    target: UUID
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class MessageLinkChoiceWithdrawn:
    """A person took back what was said about a target: rules decide again."""

    kind: TargetKind
    target: UUID


@dataclass(frozen=True, slots=True)
class MessageLinkMoved:
    """A person moved a message from where it was linked wrongly: it does not belong there, but `to`.

    `kind` and `target` are the old meant, `to_kind` and `to` the new one.
    """

    kind: TargetKind
    target: UUID
    to_kind: TargetKind
    to: UUID
    note: Annotated[str, Personal] = ""
    contact_of: UUID | None = None


ChoosingEvent = (
    MessageLinkConfirmed | MessageLinkRejected | MessageLinkChoiceWithdrawn | MessageLinkMoved
)


@dataclass(frozen=True, slots=True)
class Meant:
    """A target, with the parties that count as it, or whose contact it is."""

    kind: TargetKind
    target: UUID
    merged: tuple[UUID, ...] = ()
    contact_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChooseLink:
    """Say that a message belongs to a target, or that it does not.

    `merged` are parties that count as the target: what was said otherwise about them is taken back.
    """

    kind: TargetKind
    target: UUID
    belongs: bool
    note: str = ""
    merged: tuple[UUID, ...] = ()
    contact_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class MoveLink:
    """Say that a message belongs to another target than it is linked to."""

    old: Meant
    new: Meant
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeepLink:
    """Say that a message stays at its target though what it answers moves to a new one."""

    old: Meant
    new: Meant
    note: str = ""


@dataclass(frozen=True, slots=True)
class RestoreLinks:
    """Say again about targets what was said before; None: nothing, so that rules decide."""

    before: tuple[tuple[Meant, bool | None], ...]


@dataclass(frozen=True, slots=True)
class WithdrawLinkChoice:
    """Take such a choice back, about the target or a party that counts as it."""

    kind: TargetKind
    target: UUID
    merged: tuple[UUID, ...] = ()


ChoosingCommand = ChooseLink | WithdrawLinkChoice | MoveLink | KeepLink | RestoreLinks
Choices = Mapping[Target, bool]
"""What people said: whether a message belongs to a target."""


def evolve(choices: Choices, event: ChoosingEvent) -> Choices:
    """Give what was said after an event."""
    said = {(meant.kind, meant.target): word for meant, word in words(event)}
    now = {**choices, **said}
    return {target: word for target, word in now.items() if word is not None}


def decide(choices: Choices, command: ChoosingCommand) -> Sequence[ChoosingEvent]:
    """Return what happens. An empty list means that it was said already."""
    match command:
        case ChooseLink(kind, id, belongs, note, merged, contact_of):
            meant = Meant(kind, id, merged, contact_of)
            return _said(choices, meant, note, belongs=belongs)
        case WithdrawLinkChoice(kind, id, merged):
            back = _taken_back(choices, Meant(kind, id, merged))
            if not back:
                raise Rejected("NOT_FOUND", "nobody said anything about that; a rule decides")
            return back
        case MoveLink(old, new, note):
            return _moved(choices, old, new, note)
        case KeepLink(old, new, note):
            return [
                *_said(choices, old, note, belongs=True),
                *_said(choices, new, note, belongs=False),
            ]
        case RestoreLinks(before):
            return [
                event
                for meant, word in before
                for event in _restored(choices, meant, belongs=word)
            ]
        case _ as never:
            assert_never(never)


def _said(choices: Choices, meant: Meant, note: str, *, belongs: bool) -> list[ChoosingEvent]:
    """Say it of a target; what was said otherwise of parties that count as it is taken back."""
    back: list[ChoosingEvent] = [*_otherwise(choices, meant, belongs=belongs)]
    if choices.get((meant.kind, meant.target)) is belongs:
        return back
    if belongs:
        return [*back, MessageLinkConfirmed(meant.kind, meant.target, note, meant.contact_of)]
    return [*back, MessageLinkRejected(meant.kind, meant.target, note)]


def _moved(choices: Choices, old: Meant, new: Meant, note: str) -> list[ChoosingEvent]:
    if (old.kind, old.target) == (new.kind, new.target):
        raise Rejected("INVALID", "from and to are the same: there is nothing to be moved")
    said = choices.get((old.kind, old.target)), choices.get((new.kind, new.target))
    back = (*_otherwise(choices, old, belongs=False), *_otherwise(choices, new, belongs=True))
    if said == (False, True):
        return [*back]
    moved = MessageLinkMoved(old.kind, old.target, new.kind, new.target, note, new.contact_of)
    return [*back, moved]


def _restored(choices: Choices, meant: Meant, *, belongs: bool | None) -> list[ChoosingEvent]:
    if belongs is None:
        return _taken_back(choices, meant)
    return _said(choices, meant, "", belongs=belongs)


def _otherwise(
    choices: Choices, meant: Meant, *, belongs: bool
) -> Iterator[MessageLinkChoiceWithdrawn]:
    for one in meant.merged:
        if choices.get((meant.kind, one)) is (not belongs):
            yield MessageLinkChoiceWithdrawn(meant.kind, one)


def _taken_back(choices: Choices, meant: Meant) -> list[ChoosingEvent]:
    every = (meant.target, *meant.merged)
    return [
        MessageLinkChoiceWithdrawn(meant.kind, one)
        for one in every
        if (meant.kind, one) in choices
    ]


def said_before(
    happened: Sequence[tuple[str | None, object]], command: str, undoing: str
) -> tuple[tuple[Meant, bool | None], ...]:
    """Give what was said, before a command, about the targets that it was about.

    `happened` are a message's events with the ids of their commands, in order; `undoing` is the
    command that asks. Raise Rejected if nothing came of the command, or if something else is said
    about a target now than it left.
    """
    before: dict[Target, tuple[Meant, bool | None]] = {}
    left: dict[Target, bool | None] = {}
    said: dict[Target, tuple[Meant, bool | None]] = {}
    for id, event in happened:
        if not isinstance(event, ChoosingEvent) or id == undoing:
            continue
        for meant, word in words(event):
            key = (meant.kind, meant.target)
            if id == command:
                before.setdefault(key, said.get(key, (meant, None)))
                left[key] = word
            said[key] = meant, word
    if any(said[key][1] is not word for key, word in left.items()):
        raise Rejected("CONFLICT", "somebody said something else about it since")
    if not before:
        raise Rejected("NOT_FOUND", "that command said nothing about what it belongs to")
    return tuple(before.values())


def words(event: ChoosingEvent) -> list[tuple[Meant, bool | None]]:
    """Give what an event says of each target: it belongs there, it does not, or a rule decides."""
    match event:
        case MessageLinkMoved(kind, target, to_kind, to, contact_of=whose):
            return [(Meant(kind, target), False), (Meant(to_kind, to, (), whose), True)]
        case MessageLinkConfirmed(kind, target, contact_of=whose):
            return [(Meant(kind, target, (), whose), True)]
        case MessageLinkRejected(kind, target):
            return [(Meant(kind, target), False)]
        case MessageLinkChoiceWithdrawn(kind, target):
            return [(Meant(kind, target), None)]
        case _ as never:
            assert_never(never)
