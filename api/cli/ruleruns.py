"""What rules did with a message, at the command line."""

import asyncio
from typing import Annotated

import typer

from api.cli.setting import fresh, local, opened, out, plain, print_json
from api.ids import Kind, shown
from api.work.instance import Carteggio
from domain.values import Rejected
from projections.reader import EVERYTHING
from projections.ruleruns import RuleRunRow, runs_of


def runs(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A message, by id or Message-ID.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Tell which rules held for a message, why, and what was done.

    carteggio rules runs "<4711@acme.example>"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        found = asyncio.run(_runs(carteggio, message))
    for one in found:
        if as_json:
            print_json(_facts(one))
            continue
        out.print(plain(f"{local(one.at, zone)} {one.name}, version {one.version}"))
        for line in one.because:
            out.print(plain(f"    {line}"))
        for line in one.said:
            out.print(plain(f"    -> {line}"))
    if not found and not as_json:
        out.print("No rule held for it.")


async def _runs(carteggio: Carteggio, text: str) -> list[RuleRunRow]:
    async with carteggio.finding() as finder:
        found = await finder.anything(text)
    if found.kind != "message":
        raise Rejected("INVALID", f"{text!r} is a {found.kind}: name a message")
    async with carteggio.reading() as asked:
        return (await runs_of(*asked, EVERYTHING, [found.id])).get(found.id, [])


def _facts(row: RuleRunRow) -> dict[str, object]:
    return {
        "rule": shown(Kind.RULE, row.rule),
        "name": row.name,
        "version": row.version,
        "at": row.at,
        "depth": row.depth,
        "explanation": row.because,
        "actions": [
            {"kind": one.kind.value, "done": one.done, "why": one.why.value or None, "said": said}
            for one, said in zip(row.actions, row.said, strict=False)
        ],
    }
