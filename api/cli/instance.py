"""The instance itself: made, explained, examined."""

from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.text import Text

from adapters.settings import explained, load_settings
from api.cli.chosen import Chosen
from api.cli.setting import out, plain, print_json, print_rows, settings_of, table_of
from api.compose import init as make
from api.health import Finding, State, examine

_COLOURS = {State.GOOD: "green", State.WARNING: "yellow", State.BAD: "red"}


def init(context: typer.Context) -> None:
    """Create the instance, or bring it up to date; again does no harm.

    carteggio init
    carteggio --home /srv/carteggio init
    """
    chosen: Chosen = context.obj
    home = chosen.home
    there = home.exists
    home.create()
    settings = load_settings(home)
    applied = make(home, settings, chosen.company)
    company = chosen.company or settings.company
    if applied:
        done = "brought up to date" if there else "created"
        out.print(plain(f"The instance in {home.folder} is {done}, for the company {company}."))
        if not there:
            key = settings.root_key_file or home.root_key
            out.print(plain(f"Keep a copy of {key} elsewhere: without it nothing can be read."))
    else:
        out.print(plain(f"The instance in {home.folder} is there already, and up to date."))


def config(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List all settings with their meaning and present value; secrets are not shown.

    carteggio config
    """
    chosen: Chosen = context.obj
    settings = load_settings(chosen.home)
    rows = [
        {"setting": name, "value": _shown(getattr(settings, name)), "meaning": meaning}
        for name, meaning in explained()
    ]
    if as_json:
        print_json({"home": str(chosen.home.folder), "settings": rows})
        return
    table = table_of("=setting", "~value", "~meaning", title=f"Settings in {chosen.home.folder}")
    for row in rows:
        table.add_row(*map(plain, row.values()))
    out.print(table)


def doctor(
    context: typer.Context,
    contents: Annotated[
        bool, typer.Option("--contents", help="Open every blob: takes long.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Look for no blob: for a check at an interval.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Examine settings, database, keys, blobs and read models, and say what to do.

    Exits 1 if something is bad.

    carteggio doctor
    """
    chosen: Chosen = context.obj
    looked = examine(
        chosen.home, settings_of(chosen), chosen.company, contents=contents, quick=quick
    )
    found = list(looked)
    table = table_of("part", "=state", "~found", "~what to do")
    print_rows(found, asdict, table, _finding_cells, as_json=as_json)
    if any(one.state is State.BAD for one in found):
        raise typer.Exit(1)


def _finding_cells(one: Finding) -> tuple[str | Text, ...]:
    state = f"[{_COLOURS[one.state]}]{one.state}[/]"
    return plain(one.part), state, plain(one.said), plain(one.do)


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return "(secret)"
        case dict():
            return ", ".join(f"{name}: {_shown(one)}" for name, one in value.items())
        case tuple():
            return ", ".join(map(_shown, value))
        case _:
            return str(value)
