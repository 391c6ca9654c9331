"""Parties that the master data has twice: one is merged into the other, and parted again."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.work import merging
from api.work.instance import Carteggio
from api.work.settling import settle
from api.work.tokens import by_operator
from projections import merges, parties
from projections.directory import PartyRow
from projections.reader import EVERYTHING, Page

_NAMED = "ERP code, id, mail address or the beginning of a name"
Duplicate = Annotated[str, typer.Argument(help=f"The duplicate: {_NAMED}.")]


def merge(
    context: typer.Context,
    party: Duplicate,
    into: Annotated[str, typer.Argument(help="The party as which it is to count.")],
    note: Annotated[str, typer.Option(help="Why; kept sealed.")] = "",
) -> None:
    """Let a party count as another one, with all its mail; an import does not take it back.

    It is for the same firm twice, or a lead that became a customer under another code.

    carteggio parties merge C0211 C0042 --note "the same firm"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        one, other = asyncio.run(_found(carteggio, party, into))
        position = merging.merge(carteggio, one.id, other.id, note, by_operator())
        if position is not None:
            settle(carteggio, position)
    out.print(plain(f"{_name(one)} counts as {_name(other)}; its mail is found there."))


def unmerge(context: typer.Context, party: Duplicate) -> None:
    """Let a merged party stand by itself again; its mail is where it was before.

    carteggio parties unmerge C0211
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        (one,) = asyncio.run(_found(carteggio, party))
        position = merging.undo(carteggio, one.id, by_operator())
        if position is not None:
            settle(carteggio, position)
    out.print(plain(f"{_name(one)} stands by itself again."))


def merged(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many lines.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List which parties count as another one, the newest merge first.

    carteggio parties merged
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        lines, more = asyncio.run(_lines(carteggio, limit))
    table = table_of("party", "counts as", "=since", "?by", "~note")
    print_rows(lines, asdict, table, partial(_cells, zone=zone), as_json=as_json)
    if more and not as_json:
        out.print(f"The newest {len(lines):,}; ask for more with --limit.")


@dataclass(frozen=True, slots=True)
class _Merge:
    """A line of the list."""

    party: str
    into: str
    since: datetime
    by: str
    note: str


async def _lines(carteggio: Carteggio, limit: int) -> tuple[list[_Merge], bool]:
    async with carteggio.reading() as asked:
        found = await merges.page(*asked, EVERYTHING, Page(first=limit))
        ids = [one for row in found.rows for one in (row.party, row.into_party)]
        named = await parties.by_ids(*asked, EVERYTHING, ids)
    words = {id: _name(row) for id, row in named.items()}
    lines = [
        _Merge(
            party=words.get(row.party, str(row.party)),
            into=words.get(row.into_party, str(row.into_party)),
            since=row.at,
            by=f"{row.actor_kind} {row.actor_id}",
            note=row.note,
        )
        for row in found.rows
    ]
    return lines, found.has_next


def _cells(one: _Merge, zone: ZoneInfo) -> tuple[str | Text, ...]:
    since = local(one.since, zone)
    return plain(one.party), plain(one.into), since, plain(one.by), plain(one.note)


async def _found(carteggio: Carteggio, *texts: str) -> list[PartyRow]:
    async with carteggio.finding() as finder:
        return [await finder.party(text) for text in texts]


def _name(row: PartyRow) -> str:
    return f"{row.erp_id} {row.name}"
