"""Conversations are given to colleagues, taken in hand, let rest: one or many by one order."""

import asyncio
from collections.abc import Callable
from datetime import UTC
from typing import Annotated

import typer

from api.cli.picking import Asked, Dry, File, Which, stamp_of, tell
from api.cli.setting import err, fresh, local, moment, opened, out, plain, table_of
from api.cli.unanswered import Box, Chosen, Of, Older, Owner, Sla, State, Words
from api.work import handover
from api.work.handover import Done, order_id
from api.work.handpicking import Picked
from api.work.instance import Carteggio
from api.work.receiving import out_of_reach
from api.work.sharing import colleague_at
from domain.attention import Continue, HandOver, Pause, Saying, Snooze, Take
from domain.recorded import Envelope
from domain.waitgroups import Attending
from projections.reader import EVERYTHING

_Reason = Annotated[str, typer.Option(help="Why; it is kept sealed.")]
_Order = Callable[[Carteggio, Envelope], Saying]
_Who = Annotated[str, typer.Argument(help="The colleague's address.")]


def to(
    context: typer.Context,
    who: _Who,
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    sla: Sla = None,
    state: State = None,
    older_than: Older = None,
    words: Words = None,
    note: Annotated[str, typer.Option(help="For who gets them; it stays in the company.")] = "",
    dry_run: Dry = False,
) -> None:
    """Hand conversations over to a colleague; their clocks go on.

    carteggio handover to dora@firm.example --owner anna@firm.example --note "Fino al 24."
    """
    chosen = Chosen(owner, mailbox, party, None, None, sla, state, None, older_than, words)

    def order(carteggio: Carteggio, stamp: Envelope) -> Saying:
        return handover.handing_over(colleague_at(carteggio, who), stamp, note)

    _say(context, Asked(which, file, chosen, dry_run), order, f"handed over to {who}")


def back(
    context: typer.Context,
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    note: Annotated[str, typer.Option(help="Why; it stays in the company.")] = "",
    dry_run: Dry = False,
) -> None:
    """Give conversations back to the people of their mailboxes.

    carteggio handover back --owner anna@firm.example
    """
    chosen = Chosen(owner, mailbox, party)

    def order(_: Carteggio, stamp: Envelope) -> Saying:
        return handover.handing_over(None, stamp, note)

    _say(context, Asked(which, file, chosen, dry_run), order, "given back")


def take(
    context: typer.Context,
    who: _Who,
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    dry_run: Dry = False,
) -> None:
    """Say that a colleague has conversations in hand, until we answer.

    carteggio handover take anna@firm.example a1@acme.example
    """
    chosen = Chosen(owner, mailbox, party)

    def order(carteggio: Carteggio, stamp: Envelope) -> Saying:
        return Take(order_id(stamp), colleague_at(carteggio, who))

    _say(context, Asked(which, file, chosen, dry_run), order, f"in the hands of {who}")


def snooze(
    context: typer.Context,
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    until: Annotated[
        str, typer.Option(help="A time, as 2026-04-30T09:00; else until they write.")
    ] = "",
    reason: _Reason = "",
    dry_run: Dry = False,
) -> None:
    """Let conversations rest until a time, or until they write; their clocks go on.

    carteggio handover snooze a1@acme.example --until 2026-04-30T09:00
    """
    chosen = Chosen(owner, mailbox, party)

    def order(carteggio: Carteggio, stamp: Envelope) -> Saying:
        ends = moment(until, carteggio.settings.zone).astimezone(UTC) if until else None
        return Snooze(order_id(stamp), stamp.at, ends, reason)

    _say(context, Asked(which, file, chosen, dry_run), order, "snoozed")


def pause(
    context: typer.Context,
    reason: Annotated[str, typer.Argument(help="Why; it is kept sealed.")],
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    dry_run: Dry = False,
) -> None:
    """Let the clocks of conversations stand, until they are continued or we answer.

    carteggio handover pause "We wait for the supplier." a1@acme.example
    """
    chosen = Chosen(owner, mailbox, party)

    def order(_: Carteggio, stamp: Envelope) -> Saying:
        return Pause(order_id(stamp), reason)

    _say(context, Asked(which, file, chosen, dry_run), order, "paused")


def continue_(
    context: typer.Context,
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    reason: _Reason = "",
    dry_run: Dry = False,
) -> None:
    """Let conversations wait as before: neither snoozed nor paused.

    carteggio handover continue a1@acme.example
    """
    rests = [Attending.SNOOZED, Attending.PAUSED]
    chosen = Chosen(owner, mailbox, party)

    def order(_: Carteggio, stamp: Envelope) -> Saying:
        return Continue(order_id(stamp), reason)

    asked = Asked(which, file, chosen, dry_run, rests)
    _say(context, asked, order, "waiting as before")


def undo(
    context: typer.Context,
    order: Annotated[str, typer.Argument(help="The order's id, as it was printed.")],
) -> None:
    """Undo what one order said of conversations, whoever gave it; what was said since stands.

    carteggio handover undo 01a21990-4252-7191-91ae-c9a95b8a1155
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        messages = handover.concerned(carteggio, order)
        done = handover.undo(carteggio, order, messages, stamp_of(carteggio))
        fresh(carteggio)
    out.print(plain(f"Undone for {done.count} messages."))
    tell(done.refused.values())


# ---- what they share


def _say(context: typer.Context, asked: Asked, order: _Order, said: str) -> None:
    """Say it of all that was picked, by one order; tell its id, and what was not found."""
    with opened(context) as carteggio:
        fresh(carteggio)
        stamp, zone = stamp_of(carteggio), carteggio.settings.zone
        word = order(carteggio, stamp)
        picked = asked.picked(carteggio)
        remarks = _remarks(carteggio, word, picked)
        done = Done()
        if not asked.dry_run and picked.messages:
            orders = dict.fromkeys(picked.messages, word)
            done = handover.say_checked(carteggio, orders, stamp)
            fresh(carteggio)
    if asked.dry_run:
        table = table_of("=since", "from", "subject", "=conversation", title=f"Would be {said}")
        for one in picked.shown:
            table.add_row(local(one.at, zone), *map(plain, (one.writer, one.subject, one.id)))
        out.print(table)
    else:
        out.print(
            plain(f"{len(picked.shown)} {said}. To undo it: handover undo {stamp.command_id}")
        )
    for remark in remarks:
        err.print(plain(remark))
    tell([*picked.refused, *done.refused.values()])


def _remarks(carteggio: Carteggio, word: Saying, picked: Picked) -> list[str]:
    """Tell of the conversations that their receiver can neither read nor answer."""
    if not isinstance(word, HandOver):
        return []
    beyond = asyncio.run(out_of_reach(carteggio, EVERYTHING, word.to, picked.messages))
    return list(dict.fromkeys(one.sentence for one in beyond.values()))
