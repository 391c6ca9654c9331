"""What reception is given, and what it counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.message import FolderRole
from domain.values import MailboxId

EXCLUDED: Final = "excluded"
"""Why a mail on a server is not taken in: the do-not-capture list asks for it."""

NOT_STORED: Final = "not stored"
"""Why a mail is left though it was fetched: it could not be stored, for its own sake."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where mail lies; `archived_before` is the cut-off of a first import."""

    mailbox: MailboxId
    folder: str
    role: FolderRole
    archived_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as its source gives it; `received_at` None where the source does not tell.

    With `whole_size` it is the header alone of a mail of so many octets, which was not fetched.
    """

    raw: bytes
    place: Place
    received_at: datetime | None = None
    flags: tuple[str, ...] = ()
    whole_size: int | None = None


@dataclass(slots=True)
class Counts:
    """What became of mail; `stored` includes `copies` of messages that were known already.

    `excluded` was passed over, as the do-not-capture list asks; `failed` could not be stored.
    """

    read: int = 0
    stored: int = 0
    copies: int = 0
    known: int = 0
    degraded: int = 0
    excluded: int = 0
    failed: int = 0
    octets: int = 0

    def add(self, other: "Counts") -> None:
        """Count more."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
