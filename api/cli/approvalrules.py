"""Which mail needs the approval of another colleague: said, taken back, listed."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.excluding import mailbox_named
from api.cli.setting import fresh, local, moment, opened, out, plain, print_rows, table_of
from api.work import approvals
from api.work.instance import Carteggio
from api.work.permission import kind_named
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from domain.approvalrules import (
    ApprovalRuleSet,
    ApprovalRuleWithdrawn,
    ApprovalScope,
    ApproverRole,
)
from domain.recorded import Envelope
from projections import company
from projections.approvals import ApprovalWordRow, rule_words, rules_standing
from projections.reader import EVERYTHING

_Mailbox = Annotated[str, typer.Option(help="From this mailbox; else any.")]
_Kind = Annotated[str, typer.Option(help="With a document of this kind; else any.")]
_User = Annotated[str, typer.Option(help="By this colleague; else anybody.")]
_Since = Annotated[str, typer.Option(metavar="TIME", help="From when on; else from now on.")]
_Reason = Annotated[str, typer.Option(help="Why; kept sealed.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def rule(
    context: typer.Context,
    mailbox: _Mailbox = "",
    kind: _Kind = "",
    user: _User = "",
    since: _Since = "",
    role: Annotated[
        list[ApproverRole] | None, typer.Option(help="Who may approve; again for more.")
    ] = None,
    approver: Annotated[
        list[str] | None, typer.Option(help="Who may, by address; again for more.")
    ] = None,
    exempt: Annotated[bool, typer.Option("--exempt", help="It needs none: an exception.")] = False,
    people_only: Annotated[
        bool, typer.Option("--people-only", help="Not what programs send.")
    ] = False,
    reason: _Reason = "",
) -> None:
    """Say which mail leaves only after another colleague approved it; the narrowest rule counts.

    carteggio approval rule --kind offer --role supervisor --since 2026-09-01
    """
    with opened(context) as carteggio:
        envelope = by_operator()
        said = ApprovalRuleSet(
            scope=_scope(carteggio, mailbox, kind, user),
            since=_since(carteggio, since, envelope),
            needed=not exempt,
            roles=tuple(role or ()),
            people=tuple(colleague_at(carteggio, one) for one in approver or ()),
            programs=not people_only,
            reason=reason,
        )
        approvals.set_rule(carteggio, said, envelope)
        fresh(carteggio)
    out.print(f"Such mail needs {'no' if exempt else 'the'} approval of a second person.")


def unrule(
    context: typer.Context,
    mailbox: _Mailbox = "",
    kind: _Kind = "",
    user: _User = "",
    since: _Since = "",
    reason: _Reason = "",
) -> None:
    """Let a rule of approval say nothing any more.

    carteggio approval unrule --kind offer
    """
    with opened(context) as carteggio:
        envelope = by_operator()
        scope = _scope(carteggio, mailbox, kind, user)
        ends = _since(carteggio, since, envelope)
        approvals.withdraw_rule(carteggio, ApprovalRuleWithdrawn(scope, ends, reason), envelope)
        fresh(carteggio)
    out.print("The rule says nothing any more.")


def rules(
    context: typer.Context,
    past: Annotated[
        bool, typer.Option("--all", help="Also what was said before, and counts no more.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """List which mail needs approval, now and from a later time on, the first word first.

    carteggio approval rules
    carteggio approval rules --all
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        lines, zone = asyncio.run(_words(carteggio, past=past)), carteggio.settings.zone
    table = table_of("mailbox", "kind", "by", "=since", "needs approval", "~by whom", "~reason")
    print_rows(lines, asdict, table, partial(_word_cells, zone=zone), as_json=as_json)


def _scope(carteggio: Carteggio, mailbox: str, kind: str, user: str) -> ApprovalScope:
    return ApprovalScope(
        mailbox=mailbox_named(carteggio, mailbox or None),
        kind=kind_named(kind).replace("*", "") if kind else "",
        colleague=colleague_at(carteggio, user) if user else None,
    )


def _since(carteggio: Carteggio, text: str, envelope: Envelope) -> datetime:
    return moment(text, carteggio.settings.zone) if text else envelope.at


@dataclass(frozen=True, slots=True)
class _Word:
    """A word about which mail needs approval; `needed` None: the rule says nothing from then on."""

    mailbox: str
    kind: str
    user: str
    since: datetime
    needed: bool | None
    by: list[str]
    programs: bool
    reason: str


async def _words(carteggio: Carteggio, *, past: bool) -> list[_Word]:
    async with carteggio.reading() as asked:
        said = await rule_words(*asked, EVERYTHING)
        rows = said if past else rules_standing(said, datetime.now(UTC))
        staff = {one.id: one.address for one in await company.colleagues(*asked, EVERYTHING)}
        boxes = {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
    return [_word(row, staff, boxes) for row in rows]


def _word(row: ApprovalWordRow, staff: Mapping[UUID, str], boxes: Mapping[UUID, str]) -> _Word:
    return _Word(
        mailbox=boxes.get(row.mailbox, "") if row.mailbox else "",
        kind=row.kind,
        user=staff.get(row.colleague, "") if row.colleague else "",
        since=row.since,
        needed=row.needed,
        by=[*row.roles, *(staff.get(one, str(one)) for one in row.people)],
        programs=row.programs,
        reason=row.reason,
    )


def _word_cells(one: _Word, zone: ZoneInfo) -> tuple[str | Text, ...]:
    needs = "says nothing" if one.needed is None else "yes" if one.needed else "no"
    scope = (plain(one.mailbox or "any"), plain(one.kind or "any"), plain(one.user or "anybody"))
    return *scope, local(one.since, zone), needs, plain(", ".join(one.by)), plain(one.reason)
