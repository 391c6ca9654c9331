"""How a look into an account went."""

from dataclasses import dataclass, field

from api.work.accounts import Account
from api.work.arrivals import Counts

BUSY = "busy"
"""The kind where another process is fetching the account in this very moment."""


@dataclass(slots=True)
class Synced:
    """How a look into one account went; `trouble` is a sentence for people, empty if all is well.

    A `warning` says what is missing though the rest was fetched.
    """

    account: Account
    counts: Counts = field(default_factory=Counts)
    folders: list[str] = field(default_factory=list)
    not_fetched: int = 0
    trouble: str = ""
    kind: str = ""
    warning: str = ""
    sent: bool = False
    """Whether a folder of sent mail was read."""
