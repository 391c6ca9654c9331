"""Asking: a history, an audit trail, the log of events."""

import asyncio
import sys
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.following import print_events
from api.cli.setting import fresh, local, moment, opened, out, plain, print_rows, table_of
from api.ids import id_in
from api.work.answers import HistoryLine, history_of
from api.work.instance import Carteggio
from api.work.trail import TrailLine, trail_lines

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_Limit = Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many lines.")]
_ARROWS = {"inbound": "←", "outbound": "→", "internal": "·"}


def history(
    context: typer.Context,
    party: Annotated[
        str,
        typer.Argument(
            help="ERP code, id, mail address or the beginning of a name; or a document's number."
        ),
    ],
    as_of: Annotated[
        str | None, typer.Option(help="How it stood then, as 2026-04-30T18:00.")
    ] = None,
    limit: _Limit = 50,
    as_json: _Json = False,
) -> None:
    """Show the mail with a party, or about a document, the newest first.

    carteggio history C01042
    carteggio history "Morelli Impianti" --as-of 2026-03-31
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        time = moment(as_of, zone) if as_of is not None else None
        title, lines, more = asyncio.run(history_of(carteggio, party, time, limit))
    table = table_of(
        "=received", "=", "who", "subject", "documents", "?because", title=str(plain(title))
    )
    cells = partial(_history_row, zone=zone)
    print_rows(lines, HistoryLine.facts, table, cells, as_json=as_json)
    _tell_more(len(lines), more and not as_json)


def _history_row(line: HistoryLine, zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        local(line.at, zone),
        plain(_ARROWS.get(line.direction or "", "?")),
        plain(line.who),
        plain(line.subject),
        plain(", ".join(line.documents)),
        plain(line.because),
    )


def trail(
    context: typer.Context,
    object: Annotated[
        str,
        typer.Argument(
            help="A message's id or Message-ID, a party's code, a document's id or number, "
            "a mailbox's address."
        ),
    ],
    as_of: Annotated[str | None, typer.Option(help="What was recorded by then.")] = None,
    limit: _Limit = 200,
    as_json: _Json = False,
) -> None:
    """Show what happened to any object, when, by whom and why.

    carteggio trail "<4711@mail.firm.example>"
    carteggio trail D00042 --json
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        time = moment(as_of, zone) if as_of is not None else None
        title, lines, more = asyncio.run(trail_lines(carteggio, object, time, limit))
    table = table_of(
        "#position", "=recorded", "?=event", "~what", "about", "?by", title=str(plain(title))
    )
    print_rows(lines, TrailLine.facts, table, partial(_trail_row, zone=zone), as_json=as_json)
    _tell_more(len(lines), more and not as_json)


def _trail_row(line: TrailLine, zone: ZoneInfo) -> tuple[str | Text, ...]:
    entry = line.entry
    return (
        str(entry.position),
        local(entry.recorded_at, zone),
        entry.name,
        plain(entry.summary),
        plain(line.about),
        plain(f"{entry.actor_kind} {entry.actor_id}"),
    )


def events(
    context: typer.Context,
    stream: Annotated[
        str | None, typer.Option(help="Only what happened to this object: an id, or as for trail.")
    ] = None,
    start: Annotated[int, typer.Option("--from", min=1, help="Begin at this position.")] = 1,
    follow: Annotated[bool, typer.Option(help="Go on with what is recorded from now on.")] = False,
    as_json: _Json = False,
) -> None:
    """Print the log of events, sealed fields opened.

    carteggio events --from 1200 --follow
    """
    with opened(context) as carteggio:
        wanted = asyncio.run(_stream(carteggio, stream)) if stream is not None else None
        for line in print_events(carteggio, wanted, start, follow=follow, as_json=as_json):
            sys.stdout.write(line + "\n")
            if follow:
                sys.stdout.flush()


async def _stream(carteggio: Carteggio, text: str) -> UUID:
    if (id := id_in(text)) is not None:
        return id
    async with carteggio.finding() as finder:
        return (await finder.anything(text)).id


def _tell_more(shown: int, more: bool) -> None:
    if more:
        out.print(f"The first {shown:,}; ask for more with --limit.")
