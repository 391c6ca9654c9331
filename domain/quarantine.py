"""Quarantine: mail that could not be read in full; a person wants it to be read once more."""

from collections.abc import Sequence

from domain.classes import dataclass
from domain.values import MailboxId, MessageId


@dataclass(frozen=True, slots=True)
class ReprocessingOrdered:
    """Mail that could not be read in full is to be read once more, with more time and memory.

    `messages` empty: all that is in quarantine. `mailboxes`: only those of which whoever ordered it
    manages the mail, or with None of every mailbox. What comes of it is message.reread, where
    anything comes of it.
    """

    messages: tuple[MessageId, ...] = ()
    mailboxes: tuple[MailboxId, ...] | None = None


QuarantineEvent = ReprocessingOrdered


@dataclass(frozen=True, slots=True)
class OrderReprocessing:
    """Read it once more."""

    ordered: ReprocessingOrdered


initial: None = None


def evolve(state: None, _event: object) -> None:
    """Nothing that happened bears on another order."""
    return state


def decide(_state: None, command: OrderReprocessing) -> Sequence[QuarantineEvent]:
    """Return what happens: each order is one of its own."""
    return [command.ordered]
