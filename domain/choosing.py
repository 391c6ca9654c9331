"""What people say about whom or what a message belongs to: it stands above every rule.

It is decided on the stream of the message, beside domain/message.py; what follows for its links is
told by `message.linked` and `message.unlinked`, as for rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from domain.values import Personal, Rejected


class TargetKind(StrEnum):
    """What a message can be linked to."""

    PARTY = "party"
    DOCUMENT = "document"


Target = tuple[TargetKind, UUID]


@dataclass(frozen=True, slots=True)
class MessageLinkConfirmed:
    """A person said that a message belongs to a party or document, whether a rule had found it or not."""

    kind: TargetKind
    target: UUID
    note: Annotated[str, Personal] = ""


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


ChoosingEvent = MessageLinkConfirmed | MessageLinkRejected | MessageLinkChoiceWithdrawn


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


@dataclass(frozen=True, slots=True)
class WithdrawLinkChoice:
    """Take such a choice back, about the target or a party that counts as it."""

    kind: TargetKind
    target: UUID
    merged: tuple[UUID, ...] = ()


ChoosingCommand = ChooseLink | WithdrawLinkChoice
Choices = Mapping[Target, bool]
"""What people said: whether a message belongs to a target."""


def evolve(choices: Choices, event: ChoosingEvent) -> Choices:
    """Give what was said after an event."""
    target = (event.kind, event.target)
    if isinstance(event, MessageLinkChoiceWithdrawn):
        return {one: belongs for one, belongs in choices.items() if one != target}
    return {**choices, target: isinstance(event, MessageLinkConfirmed)}


def decide(choices: Choices, command: ChoosingCommand) -> Sequence[ChoosingEvent]:
    """Return what happens. An empty list means that it was said already."""
    said = {one: choices.get((command.kind, one)) for one in (command.target, *command.merged)}
    match command:
        case ChooseLink(kind, id, belongs, note):
            otherwise = [one for one, word in said.items() if word is (not belongs) and one != id]
            back = [MessageLinkChoiceWithdrawn(kind, one) for one in otherwise]
            if said[id] is belongs:
                return back
            return [
                *back,
                (MessageLinkConfirmed if belongs else MessageLinkRejected)(kind, id, note),
            ]
        case WithdrawLinkChoice(kind):
            back = [
                MessageLinkChoiceWithdrawn(kind, one)
                for one, word in said.items()
                if word is not None
            ]
            if not back:
                raise Rejected("NOT_FOUND", "nobody said anything about that; a rule decides")
            return back
        case _ as never:
            assert_never(never)
