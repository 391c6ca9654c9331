"""Conversations are closed with a reason: they need no (further) answer; and reopened."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from adapters.ids import uuid7
from api.cli.picking import Asked, Dry, File, Which, stamp_of, tell
from api.cli.setting import fresh, local, opened, out, plain, table_of
from api.cli.unanswered import Box, Chosen, Of, Owner
from api.work.handpicking import Picked
from api.work.instance import Carteggio
from api.work.saidbefore import done_by
from domain import message as mail
from domain.message import CloseMessage, CloseReason, ReopenMessage
from domain.recorded import Envelope
from domain.values import Rejected

_Note = Annotated[str, typer.Option(help="What else is to be said; it is kept sealed.")]
_LONGEST = 2_000


def close(
    context: typer.Context,
    reason: Annotated[CloseReason, typer.Argument(help="Why it needs no answer.")],
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    note: _Note = "",
    dry_run: Dry = False,
) -> None:
    """Say that conversations need no (further) answer; they stop waiting.

    carteggio close answered_by_phone a1@acme.example --note "Viene giovedì."
    """
    asked = Asked(which, file, Chosen(owner, mailbox, party), dry_run)
    with opened(context) as carteggio:
        fresh(carteggio)
        stamp = stamp_of(carteggio)
        picked = asked.picked(carteggio)
        if dry_run:
            _show(carteggio, picked)
            return
        refused = _say(carteggio, picked.messages, CloseMessage(reason, _short(note)), stamp)
        fresh(carteggio)
    out.print(plain(f"{len(picked.shown)} closed. To undo it: reopen --order {stamp.command_id}"))
    tell([*picked.refused, *refused])


def reopen(
    context: typer.Context,
    which: Which = None,
    file: File = None,
    order: Annotated[str, typer.Option(help="All that one order closed, by its id.")] = "",
    note: _Note = "",
) -> None:
    """Take such a decision back: what asks for an answer waits again, since its own time.

    carteggio reopen --order 01a21990-4252-7191-91ae-c9a95b8a1155
    """
    if bool(order) == bool(which or file):
        raise typer.BadParameter("name conversations, or the order by which they were closed")
    with opened(context) as carteggio:
        fresh(carteggio)
        stamp = stamp_of(carteggio)
        picked = (
            Picked() if order else Asked(which, file, Chosen(), dry_run=False).picked(carteggio)
        )
        messages = done_by(carteggio, order) if order else picked.messages
        if order and not messages:
            raise Rejected("NOT_FOUND", "there is no such order")
        refused = _say(carteggio, messages, ReopenMessage(_short(note)), stamp)
        fresh(carteggio)
    out.print(plain(f"Reopened: {len(messages) - len(refused)} messages."))
    tell([*picked.refused, *refused])


def _say(
    carteggio: Carteggio,
    messages: Iterable[UUID],
    command: CloseMessage | ReopenMessage,
    stamp: Envelope,
) -> list[Rejected]:
    """Say it of each message, by one order; give what was refused."""
    refused: list[Rejected] = []
    for id in messages:
        own = replace(stamp, event_id=uuid7(), command_id=f"{stamp.command_id}#{id.hex}")
        try:
            carteggio.journal.record(id, mail, command, own)
        except Rejected as no:
            refused.append(no)
    return refused


def _show(carteggio: Carteggio, picked: Picked) -> None:
    table = table_of("=since", "from", "subject", "=conversation", title="Would be closed")
    for one in picked.shown:
        cells = map(plain, (one.writer, one.subject, one.id))
        table.add_row(local(one.at, carteggio.settings.zone), *cells)
    out.print(table)
    tell(picked.refused)


def _short(note: str) -> str:
    if len(note) > _LONGEST:
        raise Rejected("INVALID", f"note: {_LONGEST} characters is the most")
    return note.strip()
