"""Calendars: when offices are open, at the command line."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters.calendarfiles import MOST_OCTETS, CalendarFile, read_calendar, written_calendar
from api.cli.excluding import mailbox_addresses, mailbox_named
from api.cli.recomputed import DryRun
from api.cli.recomputed import show as show_difference
from api.cli.setting import fresh, local, moment, opened, out, plain, print_rows, table_of
from api.work.calendars import checked_calendar, retire_calendar, save_calendar
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain.calendars import CalendarRetired, CalendarSaved, CalendarsEvent
from domain.hours import written_week
from domain.identity import calendar_id
from domain.inforce import InForce, Said, in_force
from domain.values import MailboxId, Rejected
from projections.calendars import said
from projections.reader import EVERYTHING

AsOf = Annotated[str | None, typer.Option(help="What held then, as 2026-04-30T18:00.")]
Since = Annotated[str | None, typer.Option(help="From when on, as 2026-03-01; else from now on.")]
Reason = Annotated[str, typer.Option(help="Why; kept sealed.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_Name = Annotated[str, typer.Argument(help="The calendar's name.")]


def save(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files (TOML), as `calendar show` prints.")],
    dry_run: DryRun = False,
) -> None:
    """Save calendars from files: hours, holidays, exceptions, and for which mailboxes.

    A calendar with the name of another one takes its place, from `since` on if the file says so;
    what was in force before stays known.

    carteggio calendar save service.toml
    """
    with opened(context) as carteggio:
        for path in files:
            try:
                file = _read(path, carteggio.settings.time_zone)
                wanted = _with_mailboxes(carteggio, file)
                if dry_run:
                    show_difference(carteggio, *checked_calendar(carteggio, wanted))
                    continue
                _, position = save_calendar(carteggio, wanted, by_operator())
            except Rejected as wrong:
                raise Rejected(wrong.code, f"{path}: {wrong.sentence}") from wrong
            done = "is saved" if position else "says the same already"
            out.print(plain(f"{path}: {wanted.name} {done}."))
        fresh(carteggio)


def list_(context: typer.Context, as_of: AsOf = None, as_json: Json = False) -> None:
    """List the calendars that hold, now or then.

    carteggio calendar list --as-of 2026-03-01
    """
    with opened(context) as carteggio:
        now, zone = held(carteggio, as_of), carteggio.settings.zone
        boxes = asyncio.run(mailbox_addresses(carteggio))
    table = table_of("name", "~hours", "zone", "holidays", "?mailboxes", "=since")

    def facts(one: Said[CalendarSaved]) -> dict[str, object]:
        event = one.event
        return {
            "id": one.stream,
            "name": event.name,
            "hours": written_week(event.week),
            "zone": event.zone,
            "country": event.country,
            "region": event.region,
            "mailboxes": [boxes.get(box, str(box)) for box in event.mailboxes],
            "since": one.since,
        }

    def cells(one: Said[CalendarSaved]) -> list[object]:
        told, event = facts(one), one.event
        days = f"{event.country} {event.region}".strip() or "none"
        where = ", ".join(boxes.get(box, str(box)) for box in event.mailboxes) or "all others"
        return [event.name, told["hours"], event.zone, days, where, local(one.since, zone)]

    print_rows(now.calendars, facts, table, lambda one: map(plain, cells(one)), as_json=as_json)


def show(context: typer.Context, name: _Name, as_of: AsOf = None) -> None:
    """Print a calendar as a file that can be edited and saved again.

    carteggio calendar show Firm > firm.toml
    """
    with opened(context) as carteggio:
        now, id = held(carteggio, as_of), _id(carteggio, name)
        boxes = asyncio.run(mailbox_addresses(carteggio))
    found = [one.event for one in now.calendars if one.stream == id]
    if not found:
        raise Rejected("NOT_FOUND", f"there is no calendar {name!r}; see: calendar list")
    sys.stdout.write(written_calendar(found[0], boxes))


def retire(
    context: typer.Context,
    name: _Name,
    since: Since = None,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Let a calendar hold for nothing any more.

    carteggio calendar retire Summer --since 2026-09-01
    """
    with opened(context) as carteggio:
        retired = CalendarRetired(moment_or_none(carteggio, since), reason)
        if dry_run:
            show_difference(carteggio, _id(carteggio, name), retired)
            return
        retire_calendar(carteggio, _id(carteggio, name), retired, by_operator())
        fresh(carteggio)
    out.print(plain(f"{name} holds no more{f', from {since} on' if since else ''}."))


def held(carteggio: Carteggio, as_of: str | None) -> InForce:
    """Give what holds now, or at a moment as people type it."""
    fresh(carteggio)
    at = moment_or_none(carteggio, as_of) or datetime.now(UTC)
    return in_force(asyncio.run(_said(carteggio)), at)


def moment_or_none(carteggio: Carteggio, text: str | None) -> datetime | None:
    """Read a moment as people type it; None where none is named."""
    return moment(text, carteggio.settings.zone) if text is not None else None


async def _said(carteggio: Carteggio) -> list[Said[CalendarsEvent]]:
    async with carteggio.reading() as asked:
        return await said(*asked, EVERYTHING)


def _read(path: Path, zone: str) -> CalendarFile:
    try:
        with path.open("rb") as stream:
            return read_calendar(stream.read(MOST_OCTETS + 1), zone)
    except OSError as trouble:
        sentence = f"it cannot be read: {trouble.strerror or trouble}"
        raise Rejected("NOT_FOUND", sentence) from trouble


def _with_mailboxes(carteggio: Carteggio, file: CalendarFile) -> CalendarSaved:
    boxes = (mailbox_named(carteggio, one) for one in file.mailboxes)
    named: tuple[MailboxId, ...] = tuple(one for one in boxes if one is not None)
    return replace(file.calendar, mailboxes=named)


def _id(carteggio: Carteggio, name: str) -> UUID:
    return calendar_id(carteggio.identity_key, " ".join(name.split()))
