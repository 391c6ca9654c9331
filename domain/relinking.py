"""All mail is matched again: rules are newer, or an operator wants it; people's choices stand."""

from collections.abc import Sequence
from typing import Annotated

from domain.classes import dataclass
from domain.values import Personal


@dataclass(frozen=True, slots=True)
class RelinkingOrdered:
    """Every message is to be decided on again, by the rules as they are now.

    What is decided otherwise is told by `message.classified`, `message.linked` and their like.
    """

    note: Annotated[str, Personal] = ""


RelinkingEvent = RelinkingOrdered


@dataclass(frozen=True, slots=True)
class OrderRelinking:
    """Decide on all mail again."""

    note: str = ""


initial: None = None


def evolve(state: None, _event: object) -> None:
    """Nothing that happened bears on another order."""
    return state


def decide(_state: None, command: OrderRelinking) -> Sequence[RelinkingEvent]:
    """Return what happens: each order is one of its own."""
    return [RelinkingOrdered(command.note)]
