"""What became of mail that left, for each recipient."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.ids import id_in
from api.work.instance import Carteggio
from domain.aliveness import Invalid
from domain.values import Rejected
from projections.delivered import (
    AnswerRow,
    SentFilter,
    answers_to,
    deliveries_of,
    invalid_addresses,
    sent_mail,
)
from projections.deliveryrows import DeliveryRow, SentMailRow
from projections.reader import EVERYTHING, Page

_SHOWN: Final[Mapping[str, str]] = {
    "bounced": "[red]bounced[/]", "refused": "[red]refused[/]", "given_up": "[red]given up[/]",
    "pec_failed": "[red]not delivered (PEC)[/]", "uncertain": "[yellow]uncertain[/]",
    "deferred": "[yellow]deferred[/]", "pec_late": "[yellow]late (PEC)[/]",
    "delivered": "[green]delivered[/]", "pec_delivered": "[green]delivered (PEC)[/]",
    "pec_accepted": "accepted (PEC)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Which mail, as people type it."""

    document: str | None
    party: str | None
    message: str | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A mail for one of its recipients."""

    mail: SentMailRow
    delivery: DeliveryRow
    answer: AnswerRow | None


def deliveries(
    context: typer.Context,
    document: Annotated[str | None, typer.Option(help="Of this document, by its number.")] = None,
    party: Annotated[
        str | None, typer.Option(help="With this party: code, address, name.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="Of this message, by its id.")] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed for anybody.")
    ] = False,
    undeliverable: Annotated[
        bool, typer.Option("--undeliverable", help="The addresses at which nobody is reached.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many mails.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show what became of the mail that left, for each recipient, the newest first.

    carteggio deliveries --failed
    carteggio deliveries --document 2026/118
    carteggio deliveries --undeliverable
    """
    if undeliverable:
        _by_address(context, as_json=as_json)
        return
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        asked = Asked(document, party, message, failed)
        lines, more = asyncio.run(_lines(carteggio, asked, limit))
    table = table_of("=at", "recipient", "=state", "?subject", "~what was said", "=answered")
    print_rows(lines, _facts, table, partial(_cells, zone=zone), as_json=as_json)
    if more and not as_json:
        out.print(f"The latest {limit:,} mails; ask for more with --limit.")


def _by_address(context: typer.Context, *, as_json: bool) -> None:
    """Print where nobody is reached; whoever asks at the command line sees all of it."""
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        found = asyncio.run(_invalid(carteggio))

    def facts(line: tuple[str, Invalid]) -> dict[str, object]:
        address, one = line
        last = one.evidence
        return {
            "address": address, "sure": one.sure, "times": one.times, "at": last.at,
            "status": last.status, "text": last.text, "expires_at": one.expires_at,
            "message": last.message, "proof": last.proof,
        }  # fmt: skip

    def cells(line: tuple[str, Invalid]) -> tuple[str | Text, ...]:
        address, one = line
        times = f"{one.times:,}" if one.sure else f"{one.times:,}, one day"
        return plain(address), times, local(one.evidence.at, zone), plain(one.evidence.text)

    table = table_of("address", "=came back", "=last", "~what was said")
    print_rows(sorted(found.items()), facts, table, cells, as_json=as_json)


async def _invalid(carteggio: Carteggio) -> dict[str, Invalid]:
    async with carteggio.reading() as asked:
        return await invalid_addresses(*asked, EVERYTHING, None, datetime.now(UTC))


async def _wanted(carteggio: Carteggio, asked: Asked) -> SentFilter:
    if sum(one is not None for one in (asked.document, asked.party, asked.message)) > 1:
        raise Rejected("INVALID", "give one of --document, --party and --message")
    target: UUID | None = None
    async with carteggio.finding() as finder:
        if asked.document is not None:
            target = (await finder.document(asked.document)).id
        elif asked.party is not None:
            target = await finder.counted((await finder.party(asked.party)).id)
    message = None if asked.message is None else id_in(asked.message)
    if asked.message is not None and message is None:
        raise Rejected("INVALID", f"{asked.message!r} is no id of a message")
    return SentFilter(target=target, message=message, failed=asked.failed)


async def _lines(carteggio: Carteggio, wanted: Asked, limit: int) -> tuple[list[Line], bool]:
    chosen = await _wanted(carteggio, wanted)
    async with carteggio.reading() as asked:
        found = await sent_mail(*asked, EVERYTHING, Page(first=limit, counted=False), chosen)
        messages = [one.message for one in found.rows]
        rows = await deliveries_of(*asked, EVERYTHING, messages)
        answers = await answers_to(*asked, EVERYTHING, messages)
    lines = [
        Line(mail, one, answers.get((mail.message, one.address_key)))
        for mail in found.rows
        for one in rows.get(mail.message, ())
        if one.mail == mail.mail
    ]
    return lines, found.has_next


def _facts(line: Line) -> dict[str, object]:
    one = line.delivery
    return {
        "mail": one.mail,
        "message": one.message,
        "queued_at": line.mail.at,
        "subject": line.mail.subject,
        "certified": line.mail.certified,
        "recipient": one.address,
        "role": one.role,
        "state": one.state,
        "at": one.at,
        "code": one.code or None,
        "status": one.status,
        "text": one.text,
        "proof": one.proof,
        "is_pec": one.certified,
        "alarm": one.alarm or None,
        "answered_at": line.answer.at if line.answer else None,
        "answer": line.answer.answer if line.answer else None,
    }


def _cells(line: Line, zone: ZoneInfo) -> tuple[str | Text, ...]:
    one = line.delivery
    state = _SHOWN.get(one.state, one.state)
    return (
        local(one.at, zone),
        plain(one.address),
        f"{state} [red]no receipt[/]" if one.alarm and one.waits_since else state,
        plain(line.mail.subject),
        plain(one.text),
        local(line.answer.at, zone) if line.answer else "",
    )
