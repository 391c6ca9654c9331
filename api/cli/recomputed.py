"""What a calendar or target would change, at the command line: shown, and nothing is saved."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from api.cli.excluding import mailbox_addresses
from api.cli.setting import fresh, local, out, plain, table_of
from api.work.instance import Carteggio
from api.work.recomputing import Difference, Moved, difference
from domain.calendars import CalendarsEvent
from projections.reader import EVERYTHING

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show which waits would be due otherwise.")
]


def show(carteggio: Carteggio, stream: UUID, event: CalendarsEvent) -> None:
    """Print which waits would be due otherwise, from when to when, and what they would come to."""
    fresh(carteggio)

    async def asked() -> Difference:
        async with carteggio.reading() as asking:
            return await difference(asking, EVERYTHING, stream, event, datetime.now(UTC))

    found, boxes = asyncio.run(asked()), asyncio.run(mailbox_addresses(carteggio))
    if found.moved:
        zone, table = carteggio.settings.zone, table_of("=waits since", "in", "=due", "=would be")
        for one in found.moved:
            where = ", ".join(boxes.get(box, str(box)) for box in one.wait.mailboxes)
            table.add_row(local(one.wait.since, zone), plain(where), *_dues(one, carteggio))
        out.print(table)
    out.print(
        f"Of {found.waits} waits {found.changed} would be due otherwise: {found.at_risk} more at"
        f" risk, {found.breached} more too late, {found.relieved} no longer. Nothing is saved."
    )


def _dues(one: Moved, carteggio: Carteggio) -> tuple[str, str]:
    zone = carteggio.settings.zone
    return local(one.before.due, zone) or "not", local(one.after.due, zone) or "not"
