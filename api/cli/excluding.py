"""The do-not-capture list: whose mail is never taken in."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.text import Text

from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work import excluding
from api.work.excluding import Count, Exclusions
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain.exclusion import ExclusionAdded, Side
from domain.values import MailboxId, Rejected
from projections import company
from projections.reader import EVERYTHING

_ENDS: Final = {Side.SENDER: "from", Side.RECIPIENT: "to", Side.EITHER: "from or to"}

Pattern = Annotated[
    str, typer.Argument(help="An address, or a domain with all below it.", metavar="WHOSE")
]
At = Annotated[
    Side,
    typer.Option(
        "--as",
        help="At which end of a mail it counts. A sender is in From or Sender, or inside of"
        " certified mail (PEC); Reply-To does not count.",
    ),
]
Mailbox = Annotated[str | None, typer.Option(help="Only in this mailbox; else in all.")]


def add(
    context: typer.Context,
    whose: Pattern,
    side: At = Side.EITHER,
    mailbox: Mailbox = None,
    note: Annotated[str, typer.Option(help="Why; it is kept sealed.")] = "",
    own: Annotated[
        bool, typer.Option("--own", help="Also if it is, or covers, an address of our own.")
    ] = False,
) -> None:
    """Take no mail in from or to an address or domain, from now on; only how much is counted.

    The mail stays on its server. What was taken in before stays here.

    carteggio exclude add bank.example
    carteggio exclude add hr@firm.example --as recipient --mailbox info@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)  # what is ours, and the mailboxes
        box = mailbox_named(carteggio, mailbox)
        added = excluding.add(carteggio.journal, whose, side, box, note, by_operator(), own=own)
        fresh(carteggio)
    end = _ENDS[side]
    out.print(plain(f"Mail {end} {added.pattern} is not taken in from now on."))


def remove(
    context: typer.Context, whose: Pattern, side: At = Side.EITHER, mailbox: Mailbox = None
) -> None:
    """Take such mail in again, from now on; what was passed over meanwhile is not fetched again.

    carteggio exclude remove bank.example
    """
    with opened(context) as carteggio:
        box = mailbox_named(carteggio, mailbox)
        excluding.remove(carteggio.journal, whose, side, box, by_operator())
        fresh(carteggio)
    out.print(plain(f"Mail {_ENDS[side]} {whose.strip()} is taken in again from now on."))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the list."""

    rule: ExclusionAdded
    mailbox: str
    count: Count | None


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List whose mail is not taken in, and how much that was so far.

    carteggio exclude list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        rules = Exclusions(carteggio.journal).rules()
        boxes = asyncio.run(mailbox_addresses(carteggio))
        with carteggio.database.pool.connection() as connection:
            counted = excluding.counts(connection, [id for id, _ in rules])
    entries = [_Entry(rule, _named(rule.mailbox, boxes), counted.get(id)) for id, rule in rules]
    table = table_of("whose", "=as", "?mailbox", "#passed over", "=last", "~note")
    print_rows(entries, _facts, table, _cells, as_json=as_json)


def _facts(one: _Entry) -> dict[str, object]:
    return {
        "whose": one.rule.pattern,
        "as": one.rule.side.value,
        "mailbox": one.mailbox or None,
        "passed_over": one.count.messages if one.count else 0,
        "last": one.count.last if one.count else None,
        "note": one.rule.note,
    }


def _cells(one: _Entry) -> tuple[str | Text, ...]:
    return (
        plain(one.rule.pattern),
        one.rule.side.value,
        plain(one.mailbox or "all"),
        f"{one.count.messages if one.count else 0:,}",
        str(one.count.last) if one.count else "",
        plain(one.rule.note),
    )


def mailbox_named(carteggio: Carteggio, address: str | None) -> MailboxId | None:
    """Give the mailbox that is named; None where none is."""
    if address is None:
        return None
    fresh(carteggio)
    boxes = asyncio.run(mailbox_addresses(carteggio))
    found = [id for id, one in boxes.items() if one.casefold() == address.strip().casefold()]
    if not found:
        sentence = f"there is no mailbox {address}; leave --mailbox out, or make it known first"
        raise Rejected("NOT_FOUND", f"{sentence}, by mailboxes.csv or its account")
    return MailboxId(found[0])


async def mailbox_addresses(carteggio: Carteggio) -> dict[UUID, str]:
    """Give the addresses of all mailboxes."""
    async with carteggio.reading() as asked:
        return {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}


def _named(mailbox: MailboxId | None, boxes: Mapping[UUID, str]) -> str:
    return "" if mailbox is None else boxes.get(mailbox, str(mailbox))
