"""What lies on the servers: folders, and mail that was not fetched; fetching it on demand."""

import asyncio
from functools import partial
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from adapters.imap.values import Role
from adapters.mailservers import ServerTrouble
from adapters.mime.worker import ReadingWorker
from api.cli.setting import err, fresh, local, opened, out, plain, print_rows, table_of
from api.cli.syncing import show_synced
from api.ids import id_in
from api.work.arrivals import NOT_STORED
from api.work.following import followed
from api.work.instance import Carteggio
from api.work.leftovers import NOT_GIVEN, TOO_LARGE, want, want_all
from api.work.overlooking import Folder, Left, account_named, folders_of, left_of
from api.work.sync import Sync
from domain.values import Rejected

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_WHY: Final = {
    TOO_LARGE: "too large",
    NOT_GIVEN: "the server does not give it",
    NOT_STORED: "it cannot be stored here: the log says why",
}


def folders(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mailbox's address.")],
    as_json: _Json = False,
) -> None:
    """List the folders on a mailbox's server: ours, shared ones, and which of them are fetched.

    Others are chosen with --folder of `carteggio account add`.

    carteggio account folders info@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        with ReadingWorker() as worker:
            found, warning = asyncio.run(_asked(carteggio, worker, address))
    table = table_of("folder", "=whose", "=for", "#messages", "=fetched")
    print_rows(found, _facts, table, _cells, as_json=as_json)
    if warning:
        err.print(plain(warning))


async def _asked(
    carteggio: Carteggio, worker: ReadingWorker, address: str
) -> tuple[list[Folder], str]:
    sync = Sync(carteggio, worker)
    try:
        return await folders_of(sync, await account_named(carteggio, address))
    except ServerTrouble as trouble:
        raise Rejected("NO_FOLDERS", trouble.sentence) from trouble
    finally:
        await sync.close()


def _facts(one: Folder) -> dict[str, object]:
    return {
        "folder": one.folder.name,
        "namespace": one.folder.namespace.value,
        "role": one.folder.role.value,
        "special_use": one.folder.uses,
        "messages": one.messages,
        "chosen": one.chosen,
    }


def _cells(one: Folder) -> tuple[str | Text, ...]:
    role = () if one.folder.role is Role.OTHER else (one.folder.role.value,)
    return (
        plain(one.folder.name),
        one.folder.namespace.value,
        ", ".join(dict.fromkeys((*role, *one.folder.uses))),
        "" if one.messages is None else f"{one.messages:,}",
        "yes" if one.chosen else "",
    )


def left(
    context: typer.Context,
    address: Annotated[str | None, typer.Argument(help="Only this mailbox; else all.")] = None,
    as_json: _Json = False,
) -> None:
    """List mail on the servers that was not fetched, and why; of what is too large the header is here.

    carteggio account left
    carteggio account left info@firm.example --json
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found, zone = asyncio.run(left_of(carteggio, address or "")), carteggio.settings.zone
    table = table_of(
        "mailbox", "?folder", "=id", "from", "subject", "#octets", "~why", "#tries", "?=again"
    )
    print_rows(found, _left_facts, table, partial(_left_cells, zone=zone), as_json=as_json)


def _left_facts(one: Left) -> dict[str, object]:
    left = one.leftover
    return {
        "mailbox": one.account.address,
        "folder": one.folder,
        "uid": left.uid,
        "message": left.message,
        "from": one.sender,
        "subject": one.subject,
        "size": left.size,
        "reason": left.reason,
        "tries": left.tries,
        "noted_at": left.noted_at,
        "next_at": one.next_at,
    }


def _left_cells(one: Left, zone: ZoneInfo) -> tuple[str | Text, ...]:
    left = one.leftover
    return (
        plain(one.account.address),
        plain(one.folder),
        str(left.message or ""),
        plain(one.sender),
        plain(one.subject),
        "" if left.size is None else f"{left.size:,}",
        _WHY.get(left.reason, left.reason),
        str(left.tries),
        local(one.next_at, zone),
    )


def _wanted(carteggio: Carteggio, address: str, these: list[UUID]) -> int:
    """Note what is wanted; give how much that is."""
    most = carteggio.settings.max_message_bytes
    if not these:
        account = asyncio.run(account_named(carteggio, address))
        return want_all(carteggio.database, account.id, most)
    known = asyncio.run(left_of(carteggio, address))
    if unknown := set(these) - {one.leftover.message for one in known}:
        sentence = f"nothing is left of {', '.join(map(str, sorted(unknown)))}"
        raise Rejected("NOT_FOUND", f"{sentence}; see: carteggio account left {address}")
    return len(want(carteggio.database, these, most))


def _id(text: str) -> UUID:
    if (id := id_in(text)) is None:
        raise typer.BadParameter(f"{text!r} is no id")
    return id


def fetch(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mailbox's address.")],
    message: Annotated[
        list[UUID] | None,
        typer.Argument(
            help="Ids of messages, as `carteggio account left` tells them; else all.",
            parser=_id,
            metavar="[MESSAGE]...",
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Fetch mail of which only the header is here, as it is so large.

    carteggio account fetch info@firm.example
    carteggio account fetch info@firm.example 0b1c0f8e-7d0e-8c55-9c36-5f4d3c1d6a11
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        wanted = _wanted(carteggio, address, message or [])
        with ReadingWorker() as worker, followed(carteggio.feed):
            found = asyncio.run(Sync(carteggio, worker).all([address]))
        carteggio.feed.catch_up()
    show_synced(found, as_json=as_json)
    if not wanted:
        out.print("Nothing was left out because of its size.")
    if any(one.trouble for one in found):
        raise typer.Exit(1)
