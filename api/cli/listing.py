"""Accounts as they are: where they are fetched from, how the last look went, and what ends soon."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.setting import fresh, local, opened, plain, print_rows, table_of
from api.work.accounts import Account, AccountState, accounts_of, states_of
from api.work.consent import endings, ends_of

BLIND: Final = "POP3 shows no Sent folder: answers sent elsewhere are not seen"
_COLUMNS: Final = (
    "mailbox", "?server", "?=protocol", "?=security", "~folders", "=state", "=fetched", "~trouble",
)  # fmt: skip


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the accounts, how the last look into each went, and what ends within a week.

    carteggio account list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        accounts, states = asyncio.run(accounts_of(carteggio)), states_of(carteggio)
        ends, zone = ends_of(carteggio), carteggio.settings.zone
    now = datetime.now(UTC)
    ending = {one.id: endings(one, ends.get(one.id), now) for one in accounts}
    facts = partial(_facts, states=states, ends=ends, ending=ending)
    cells = partial(_cells, states=states, ending=ending, zone=zone)
    print_rows(accounts, facts, table_of(*_COLUMNS), cells, as_json=as_json)


def _facts(
    one: Account,
    states: Mapping[UUID, AccountState],
    ends: Mapping[UUID, datetime],
    ending: Mapping[UUID, list[str]],
) -> dict[str, object]:
    last = states.get(one.id)
    return {
        "mailbox": one.address,
        "protocol": one.protocol,
        "host": one.host,
        "port": one.port,
        "security": one.security,
        "user": one.user,
        "login": one.oauth.provider if one.oauth else "password",
        "consent_ends_at": ends.get(one.id),
        "secret_ends_on": one.oauth.secret_ends_on if one.oauth else None,
        "ending": ending[one.id],
        "folders": one.folders,
        "coverage": BLIND if one.protocol == "pop3" else "",
        "delete_after_days": one.delete_after_days,
        "state": _state(one),
        "fetched_at": last.fetched_at if last else None,
        "trouble": last.trouble if last else "",
    }


def _cells(
    one: Account,
    states: Mapping[UUID, AccountState],
    ending: Mapping[UUID, list[str]],
    zone: ZoneInfo,
) -> tuple[str | Text, ...]:
    last = states.get(one.id)
    troubles = [last.trouble] if last and last.trouble else []
    return (
        plain(one.address),
        plain(f"{one.host}:{one.port}"),
        one.protocol,
        one.security,
        plain(_covered(one)),
        _state(one),
        local(last.fetched_at if last else None, zone),
        plain("; ".join(troubles + ending[one.id])),
    )


def _covered(one: Account) -> str:
    """Say what is fetched, and what cannot be seen."""
    if one.protocol == "pop3":
        return "INBOX; answers sent elsewhere are not seen"
    return ", ".join(one.folders) or "INBOX, Sent"


def _state(one: Account) -> str:
    if one.paused:
        return "paused"
    return "needs consent" if one.needs_consent else "active"
