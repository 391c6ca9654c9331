"""What a server says of a mail that was just sent, for whoever waits for it."""

import time
from typing import Final
from uuid import UUID

import typer

from api.cli.setting import out, plain
from api.work.instance import Carteggio
from api.work.queued import Told, told_of
from domain.leaving import OutgoingState

_LOOK_S: Final = 0.2
_UNSAID: Final = (OutgoingState.QUEUED, OutgoingState.SENDING)


def awaited(carteggio: Carteggio, mail: UUID, seconds: int) -> Told:
    """Give how a mail stands once its server said something of it, or so many seconds are over."""
    until = time.monotonic() + seconds
    while (told := told_of(carteggio, {}, mail)).state in _UNSAID and time.monotonic() < until:
        time.sleep(_LOOK_S)
    return told


def facts_of(told: Told) -> dict[str, object]:
    """Give what is printed as JSON of it."""
    said = told.happened[-1].said if told.happened else ""
    return {"state": told.state, "recipients": dict(told.recipients), "said": said}


def conclude(told: Told, *, quiet: bool) -> None:
    """Print what was said of each recipient, unless `quiet`; exit 1 unless the mail was accepted."""
    if not quiet:
        for address, said in told.recipients.items():
            out.print(plain(f"{address}: {said or told.state}"))
        if told.state in _UNSAID:
            out.print("Nothing is said of it yet; carteggio serve, or work, sends it.")
        elif words := told.happened[-1].said:
            out.print(plain(words))
    if told.state != OutgoingState.ACCEPTED:
        raise typer.Exit(1)
