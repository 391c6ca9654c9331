"""Contacts that people add to parties, beside those of master data."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from api.cli.setting import fresh, opened, out, plain
from api.work.contacts import NewParty, Person, add_contact, add_party, remove_contact
from api.work.instance import Carteggio
from api.work.settling import settle
from api.work.tokens import by_operator
from domain.identity import contact_id
from domain.values import PartyId
from projections import links, merges
from projections.directory import PartyRow
from projections.reader import EVERYTHING

_Address = Annotated[str, typer.Argument(help="The mail address.")]
_PARTY = "The party: ERP code, id, address of a contact, or the beginning of its name."


def add(
    context: typer.Context,
    address: _Address,
    party: Annotated[str | None, typer.Option(help=_PARTY)] = None,
    new: Annotated[
        str | None, typer.Option(help="The name of a party that nobody knows yet, to be entered.")
    ] = None,
    kind: Annotated[str, typer.Option(help="What a new party is: lead, prospect, …")] = "lead",
    name: Annotated[str, typer.Option(help="The contact's name.")] = "",
    role: Annotated[str, typer.Option(help="The contact's role.")] = "",
) -> None:
    """Give a party a contact; mail with that address is linked, also what is here already.

    Master data leaves it as it is: it stays until it is removed here.

    carteggio contact add eva@client.example --party C1001
    carteggio contact add eva@nowhere.example --new "Nowhere & Sons" --name Eva
    """
    if (party is None) == (new is None):
        raise typer.BadParameter("either --party, or --new with a name, is needed")
    person = Person(address, name, role)
    with opened(context) as carteggio:
        fresh(carteggio)
        if new is not None:
            about, position = add_party(carteggio, NewParty(new, kind), person, by_operator())
            whose = f"{new}, a new {kind}"
        else:
            row = asyncio.run(_party(carteggio, party or ""))
            about = PartyId(row.id)
            whose = f"{row.erp_id} {row.name}"
            position = add_contact(carteggio, row.id, person, by_operator())
        linked = None if position is None else _linked(carteggio, about, position)
    if linked is None:
        out.print(plain(f"{address} is a contact of {whose} already."))
    else:
        out.print(plain(f"{address} is a contact of {whose}; messages linked by it: {linked:,}"))


def remove(
    context: typer.Context,
    address: _Address,
    party: Annotated[str, typer.Option(help=_PARTY)],
) -> None:
    """Remove a contact that was added here; what was linked by it alone is so no longer.

    carteggio contact remove eva@client.example --party C1001
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = asyncio.run(_party(carteggio, party))
        contact = contact_id(carteggio.identity_key, PartyId(row.id), address.strip())
        position = remove_contact(carteggio, row.id, contact, by_operator())
        if position is not None:
            settle(carteggio, position)
    out.print(plain(f"{address} is no contact of {row.erp_id} {row.name} any more."))


async def _party(carteggio: Carteggio, text: str) -> PartyRow:
    async with carteggio.finding() as finder:
        return await finder.party(text)


def _linked(carteggio: Carteggio, party: UUID, position: int) -> int:
    settle(carteggio, position)

    async def counted() -> int:
        async with carteggio.reading() as asked:
            counted = await merges.survivor_of(*asked, EVERYTHING, party)
            return await links.linked_since(*asked, EVERYTHING, counted, position)

    return asyncio.run(counted())
