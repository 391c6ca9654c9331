"""What is remembered of addresses: to whom their mail belongs, by a person's word."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.excluding import Mailbox, mailbox_addresses, mailbox_named
from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.work import remembering
from api.work.instance import Carteggio
from api.work.settling import settle
from api.work.tokens import by_operator
from projections import choices, parties
from projections.directory import PartyRow
from projections.reader import EVERYTHING, Page

Address = Annotated[str, typer.Argument(help="The address, in any role of a message.")]
Words = Annotated[
    str, typer.Option("--words", help="Only mail with all these words in its subject.")
]


def remember(
    context: typer.Context,
    address: Address,
    party: Annotated[
        str, typer.Argument(help="ERP code, id, mail address or the beginning of a name.")
    ],
    mailbox: Mailbox = None,
    words: Words = "",
) -> None:
    """Say that all mail with an address belongs to a party, also what is here already.

    The narrower context weighs more; where two contradict, a person chooses as before.

    carteggio choices remember studio@conti.example C0042
    carteggio choices remember studio@conti.example C0043 --words "Cantiere Nord"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        box = mailbox_named(carteggio, mailbox)
        one = asyncio.run(_found(carteggio, party))
        said = remembering.context_of(carteggio, address, box, words)
        id, choice = said.belongs_to(one.id)
        position = remembering.remember(carteggio, id, choice, by_operator())
        if position is not None:
            settle(carteggio, position)
    out.print(plain(f"Mail with {choice.address} belongs to {one.erp_id} {one.name}."))


def forget(
    context: typer.Context, address: Address, mailbox: Mailbox = None, words: Words = ""
) -> None:
    """Let the other rules link mail with an address again; in the context in which it was said.

    carteggio choices forget studio@conti.example --words "Cantiere Nord"
    """
    with opened(context) as carteggio:
        box = mailbox_named(carteggio, mailbox)
        said = remembering.context_of(carteggio, address, box, words)
        position = remembering.forget(carteggio, said.id, by_operator())
        if position is not None:
            settle(carteggio, position)
    out.print(plain(f"To whom mail with {said.address} belongs is told by the other rules."))


def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many lines.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List to whom mail belongs by a person's word, the newest first, and how much rests on it.

    carteggio choices list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        lines, more = asyncio.run(_lines(carteggio, limit))
    table = table_of("address", "?mailbox", "?words", "party", "#messages", "=since", "?by")
    print_rows(lines, asdict, table, partial(_cells, zone=zone), as_json=as_json)
    if more and not as_json:
        out.print(f"The newest {len(lines):,}; ask for more with --limit.")


@dataclass(frozen=True, slots=True)
class _Choice:
    """A line of the list; without a mailbox it holds in every one."""

    address: str
    mailbox: str | None
    words: str
    party: str
    messages: int
    since: datetime
    by: str


async def _lines(carteggio: Carteggio, limit: int) -> tuple[list[_Choice], bool]:
    boxes = await mailbox_addresses(carteggio)
    async with carteggio.reading() as asked:
        found = await choices.page(*asked, EVERYTHING, Page(first=limit))
        named = await parties.by_ids(*asked, EVERYTHING, [row.party for row in found.rows])
        counts = await choices.counts_of(*asked, EVERYTHING, [row.id for row in found.rows], None)
    words = {id: f"{row.erp_id} {row.name}" for id, row in named.items()}
    lines = [
        _Choice(
            address=row.address,
            mailbox=boxes.get(row.mailbox) if row.mailbox else None,
            words=row.words,
            party=words.get(row.party, str(row.party)),
            messages=counts[row.id],
            since=row.at,
            by=f"{row.actor_kind} {row.actor_id}",
        )
        for row in found.rows
    ]
    return lines, found.has_next


def _cells(one: _Choice, zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        plain(one.address),
        plain(one.mailbox or "all"),
        plain(one.words),
        plain(one.party),
        f"{one.messages:,}",
        local(one.since, zone),
        plain(one.by),
    )


async def _found(carteggio: Carteggio, text: str) -> PartyRow:
    async with carteggio.finding() as finder:
        return await finder.party(text)
