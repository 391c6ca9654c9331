"""Who is away, who stands in, and what mail is answered with meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from adapters.ids import uuid7
from api.cli.setting import fresh, local, moment, opened, out, plain, print_rows, table_of
from api.ids import id_in
from api.work.absences import Said, Span, cancel_absence, overlapping, set_absence, texts_of
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from domain.absence import stand_in
from domain.values import AbsenceId, ColleagueId, Rejected, TemplateId
from projections import company
from projections.absences import AbsenceRow, absence, absences_between, in_force
from projections.reader import EVERYTHING

_Who = Annotated[str, typer.Argument(help="The colleague's address.")]


def set_(
    context: typer.Context,
    who: _Who,
    begins: Annotated[str, typer.Option("--from", help="The first day, or a day and time.")],
    ends: Annotated[
        str, typer.Option("--to", help="The last day, or a day and time; else it is open.")
    ] = "",
    substitute: Annotated[str, typer.Option(help="The address of who stands in.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(help="What mail is answered with, by language: it='Sono assente.'"),
    ] = None,
    template: Annotated[str, typer.Option(help="A template's id, to answer mail with.")] = "",
    id: Annotated[str, typer.Option(help="Change this absence; see: absence list.")] = "",
) -> None:
    """Say from when to when a colleague is away; days are whole ones, the last one included.

    carteggio absence set anna@firm.example --from 2026-08-10 --to 2026-08-21
    --substitute carlo@firm.example --answer it='Torno il 24 agosto.'
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        whose = colleague_at(carteggio, who)
        said = Said(
            span=Span(_read(begins), _read(ends) if ends else None),
            substitute=colleague_at(carteggio, substitute) if substitute else None,
            answers=bool(answer or template),
            texts=texts_of(answer or ()),
            template=_template(template),
        )
        own = AbsenceId(asyncio.run(_row(carteggio, id, whose)).id if id else uuid7())
        set_absence(carteggio, own, whose, said, by_operator())
        fresh(carteggio)
        row = asyncio.run(_row(carteggio, str(own), whose))
        others = asyncio.run(overlapping(carteggio, row))
        zone = carteggio.settings.zone
    out.print(plain(f"{who} is away {_span(row, zone)}: {own}"))
    for one in others:
        out.print(plain(f"It overlaps with one {_span(one, zone)}, which stands, too: {one.id}"))


def cancel(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="The absence's id; see: absence list.")],
) -> None:
    """Let an absence count no more; what was said stays in the trail.

    carteggio absence cancel 01a21990-4252-7191-91ae-c9a95b8a1155
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = asyncio.run(_row(carteggio, id, None))
        cancel_absence(carteggio, AbsenceId(row.id), ColleagueId(row.colleague), by_operator())
        fresh(carteggio)
    out.print("The absence was cancelled.")


def list_(
    context: typer.Context,
    who: Annotated[str | None, typer.Argument(help="The colleague's address; else all.")] = None,
    past: Annotated[bool, typer.Option("--past", help="Those that are over, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the absences of today and later, and who is there for whom now.

    carteggio absence list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        whose = colleague_at(carteggio, who) if who else None
        lines = asyncio.run(_lines(carteggio, whose, past=past))
    table = table_of("=id", "who", "=from", "=to", "stands in", "there now", "answers")
    print_rows(lines, asdict, table, partial(_cells, zone=zone), as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the list; `days`: meant as whole days, `there_now` empty: nobody."""

    id: UUID
    who: str
    begins: datetime
    ends: datetime | None
    days: bool
    substitute: str
    there_now: str
    answers: bool


def _read(text: str) -> date | datetime:
    """Read a day, or a moment; one without a zone is meant in the colleague's."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        moment(text, ZoneInfo("UTC"))
        return datetime.fromisoformat(text.strip())


def _template(text: str) -> TemplateId | None:
    if not text:
        return None
    if (id := id_in(text)) is None:
        raise Rejected("NOT_FOUND", f"there is no template {text!r}; see: template list")
    return TemplateId(id)


async def _row(carteggio: Carteggio, text: str, whose: ColleagueId | None) -> AbsenceRow:
    id = id_in(text)
    async with carteggio.reading() as asked:
        row = await absence(*asked, EVERYTHING, id) if id is not None else None
    if row is None or whose not in (None, row.colleague):
        raise Rejected("NOT_FOUND", f"there is no absence {text!r}; see: absence list")
    return row


async def _lines(carteggio: Carteggio, whose: UUID | None, *, past: bool) -> list[_Line]:
    now = datetime.now(UTC)
    async with carteggio.reading() as asked:
        since = None if past else now
        rows = await absences_between(*asked, EVERYTHING, begins=since, colleague=whose)
        staff = {one.id: one.address for one in await company.colleagues(*asked, EVERYTHING)}
        away = [row.absence for row in await in_force(*asked, EVERYTHING, now)]
    there = {row.colleague: stand_in(ColleagueId(row.colleague), away, now).who for row in rows}
    return [_line(row, staff, there[row.colleague]) for row in rows]


def _line(row: AbsenceRow, staff: Mapping[UUID, str], there: UUID | None) -> _Line:
    return _Line(
        id=row.id,
        who=staff.get(row.colleague, str(row.colleague)),
        begins=row.begins,
        ends=row.ends,
        days=row.whole_days,
        substitute=staff.get(row.substitute, "") if row.substitute else "",
        there_now=staff.get(there, "") if there else "",
        answers=row.answers,
    )


def _span(row: AbsenceRow, zone: ZoneInfo) -> str:
    begins, ends = _bounds(row.begins, row.ends, zone, days=row.whole_days)
    return f"from {begins} to {ends}" if ends else f"from {begins} on"


def _bounds(
    begins: datetime, ends: datetime | None, zone: ZoneInfo, *, days: bool
) -> tuple[str, str]:
    if not days:
        return local(begins, zone), local(ends, zone)
    last = ends - timedelta(minutes=1) if ends else None
    return local(begins, zone)[:10], local(last, zone)[:10]


def _cells(one: _Line, zone: ZoneInfo) -> tuple[str | Text, ...]:
    begins, ends = _bounds(one.begins, one.ends, zone, days=one.days)
    answers = "yes" if one.answers else ""
    there = one.there_now or "nobody"
    return str(one.id), plain(one.who), begins, ends, plain(one.substitute), plain(there), answers
