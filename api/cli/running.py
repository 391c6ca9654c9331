"""Running: the API, the work behind it, and what is done about read models."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from api.cli.setting import err, opened, out, plain, print_json, table_of
from api.work.instance import PROJECTIONS
from api.work.replay import Difference, Replay
from api.work.running import work as work_until
from api.work.tokens import by_operator

_SHOWN = 20


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """Give an event that SIGTERM and SIGINT set; a second one ends the process as usual."""
    stop = Event()

    def told(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    caught = (signal.SIGTERM, signal.SIGINT)
    before = [(one, signal.signal(one, told)) for one in caught]
    try:
        yield stop
    finally:
        for one, handler in before:
            signal.signal(one, handler)


def work(context: typer.Context) -> None:
    """Feed the read models, decide what follows, and fetch the accounts, until stopped.

    As many of these as wanted may run, on as many machines; `carteggio serve` does it too.

    carteggio work
    """
    with opened(context, working=True) as carteggio, stopped_by_signals() as stop:
        work_until(carteggio, stop)


def replay(
    context: typer.Context,
    projection: Annotated[
        list[str] | None, typer.Argument(help="Which read models; without one all of them.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare them with what the events say.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Fill read models again from the first event on, beside the live ones, and exchange them.

    With --verify nothing is exchanged: differences are told, and there should be none.

    carteggio replay mail
    carteggio replay --verify
    """
    with opened(context) as carteggio:
        replaying = Replay(carteggio.journal, PROJECTIONS)
        if not verify:
            with _bar("filling") as progress:
                replaying.rebuild(projection, progress)
            carteggio.feed.catch_up(carteggio.journal.head())
            _tell_filled(projection or [one.name for one in PROJECTIONS], as_json=as_json)
            return
        with _bar("comparing") as progress:
            found = replaying.verify(projection, progress)
    _tell(found, as_json=as_json)
    if found:
        raise typer.Exit(1)


class _Bar:
    """Moves a bar as positions are reached."""

    def __init__(self, bar: Progress, what: str) -> None:
        self._bar, self._task = bar, bar.add_task(what, total=None)

    def __call__(self, reached: int, goal: int) -> None:
        self._bar.update(self._task, completed=reached, total=goal)


@contextmanager
def _bar(what: str) -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} events"),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield _Bar(bar, what)


def _tell_filled(names: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"filled": names})
    else:
        out.print(plain(f"Filled again: {', '.join(names)}"))


def _tell(found: list[Difference], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"projection": one.projection, "table": one.table, "kind": one.kind,
             "row": {name: str(value) for name, value in one.row.items()}}
            for one in found
        ]  # fmt: skip
        print_json({"differences": len(found), "rows": rows})
        return
    out.print(f"{len(found):,} differences")
    table = table_of("=read model", "=table", "=is", "~row")
    for one in found[:_SHOWN]:
        table.add_row(one.projection, one.table, one.kind, plain(dict(one.row)))
    if found:
        out.print(table)


def skip(
    context: typer.Context,
    projection: Annotated[str, typer.Argument(help="The read model that is stopped.")],
    reason: Annotated[str, typer.Option(help="Why this event may be passed over.")],
) -> None:
    """Let a stopped read model pass over the event that stopped it; this is recorded.

    carteggio skip history --reason "a party of a test"
    """
    with opened(context) as carteggio:
        carteggio.feed.skip(projection, reason, by_operator().actor)
        carteggio.feed.catch_up(carteggio.journal.head())
    out.print(plain(f"{projection} goes on after the event it was stopped at."))
