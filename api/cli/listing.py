"""Accounts as they are: the last and the next look, what is behind, what is seen, what ends soon."""

import asyncio
from functools import partial
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.setting import fresh, local, opened, plain, print_rows, table_of
from api.work.overview import Overview, overview_of

_COLUMNS: Final = (
    "mailbox", "?server", "?=protocol", "?=security", "~folders", "=state", "=fetched", "?=next",
    "#behind", "~trouble",
)  # fmt: skip


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the accounts: how the last look into each went, how far it is behind, what ends soon.

    Behind is what lay on the server and was not taken in, when that was compared last.

    carteggio account list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found, zone = asyncio.run(overview_of(carteggio)), carteggio.settings.zone
    print_rows(found, _facts, table_of(*_COLUMNS), partial(_cells, zone=zone), as_json=as_json)


def _facts(one: Overview) -> dict[str, object]:
    account, look = one.account, one.look
    return {
        "mailbox": account.address,
        "protocol": account.protocol,
        "host": account.host,
        "port": account.port,
        "security": account.security,
        "user": account.user,
        "login": account.oauth.provider if account.oauth else "password",
        "consent_ends_at": one.consent_ends_at,
        "secret_ends_on": account.oauth.secret_ends_on if account.oauth else None,
        "ending": one.endings,
        "folders": account.folders,
        "coverage": one.not_covered,
        "sent_read_at": one.sent_read_at,
        "delete_after_days": account.delete_after_days,
        "state": one.sort.value,
        "stale": one.is_stale,
        "looked_at": look.tried_at if look else None,
        "fetched_at": look.fetched_at if look else None,
        "next_at": one.next_at,
        "failures": look.failures if look else 0,
        "backlog": one.backlog,
        "compared_at": one.compared_at,
        "trouble": look.trouble if look else "",
        "said": one.trouble,
    }


def _cells(one: Overview, zone: ZoneInfo) -> tuple[str | Text, ...]:
    account, look = one.account, one.look
    troubles = [one.trouble] if one.trouble else []
    if look and look.failures > 1:
        troubles = [f"{said} ({look.failures} times)" for said in troubles]
    return (
        plain(account.address),
        plain(f"{account.host}:{account.port}"),
        account.protocol,
        account.security,
        plain(_covered(one)),
        one.sort.value,
        local(look.fetched_at if look else None, zone),
        local(one.next_at, zone),
        "" if one.backlog is None else f"{one.backlog:,}",
        plain("; ".join(troubles + one.endings)),
    )


def _covered(one: Overview) -> str:
    """Say what is fetched, and what is not seen."""
    pop3 = one.account.protocol == "pop3"
    folders = "INBOX" if pop3 else ", ".join(one.account.folders) or "INBOX, Sent"
    return f"{folders}; {one.not_covered}" if one.not_covered else folders
