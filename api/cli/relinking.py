"""Matching all mail again, and what would come of it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.progress import BarColumn, Progress, TextColumn

from api.cli.setting import err, fresh, opened, out, plain, print_json, print_rows, table_of
from api.work.instance import Carteggio
from api.work.relinking import Difference, Rehearsed, as_rows, decide, order, rehearse
from api.work.tokens import by_operator
from projections.messages import by_ids
from projections.reader import EVERYTHING
from projections.sentences import sentence

_EXAMPLES: Final = 20


def relink(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Record nothing; show what would change, and why.")
    ] = False,
    examples: Annotated[
        int, typer.Option(min=0, help="So many messages are shown that would change.")
    ] = _EXAMPLES,
    note: Annotated[str, typer.Option(help="Why it is done; kept with the order.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Match all mail again by the rules as they are now; what people said stands.

    Look first: `--dry-run` records nothing and lists what would be linked, unlinked or classified
    otherwise. Interrupted, it goes on when it is called again, or with `carteggio work`.

    carteggio relink --dry-run
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        if not dry_run:
            _decide(carteggio, carteggio.journal.head())  # what an interrupted one left
        with _bar("matching") as report:
            found = rehearse(carteggio, lambda now: report(now.messages, now.of), examples)
        subjects = asyncio.run(_subjects(carteggio, found.examples))
        _show(found, subjects, as_json=as_json)
        if dry_run or not found.changed:
            return
        ordered = order(carteggio, by_operator(), note)
        _decide(carteggio, ordered or 0)
        fresh(carteggio)
    err.print(f"{found.changed:,} messages were decided on anew.")


def _decide(carteggio: Carteggio, position: int) -> None:
    most = 0
    with _bar("deciding") as report:

        def tell(left: int) -> None:
            nonlocal most
            most = max(most, left)
            report(most - left, most)

        decide(carteggio, position, tell)


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn(doing),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=0)
        yield lambda done, of: bar.update(task, completed=done, total=of)


async def _subjects(carteggio: Carteggio, found: Sequence[Difference]) -> dict[UUID, str]:
    async with carteggio.reading() as (connection, names):
        rows = await by_ids(connection, names, EVERYTHING, [one.message for one in found])
    return {id: row.subject for id, row in rows.items()}


def _show(found: Rehearsed, subjects: dict[UUID, str], *, as_json: bool) -> None:
    rows = as_rows(found.by_rule)
    changed = [
        {
            "message": str(one.message),
            "subject": subjects.get(one.message, ""),
            "events": [sentence(event) for event in one.events],
        }
        for one in found.examples
    ]
    if as_json:
        counts = [{"what": said, "rule": rule, "count": count} for said, rule, count in rows]
        print_json({"messages": found.of, "changed": found.changed, "by_rule": counts,
                    "examples": changed})  # fmt: skip
        return
    out.print(f"{found.changed:,} of {found.of:,} messages would be decided on otherwise.")
    if not rows:
        return
    print_rows(
        rows,
        lambda row: {"what": row[0], "rule": row[1], "count": row[2]},
        table_of("what", "by rule", "#times"),
        lambda row: (plain(row[0]), plain(row[1]), f"{row[2]:,}"),
        as_json=False,
    )
    for one in changed:
        out.print(plain(f"{one['message']}  {one['subject']}"))
        for said in one["events"]:
            out.print(plain(f"    {said}"))
