"""Reports: how soon mail is answered."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.text import Text

from api.cli.formats import Format, print_as
from api.cli.setting import fresh, moment, opened, plain, table_of
from api.cli.unanswered import hours
from api.work.instance import Carteggio
from api.work.responsetimes import response_times
from api.work.waitinglines import called
from domain.responsetimes import Responses, ResponsesBy, Span
from domain.waitgroups import GroupBy
from projections.reader import EVERYTHING

_NAMED = {
    ResponsesBy.PERSON: GroupBy.OWNER,
    ResponsesBy.MAILBOX: GroupBy.MAILBOX,
    ResponsesBy.PARTY: GroupBy.PARTY,
}


def responses(
    context: typer.Context,
    by: Annotated[ResponsesBy, typer.Option(help="By what.")] = ResponsesBy.PERSON,
    begins: Annotated[
        str | None, typer.Option("--from", help="From this day on; else for 30 days back.")
    ] = None,
    ends: Annotated[str | None, typer.Option("--to", help="Until this moment; else now.")] = None,
    monthly: Annotated[bool, typer.Option(help="Each month by itself.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
) -> None:
    """Show how soon mail is answered, in business time: first answers, further ones, what is left.

    carteggio report response-times --by mailbox --from 2026-01-01 --monthly
    carteggio report response-times --by party --format csv
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        until = moment(ends, zone) if ends else datetime.now(UTC)
        since = moment(begins, zone) if begins else until - timedelta(days=30)
        lines = asyncio.run(_lines(carteggio, by, Span(since, until, zone, monthly)))
    table = table_of(
        by.value, "=month", "#first answers", "#median", "#9 of 10 within", "#further answers",
        "#median", "?#9 of 10 within", "#left over", title="How soon mail is answered",
    )  # fmt: skip
    print_as(form, lines, dict, table, _cells)


async def _lines(carteggio: Carteggio, by: ResponsesBy, span: Span) -> list[Mapping[str, Any]]:
    async with carteggio.reading() as asked:
        found = await response_times(asked, EVERYTHING, by, span)
        keys = [one.key for one in found]
        names = await called(asked, _NAMED[by], keys) if by in _NAMED else {}
    return [_line(one, names.get(one.key, "")) for one in found]


def _line(one: Responses, name: str) -> dict[str, Any]:
    def seconds(length: timedelta | None) -> int | None:
        return None if length is None else int(length.total_seconds())

    id: UUID | None = one.key
    return {
        "name": name,
        "id": id,
        "month": one.month,
        "first_answers": one.first.count,
        "first_median_seconds": seconds(one.first.median),
        "first_90_percent_seconds": seconds(one.first.most),
        "next_answers": one.next.count,
        "next_median_seconds": seconds(one.next.median),
        "next_90_percent_seconds": seconds(one.next.most),
        "wall_median_seconds": seconds(one.wall_median),
        "backlog": one.backlog,
    }


def _cells(line: Mapping[str, Any]) -> tuple[str | Text, ...]:
    def told(name: str) -> str:
        found = line[name]
        return "" if found is None else hours(timedelta(seconds=found))

    return (
        plain(line["name"] or "(nobody by name)"),
        line["month"],
        f"{line['first_answers']:,}",
        told("first_median_seconds"),
        told("first_90_percent_seconds"),
        f"{line['next_answers']:,}",
        told("next_median_seconds"),
        told("next_90_percent_seconds"),
        f"{line['backlog']:,}",
    )
