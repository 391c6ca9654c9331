"""What waits for an answer: line by line, or by groups."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.excluding import mailbox_named
from api.cli.formats import Format, print_as
from api.cli.setting import fresh, local, moment, opened, plain, table_of
from api.work.answers import WaitingLine
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.waitinglines import GroupLine, Question, chosen_lines, group_lines
from domain.dueness import Standing
from domain.hours import read_span
from domain.tagging import key_of
from domain.waitgroups import AgeBand, Attending, GroupBy, WaitsWanted
from projections.reader import AsOf
from projections.waits import WaitingFilter

NOBODY = "nobody"


class By(StrEnum):
    """In which order waits are listed."""

    OLDEST = "oldest"
    NEWEST = "newest"
    DUE = "due"


Group_ = Annotated[GroupBy | None, typer.Option("--group", help="Groups in place of lines.")]
Owner = Annotated[
    list[str] | None,
    typer.Option(help=f"Whose it is, by address; {NOBODY}: nobody's. May be given again."),
]
Box = Annotated[
    list[str] | None, typer.Option(help="In this mailbox, by address. May be given again.")
]
Of = Annotated[str | None, typer.Option("--party", help="Of this party, by code or name.")]
Manager = Annotated[
    list[str] | None, typer.Option(help="Looked after by this sales manager, as the ERP says.")
]
Kind = Annotated[list[str] | None, typer.Option(help="About a document of this kind.")]
Sla = Annotated[list[Standing] | None, typer.Option(help="How it stands to its target.")]
State = Annotated[
    list[Attending] | None, typer.Option(help="How it stands; else all but what is snoozed.")
]
Age = Annotated[list[AgeBand] | None, typer.Option(help="How old it is.")]
Older = Annotated[
    str | None, typer.Option(help="Waits longer than this by the clock, as 8h or 72h.")
]
Words = Annotated[str | None, typer.Option("--text", help="In its subject or sender.")]
Tag = Annotated[str | None, typer.Option(help="Of a conversation with this tag.")]
Then = Annotated[
    str | None,
    typer.Option("--as-of", help="How mail stood then, as 2026-04-30T18:00."),
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=1, max=1_000_000, help="At most so many lines; else 200 of a table, and all."
    ),
]
_SCREENFUL: Final = 200
_MOST: Final = 1_000_000
At = Annotated[
    int | None,
    typer.Option("--as-of-position", min=0, help="What was known at this place in the log."),
]


def unanswered(
    context: typer.Context,
    group: Group_ = None,
    owner: Owner = None,
    mailbox: Box = None,
    party: Of = None,
    manager: Manager = None,
    kind: Kind = None,
    sla: Sla = None,
    state: State = None,
    age: Age = None,
    older_than: Older = None,
    words: Words = None,
    tag: Tag = None,
    as_of: Then = None,
    as_of_position: At = None,
    order: Annotated[By, typer.Option(help="Which come first.")] = By.OLDEST,
    limit: Limit = None,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
) -> None:
    """Show the mail that nobody has answered, the longest wait first.

    With --group it tells of each group how many wait, since when, and how long in the middle.

    carteggio unanswered --group owner
    carteggio unanswered --owner giulia@firm.example --order due
    carteggio unanswered --group party --sla breached --as-of 2026-04-11T18:00 --format csv
    """
    form = Format.JSON if as_json else form
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        time = moment(as_of, zone) if as_of is not None else None
        said = owner, mailbox, party, manager, kind, sla, state, age, older_than, words, tag
        question = Chosen(*said).question(carteggio, AsOf(as_of_position, time), group)
        title = "Nobody has answered" + (f", as of {local(time, zone)}" if time else "")
        if group is not None:
            groups = asyncio.run(group_lines(carteggio, question, group))
            _print_groups(groups, group, title, form, zone)
            return
        most = limit or (_SCREENFUL if form is Format.TABLE else _MOST)
        lines, total = asyncio.run(chosen_lines(carteggio, question, order, most))
    _print_lines(lines, title, form, zone, time or datetime.now(UTC))
    _tell_of_the_rest(len(lines), total, form)


def _tell_of_the_rest(shown: int, total: int, form: Format) -> None:
    if total > shown:
        cut = f"The first {shown:,} of {total:,}; ask for more with --limit."
        typer.echo(cut, err=form is not Format.TABLE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which waits were asked for, as it was typed."""

    owner: list[str] | None = None
    mailbox: list[str] | None = None
    party: str | None = None
    manager: list[str] | None = None
    kind: list[str] | None = None
    sla: list[Standing] | None = None
    state: list[Attending] | None = None
    age: list[AgeBand] | None = None
    older_than: str | None = None
    words: str | None = None
    tag: str | None = None

    def question(
        self, carteggio: Carteggio, as_of: AsOf, group: GroupBy | None = None
    ) -> Question:
        """Find what is named; Rejected where it is unknown."""
        wanted = WaitsWanted(
            owners=tuple(_owner(carteggio, one) for one in self.owner or ()),
            managers=tuple(self.manager or ()),
            kinds=tuple(self.kind or ()),
            standings=tuple(self.sla or ()),
            attending=tuple(self.state or ()),
            ages=tuple(self.age or ()),
        )
        within = WaitingFilter(
            mailboxes=tuple(
                filter(None, (mailbox_named(carteggio, one) for one in self.mailbox or ()))
            ),
            party=asyncio.run(_party(carteggio, self.party)) if self.party else None,
            before=self._before(as_of.time or datetime.now(UTC)),
            text=self.words or "",
            awake=not self.state and group is not GroupBy.STATE,
            tag=key_of(self.tag or ""),
        )
        return Question(as_of, within, wanted)

    def _before(self, at: datetime) -> datetime | None:
        if self.older_than is None:
            return None
        return at - timedelta(seconds=read_span(self.older_than))


def _owner(carteggio: Carteggio, text: str) -> UUID | None:
    return None if text == NOBODY else colleague_at(carteggio, text)


async def _party(carteggio: Carteggio, text: str) -> UUID:
    async with carteggio.finding() as finder:
        return await finder.counted((await finder.party(text)).id)


def _print_lines(
    lines: list[WaitingLine], title: str, form: Format, zone: ZoneInfo, until: datetime
) -> None:
    table = table_of(
        "=waits since", "#for", "=due", "?state", "from", "subject", "?owner", "?party",
        "?mailbox", title=title,
    )  # fmt: skip
    print_as(form, lines, WaitingLine.facts, table, partial(_waiting_row, zone=zone, until=until))


def _waiting_row(line: WaitingLine, zone: ZoneInfo, until: datetime) -> tuple[str | Text, ...]:
    return (
        local(line.since, zone),
        long(until - line.since),
        local(line.due, zone),
        plain("" if line.sla == "none" else line.sla.replace("_", " ")),
        plain(line.sender),
        plain(line.subject),
        plain(line.owner),
        plain(", ".join(line.parties)),
        plain(", ".join(line.mailboxes)),
    )


def _print_groups(
    lines: list[GroupLine], by: GroupBy, title: str, form: Format, zone: ZoneInfo
) -> None:
    table = table_of(
        by.value.replace("_", " "), "#waiting", "#breached", "?#at risk", "=oldest since",
        "#median age", "?#in business time", title=title,
    )  # fmt: skip
    print_as(form, lines, GroupLine.facts, table, partial(_group_row, by=by, zone=zone))


def _group_row(line: GroupLine, by: GroupBy, zone: ZoneInfo) -> tuple[str | Text, ...]:
    nobody = "nobody" if by is GroupBy.OWNER else "(none)"
    name = "nothing is due" if by is GroupBy.SLA and line.name == Standing.NONE else line.name
    return (
        plain(name or nobody),
        f"{line.waiting:,}",
        f"{line.breached:,}" if line.breached else "",
        f"{line.at_risk:,}" if line.at_risk else "",
        local(line.oldest, zone),
        long(timedelta(seconds=line.median_seconds)),
        hours(timedelta(seconds=line.median_business_seconds)),
    )


def long(wait: timedelta) -> str:
    """Say how long, as people do: 40 min, 7 h, 3 d."""
    minutes = int(wait.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 1440} d" if minutes >= 2880 else f"{minutes // 60} h"


def hours(wait: timedelta) -> str:
    """Say how much business time: days of it are of any length."""
    minutes = int(wait.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h"
