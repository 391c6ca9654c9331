"""What people say about which messages belong together: it stands above what joins them by itself.

One regrouping is one stream: it says what it says once, and can be taken back. Regroupings count
in the order in which they were said; taking one back leaves the others as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID, uuid5

from domain.classes import dataclass
from domain.values import MessageId, Personal, Rejected

MOST = 2_000
"""So many messages a regrouping may be about."""


class RegroupingKind(StrEnum):
    """What somebody did."""

    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class ConversationRegrouped:
    """A person said which messages belong together.

    `messages` leave what they refer to, and belong together, with `joined`. `staying` would follow
    them by what they refer to, and were to stay, with `stayed`. A merge only joins. Replies to a
    message follow it, unless they are among these themselves.
    """

    kind: RegroupingKind
    messages: tuple[MessageId, ...] = ()
    joined: tuple[MessageId, ...] = ()
    staying: tuple[MessageId, ...] = ()
    stayed: tuple[MessageId, ...] = ()
    note: Annotated[str, Personal] = ""

    @property
    def everybody(self) -> tuple[MessageId, ...]:
        """Give all messages that it is about."""
        return (*self.messages, *self.joined, *self.staying, *self.stayed)

    def placings(self, regrouping: UUID) -> Iterator[tuple[MessageId, UUID, bool]]:
        """Give (message, what joins it with others, whether it leaves what it refers to)."""
        stay = uuid5(regrouping, "stay")
        for some, name, apart in (
            (self.messages, regrouping, True),
            (self.joined, regrouping, False),
            (self.staying, stay, True),
            (self.stayed, stay, False),
        ):
            for message in some:
                yield message, name, apart


@dataclass(frozen=True, slots=True)
class ConversationRegroupingUndone:
    """A person took a regrouping of these messages back."""

    messages: tuple[MessageId, ...] = ()
    note: Annotated[str, Personal] = ""


RegroupingEvent = ConversationRegrouped | ConversationRegroupingUndone


@dataclass(frozen=True, slots=True)
class Regroup:
    """Say which messages belong together."""

    said: ConversationRegrouped


@dataclass(frozen=True, slots=True)
class UndoRegrouping:
    """Take that back."""

    note: str = ""


RegroupingCommand = Regroup | UndoRegrouping


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What decisions ask of a regrouping."""

    said: tuple[MessageId, ...] | None = None
    """The messages that it is about."""
    undone: bool = False


initial = Regrouping()


def evolve(regrouping: Regrouping, event: object) -> Regrouping:
    """Give the regrouping after an event."""
    match event:
        case ConversationRegrouped():
            return replace(regrouping, said=event.everybody)
        case ConversationRegroupingUndone():
            return replace(regrouping, undone=True)
        case _:
            return regrouping


def decide(regrouping: Regrouping, command: RegroupingCommand) -> Sequence[RegroupingEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case Regroup(said):
            _check(said)
            return [] if regrouping.said is not None else [said]
        case UndoRegrouping(note):
            if regrouping.said is None:
                raise Rejected("NOT_FOUND", "there is no such regrouping")
            if regrouping.undone:
                return []
            return [ConversationRegroupingUndone(regrouping.said, note)]
        case _ as never:
            assert_never(never)


def _check(said: ConversationRegrouped) -> None:
    everybody = said.everybody
    if len(set(everybody)) < len(everybody):
        raise Rejected("INVALID", "a message can be named once only in a regrouping")
    if len(everybody) > MOST:
        raise Rejected(
            "LIMIT_EXCEEDED",
            f"these are {len(everybody)} messages; {MOST} are the most in one regrouping",
        )
