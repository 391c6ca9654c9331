"""Whoever has what waits in hand is reminded of it, by one mail each."""

import asyncio
from typing import Annotated

import typer

from api.cli.picking import Asked, Dry, File, Which, stamp_of, tell
from api.cli.setting import fresh, opened, out, plain
from api.cli.unanswered import Box, Chosen, Manager, Of, Older, Owner, Sla, State, Words
from api.work.handover import order_id
from api.work.handpicking import Picked
from api.work.instance import Carteggio
from api.work.reminders import NOT_WAITING, Concerned, Word, concerned, reminded_by
from api.work.reminders import remind as remind_of
from projections import company
from projections.reader import EVERYTHING


def remind(
    context: typer.Context,
    which: Which = None,
    file: File = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    manager: Manager = None,
    sla: Sla = None,
    state: State = None,
    older_than: Older = None,
    words: Words = None,
    note: Annotated[str, typer.Option(help="For who is reminded; it stays in the company.")] = "",
    again: Annotated[bool, typer.Option(help="Also who was reminded within 12 hours.")] = False,
    dry_run: Dry = False,
) -> None:
    """Remind whoever has what waits in hand, by one mail to each that lists it.

    carteggio remind --sla breached --note "Prima di sera, per favore."
    """
    chosen = Chosen(owner, mailbox, party, manager, None, sla, state, None, older_than, words)
    with opened(context) as carteggio:
        fresh(carteggio)
        stamp = stamp_of(carteggio)
        picked = Asked(which, file, chosen, dry_run).picked(carteggio)
        of = asyncio.run(concerned(carteggio, EVERYTHING, picked.messages, None, stamp.at))
        if dry_run:
            _show(carteggio, picked, of)
            return
        done = remind_of(carteggio, of, Word(note, again), stamp)
        who = reminded_by(carteggio, order_id(stamp), of)
        fresh(carteggio)
        names = asyncio.run(_names(carteggio))
    for one in who:
        out.print(plain(f"Reminded: {names.get(one, one)}"))
    out.print(plain(f"{done.count} conversations, a mail to each of {len(who)} colleagues."))
    late = [NOT_WAITING for one in picked.shown if one.id not in of.waiting]
    tell([*picked.refused, *done.refused.values(), *late])


def _show(carteggio: Carteggio, picked: Picked, of: Concerned) -> None:
    """Say who would be reminded of how much."""
    names = asyncio.run(_names(carteggio))
    counts: dict[str, int] = {}
    for some in of.to.values():
        for one in some:
            name = str(names.get(one, one))
            counts[name] = counts.get(name, 0) + 1
    for name, count in sorted(counts.items()):
        out.print(plain(f"Would be reminded: {name}, of {count}"))
    tell(picked.refused)


async def _names(carteggio: Carteggio) -> dict[object, str]:
    async with carteggio.reading() as asked:
        people = await company.colleagues(*asked, EVERYTHING)
    return {one.id: one.name or one.address for one in people}
