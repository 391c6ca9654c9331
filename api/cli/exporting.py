"""Taking out: messages as facts, and raw mail."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from api.cli.setting import err, opened, out, plain
from api.work.exporting import Written, message_lines, write_mail
from api.work.finding import Finder
from api.work.instance import Carteggio
from projections.messages import MessageFilter
from projections.reader import EVERYTHING

_Party = Annotated[str | None, typer.Option(help="Only this party's: code, address or name.")]
_Document = Annotated[str | None, typer.Option(help="Only this document's: ERP id or number.")]


def messages(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write to; else the screen.")
    ] = None,
    form: Annotated[
        Literal["jsonl"], typer.Option("--format", help="One JSON object a line.")
    ] = "jsonl",
    variants: Annotated[
        bool,
        typer.Option("--variants", help="A line for each differing form of a message."),
    ] = False,
    party: _Party = None,
    document: _Document = None,
) -> None:
    """Write one line a message: what it is, whom it is about, what answered it.

    carteggio export messages -o messages.jsonl
    """
    del form
    with opened(context) as carteggio, _target(output) as target:
        carteggio.feed.catch_up()
        asyncio.run(_messages(carteggio, party, document, target, variants=variants))


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8") as file:
        yield file


async def _messages(
    carteggio: Carteggio,
    party: str | None,
    document: str | None,
    target: TextIO,
    *,
    variants: bool,
) -> None:
    async with carteggio.reading() as (connection, names):
        finder = Finder(connection, names, EVERYTHING, carteggio.identity_key)
        wanted = await _filter(finder, party, document)
        journal = carteggio.journal if variants else None
        async for line in message_lines(connection, names, EVERYTHING, wanted, journal):
            target.write(json.dumps(line, ensure_ascii=False) + "\n")


async def _filter(finder: Finder, party: str | None, document: str | None) -> MessageFilter:
    return MessageFilter(
        party=await finder.counted((await finder.party(party)).id) if party else None,
        document=(await finder.document(document)).id if document else None,
    )


def mail(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    party: _Party = None,
    document: _Document = None,
) -> None:
    """Write raw messages as .eml files, byte for byte, with a manifest of their digests.

    carteggio export mail case-4711/ --party C01042
    """
    with opened(context) as carteggio:
        carteggio.feed.catch_up()
        written = asyncio.run(_mail(carteggio, party, document, folder))
    for trouble in written.troubles:
        err.print(plain(trouble))
    out.print(
        f"{written.messages:,} messages, {written.files:,} files,"
        f" {written.octets / 1_000_000:,.1f} MB, and manifest.jsonl"
    )
    if written.troubles:
        raise typer.Exit(1)


async def _mail(
    carteggio: Carteggio, party: str | None, document: str | None, folder: Path
) -> Written:
    async with carteggio.reading() as (connection, names):
        finder = Finder(connection, names, EVERYTHING, carteggio.identity_key)
        wanted = await _filter(finder, party, document)
        return await write_mail(connection, names, EVERYTHING, carteggio.blobs, wanted, folder)
