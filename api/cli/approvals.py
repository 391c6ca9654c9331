"""A second pair of eyes: what waits for approval, and what a colleague decides."""

import asyncio
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from adapters.building.builder import preview
from api.cli.setting import (
    fresh,
    local,
    opened,
    out,
    plain,
    print_json,
    print_rows,
    table_of,
)
from api.ids import Kind, id_in, shown
from api.work import approvals, drafts
from api.work.approvals import Deciding, Leaving
from api.work.drafts import OPERATOR
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from domain.approval import ApprovalState
from domain.values import Actor, ActorKind, ColleagueId, Rejected
from projections import company
from projections.approvals import ApprovalRow, approvals_in
from projections.reader import EVERYTHING

_Id = Annotated[str, typer.Argument(help="The approval's id; see: approval list.")]
_As = Annotated[str, typer.Option("--as", help="The address of the colleague who decides.")]
_Note = Annotated[str, typer.Option(help="Why; kept sealed.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def list_(
    context: typer.Context,
    state: Annotated[ApprovalState | None, typer.Option(help="Only those.")] = None,
    of: Annotated[str, typer.Option("--for", help="What waits for this colleague.")] = "",
    as_json: _Json = False,
) -> None:
    """List approvals, the latest change first; with --for what waits for a colleague's word.

    carteggio approval list --for luca@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        who = colleague_at(carteggio, of) if of else None
        lines = asyncio.run(_lines(carteggio, ApprovalState.ASKED if who else state, who))
        zone = carteggio.settings.zone
    table = table_of("=id", "state", "mailbox", "=asked", "by", "~may decide", "~note")
    print_rows(lines, asdict, table, partial(_cells, zone=zone), as_json=as_json)


def show(context: typer.Context, id: _Id) -> None:
    """Show exactly what would leave under an approval, as JSON.

    carteggio approval show apr_01a2199042527191
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row, found = asyncio.run(_leaving(carteggio, id))
    print_json({**_said(row), "mail": _mail(found) if found else None})


def approve(context: typer.Context, id: _Id, who: _As, note: _Note = "") -> None:
    """Approve a mail as it is, in the name of a colleague who did not write it.

    carteggio approval approve apr_01a2199042527191 --as luca@firm.example
    """
    _decide(context, id, who, note, approved=True)
    out.print("It is approved: whoever wrote it can send it as it is.")


def refuse(context: typer.Context, id: _Id, who: _As, note: _Note = "") -> None:
    """Refuse it, and say why.

    carteggio approval refuse apr_01a2199042527191 --as luca@firm.example --note "wrong price"
    """
    _decide(context, id, who, note, approved=False)
    out.print("It is refused.")


def withdraw(context: typer.Context, id: _Id, note: _Note = "") -> None:
    """Take back what was asked for here (send --ask), or the approval that was given.

    carteggio approval withdraw apr_01a2199042527191
    """
    with opened(context) as carteggio:
        approvals.withdraw(carteggio, _id(id), OPERATOR.id, note, by_operator())
        fresh(carteggio)
    out.print("It is withdrawn.")


def send(context: typer.Context, id: _Id) -> None:
    """Send a mail that was asked for here (send --ask), once it is approved.

    carteggio approval send apr_01a2199042527191
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        row = asyncio.run(_row(carteggio, id))
        envelope = replace(by_operator(), command_id=f"approved-{row.id.hex}")
        version = row.version
        sent = asyncio.run(
            drafts.send_draft(carteggio, OPERATOR, row.draft, version, lambda _: envelope)
        )
        fresh(carteggio)
    out.print(plain(f"Queued as out_{sent.mail.hex}."))


def _decide(context: typer.Context, id: str, who: str, note: str, *, approved: bool) -> None:
    with opened(context) as carteggio:
        fresh(carteggio)
        colleague = colleague_at(carteggio, who)
        own = shown(Kind.COLLEAGUE, colleague)
        envelope = replace(by_operator(), on_behalf_of=Actor(ActorKind.USER, own))
        by = Deciding(colleague, (own, OPERATOR.id), EVERYTHING)
        asyncio.run(approvals.decide(carteggio, _id(id), by, note, envelope, approved=approved))
        fresh(carteggio)


# ---- what is typed


def _id(text: str) -> UUID:
    if (id := id_in(text)) is None:
        raise Rejected("NOT_FOUND", f"there is no approval {text!r}; see: approval list")
    return id


async def _row(carteggio: Carteggio, text: str) -> ApprovalRow:
    async with carteggio.reading() as asked:
        rows = await approvals_in(*asked, EVERYTHING, ids=[_id(text)])
    if not rows:
        raise Rejected("NOT_FOUND", f"there is no approval {text!r}; see: approval list")
    return rows[0]


async def _leaving(carteggio: Carteggio, text: str) -> tuple[ApprovalRow, Leaving | None]:
    row = await _row(carteggio, text)
    return row, await approvals.leaving(carteggio, row)


# ---- what is told


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the list."""

    id: str
    state: str
    mailbox: str
    asked_at: datetime
    asked_by: str
    may_decide: list[str]
    note: str
    decision: str


async def _lines(
    carteggio: Carteggio, state: ApprovalState | None, who: ColleagueId | None
) -> list[_Line]:
    async with carteggio.reading() as asked:
        rows = await approvals_in(*asked, EVERYTHING, state=state)
        may = await approvals.approvers(asked, EVERYTHING, rows)
        staff = {one.id: one.address for one in await company.colleagues(*asked, EVERYTHING)}
        boxes = {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
    named = {shown(Kind.COLLEAGUE, id): address for id, address in staff.items()}
    return [
        _Line(
            id=shown(Kind.APPROVAL, row.id),
            state=row.state,
            mailbox=boxes.get(row.mailbox, ""),
            asked_at=row.asked_at,
            asked_by=named.get(row.asked_by, row.asked_by),
            may_decide=[staff.get(one, str(one)) for one in may[row.id][0]],
            note=row.note,
            decision=row.decided_note,
        )
        for row in rows
        if who is None or who in may[row.id][0]
    ]


def _said(row: ApprovalRow) -> dict[str, object]:
    return {"id": shown(Kind.APPROVAL, row.id), "state": row.state, "note": row.note}


def _mail(found: Leaving) -> dict[str, object]:
    mail = found.tried.mail
    return {
        "from": mail.sender.address.spec,
        "to": [one.spec for one in mail.recipients],
        "subject": mail.subject,
        "text": preview(mail).text,
        "files": [one.name for one in mail.files],
    }


def _cells(one: _Line, zone: ZoneInfo) -> tuple[str | Text, ...]:
    may, by = ", ".join(one.may_decide), plain(one.asked_by)
    asked = local(one.asked_at, zone)
    return one.id, one.state, plain(one.mailbox), asked, by, plain(may), plain(one.note)
