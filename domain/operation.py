"""What an operator does to the running system, where it changes what can be read."""

from typing import Annotated

from domain.classes import dataclass
from domain.values import Personal


@dataclass(frozen=True, slots=True)
class EventSkipped:
    """An operator let a projection pass over an event that stopped it."""

    projection: str
    position: int
    reason: Annotated[str, Personal] = ""
