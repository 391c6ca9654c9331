"""How a look into an account went."""

from dataclasses import dataclass, field

from api.work.accounts import Account
from api.work.arrivals import Counts
from api.work.looks import NOT_READ

BUSY = "busy"
"""The kind where another process is fetching the account in this very moment."""


@dataclass(slots=True)
class Synced:
    """How a look into one account went; `trouble` is a sentence for people, empty if all is well.

    With the kind NOT_READ all was fetched but some of the chosen folders, and it says which. A
    `warning` says what else is missing though the rest was fetched.
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

    def leave_out(self, sentence: str) -> None:
        """Say once what of the chosen folders is not read."""
        said = self.trouble.split("; ") if self.kind == NOT_READ else []
        self.trouble = "; ".join(dict.fromkeys([*said, sentence]))
        self.kind = NOT_READ
