"""Mail is marked, or moved into another folder, from the command line."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer

from api.cli.setting import fresh, opened, out
from api.work.accounts import accounts_of
from api.work.finding import Found
from api.work.instance import Carteggio
from api.work.ordering import MarksWanted, MoveWanted, Ordering, folder_named
from api.work.tokens import by_operator
from domain.identity import mailbox_id
from domain.values import MailboxId, Rejected
from projections import messages
from projections.reader import EVERYTHING

_Flag = bool | None
_Seen = Annotated[_Flag, typer.Option("--seen/--unseen", help="As read.")]
_Flagged = Annotated[_Flag, typer.Option("--flagged/--unflagged", help="As important.")]
_Answered = Annotated[_Flag, typer.Option("--answered/--unanswered", help="As answered.")]
_Move = Annotated[str | None, typer.Option(metavar="FOLDER", help="Move it into this folder.")]
_Mailbox = Annotated[str | None, typer.Option(help="Only in this mailbox; else wherever it lies.")]
_Folder = Annotated[str | None, typer.Option(help="Only where it lies in this folder.")]


def mark(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A message's id or Message-ID.")],
    seen: _Seen = None,
    flagged: _Flagged = None,
    answered: _Answered = None,
    move: _Move = None,
    mailbox: _Mailbox = None,
    folder: _Folder = None,
) -> None:
    """Mark a message, or move it, here at once and at its mail server by who attends the account.

    carteggio mark "<4711@mail.firm.example>" --seen --flagged
    carteggio mark "<4711@mail.firm.example>" --move Archive
    """
    asked = {"seen": seen, "flagged": flagged, "answered": answered}
    if move is None and not any(one is not None for one in asked.values()):
        raise typer.BadParameter("say what to do: --seen, --flagged, --answered or --move FOLDER")
    with opened(context) as carteggio:
        fresh(carteggio)
        box = mailbox_id(carteggio.identity_key, mailbox.strip()) if mailbox else None
        marks = _marks(asked, box, folder_named(folder) if folder else "")
        done = _ordered(carteggio, message, marks, move)
        fresh(carteggio)
    if done:
        out.print("Done here. At the mail server: at once while carteggio serve, or work, runs.")
    else:
        out.print("It is so already.")


def _ordered(carteggio: Carteggio, text: str, marks: MarksWanted, move: str | None) -> bool:
    """Order what is asked for; False if it is so already."""
    found, boxes = asyncio.run(_found(carteggio, text))
    ordering = Ordering(carteggio, asyncio.run(accounts_of(carteggio)))
    done = []
    if marks.added or marks.removed:
        done.append(ordering.mark(found.id, marks, by_operator()))
    if move is not None:
        to = MoveWanted(marks.mailbox or _only(boxes), folder_named(move), marks.folder)
        done.append(ordering.move(found.id, to, by_operator()))
    return any(one is not None for one in done)


async def _found(carteggio: Carteggio, text: str) -> tuple[Found, list[MailboxId]]:
    async with carteggio.finding() as finder:
        found = await finder.anything(text)
        if found.kind != "message":
            raise Rejected("NOT_FOUND", f"{text!r} names no message")
        rows = await messages.by_ids(finder.connection, finder.names, EVERYTHING, [found.id])
    return found, [MailboxId(one) for row in rows.values() for one in row.mailboxes]


def _marks(asked: Mapping[str, _Flag], mailbox: MailboxId | None, folder: str) -> MarksWanted:
    added = tuple(name for name, wanted in asked.items() if wanted is True)
    removed = tuple(name for name, wanted in asked.items() if wanted is False)
    return MarksWanted(added, removed, mailbox, folder)


def _only(boxes: list[MailboxId]) -> MailboxId:
    if len(boxes) != 1:
        raise Rejected("AMBIGUOUS", "it lies in several mailboxes: say in which with --mailbox")
    return boxes[0]
