"""The demo from beginning to end: what it does and prints, and that it leaves nothing behind."""

import asyncio
import os
import shlex
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from rich.text import Text

from adapters.home import Home
from adapters.logs import set_up_logs
from api.cli.demo_tables import done_table, history_table, waiting_table
from api.cli.setting import out
from api.compose import compose
from api.compose import init as make
from api.demo.asking import Failed, Questions, curl
from api.demo.instance import demo_home, demo_settings, emptied
from api.demo.run import demo_token, known_of, take_in
from api.demo.serving import Serving, listening, served
from api.demo.stopping import Stopping, stopping
from api.demo.truth import Truth
from api.work.answers import HistoryLine, WaitingLine, history_of, unanswered_lines
from api.work.instance import Carteggio
from api.work.tokens import Bearer

CUSTOMER = "K1003"
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What was printed, for the API to say the same."""

    waiting: list[WaitingLine]
    history: list[HistoryLine]


def show(folder: Path | None, port: int | None, *, check: bool) -> bool:
    """Show the demo and serve it until stopped; or only check it, and tell whether all is well."""
    _speak_anyhow()
    set_up_logs("warning")
    place = demo_home(folder)
    with stopping() as stop:
        try:
            with emptied(place):
                good = _shown_and_served(place, port, stop, check=check)
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be gone
                out.print("Stopped: the API, the database, and all that the demo started.")
            return not check
        out.print("All is stopped again, the database too.")
    return good


def _shown_and_served(place: Home, port: int | None, stop: Stopping, *, check: bool) -> bool:
    settings = demo_settings()
    with listening(port, settings.port) as there:
        with stop.possible():
            _title(place)
        make(place, settings)
        with stop.possible():
            _step("A database is made", "a PostgreSQL of the demo's own")
        with compose(place, settings) as carteggio:
            with stop.possible():
                shown = _take_in_and_show(carteggio)
            with served(carteggio, there) as serving, stop.possible():
                bearer = demo_token(carteggio)
                if check:
                    return _asked(carteggio, serving, bearer, shown)
                _invite(place, serving, bearer)
                serving.wait()
    out.print("The API has ended by itself, which it should not.", style="red")
    return False


def _take_in_and_show(carteggio: Carteggio) -> Shown:
    taken = take_in(carteggio, _step)
    known = asyncio.run(known_of(carteggio))
    waiting, _ = asyncio.run(unanswered_lines(carteggio, None, _MOST))
    title, history, _ = asyncio.run(history_of(carteggio, CUSTOMER, None, _MOST))
    zone = carteggio.settings.zone
    for table in (
        done_table(taken, known),
        waiting_table(waiting, zone, out.width),
        history_table(title, history, zone, out.width),
    ):
        out.print()
        out.print(table)
    out.print()
    return Shown(waiting, history)


def _title(place: Home) -> None:
    out.print(Text("Carteggio, the demo", style="bold"))
    out.print("A company made up for this, with sixty days of mail in five languages.")
    out.print(f"Its instance is its own, new at each run: {place.folder}\n", soft_wrap=True)


def _step(what: str, more: str) -> None:
    line = Text.assemble(("✓ ", "green"), what, (f"  {more}", "dim"))
    out.print(line)


def _invite(place: Home, serving: Serving, bearer: Bearer) -> None:
    out.print(Text("Ask it yourself", style="bold"))
    out.print(f"  GraphQL  {serving.address}/graphql")
    out.print(f"  Token    {bearer}   (reads everything, in this demo only)\n", soft_wrap=True)
    out.print("A first query, to paste into another terminal:\n")
    out.print(curl(serving.address, str(bearer)), markup=False, soft_wrap=True)
    out.print("\nOr from the command line:\n")
    command = shlex.join([*_program(), "--home", str(place.folder)])
    out.print(f"{command} trail {CUSTOMER}\n{command} --help\n", markup=False, soft_wrap=True)
    out.print(Text("Ctrl-C stops everything, the database too.", style="bold"))


def _asked(carteggio: Carteggio, serving: Serving, bearer: Bearer, shown: Shown) -> bool:
    out.print(Text(f"Asking {serving.address}/graphql", style="bold"))
    questions = Questions(serving.address, str(bearer), Truth(carteggio.home.folder / "sample"))
    good = True
    for question, ask in questions.about(shown.waiting, CUSTOMER, shown.history):
        try:
            said = ask().replace("\n", "\n    ")
            answer = Text.assemble(("✓ ", "green"), question, (f"\n    {said}", "dim"))
        except Failed as failed:
            good = False
            answer = Text.assemble(("✗ ", "red"), question, f"\n    {failed}")
        out.print(answer)
    out.print()
    return good


def _program() -> list[str]:
    """Say how this program is started from anywhere, without settings meant for another."""
    started = Path(sys.argv[0])
    words = [str(started.resolve())]
    if started.suffix == ".py":
        words.insert(0, sys.executable)
    elif shutil.which(started.name) == str(started):
        words = [started.name]
    settings = [name for name in os.environ if name.startswith("CARTEGGIO_")]
    others = [word for name in settings if name != "CARTEGGIO_HOME" for word in ("-u", name)]
    return ["env", *others, *words] if others else words


def _speak_anyhow() -> None:
    """Show a replacement where a terminal cannot show a letter, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
