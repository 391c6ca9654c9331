"""Fetching accounts now, and how it went."""

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from adapters.mime.worker import ReadingWorker
from api.cli.setting import err, fresh, moment, opened, out, plain, print_rows, table_of
from api.work.accounts import accounts_of
from api.work.batches import seldom_collecting
from api.work.following import followed
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def sync(
    context: typer.Context,
    mailbox: Annotated[
        list[str] | None, typer.Option(help="Only this mailbox; again for more.")
    ] = None,
    cut_off: Annotated[
        str | None,
        typer.Option(help="At a first look: older mail is archive. Else 30 days ago."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Fetch what is new in every account that is not paused.

    carteggio sync
    carteggio sync --mailbox info@firm.example --cut-off 2026-01-01
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        before = moment(cut_off, carteggio.settings.zone) if cut_off is not None else None
        with ReadingWorker() as worker, followed(carteggio.feed), seldom_collecting():
            found = asyncio.run(Sync(carteggio, worker).all(mailbox or (), before))
        carteggio.feed.catch_up()
        if found:
            show_synced(found, as_json=as_json)
        else:
            (err if as_json else out).print(_none_active(carteggio))
    if any(one.trouble for one in found):
        raise typer.Exit(1)


def _none_active(carteggio: Carteggio) -> str:
    """Say why nothing was fetched, and what to do."""
    if asyncio.run(accounts_of(carteggio)):
        return "Every account is paused; resume one with: carteggio account resume"
    return "No account is there; add one with: carteggio account add"


def show_synced(found: list[Synced], *, as_json: bool) -> None:
    """Print how looks into accounts went."""
    table = table_of("mailbox", "#new", "#known", "#not fetched", "?folders", "~trouble")
    print_rows(found, _synced_facts, table, _synced_cells, as_json=as_json)


def _synced_facts(one: Synced) -> dict[str, object]:
    return {
        "mailbox": one.account.address,
        "stored": one.counts.stored,
        "known": one.counts.known,
        "not_fetched": one.not_fetched,
        "folders": one.folders,
        "trouble": one.trouble,
        "warning": one.warning,
    }


def _synced_cells(one: Synced) -> tuple[str | Text, ...]:
    return (
        plain(one.account.address),
        f"{one.counts.stored:,}",
        f"{one.counts.known:,}",
        f"{one.not_fetched:,}",
        plain(", ".join(one.folders)),
        plain(one.trouble or one.warning),
    )
