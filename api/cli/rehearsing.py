"""A rule is tried on mail that came, at the command line: what it would do; nothing is done."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.cli.excluding import mailbox_named
from api.cli.mailrules import read_file, rule_named, wanted_of
from api.cli.setting import err, fresh, moment, opened, out, plain, print_json
from api.ids import Kind, id_in, shown
from api.work.instance import Carteggio
from api.work.mailfacts import Known
from api.work.rehearsalfiles import Journey, begun, facts_of_trial
from api.work.rehearsing import Rehearsal, Tally, Trial, rehearsal
from domain.mailrules import RuleSaved
from domain.values import Rejected
from projections.mailrules import RuleRow
from projections.reader import text_key
from projections.stretches import Stretch

_SHOWN: Final = 20
_MOST_NAMED: Final = 1_000

_Rule = Annotated[str, typer.Argument(help="A file (TOML or JSON), or the name of a saved rule.")]
_From = Annotated[str | None, typer.Option("--from", help="As 2026-01-01.")]
_To = Annotated[str | None, typer.Option("--to", help="Until before then.")]
_Mailbox = Annotated[str | None, typer.Option(help="Only mail of this mailbox.")]
_Sender = Annotated[str, typer.Option(help="Only of this address, or domain.")]
_Message = Annotated[
    list[str] | None, typer.Option(help="Only this message, by its id; again for more.")
]
_Known = Annotated[Known, typer.Option(help="By what was known when the mail came, or is now.")]
_Misses = Annotated[
    bool, typer.Option("--misses", help="Tell also of mail for which it did not hold, and why.")
]
_Into = Annotated[
    Path | None,
    typer.Option(help="Write what is found there, a JSON object a line; go on if cut off."),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is tried on what; `id` is that of the rule if it is saved."""

    id: UUID | None
    wanted: RuleSaved
    stretch: Stretch
    known: Known
    misses: bool


def try_(
    context: typer.Context,
    rule: _Rule,
    begin: _From = None,
    end: _To = None,
    mailbox: _Mailbox = None,
    sender: _Sender = "",
    message: _Message = None,
    known: _Known = Known.THEN,
    misses: _Misses = False,
    into: _Into = None,
    as_json: _AsJson = False,
) -> None:
    """Try a rule on mail that came: what it would do, and why; nothing is done.

    carteggio rules test offers.toml --from 2026-01-01 --to 2026-04-01
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone, times = carteggio.settings.zone, (begin, end)
        since, until = (moment(one, zone) if one else None for one in times)
        box = mailbox_named(carteggio, mailbox)
        stretch = Stretch(since, until, box, sender, _named(message or []))
        asked = _Asked(*_rule(carteggio, rule), stretch, known, misses)
        with begun(into, asked) as journey:
            asyncio.run(_tried(carteggio, asked, journey, as_json=as_json))
    if not as_json:
        _told(journey.tally, into)


def _named(messages: list[str]) -> tuple[UUID, ...]:
    if len(messages) > _MOST_NAMED:
        raise Rejected("INVALID", f"--message: {_MOST_NAMED} at most")
    found = [(text, id_in(text)) for text in messages]
    for text, id in found:
        if id is None:
            raise Rejected("INVALID", f"{text!r} is no id of a message")
    return tuple(id for _, id in found if id is not None)


def _rule(carteggio: Carteggio, named: str) -> tuple[UUID | None, RuleSaved]:
    """Give the rule of a file, as the next version of the one with its name; or a saved one."""
    path = Path(named)
    if not path.suffix and not path.exists():
        row = rule_named(carteggio, named)
        return row.rule, row.saved
    file = read_file(path)
    try:
        before: RuleRow | None = rule_named(carteggio, file.name)
    except Rejected:
        before = None
    if before is not None and before.name_key != text_key(file.name):
        before = None
    try:
        wanted = asyncio.run(wanted_of(carteggio, file, before))
    except Rejected as wrong:
        raise Rejected(wrong.code, f"{path}: {wrong.sentence}") from wrong
    return before.rule if before else None, wanted


async def _tried(carteggio: Carteggio, asked: _Asked, journey: Journey, *, as_json: bool) -> None:
    one = await rehearsal(
        carteggio, asked.id, asked.wanted, asked.stretch, asked.known, upto=journey.upto
    )
    journey.begin(one.known.upto)
    left = 0 if as_json or journey.into else _SHOWN
    async with aclosing(_portions(one, journey)) as portions:
        async for trials in portions:
            found = [one for one in trials if asked.misses or one.asked.held.holds]
            journey.take(trials, found)
            for trial in found if as_json else ():
                print_json(facts_of_trial(trial))
            for trial in found[:left]:
                _show(trial)
            left -= min(left, len(found))


async def _portions(one: Rehearsal, journey: Journey) -> AsyncGenerator[list[Trial], None]:
    """Give the portions that are left, with a bar."""
    columns = TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=await one.length(), completed=journey.tally.asked)
        async with aclosing(one.portions(journey.after)) as portions:
            async for trials in portions:
                yield trials
                bar.advance(task, len(trials))


def _show(trial: Trial) -> None:
    message, asked = trial.message, trial.asked
    mark = "=" if asked.applies else "-" if asked.held.holds else " "
    head = f"{mark} {message.received_at:%Y-%m-%d %H:%M} {message.sender}: {message.subject}"
    out.print(plain(f"{head}  {shown(Kind.MESSAGE, message.id)}"))
    for line in trial.explanation:
        out.print(plain(f"    {line}"))
    if asked.held.holds and asked.prevented_by is not None:
        out.print(plain(f"    not asked: {asked.prevented_by.name} stopped before"))
    for effect in trial.effects:
        out.print(plain(f"    -> {effect}"))


def _told(tally: Tally, into: Path | None) -> None:
    prevented = tally.held - tally.applies
    said = f"It held for {tally.held:,} of {tally.asked:,} mails"
    out.print(plain(f"{said}{f'; {prevented:,} of these had been stopped' if prevented else ''}."))
    for name, count in tally.prevented.most_common():
        out.print(plain(f"{count:>8,}  stopped by {name}"))
    for effect, count in tally.effects.most_common(_SHOWN):
        out.print(plain(f"{count:>8,}  {effect}"))
    if into is not None:
        out.print(plain(f"Each is told in {into}."))
    out.print(plain("Nothing was done."))
