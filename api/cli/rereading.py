"""Reading mail anew: what could not be read, and what an older reader read."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from adapters.mime.reader import READER
from adapters.mime.worker import ReadingWorker
from api.cli.setting import err, fresh, local, opened, out, plain, print_json, print_rows, table_of
from api.work.instance import Carteggio
from api.work.rereading import PATIENT, Reread, Rereading
from domain.values import Rejected
from projections.quarantine import Unread, read_before, unread
from projections.reader import EVERYTHING

_MOST: Final = 1_000_000
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def list_(context: typer.Context, as_json: _Json = False) -> None:
    """List the mail that could not be read in full, and why; its raw octets are kept.

    carteggio quarantine list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found = asyncio.run(_unread(carteggio))
        zone = carteggio.settings.zone
    table = table_of("=id", "=received", "from", "?subject", "#octets", "#reader", "~why")
    print_rows(found, asdict, table, lambda one: _cells(one, zone), as_json=as_json)


def _cells(one: Unread, zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        str(one.message),
        local(one.received_at, zone),
        plain(one.sender),
        plain(one.subject),
        f"{one.size:,}",
        str(one.reader),
        plain(", ".join(one.defects)),
    )


def reprocess(
    context: typer.Context,
    message: Annotated[
        list[str] | None, typer.Argument(help="A message's id or Message-ID; else all of them.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Try again to read mail that could not be read in full, with more time and memory.

    Exits 1 if some of it still cannot be read. `carteggio work` does the same by itself where
    there is a newer reader.

    carteggio quarantine reprocess
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found = asyncio.run(_named(carteggio, message) if message else _quarantined(carteggio))
        done = _read(carteggio, found, ReadingWorker(PATIENT))
    _tell(done, as_json=as_json)
    if done.degraded or done.lost:
        raise typer.Exit(1)


def reread(
    context: typer.Context,
    older_than_version: Annotated[
        int, typer.Option(help="Read anew what a reader older than this version read.")
    ] = READER,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Record nothing; only count what would change.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Read mail anew that an older version of the reader read; interrupted, it goes on later.

    Where it reads otherwise, links, classification and read models follow.

    carteggio reread --dry-run
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found = asyncio.run(_older(carteggio, older_than_version))
        done = _read(carteggio, found, ReadingWorker(), dry=dry_run)
    _tell(done, as_json=as_json)


def _read(
    carteggio: Carteggio, messages: Sequence[UUID], worker: ReadingWorker, *, dry: bool = False
) -> Reread:
    with worker, _bar() as report:
        done = Rereading(carteggio, worker).run(messages, report, dry=dry)
    fresh(carteggio)
    return done


@contextmanager
def _bar() -> Iterator[Callable[[Reread], None]]:
    columns = (
        TextColumn("reading"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}, {task.fields[changed]:,} otherwise"),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=0, changed=0)
        yield lambda done: bar.update(
            task, completed=done.messages, total=done.of, changed=done.changed
        )


def _tell(done: Reread, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
        return
    out.print(
        f"{done.messages:,} messages read anew: {done.changed:,} read otherwise, {done.mended:,}"
        f" mended, {done.degraded:,} not in full, {done.lost:,} without their octets."
    )


async def _unread(carteggio: Carteggio) -> list[Unread]:
    async with carteggio.reading() as asked:
        return await unread(*asked, EVERYTHING)


async def _quarantined(carteggio: Carteggio) -> list[UUID]:
    async with carteggio.reading() as asked:
        return await read_before(*asked, EVERYTHING, _MOST, degraded=True)


async def _older(carteggio: Carteggio, version: int) -> list[UUID]:
    async with carteggio.reading() as asked:
        return await read_before(*asked, EVERYTHING, version)


async def _named(carteggio: Carteggio, texts: Sequence[str]) -> list[UUID]:
    async with carteggio.finding() as finder:
        found = [await finder.anything(text) for text in texts]
    if other := next((one for one in found if one.kind != "message"), None):
        raise Rejected("NOT_FOUND", f"{other.title} is no message")
    return [one.id for one in found]
