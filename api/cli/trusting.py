"""Whose word about senders is taken: the mail servers of the company."""

import asyncio
from typing import Annotated

import typer

from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work.tokens import by_operator
from domain import authentication
from domain.authentication import DistrustServer, ServerTrusted, TrustServer, server_of
from domain.identity import server_id
from projections.authentication import TrustedRow, trusted
from projections.reader import EVERYTHING

Server = Annotated[
    str, typer.Argument(help="Its name, as it stands first in Authentication-Results.")
]


def add(context: typer.Context, server: Server) -> None:
    """Believe what a mail server of ours says of senders (RFC 8601): SPF, DKIM, DMARC.

    It has to take away what others write in its name. Where DMARC fails, addresses are links to be
    confirmed, no more.

    carteggio trust add mx.firm.example
    """
    name = server_of(server)
    with opened(context) as carteggio:
        id = server_id(carteggio.company, name)
        carteggio.journal.record(
            id, authentication, TrustServer(ServerTrusted(name)), by_operator()
        )
        fresh(carteggio)
    out.print(plain(f"What {name} says about senders is believed."))


def remove(context: typer.Context, server: Server) -> None:
    """Believe a mail server no longer.

    carteggio trust remove mx.firm.example
    """
    name = server_of(server)
    with opened(context) as carteggio:
        id = server_id(carteggio.company, name)
        carteggio.journal.record(id, authentication, DistrustServer(), by_operator())
        fresh(carteggio)
    out.print(plain(f"What {name} says about senders is believed no longer."))


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the mail servers that are believed.

    carteggio trust list
    """

    async def found() -> list[TrustedRow]:
        async with carteggio.reading() as asked:
            return await trusted(*asked, EVERYTHING)

    with opened(context) as carteggio:
        fresh(carteggio)
        rows = asyncio.run(found())
    table = table_of("server")
    print_rows(
        rows, lambda one: {"server": one.server}, table, lambda one: (plain(one.server),), as_json=as_json
    )  # fmt: skip
