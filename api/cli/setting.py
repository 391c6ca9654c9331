"""What every command begins with: the instance that is meant, opened, and how to print."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from adapters.logs import set_up_logs
from adapters.settings import Settings, load_settings
from api.cli.chosen import Chosen
from api.cli.tables import Rows, table_of
from api.compose import compose
from api.work.instance import Carteggio

__all__ = [
    "err", "fresh", "local", "moment", "opened", "out", "plain", "print_json",
    "print_rows", "settings_of", "table_of",
]  # fmt: skip

T = TypeVar("T")

# What is piped is read by programs: a line is never broken there.
_ENDLESS: Final = 100_000
out = Console(highlight=False, width=None if sys.stdout.isatty() else _ENDLESS)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _ENDLESS)


def settings_of(chosen: Chosen) -> Settings:
    """Read the settings of an instance that is there."""
    return load_settings(chosen.home.require())


@contextmanager
def opened(context: typer.Context, *, working: bool = False) -> Iterator[Carteggio]:
    """Open the chosen instance for the chosen company; who only asks wants warnings alone."""
    chosen: Chosen = context.obj
    settings = settings_of(chosen)
    quiet = settings.log_level == "info" and not working
    set_up_logs("warning" if quiet else settings.log_level, settings.log_format)
    with compose(chosen.home, settings, chosen.company) as carteggio:
        yield carteggio


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """Write a time as the office's clock shows it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""


def plain(value: object) -> Text:
    """Give text that is shown as it is: mail may hold brackets and control characters."""
    text = "" if value is None else str(value)
    return Text("".join(one if one.isprintable() else " " for one in text))


def print_json(value: object) -> None:
    """Print one JSON value on a line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_simple) + "\n")


def print_rows(
    rows: Iterable[T],
    facts: Callable[[T], object],
    table: Rows,
    cells: Callable[[T], Iterable[str | Text]],
    *,
    as_json: bool,
) -> None:
    """Print what was asked for: one JSON object a row for programs, or a table for people."""
    if as_json:
        for row in rows:
            print_json(facts(row))
        return
    for row in rows:
        table.add_row(*cells(row))
    out.print(table)


def _simple(value: object) -> object:
    match value:
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case Mapping():
            return dict(value)
        case tuple() | frozenset() | set():
            return list(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Read a time as people write it: a day, or a day and a time, local unless it says where."""
    try:
        read = datetime.fromisoformat(text.strip())
        local = read if read.tzinfo else read.replace(tzinfo=zone)
        local.astimezone(UTC), local.astimezone(zone)
    except (ValueError, OverflowError):  # the first and last days of the calendar have no zones
        raise typer.BadParameter(
            f"{text!r} is no time; one looks like 2026-04-30, or 2026-04-30T18:00"
        ) from None
    if read.tzinfo:
        return read
    if len(text.strip()) > len("2026-04-30"):
        _refuse_what_clocks_do_not_show_once(local, zone)
    return local.astimezone(UTC).astimezone(zone)


def _refuse_what_clocks_do_not_show_once(local: datetime, zone: ZoneInfo) -> None:
    """Where clocks are changed, a time is left out in one night, and is there twice in another."""
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first == second:
        return
    named = (
        f"{local:%Y-%m-%d %H:%M} {{}} in {zone.key}, as clocks are changed; say which is meant: "
    )
    exists = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(
        tzinfo=None
    )
    ways = [local.replace(fold=fold).astimezone(UTC).astimezone(zone) for fold in (0, 1)]
    told = " or ".join(sorted(f"{one.isoformat(timespec='minutes')}" for one in ways))
    raise typer.BadParameter(named.format("is there twice" if exists else "does not exist") + told)


def fresh(carteggio: Carteggio) -> None:
    """Let the read models reach what is recorded now, so that what was just written is seen."""
    carteggio.feed.catch_up(carteggio.journal.head())
