"""Who may send: asked, and said, at the command line."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.excluding import mailbox_named
from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.work.instance import Carteggio
from api.work.permission import (
    kind_named,
    permitted,
    say_of_colleague,
    say_of_company,
    say_of_mailbox,
)
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from domain.identity import mailbox_id
from domain.permission import Allowed, Because, Refused
from domain.sendingrules import (
    EVERY_KIND,
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    OfficeRole,
    OfficeRoleGiven,
    OfficeRoleTaken,
    Reach,
    SayOfColleague,
    SendingGranted,
    SendingRule,
    SendingRuleSet,
    SendingWithdrawn,
    SendRight,
    SendRightGiven,
    SendRightTaken,
)
from domain.values import ColleagueId, DocumentId, MailboxId
from projections import company as own
from projections.permission import words
from projections.reader import EVERYTHING


class Switch(StrEnum):
    """What a switch can be."""

    ON = "on"
    OFF = "off"


_Who = Annotated[str, typer.Argument(help="The colleague's address.")]
_Kind = Annotated[
    str, typer.Argument(help="The kind of documents as the ERP calls it, or all of them: all.")
]
_Switch = Annotated[Switch, typer.Argument(help="Whether anything is sent.")]
_Rule = Annotated[SendingRule, typer.Argument(help="Who sends documents: anybody, or few.")]
_Role = Annotated[OfficeRole, typer.Argument(help="The role by which he sends for others.")]
_Reason = Annotated[str, typer.Option(help="Why; kept sealed.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_BECAUSE = {
    Because.PROGRAM: "by the token alone",
    Because.OPEN: "the rule is open",
    Because.NO_DOCUMENT: "no document is presented",
    Because.ANY_DOCUMENT: "granted for any such document",
    Because.ASSIGNED: "it is assigned to him",
    Because.ROLE: "dispatcher or coordinator",
}


def show(
    context: typer.Context,
    who: Annotated[str | None, typer.Argument(help="The colleague's address; else all.")] = None,
    document: Annotated[
        str | None, typer.Option(help="A document's id or number that he wants to send.")
    ] = None,
    mailbox: Annotated[str | None, typer.Option(help="From this mailbox alone.")] = None,
    as_json: _Json = False,
) -> None:
    """Show what is said about who may send; or from which mailboxes a colleague may, and why.

    carteggio permission show
    carteggio permission show giulia@firm.example --document AB-2026-17
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        zone = carteggio.settings.zone
        if who is None:
            lines = asyncio.run(_words(carteggio))
            table = table_of("who", "about", "holds", "=since", "?by", "~reason")
            print_rows(lines, asdict, table, partial(_word_cells, zone=zone), as_json=as_json)
        else:
            box = mailbox_named(carteggio, mailbox)
            answers = _answers(carteggio, colleague_at(carteggio, who), document, box)
            table = table_of("mailbox", "may send", "~because")
            print_rows(answers, asdict, table, _answer_cells, as_json=as_json)


def company(context: typer.Context, switch: _Switch, reason: _Reason = "") -> None:
    """Let nobody of the company send, programs neither; or all again who may.

    carteggio permission company off --reason "the server was broken into"
    """
    with opened(context) as carteggio:
        said = CompanySendingSwitched(switch is Switch.ON, reason)
        say_of_company(carteggio, said, by_operator())
        fresh(carteggio)
    out.print(f"Sending is {switch.value} for the company.")


def rule(context: typer.Context, rule: _Rule, reason: _Reason = "") -> None:
    """Say whether a document is sent by anybody (open), or by whoever it is assigned to (strict).

    carteggio permission rule strict
    """
    with opened(context) as carteggio:
        say_of_company(carteggio, SendingRuleSet(rule, reason), by_operator())
        fresh(carteggio)
    out.print(f"The rule is {rule.value}.")


def colleague(context: typer.Context, who: _Who, switch: _Switch, reason: _Reason = "") -> None:
    """Let a colleague send nothing; or again what he may.

    carteggio permission colleague giulia@firm.example off
    """
    said = ColleagueSendingSwitched(switch is Switch.ON, reason)
    _say(context, who, SayOfColleague(said))
    out.print(plain(f"Sending is {switch.value} for {who}."))


def grant(
    context: typer.Context,
    who: _Who,
    kind: _Kind,
    whoever: Annotated[
        bool, typer.Option("--any", help="Whoever is responsible, also under the strict rule.")
    ] = False,
    reason: _Reason = "",
) -> None:
    """Let a colleague send documents of a kind.

    carteggio permission grant giulia@firm.example invoice --any
    """
    reach = Reach.ANY if whoever else Reach.ASSIGNED
    named = kind_named(kind)
    _say(context, who, SayOfColleague(SendingGranted(named, reach, reason)))
    whose = "whoever is responsible" if whoever else "as the rule says"
    out.print(plain(f"{who} may send {_kind(named)}, {whose}."))


def withdraw(context: typer.Context, who: _Who, kind: _Kind, reason: _Reason = "") -> None:
    """Let a colleague send no documents of a kind, not even those assigned to him.

    carteggio permission withdraw giulia@firm.example order
    """
    named = kind_named(kind)
    _say(context, who, SayOfColleague(SendingWithdrawn(named, reason)))
    out.print(plain(f"{who} may not send {_kind(named)}."))


def role(
    context: typer.Context,
    who: _Who,
    role: _Role,
    take: Annotated[bool, typer.Option("--take", help="Take it instead.")] = False,
    reason: _Reason = "",
) -> None:
    """Give a colleague a role by which he sends for others, beside what master data says.

    carteggio permission role dora@firm.example dispatcher
    """
    said = (OfficeRoleTaken if take else OfficeRoleGiven)(role, reason)
    _say(context, who, SayOfColleague(said))
    what = "is no longer" if take else "is"
    more = ", unless master data says so" if take else ""
    out.print(plain(f"{who} {what} {role.value}{more}."))


def mailbox(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mailbox's address.")],
    who: Annotated[str, typer.Option("--for", help="The colleague's address.")],
    right: Annotated[
        SendRight, typer.Option(help="As the mailbox, or named as who sends on its behalf.")
    ] = SendRight.SEND_AS,
    take: Annotated[bool, typer.Option("--take", help="Take the right instead.")] = False,
    reason: _Reason = "",
) -> None:
    """Let a colleague send from a mailbox whose mail he need not see; its members may anyway.

    carteggio permission mailbox orders@firm.example --for paolo@firm.example
    """
    with opened(context) as carteggio:
        box = mailbox_id(carteggio.identity_key, address.strip())
        one = colleague_at(carteggio, who)
        said = SendRightTaken(one, reason) if take else SendRightGiven(one, right, reason)
        say_of_mailbox(carteggio, box, said, by_operator())
        fresh(carteggio)
    done = "has no right of his own to send" if take else f"may {right.value.replace('_', ' ')}"
    out.print(plain(f"{who} {done} from {address}." if take else f"{who} {done}: {address}."))


def _say(context: typer.Context, who: str, command: SayOfColleague) -> None:
    with opened(context) as carteggio:
        say_of_colleague(carteggio, colleague_at(carteggio, who), command, by_operator())
        fresh(carteggio)


def _kind(kind: str) -> str:
    return "anything" if kind == EVERY_KIND else f"documents of the kind {kind}"


# ---- showing


@dataclass(frozen=True, slots=True)
class _Word:
    """Something that stands about who may send."""

    who: str
    about: str
    holds: str
    since: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """Whether a colleague may send from a mailbox."""

    mailbox: str
    may_send: bool
    on_behalf: bool
    because: str


async def _words(carteggio: Carteggio) -> list[_Word]:
    async with carteggio.reading() as asked:
        rows = await words(*asked, EVERYTHING)
        staff = {one.id: one.address for one in await own.colleagues(*asked, EVERYTHING)}
        boxes = {one.id: one.address for one in await own.mailboxes(*asked, EVERYTHING)}
    return [
        _Word(
            who=staff.get(row.subject, "the company"),
            about=_about(row.topic, row.name, row.mailbox, boxes),
            holds=row.value.replace("_", " "),
            since=row.at,
            by=f"{row.actor_kind} {row.actor_id}",
            reason=row.reason,
        )
        for row in rows
    ]


def _about(topic: str, name: str, box: UUID | None, boxes: Mapping[UUID, str]) -> str:
    if box is not None:
        return f"from {boxes.get(box, box)}"
    return f"{topic} {name}".strip()


def _answers(
    carteggio: Carteggio, who: ColleagueId, document: str | None, mailbox: MailboxId | None
) -> list[_Answer]:
    boxes, paper = asyncio.run(_asked(carteggio, document))
    papers, found = () if paper is None else (paper,), []
    for box in boxes:
        if mailbox is None or box.id == mailbox:
            id = MailboxId(box.id)
            answer = permitted(carteggio, colleague=who, mailbox=id, documents=papers)
            found.append(_answer(box.address, answer))
    return found


def _answer(address: str, answer: Allowed | Refused) -> _Answer:
    if isinstance(answer, Allowed):
        because = _BECAUSE[answer.because]
        return _Answer(address, may_send=True, on_behalf=answer.on_behalf, because=because)
    return _Answer(address, may_send=False, on_behalf=False, because=answer.sentence)


async def _asked(
    carteggio: Carteggio, document: str | None
) -> tuple[list[own.MailboxRow], DocumentId | None]:
    async with carteggio.finding() as finder:
        paper = DocumentId((await finder.document(document)).id) if document else None
        return await own.mailboxes(finder.connection, finder.names, EVERYTHING), paper


def _word_cells(one: _Word, zone: ZoneInfo) -> tuple[str | Text, ...]:
    since = local(one.since, zone)
    return (
        plain(one.who),
        plain(one.about),
        plain(one.holds),
        since,
        plain(one.by),
        plain(one.reason),
    )


def _answer_cells(one: _Answer) -> tuple[str | Text, ...]:
    may = ("on its behalf" if one.on_behalf else "yes") if one.may_send else "no"
    return plain(one.mailbox), may, plain(one.because)
