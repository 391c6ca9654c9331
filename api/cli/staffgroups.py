"""Groups of colleagues, among whom rules choose, at the command line."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.staffgroups import group_named, groups, retire_group, save_group
from api.work.tokens import by_operator
from projections import company
from projections.reader import EVERYTHING
from projections.staffgroups import StaffGroupRow

_Name = Annotated[str, typer.Argument(help="The group's name.")]


def save(
    context: typer.Context,
    name: _Name,
    members: Annotated[list[str], typer.Argument(help="Addresses of colleagues, in their order.")],
) -> None:
    """Save a group of colleagues; one with its name it takes the place of.

    carteggio group save Sales anna@firm.example bert@firm.example
    """
    with opened(context) as carteggio:
        who = [colleague_at(carteggio, one) for one in members]
        _, position = save_group(carteggio, name, who, by_operator())
        fresh(carteggio)
    done = "is saved" if position else "says the same already"
    out.print(plain(f"{' '.join(name.split())} {done}."))


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the groups, and who is in each.

    carteggio group list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found, people = asyncio.run(_asked(carteggio))
    facts, cells = partial(_facts, people=people), partial(_cells, people=people)
    print_rows(found, facts, table_of("name", "~members"), cells, as_json=as_json)


def retire(context: typer.Context, name: _Name) -> None:
    """Let rules choose nobody from a group any more.

    carteggio group retire Sales
    """
    with opened(context) as carteggio:
        retire_group(carteggio, group_named(carteggio, name), by_operator())
        fresh(carteggio)
    out.print(plain(f"Nobody is chosen from {' '.join(name.split())} any more."))


async def _asked(carteggio: Carteggio) -> tuple[list[StaffGroupRow], dict[UUID, str]]:
    async with carteggio.reading() as asked:
        people = await company.colleagues(*asked, EVERYTHING)
    return await groups(carteggio), {one.id: one.address for one in people}


def _facts(row: StaffGroupRow, people: Mapping[UUID, str]) -> dict[str, object]:
    members = [people.get(one, str(one)) for one in row.members]
    return {"id": row.id, "name": row.name, "members": members}


def _cells(row: StaffGroupRow, people: Mapping[UUID, str]) -> tuple[Text, ...]:
    members = ", ".join(people.get(one, str(one)) for one in row.members)
    return plain(row.name), plain(members)
