"""Rules about mail at the command line: saved from files, listed, shown, ordered, retired."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.text import Text

from adapters.ids import uuid7
from adapters.rulefiles import MOST_OCTETS, RuleFile, read_rule, written_rule
from api.cli.excluding import mailbox_addresses, mailbox_named
from api.cli.setting import fresh, local, moment, opened, out, plain, print_rows, table_of
from api.ids import Kind, id_in, shown
from api.work.instance import Carteggio
from api.work.mailrules import (
    new_rule,
    next_order,
    order_rule,
    places,
    retire_rule,
    save_rule,
    written,
)
from api.work.tokens import by_operator
from domain.labels import label
from domain.mailrules import RuleSaved
from domain.values import Rejected
from projections.mailrules import RuleRow, rules_now, versions_of
from projections.reader import EVERYTHING, NOW, AsOf, text_key

_Name = Annotated[str, typer.Argument(help="The rule's name, or its id.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_ALL: Final = "all mail"


def save(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files (TOML or JSON), as `show` prints.")],
    version: Annotated[
        int | None,
        typer.Option("--version", min=0, help="Only if this one holds; 0: if it is new."),
    ] = None,
) -> None:
    """Save rules from files: each as the next version of the one with its name, or a new one.

    carteggio rules save offers.toml --version 3
    """
    if version is not None and len(files) > 1:
        raise Rejected("INVALID", "--version is that of one rule: name one file")
    read = [(path, read_file(path)) for path in files]
    with opened(context) as carteggio:
        for path, file in read:
            fresh(carteggio)
            try:
                position, now = _save(carteggio, file, version)
            except Rejected as wrong:
                raise Rejected(wrong.code, f"{path}: {wrong.sentence}") from wrong
            said = f"is version {now}" if position else "says the same already"
            out.print(plain(f"{path}: {label(file.name)} {said}."))


def list_(
    context: typer.Context,
    as_of: Annotated[str | None, typer.Option(help="What held then, as 2026-04-30.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Retired ones, too.")] = False,
    as_json: _AsJson = False,
) -> None:
    """List the rules in the order in which they are asked.

    carteggio rules list --as-of 2026-04-30
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        then = NOW if as_of is None else AsOf(time=moment(as_of, zone))
        rows = asyncio.run(_rows(carteggio, then, retired=retired))
        boxes = asyncio.run(mailbox_addresses(carteggio))
    table = table_of("#order", "name", "about", "~does", "#version", "=saved", "state")

    def cells(row: RuleRow) -> Sequence[str | Text]:
        about = boxes.get(row.mailbox, "another mailbox") if row.mailbox else _ALL
        does = ", ".join(str(one["kind"]).replace("_", " ") for one in json.loads(row.actions))
        state = "retired" if row.retired else "" if row.enabled else "off"
        said = plain(row.name), plain(about), plain(does)
        return str(row.place), *said, str(row.version), local(row.at, zone), state

    print_rows(rows, lambda row: _facts(row, boxes), table, cells, as_json=as_json)


def show(
    context: typer.Context,
    name: _Name,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="A version; else the one that holds.")
    ] = None,
) -> None:
    """Print a rule as a file that can be edited and saved again.

    carteggio rules show "Offers" > offers.toml
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = rule_named(carteggio, name, retired=True)
        if version is not None:
            row = asyncio.run(_version(carteggio, row, version))
        boxes = asyncio.run(mailbox_addresses(carteggio))
    sys.stdout.write(written_rule(file_of(row, boxes)))


def order(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Rules, in the order in which to ask them.")],
) -> None:
    """Let rules be asked in this order; others keep their places.

    carteggio rules order "Spam" "Offers" "Orders"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        rows = [rule_named(carteggio, name) for name in names]
        if len({row.rule for row in rows}) < len(rows):
            raise Rejected("INVALID", "name each rule once")
        changed = 0
        for row, place in zip(rows, places([row.place for row in rows]), strict=True):
            changed += order_rule(carteggio, row.rule, place, by_operator()) is not None
        fresh(carteggio)
    out.print(plain(f"{changed} of {len(rows)} rules are asked at another place."))


def retire(
    context: typer.Context,
    name: _Name,
    note: Annotated[str, typer.Option(help="Why; kept sealed.")] = "",
) -> None:
    """Ask a rule no more; what it did stays.

    carteggio rules retire "Offers" --note "Anna left"
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = rule_named(carteggio, name)
        retire_rule(carteggio, row.rule, note, by_operator())
        fresh(carteggio)
    out.print(plain(f"{row.name} is asked no more."))


# ---- asking


def read_file(path: Path) -> RuleFile:
    """Read a rule's file; what is wrong is told with its path."""
    try:
        with path.open("rb") as stream:
            return read_rule(stream.read(MOST_OCTETS + 1), is_json=path.suffix == ".json")
    except OSError as trouble:
        sentence = f"{path}: it cannot be read: {trouble.strerror or trouble}"
        raise Rejected("NOT_FOUND", sentence) from trouble
    except Rejected as wrong:
        raise Rejected(wrong.code, f"{path}: {wrong.sentence}") from wrong


def _save(carteggio: Carteggio, file: RuleFile, based_on: int | None) -> tuple[int | None, int]:
    keys = text_key(file.name), text_key(label(file.name))
    known = [row for row in _standing(carteggio) if row.name_key in keys]
    before = known[0] if known else None
    if before is None and based_on:
        raise Rejected("CONFLICT", f"there is no rule {file.name!r} any more; see: rules list")
    id = before.rule if before else new_rule(carteggio, str(uuid7()))
    wanted = asyncio.run(wanted_of(carteggio, file, before))
    position = save_rule(carteggio, id, wanted, by_operator(), based_on)
    return position, (before.version if before else 0) + 1


async def wanted_of(carteggio: Carteggio, file: RuleFile, before: RuleRow | None) -> RuleSaved:
    """Give what a file wants saved; a new rule is the last one unless it says otherwise."""
    box = await asyncio.to_thread(mailbox_named, carteggio, file.mailbox)
    order = before.place if before and file.order is None else file.order
    if order is None:
        async with carteggio.reading() as asked:
            order = await next_order(asked)
    return RuleSaved(
        version=0,
        order=order,
        enabled=file.enabled,
        mailbox=box,
        name=file.name,
        when=written(file.when),
        then=written(file.then),
        note=file.note,
    )


def rule_named(carteggio: Carteggio, name: str, *, retired: bool = False) -> RuleRow:
    """Give the rule with a name or id; Rejected (NOT_FOUND) if there is none."""
    rows = asyncio.run(_rows(carteggio, NOW, retired=retired))
    id, key = id_in(name), text_key(name)
    found = [row for row in rows if row.rule == id or row.name_key == key]
    if not found:
        raise Rejected("NOT_FOUND", f"there is no rule {name!r}; see: rules list")
    return min(found, key=lambda row: row.retired)


def _standing(carteggio: Carteggio) -> list[RuleRow]:
    return asyncio.run(_rows(carteggio, NOW, retired=False))


async def _rows(carteggio: Carteggio, as_of: AsOf, *, retired: bool) -> list[RuleRow]:
    async with carteggio.reading() as asked:
        return await rules_now(*asked, EVERYTHING, as_of, retired=retired)


async def _version(carteggio: Carteggio, row: RuleRow, version: int) -> RuleRow:
    async with carteggio.reading() as asked:
        found = (await versions_of(*asked, EVERYTHING, [row.rule]))[row.rule]
    wanted = [one for one in found if one.version == version]
    if not wanted:
        raise Rejected("NOT_FOUND", f"{row.name} has no version {version}")
    return wanted[0]


# ---- showing


def file_of(row: RuleRow, boxes: Mapping[UUID, str]) -> RuleFile:
    """Give a version of a rule as a file says it."""
    return RuleFile(
        name=row.name,
        when=json.loads(row.condition),
        then=json.loads(row.actions),
        mailbox=boxes.get(row.mailbox, str(row.mailbox)) if row.mailbox else None,
        order=row.place,
        enabled=row.enabled,
        note=row.note,
    )


def _facts(row: RuleRow, boxes: Mapping[UUID, str]) -> dict[str, object]:
    return {
        "id": shown(Kind.RULE, row.rule),
        "name": row.name,
        "order": row.place,
        "enabled": row.enabled,
        "mailbox": boxes.get(row.mailbox) if row.mailbox else None,
        "when": json.loads(row.condition),
        "then": json.loads(row.actions),
        "note": row.note,
        "version": row.version,
        "saved_at": row.at,
        "retired": row.retired,
    }
