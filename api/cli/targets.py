"""Targets: within what time answers are wanted, at the command line."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from api.cli.calendars import AsOf, Json, Reason, Since, held, moment_or_none
from api.cli.excluding import mailbox_addresses, mailbox_named
from api.cli.recomputed import DryRun, show
from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.work.calendars import checked_target, set_target, target_of, withdraw_target
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from domain.calendars import USUAL_RISK, TargetScope, TargetSet, TargetWithdrawn, UpdateMode
from domain.hours import read_span, read_week, written_week
from domain.inforce import Said

_Span = Annotated[str | None, typer.Option(help="In business time, as 4h or 1h30m.")]
_Mailbox = Annotated[str | None, typer.Option(help="Only in this mailbox; else in any.")]
_Category = Annotated[str, typer.Option(help="Only of parties with this category in parties.csv.")]
_Kind = Annotated[
    str, typer.Option(help="Only about documents of this kind, as the ERP writes it.")
]
_Priority = Annotated[
    str, typer.Option(help="Only of parties with this priority, a further column of parties.csv.")
]
_Next = Annotated[
    str | None, typer.Option("--next", help="The same, once we had answered before.")
]
_Solution = Annotated[
    str | None,
    typer.Option(help="From the first question since it was last closed to the last answer."),
]
_Risk = Annotated[int, typer.Option(help="At risk after so many percent of it.")]
_Alarms = Annotated[
    str, typer.Option(help='When alarms are told, as "Mon-Fri 09:00-18:00"; else when open.')
]
_Between = Annotated[
    bool, typer.Option(help="A next answer is measured from our last one, not their message.")
]
_Escalate = Annotated[
    list[str] | None,
    typer.Option(help="The address of a colleague who is told, too, when it is too late."),
]


def set_(
    context: typer.Context,
    first: _Span = None,
    next_: _Next = None,
    solution: _Solution = None,
    mailbox: _Mailbox = None,
    category: _Category = "",
    kind: _Kind = "",
    priority: _Priority = "",
    risk: _Risk = USUAL_RISK,
    alarms: _Alarms = "",
    between: _Between = False,
    escalate: _Escalate = None,
    since: Since = None,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Say within what business time an answer is wanted: a first one, a next one, the last one.

    Of several that fit, one for a priority comes first, then for a mailbox, a category, a kind.

    carteggio target set --first 4h --next 2h --solution 40h
    carteggio target set --mailbox service@firm.example --first 30m
    """
    with opened(context) as carteggio:
        scope, at = (
            _scope(carteggio, mailbox, category, kind, priority),
            moment_or_none(carteggio, since),
        )
        week = read_week(alarms) if alarms else ()
        mode = UpdateMode.BETWEEN_ANSWERS if between else UpdateMode.TO_RESPOND
        whom = tuple(colleague_at(carteggio, one) for one in escalate or ())
        spans = _span(first), _span(next_)
        last = _span(solution)
        wanted = TargetSet(scope, *spans, risk, week, at, reason, mode, whom, last)
        if dry_run:
            show(carteggio, *checked_target(carteggio, wanted))
            return
        set_target(carteggio, wanted, by_operator())
        fresh(carteggio)
    out.print("The target is set.")


def list_(context: typer.Context, as_of: AsOf = None, as_json: Json = False) -> None:
    """List the targets that hold, now or then.

    carteggio target list
    """
    with opened(context) as carteggio:
        now, zone = held(carteggio, as_of), carteggio.settings.zone
        boxes = asyncio.run(mailbox_addresses(carteggio))
    table = table_of(
        "mailbox",
        "?category",
        "?kind",
        "?priority",
        "#first",
        "#next",
        "#solution",
        "#at risk",
        "=since",
    )

    def cells(one: Said[TargetSet]) -> list[object]:
        event, scope = one.event, one.event.scope
        where = boxes.get(scope.mailbox, "") if scope.mailbox else "any"
        words = scope.category or "any", scope.kind or "any", scope.priority or "any"
        times = map(_long, (event.first, event.next, event.solution))
        return [where, *words, *times, f"{event.risk} %", local(one.since, zone)]

    print_rows(
        now.targets,
        lambda one: _facts(one, boxes),
        table,
        lambda one: map(plain, cells(one)),
        as_json=as_json,
    )


def _facts(one: Said[TargetSet], boxes: Mapping[UUID, str]) -> dict[str, object]:
    event, scope = one.event, one.event.scope
    return {
        "id": one.stream,
        "mailbox": boxes.get(scope.mailbox) if scope.mailbox else None,
        "category": scope.category,
        "kind": scope.kind,
        "priority": scope.priority,
        "first_seconds": event.first,
        "next_seconds": event.next,
        "solution_seconds": event.solution,
        "risk_percent": event.risk,
        "alarms": written_week(event.alarms) if event.alarms else None,
        "next_from": event.mode.value,
        "escalate_to": [str(who) for who in event.escalate_to],
        "since": one.since,
    }


def withdraw(
    context: typer.Context,
    mailbox: _Mailbox = None,
    category: _Category = "",
    kind: _Kind = "",
    priority: _Priority = "",
    since: Since = None,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Withdraw the target that was set for just this.

    carteggio target withdraw --mailbox service@firm.example
    """
    with opened(context) as carteggio:
        id = target_of(carteggio, _scope(carteggio, mailbox, category, kind, priority))
        withdrawn = TargetWithdrawn(moment_or_none(carteggio, since), reason)
        if dry_run:
            show(carteggio, id, withdrawn)
            return
        withdraw_target(carteggio, id, withdrawn, by_operator())
        fresh(carteggio)
    out.print("The target is withdrawn.")


def _scope(
    carteggio: Carteggio, mailbox: str | None, category: str, kind: str, priority: str
) -> TargetScope:
    return TargetScope(mailbox_named(carteggio, mailbox), category, kind, priority)


def _span(text: str | None) -> int | None:
    return None if text is None else read_span(text)


def _long(seconds: int | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=seconds))
