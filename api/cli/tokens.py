"""Access tokens for programs and people that ask the API."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.setting import (
    fresh,
    local,
    moment,
    opened,
    out,
    plain,
    print_json,
    print_rows,
    table_of,
)
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.tokens import issue
from api.work.tokens import revoke as shut_out
from domain.access import Scope
from domain.values import MailboxId, Rejected
from projections import access, company
from projections.access import TokenRow
from projections.reader import EVERYTHING

_SPAN = re.compile(r"(\d{1,5})\s*(d|days?|h|hours?)")


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; again for more. Else read_mail.")
    ] = None,
    mailbox: Annotated[
        list[str] | None, typer.Option(help="A mailbox it sees; again for more. Else all.")
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(help="A colleague: it sees what is shared with him, as it is then."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: 90d, 12h, or a day as 2026-12-31.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Issue a token, and print it: it is shown this once only.

    carteggio token create erp --scope read_mail --mailbox info@firm.example --expires 90d
    carteggio token create giulia --scope read_mail --user giulia@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        ends = _end(expires, carteggio.settings.zone) if expires else None
        boxes = asyncio.run(mailboxes_named(carteggio, mailbox)) if mailbox else None
        colleague = colleague_at(carteggio, user) if user is not None else None
        if colleague is not None:
            boxes = boxes or []
        scopes = scope or [Scope.READ_MAIL]
        bearer = issue(carteggio, name, scopes, boxes, ends, colleague)
        fresh(carteggio)
    if as_json:
        print_json({"id": bearer.id, "token": str(bearer), "expires_at": ends})
    else:
        print(bearer)


def _end(text: str, zone: ZoneInfo) -> datetime:
    now = datetime.now(UTC)
    if span := _SPAN.fullmatch(text.strip().lower()):
        count = int(span[1])
        ends = now + (timedelta(days=count) if span[2][0] == "d" else timedelta(hours=count))
    else:
        ends = moment(text, zone)
    if ends <= now:
        raise Rejected("INVALID", "the token would have ended already; choose a later time")
    return ends


async def mailboxes_named(carteggio: Carteggio, addresses: list[str]) -> list[MailboxId]:
    """Give the mailboxes with these addresses."""
    found = []
    async with carteggio.reading() as asked:
        for address in addresses:
            row = await company.mailbox_by_address(*asked, EVERYTHING, address.strip())
            if row is None:
                raise Rejected("NOT_FOUND", f"there is no mailbox {address}")
            found.append(MailboxId(row.id))
    return found


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List tokens, the newest first; their secrets are not kept.

    carteggio token list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        rows, names = asyncio.run(_tokens(carteggio))
        zone = carteggio.settings.zone
    table = table_of("=id", "name", "=may", "?sees", "?=issued", "=ends", "=state")
    facts, cells = partial(_facts, names=names), partial(_cells, names=names, zone=zone)
    print_rows(rows, facts, table, cells, as_json=as_json)


def _cells(row: TokenRow, names: Mapping[UUID, str], zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        row.id.hex,
        plain(row.name),
        ", ".join(row.scopes),
        plain(_sees(row, names)),
        local(row.issued_at, zone),
        local(row.expires_at, zone),
        _state(row),
    )


def _sees(row: TokenRow, names: Mapping[UUID, str]) -> str:
    if row.colleague is not None:
        return f"what is shared with {names.get(row.colleague, row.colleague)}"
    if row.mailboxes is None:
        return "everything"
    return ", ".join(names.get(one, str(one)) for one in row.mailboxes)


def _facts(row: TokenRow, names: Mapping[UUID, str]) -> dict[str, object]:
    return {
        "id": row.id.hex,
        "name": row.name,
        "scopes": row.scopes,
        "sees": _sees(row, names),
        "issued_at": row.issued_at,
        "expires_at": row.expires_at,
        "state": _state(row),
    }


def _state(row: TokenRow) -> str:
    if row.revoked_at is not None:
        return "revoked"
    ended = row.expires_at is not None and row.expires_at <= datetime.now(UTC)
    return "ended" if ended else "valid"


async def _tokens(carteggio: Carteggio) -> tuple[list[TokenRow], dict[UUID, str]]:
    async with carteggio.reading() as asked:
        boxes = await company.mailboxes(*asked, EVERYTHING)
        people = await company.colleagues(*asked, EVERYTHING)
        names = {one.id: one.address for one in boxes}
        names |= {one.id: one.address for one in people}
        return await access.tokens(*asked, EVERYTHING), names


def revoke(
    context: typer.Context,
    token: Annotated[str, typer.Argument(help="A token's id, or its name if no other bears it.")],
) -> None:
    """Shut a token out, at once and for ever.

    carteggio token revoke erp
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        rows, _ = asyncio.run(_tokens(carteggio))
        valid = [row for row in rows if row.revoked_at is None]
        found = [row for row in valid if token in (row.id.hex, str(row.id), row.name)]
        if len(found) != 1:
            why = "several valid tokens bear" if found else "no valid token has"
            raise Rejected(
                "NOT_FOUND", f"{why} the name or id {token!r}; see: carteggio token list"
            )
        shut_out(carteggio, found[0].id)
        fresh(carteggio)
    out.print(plain(f"The token {found[0].name} is revoked."))
