"""To whom outside the company rules may send, at the command line."""

from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work import recipients
from api.work.tokens import by_operator
from domain.recipients import RecipientApproved

_Address = Annotated[str, typer.Argument(help="The mail address.")]
_Note = Annotated[str, typer.Option(help="Why; kept sealed.")]


def approve(context: typer.Context, address: _Address, note: _Note = "") -> None:
    """Let rules send to an address outside the company.

    carteggio recipient approve archive@partner.example --note "keeps the tenders"
    """
    with opened(context) as carteggio:
        recipients.approve(carteggio, address, note, by_operator())
        fresh(carteggio)
    out.print(plain(f"Rules may send to {address.strip()}."))


def withdraw(context: typer.Context, address: _Address, note: _Note = "") -> None:
    """Let rules send there no more.

    carteggio recipient withdraw archive@partner.example
    """
    with opened(context) as carteggio:
        id = recipients.recipient_of(carteggio, address)
        recipients.withdraw(carteggio, id, note, by_operator())
        fresh(carteggio)
    out.print(plain(f"Rules may not send to {address.strip()} any more."))


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the addresses outside the company to which rules may send.

    carteggio recipient list
    """
    with opened(context) as carteggio:
        found = recipients.recipients(carteggio)
    print_rows(found, _facts, table_of("address", "~note"), _cells, as_json=as_json)


def _facts(one: tuple[UUID, RecipientApproved]) -> dict[str, object]:
    id, event = one
    return {"id": id, "address": event.address, "note": event.note}


def _cells(one: tuple[UUID, RecipientApproved]) -> tuple[Text, ...]:
    return plain(one[1].address), plain(one[1].note)
