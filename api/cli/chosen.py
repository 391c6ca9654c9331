"""Which instance and which company a command is about: the global options."""

from dataclasses import dataclass
from pathlib import Path

from adapters.home import Home, home_at


@dataclass(frozen=True, slots=True)
class Chosen:
    """The global options."""

    folder: Path | None
    company: str | None

    @property
    def home(self) -> Home:
        """Give the instance's place."""
        return home_at(self.folder)
