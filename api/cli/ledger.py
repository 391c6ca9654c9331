"""The ledger of receiving: what lies on the servers and was not taken in, for whoever asks."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import typer
from rich.text import Text

from adapters.mime.worker import ReadingWorker
from api.cli.setting import fresh, opened, out, plain, print_rows, table_of
from api.work.checking import Checked, Checking
from api.work.ledger import Compared
from api.work.sync import Sync

_SHOWN: Final = 20
_Row = tuple[Checked, Compared | None]


def ledger(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Argument(help="Only this mailbox; else all that are not paused.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Compare what lies on the servers with what was taken in, folder by folder.

    Exits 1 if something is missing, or could not be compared. New mail is missing until the next
    sync.

    carteggio account ledger
    carteggio account ledger info@firm.example --json
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        with ReadingWorker() as worker:
            checking = Checking(carteggio, Sync(carteggio, worker))
            found = asyncio.run(checking.all([address] if address else ()))
    if not found:
        out.print("No account is active; add one with: carteggio account add")
        return
    table = table_of(
        "mailbox", "folder", "#on server", "#taken in", "#missing", "~UIDs", "?~not fetched", "~trouble"
    )  # fmt: skip
    print_rows(list(_rows(found)), _facts, table, _cells, as_json=as_json)
    if any(one.missing or one.trouble or one.kind for one in found):
        raise typer.Exit(1)


def _rows(found: Iterable[Checked]) -> Iterator[_Row]:
    """Give a row a folder; and one for an account that could not be compared to its end."""
    for checked in found:
        yield from ((checked, one) for one in checked.folders)
        if checked.trouble or not checked.folders:
            yield checked, None


def _facts(row: _Row) -> dict[str, object]:
    checked, one = row
    said: dict[str, object] = {
        "mailbox": checked.account.address,
        "trouble": checked.trouble,
        "warning": checked.warning,
    }
    if one is None:
        return said
    return {
        **said,
        "folder": one.folder,
        "role": one.role,
        "uid_validity": one.uid_validity,
        "on_server": one.on_server,
        "captured": one.captured,
        "missing": one.missing,
        "not_fetched": [{"uid": uid, "reason": why} for uid, why in one.not_fetched.items()],
        "vanished": one.vanished,
        "checked_at": one.checked_at,
    }


def _cells(row: _Row) -> tuple[str | Text, ...]:
    checked, one = row
    said = plain(checked.trouble or checked.warning)
    if one is None:
        return plain(checked.account.address), "", "", "", "", "", "", said
    left = [f"{uid} {why}" for uid, why in one.not_fetched.items()]
    return (
        plain(checked.account.address),
        plain(one.folder),
        f"{one.on_server:,}",
        f"{one.captured:,}",
        f"{len(one.missing):,}",
        plain(_listed([str(uid) for uid in one.missing])),
        plain(_listed(left)),
        said,
    )


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN:,} more (--json lists all)" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
