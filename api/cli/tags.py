"""Tags of messages at the command line: given, taken away, listed."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.ids import Kind, shown
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain import tagging
from domain.tagging import TaggingCommand, TagMessage, UntagMessage, key_of
from domain.values import Rejected
from projections.mail import MessageRow
from projections.messages import MessageFilter, page
from projections.reader import EVERYTHING, Page
from projections.tags import tag_counts

_Tag = Annotated[str, typer.Argument(help="The word.")]
_Which = Annotated[list[str], typer.Argument(help="Messages, by id or Message-ID.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def add(context: typer.Context, tag: _Tag, which: _Which) -> None:
    """Give messages a tag by which they are found.

    carteggio tag add tender "<4711@acme.example>"
    """
    _say(context, which, TagMessage(tag))


def remove(context: typer.Context, tag: _Tag, which: _Which) -> None:
    """Take a tag away, whoever gave it; `tag add` gives it back.

    carteggio tag remove tender "<4711@acme.example>"
    """
    _say(context, which, UntagMessage(tag))


def list_(
    context: typer.Context,
    tag: Annotated[str | None, typer.Argument(help="Its messages; else all tags.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many.")] = 200,
    as_json: _AsJson = False,
) -> None:
    """List the tags that messages have, or the messages of one, the newest first.

    carteggio tag list tender
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        counts = asyncio.run(_counts(carteggio)) if tag is None else []
        rows = [] if tag is None else asyncio.run(_tagged(carteggio, tag, limit))
    if tag is None:
        facts = [{"tag": word, "messages": count} for word, count in counts]
        table = table_of("tag", "#messages")
        print_rows(
            facts,
            lambda one: one,
            table,
            lambda one: (plain(str(one["tag"])), str(one["messages"])),
            as_json=as_json,
        )
        return
    print_rows(
        rows,
        _facts,
        table_of("=received", "from", "~subject"),
        lambda row: (local(row.received_at, zone), plain(row.sender), plain(row.subject)),
        as_json=as_json,
    )


def _say(context: typer.Context, which: list[str], order: TaggingCommand) -> None:
    with opened(context) as carteggio:
        fresh(carteggio)
        messages = [asyncio.run(_named(carteggio, one)) for one in which]
        changed = [
            carteggio.journal.record(one, tagging, order, by_operator()) is not None
            for one in messages
        ]
        fresh(carteggio)
    done = "tagged" if isinstance(order, TagMessage) else "untagged"
    out.print(plain(f"{sum(changed)} of {len(changed)} messages {done}."))


async def _named(carteggio: Carteggio, text: str) -> UUID:
    async with carteggio.finding() as finder:
        found = await finder.anything(text)
    if found.kind != "message":
        raise Rejected("INVALID", f"{text!r} is a {found.kind}: name a message")
    return found.id


async def _counts(carteggio: Carteggio) -> list[tuple[str, int]]:
    async with carteggio.reading() as asked:
        return await tag_counts(*asked, EVERYTHING)


async def _tagged(carteggio: Carteggio, tag: str, limit: int) -> list[MessageRow]:
    async with carteggio.reading() as asked:
        wanted = MessageFilter(tag=key_of(tag))
        return list((await page(*asked, EVERYTHING, wanted, Page(first=limit))).rows)


def _facts(row: MessageRow) -> dict[str, object]:
    return {
        "message": shown(Kind.MESSAGE, row.id),
        "received_at": row.received_at,
        "from": row.sender,
        "subject": row.subject,
    }
