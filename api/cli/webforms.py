"""Web forms: addresses that write for others, who stand in Reply-To."""

from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work.instance import Carteggio
from api.work.records import is_address
from api.work.tokens import by_operator
from domain import webform
from domain.identity import web_form_id
from domain.values import Rejected
from domain.webform import DeclareWebForm, WebFormDeclared, WithdrawWebForm

Address = Annotated[str, typer.Argument(help="The address in From of the form's mail.")]


def add(
    context: typer.Context,
    address: Address,
    note: Annotated[str, typer.Option(help="Which form it is; kept sealed.")] = "",
) -> None:
    """Take mail from an address for that of whoever stands in Reply-To, also what is here already.

    carteggio form add info@firm.example
    """
    clean = address.strip().casefold()
    if not is_address(clean):
        raise Rejected("INVALID", f"{address!r} is no mail address")
    with opened(context) as carteggio:
        id = web_form_id(carteggio.identity_key, clean)
        declared = DeclareWebForm(WebFormDeclared(clean, note))
        carteggio.journal.record(id, webform, declared, by_operator())
        fresh(carteggio)
    out.print(plain(f"Mail from {clean} is taken for that of whoever stands in Reply-To."))


def remove(context: typer.Context, address: Address) -> None:
    """Take mail from an address for its own again.

    carteggio form remove info@firm.example
    """
    with opened(context) as carteggio:
        id = web_form_id(carteggio.identity_key, address.strip())
        carteggio.journal.record(id, webform, WithdrawWebForm(), by_operator())
        fresh(carteggio)
    out.print(plain(f"Mail from {address.strip()} is its own again."))


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the addresses that write for others.

    carteggio form list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found = _declared(carteggio)
    table = table_of("address", "~note")
    print_rows(
        found, asdict, table, lambda one: (plain(one.address), plain(one.note)), as_json=as_json
    )


def _declared(carteggio: Carteggio) -> list[WebFormDeclared]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT stream FROM matching_ours WHERE forms <> '{}'")
        streams = [row[0] for row in rows]
    forms = dict.fromkeys(streams, webform.initial)
    for recorded in carteggio.journal.streams(streams):
        forms[recorded.stream] = webform.evolve(forms[recorded.stream], recorded.event)
    return sorted((f.standing for f in forms.values() if f.standing), key=lambda one: one.address)
