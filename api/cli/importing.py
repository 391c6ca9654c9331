"""Bringing in what there is: mail files and master data."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from api.cli.setting import err, moment, opened, out, plain, print_json, settings_of, table_of
from api.work.directory import import_directory
from api.work.importing import Progress as Done
from api.work.importing import Wanted, import_mail, linked_since
from api.work.instance import Carteggio
from api.work.takeover import Outcome

_SHOWN = 50


def mail(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(help="An mbox (also .xz, .gz, .zst), Maildir, .eml, folder or .zip.")
    ],
    mailbox: Annotated[str, typer.Option(help="The address whose mail this is.")],
    folder: Annotated[
        str | None, typer.Option(help="The folder it lay in; else told by the source's names.")
    ] = None,
    cut_off: Annotated[
        str | None,
        typer.Option(help="Mail received before this day is archive: nothing of it waits."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Take mail in; an import that was interrupted goes on where it stopped.

    Exits 2 if something in the source was not as it should be: each such place is told.

    carteggio import mail info.mbox.xz --mailbox info@firm.example --folder INBOX
    """
    zone = settings_of(context.obj).zone
    before = moment(cut_off, zone) if cut_off is not None else None
    wanted = Wanted(path, mailbox, folder, before)
    with opened(context) as carteggio:
        head = carteggio.journal.head()
        done = _with_bar(carteggio, wanted)
        linked = linked_since(carteggio, head)
    _tell_problems(done)
    _show_summary(_summary(done, linked), as_json=as_json)
    if done.problems:
        raise typer.Exit(2)


def _show_summary(summary: dict[str, float], *, as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    table = table_of("", "#")
    for name, value in summary.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    table.show_header = False
    out.print(table)


def _with_bar(carteggio: Carteggio, wanted: Wanted) -> Done:
    if not sys.stderr.isatty():
        return import_mail(carteggio, wanted, _plain_lines())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[stored]} stored"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("reading", total=None, stored=0)
        return import_mail(carteggio, wanted, lambda done: _move(bar, task, done))


def _move(bar: Progress, task: TaskID, done: Done) -> None:
    bar.update(
        task,
        completed=done.octets,
        total=done.of_octets,
        stored=done.counts.stored,
        description="projecting" if done.projecting else "reading",
    )


def _plain_lines(every: int = 5_000) -> "Teller":
    return Teller(every)


class Teller:
    """Says now and then how far an import is, where nobody looks at a bar."""

    def __init__(self, every: int) -> None:
        self._every, self._next = every, every

    def __call__(self, done: Done) -> None:
        if done.counts.read >= self._next:
            self._next = done.counts.read + self._every
            share = 100 * done.octets // max(done.of_octets, 1)
            err.print(f"{share} %: {done.counts.read:,} read, {done.counts.stored:,} stored")


def _summary(done: Done, linked: int) -> dict[str, float]:
    counts = done.counts
    return {
        "read": counts.read,
        "stored": counts.stored,
        "of_these_copies": counts.copies,
        "already_known": counts.known,
        "excluded": counts.excluded,
        "degraded": counts.degraded,
        "problems": len(done.problems) + done.more_problems,
        "linked": linked,
        "seconds": round(done.projected_seconds, 1),
        "messages_per_second": round(done.read_here / max(done.projected_seconds, 0.001), 1),
    }


def _tell_problems(done: Done) -> None:
    for problem in done.problems[:_SHOWN]:
        err.print(plain(f"{problem.place}: {problem.reason}"))
    left = len(done.problems) + done.more_problems - _SHOWN
    if left > 0:
        err.print(f"… and {left:,} more")


def directory(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder with the CSV files.")],
    source: Annotated[
        str, typer.Option(help="The system that the records come from; ids are its own.")
    ] = "erp",
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Take over master data from CSV files.

    It reads parties.csv, contacts.csv, documents.csv, colleagues.csv,
    mailboxes.csv and company.json, as many of them as there are.
    Only what changed is recorded; a row that cannot be used is told, and
    leaves the others alone.

    carteggio import directory erp-export/
    """
    with opened(context) as carteggio:
        outcomes = import_directory(carteggio, folder, source)
        carteggio.feed.catch_up()
    if as_json:
        for outcome in outcomes:
            print_json(_as_dict(outcome))
    else:
        _show(outcomes)
    if any(outcome.bad for outcome in outcomes):
        raise typer.Exit(2)


def _show(outcomes: list[Outcome]) -> None:
    table = table_of(
        "file", "#rows", "#new", "#changed", "#unchanged", "#removed contacts", "#bad"
    )
    for one in outcomes:
        numbers = (one.rows, one.new, one.changed, one.unchanged, one.removed, len(one.bad))
        table.add_row(one.file, *(f"{number:,}" for number in numbers))
        for bad in one.bad[:_SHOWN]:
            err.print(plain(bad))
        if len(one.bad) > _SHOWN:
            err.print(f"{one.file}: … and {len(one.bad) - _SHOWN:,} more")
        for odd in one.odd[:_SHOWN]:
            err.print(plain(odd))
        if len(one.odd) > _SHOWN:
            err.print(f"{one.file}: … and {len(one.odd) - _SHOWN:,} more of the like")
    out.print(table)


def _as_dict(outcome: Outcome) -> dict[str, object]:
    return {
        "file": outcome.file,
        "rows": outcome.rows,
        "new": outcome.new,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "removed": outcome.removed,
        "bad": [{"line": bad.number, "reason": bad.reason} for bad in outcome.bad],
        "notices": [{"line": odd.number, "reason": odd.reason} for odd in outcome.odd],
    }
