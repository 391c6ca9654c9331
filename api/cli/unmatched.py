"""Mail from people outside that belongs to no party or document: the list for a person to look at."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from adapters.owning import Own
from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.work.instance import Carteggio
from domain.correspondents import Ours
from domain.message import Direction
from projections import company, links, messages, parties
from projections.addresses import UnknownRow, unknown
from projections.mail import MessageRow
from projections.messages import MessageFilter
from projections.reader import EVERYTHING, Page

_WANTED: Final = MessageFilter(
    directions=(Direction.INBOUND.value,), automatic=False, is_linked=False
)


def unmatched(
    context: typer.Context,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Whose it is: the addresses that nobody knows.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many lines.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show the mail of people that belongs to nobody known, or to several, the latest first.

    It is linked by itself when the contact is registered (import directory, contact add).

    carteggio unmatched
    carteggio unmatched --addresses
    """
    if addresses:
        _by_address(context, limit, as_json=as_json)
        return
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        rows, more, boxes = asyncio.run(_found(carteggio, limit))
    table = table_of("=received", "from", "subject", "?mailbox", "=id")
    facts, cells = partial(_facts, boxes=boxes), partial(_cells, boxes=boxes, zone=zone)
    print_rows(rows, facts, table, cells, as_json=as_json)
    if more and not as_json:
        out.print(f"The latest {len(rows):,}; ask for more with --limit.")


def _by_address(context: typer.Context, limit: int, *, as_json: bool) -> None:
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        with carteggio.database.pool.connection() as connection:
            ours = Own(connection).all()
        rows, more, near = asyncio.run(_unknown(carteggio, ours, limit))
    table = table_of("address", "?name", "=messages", "=last", "?may be")

    def facts(row: UnknownRow) -> dict[str, object]:
        return {
            "address": row.address,
            "name": row.name,
            "messages": row.messages,
            "last_at": row.last_at,
            "message": row.message,
            "suggestions": near.get(row.address_key, []),
        }

    def cells(row: UnknownRow) -> tuple[str | Text, ...]:
        may_be = plain(", ".join(near.get(row.address_key, [])))
        last = local(row.last_at, zone)
        return plain(row.address), plain(row.name), f"{row.messages:,}", last, may_be

    print_rows(rows, facts, table, cells, as_json=as_json)
    if more and not as_json:
        out.print(f"Those in most messages: {len(rows):,}; ask for more with --limit.")


async def _unknown(
    carteggio: Carteggio, ours: Ours, limit: int
) -> tuple[list[UnknownRow], bool, dict[str, list[str]]]:
    async with carteggio.reading() as asked:
        at = Page(first=limit, counted=False)
        found = await unknown(*asked, EVERYTHING, ours, at, automatic=False)
        said = await links.links_of(*asked, EVERYTHING, [row.message for row in found.rows])
        near = {
            row.address_key: links.candidates(said.get(row.message, ()), row.address_key)
            for row in found.rows
        }
        every = {one for these in near.values() for one in these}
        named = await parties.by_ids(*asked, EVERYTHING, list(every))
    shown = {id: f"{one.erp_id} {one.name}" for id, one in named.items()}
    may_be = {key: [shown[one] for one in these if one in shown] for key, these in near.items()}
    return list(found.rows), found.has_next, may_be


async def _found(
    carteggio: Carteggio, limit: int
) -> tuple[list[MessageRow], bool, dict[UUID, str]]:
    async with carteggio.reading() as asked:
        boxes = {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
        found = await messages.page(*asked, EVERYTHING, _WANTED, Page(first=limit))
    return list(found.rows), found.has_next, boxes


def _facts(row: MessageRow, boxes: Mapping[UUID, str]) -> dict[str, object]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "from": row.sender,
        "subject": row.subject,
        "mailboxes": [boxes.get(one, str(one)) for one in row.mailboxes],
    }


def _cells(row: MessageRow, boxes: Mapping[UUID, str], zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        local(row.received_at, zone),
        plain(row.sender),
        plain(row.subject),
        plain(", ".join(boxes.get(one, str(one)) for one in row.mailboxes)),
        str(row.id),
    )
