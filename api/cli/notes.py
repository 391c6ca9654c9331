"""Internal notes on messages and documents; they are part of no mail."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from adapters.ids import uuid7
from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.ids import id_in
from api.work import notes
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain.values import NoteId, Rejected
from projections.notes import NoteRow, note, notes_of
from projections.reader import EVERYTHING

_About = Annotated[
    str,
    typer.Argument(help="A message's id or Message-ID, or a document's id or number."),
]
_Id = Annotated[str, typer.Argument(help="The note's id; see: note list.")]
_Text = Annotated[str, typer.Argument(help="What is to be known.")]


def add(context: typer.Context, about: _About, text: _Text) -> None:
    """Note something about a message or document, for the company's own people alone.

    carteggio note add AB-2026-17 "He rang: Monday will do."
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        object, title = asyncio.run(_found(carteggio, about))
        id = NoteId(uuid7())
        notes.add(carteggio, object, id, text, by_operator())
        fresh(carteggio)
    out.print(plain(f"Noted about {title}: {id}"))


def change(context: typer.Context, id: _Id, text: _Text) -> None:
    """Let a note say something else; what it said stays in the trail.

    carteggio note change 01a21990-4252-7191-91ae-c9a95b8a1155 "He rang: Tuesday will do."
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = asyncio.run(_note(carteggio, id))
        notes.change(carteggio, row.object, NoteId(row.id), text, by_operator())
        fresh(carteggio)
    out.print(plain("The note was changed."))


def withdraw(context: typer.Context, id: _Id) -> None:
    """Show a note no more; what it said stays in the trail.

    carteggio note withdraw 01a21990-4252-7191-91ae-c9a95b8a1155
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = asyncio.run(_note(carteggio, id))
        notes.withdraw(carteggio, row.object, NoteId(row.id), by_operator())
        fresh(carteggio)
    out.print(plain("The note was withdrawn."))


def list_(
    context: typer.Context,
    about: _About,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the notes on a message or document, the oldest first.

    carteggio note list AB-2026-17
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        title, lines = asyncio.run(_lines(carteggio, about))
    table = table_of("=id", "=noted", "=changed", "?by", "~text", title=str(plain(title)))
    print_rows(lines, asdict, table, partial(_cells, zone=zone), as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the list."""

    id: UUID
    at: datetime
    changed_at: datetime | None
    by: str
    text: str


async def _found(carteggio: Carteggio, about: str) -> tuple[UUID, str]:
    async with carteggio.finding() as finder:
        found = await finder.anything(about)
    if found.kind not in ("message", "document"):
        raise Rejected("INVALID", f"{about!r} is a {found.kind}: name a message or a document")
    return found.id, f"{found.kind} {found.title}"


async def _note(carteggio: Carteggio, text: str) -> NoteRow:
    id = id_in(text)
    async with carteggio.reading() as asked:
        row = await note(*asked, EVERYTHING, id) if id is not None else None
    if row is None:
        raise Rejected("NOT_FOUND", f"there is no note {text!r}; see: note list")
    return row


async def _lines(carteggio: Carteggio, about: str) -> tuple[str, list[_Line]]:
    object, title = await _found(carteggio, about)
    async with carteggio.reading() as asked:
        rows = await notes_of(*asked, EVERYTHING, [object])
    lines = [
        _Line(row.id, row.at, row.changed_at, f"{row.actor_kind} {row.actor_id}", row.text)
        for row in rows.get(object, ())
    ]
    return title, lines


def _cells(one: _Line, zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        str(one.id),
        local(one.at, zone),
        local(one.changed_at, zone),
        plain(one.by),
        plain(one.text),
    )
