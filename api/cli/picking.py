"""Of which conversations a command is said: named one by one, from a file, or chosen among what waits."""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from adapters.ids import uuid7
from api.cli.setting import err, plain
from api.cli.unanswered import Chosen
from api.work.handpicking import Picked, picked_by_name, picked_of_waits
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain.recorded import Envelope
from domain.values import Rejected
from domain.waitgroups import Attending
from projections.reader import NOW

Which = Annotated[
    list[str] | None,
    typer.Argument(help="Conversations or messages of theirs, by id or Message-ID; else options."),
]
File = Annotated[
    Path | None, typer.Option("--from-file", help="A file that names one a line; - is the input.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show of which it would be said.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which conversations something is to be said, as it was typed."""

    which: list[str] | None
    file: Path | None
    chosen: Chosen
    dry_run: bool
    state: list[Attending] | None = None
    """Which of what waits is meant, where nothing else is said."""

    def picked(self, carteggio: Carteggio) -> Picked:
        """Find them; Rejected where nothing is named, or too much."""
        named = [*(self.which or ()), *_lines(self.file)]
        if named:
            if self.chosen != Chosen():
                raise Rejected(
                    "INVALID", "name conversations, or choose them by options: not both"
                )
            return asyncio.run(picked_by_name(carteggio, named))
        if self.chosen == Chosen():
            raise Rejected(
                "INVALID", "say of which: name some, or choose by --owner, --mailbox, …"
            )
        chosen = self.chosen if self.chosen.state else replace(self.chosen, state=self.state)
        return asyncio.run(picked_of_waits(carteggio, chosen.question(carteggio, NOW)))


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    given = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    lines = map(str.strip, given.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def tell(refused: Iterable[Rejected]) -> None:
    """Tell what was not done; the rest was."""
    sentences = [one.sentence for one in refused]
    for sentence in sentences:
        err.print(plain(sentence))
    if sentences:
        raise typer.Exit(1)


def stamp_of(carteggio: Carteggio) -> Envelope:
    return replace(by_operator(), at=carteggio.clock(), command_id=str(uuid7()))
