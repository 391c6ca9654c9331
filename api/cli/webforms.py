"""Web forms: addresses that write for others, who stand in Reply-To."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.text import Text

from api.cli.excluding import Mailbox, mailbox_addresses, mailbox_named
from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work.tokens import by_operator
from api.work.webforms import declare, declared, form_of, withdraw

Address = Annotated[str, typer.Argument(help="The address in From of the form's mail.")]


def add(
    context: typer.Context,
    address: Address,
    mailbox: Mailbox = None,
    note: Annotated[str, typer.Option(help="Which form it is; kept sealed.")] = "",
) -> None:
    """Take mail from an address for that of whoever stands in Reply-To, also what is here already.

    carteggio form add info@firm.example
    carteggio form add shop@host.example --mailbox sales@firm.example
    """
    with opened(context) as carteggio:
        id, form = form_of(carteggio, address, note, mailbox_named(carteggio, mailbox))
        declare(carteggio, id, form, by_operator())
        fresh(carteggio)
    said = f"Mail from {form.address} is taken for that of whoever stands in Reply-To"
    out.print(plain(f"{said}, in {mailbox.strip()}." if mailbox else f"{said}."))


def remove(context: typer.Context, address: Address, mailbox: Mailbox = None) -> None:
    """Take mail from an address for its own again.

    carteggio form remove info@firm.example
    """
    with opened(context) as carteggio:
        id, form = form_of(carteggio, address, mailbox=mailbox_named(carteggio, mailbox))
        withdraw(carteggio, id, by_operator())
        fresh(carteggio)
    out.print(plain(f"Mail from {form.address} is its own again."))


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the addresses that write for others.

    carteggio form list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        boxes = asyncio.run(mailbox_addresses(carteggio))
        found = [
            _Form(one.address, boxes.get(one.mailbox) if one.mailbox else None, one.note)
            for _, one in declared(carteggio)
        ]
    table = table_of("address", "?mailbox", "~note")
    print_rows(found, asdict, table, _cells, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Form:
    """A line of the list; without a mailbox it is a form in every one."""

    address: str
    mailbox: str | None
    note: str


def _cells(one: _Form) -> tuple[str | Text, ...]:
    return plain(one.address), plain(one.mailbox or "all"), plain(one.note)
