"""Approvals of mail: asked for a draft, decided by another colleague, taken back; rules about them.

draft ─▶ ask: what would leave, and what speaks against it ─▶ another colleague reads the same
      ─▶ approve │ refuse ─▶ the draft is sent (api/work/sending.py asks for the approval)
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters import drafts as rows
from api.ids import Kind, decoded, shown
from api.work import drafts
from api.work.accounts import Stamp
from api.work.approved import NOT_APPROVED, approval_of, rule_of
from api.work.drafts import Writer
from api.work.instance import Carteggio
from api.work.making import made
from api.work.permission import refuse_unpermitted
from api.work.presented import presented_by
from api.work.sending import tried
from api.work.sharing import check_registered
from api.work.tosend import ToSend, Tried
from domain import approval, approvalrules
from domain.approval import (
    DENIED,
    ApprovalAsked,
    ApprovalDenied,
    ApprovalState,
    AskApproval,
    DecideApproval,
    WithdrawApproval,
    may_decide,
)
from domain.approvalrules import (
    ApprovalRuleSet,
    ApprovalRuleWithdrawn,
    SetApprovalRule,
    WithdrawApprovalRule,
)
from domain.identity import approval_rule_id
from domain.objections import refuse_blocking
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected
from projections.approvals import ApprovalRow, approvals_in
from projections.approvers import SeerRow, seers
from projections.projection import Names
from projections.reader import EVERYTHING, Reader


@dataclass(frozen=True, slots=True)
class Deciding:
    """Who decides: a colleague, all ids by which he may have written, and what he sees."""

    colleague: ColleagueId
    ids: tuple[str, ...]
    sees: Reader


@dataclass(frozen=True, slots=True)
class Leaving:
    """What would leave of a draft whose approval is asked: what was asked, and the mail itself."""

    wanted: ToSend
    tried: Tried


# ---- rules


def set_rule(carteggio: Carteggio, rule: ApprovalRuleSet, envelope: Envelope) -> int | None:
    """Say what mail needs approval; give the event's position, None if it is said already."""
    for one in (*rule.people, *filter(None, [rule.scope.colleague])):
        check_registered(carteggio, one)
    stream, command = rule_id(carteggio, rule), SetApprovalRule(rule)
    return carteggio.journal.record(stream, approvalrules, command, envelope)


def withdraw_rule(
    carteggio: Carteggio, withdrawn: ApprovalRuleWithdrawn, envelope: Envelope
) -> int | None:
    """Let the rule of a scope say nothing any more; Rejected where there is none."""
    stream, command = rule_id(carteggio, withdrawn), WithdrawApprovalRule(withdrawn)
    return carteggio.journal.record(stream, approvalrules, command, envelope)


def rule_id(carteggio: Carteggio, rule: ApprovalRuleSet | ApprovalRuleWithdrawn) -> UUID:
    """Give the id of the rule of a scope."""
    scope = rule.scope
    key = carteggio.identity_key
    return approval_rule_id(key, scope.mailbox, scope.kind, scope.colleague)


# ---- asking


async def ask(
    carteggio: Carteggio, writer: Writer, draft: UUID, version: int, note: str, stamp: Stamp
) -> tuple[UUID, int | None]:
    """Ask that a draft be approved as it is; give the approval, and the position of its event.

    Raises NotSendable, as sending would; Rejected: no approval is needed, or the draft is another
    version meanwhile (CONFLICT).
    """
    found = await asyncio.to_thread(drafts.saved, carteggio, writer, draft)
    if found.version != version:
        raise Rejected("CONFLICT", "this draft was saved meanwhile: load it anew, and ask then")
    writer.refuse_sender(found.draft.mailbox)
    envelope = stamp("")
    wanted = await made(carteggio, found.draft, reader=writer.sees, colleague=writer.colleague,
                        owner=writer.id, id=draft)  # fmt: skip
    leaves = await _leaves(carteggio, wanted, stamp, envelope)
    rule = await asyncio.to_thread(rule_of, carteggio, wanted, envelope.at)
    if rule is None:
        raise Rejected("NOT_NEEDED", "this mail needs no approval: send it")
    authors = {*found.writers, writer.id, envelope.actor.id}
    asked = ApprovalAsked(
        draft=draft,
        version=version,
        mailbox=found.draft.mailbox,
        document=found.draft.document,
        rule=rule.stream,
        authors=tuple(sorted(authors)),
        roles=rule.event.roles,
        people=rule.event.people,
        note=note.strip(),
    )
    id = approval_of(carteggio, wanted, leaves.mail)
    return id, await asyncio.to_thread(_ask, carteggio, id, asked, envelope)


async def _leaves(carteggio: Carteggio, wanted: ToSend, stamp: Stamp, envelope: Envelope) -> Tried:
    await asyncio.to_thread(
        refuse_unpermitted,
        carteggio,
        colleague=wanted.colleague,
        mailbox=wanted.mailbox,
        documents=presented_by(carteggio, wanted),
        envelope=envelope,
    )
    found = await tried(carteggio, wanted, stamp)
    refuse_blocking([one for one in found.objections if one.code != NOT_APPROVED])
    return found


def _ask(carteggio: Carteggio, id: UUID, asked: ApprovalAsked, envelope: Envelope) -> int | None:
    def also(connection: Connection[Any], _: Sequence[object]) -> None:
        if not rows.ask_for(connection, asked.draft, asked.version, id):
            raise Rejected("CONFLICT", "somebody changed, sent or deleted this draft meanwhile")

    return carteggio.journal.record(id, approval, AskApproval(asked), envelope, also)


# ---- deciding


async def decide(
    carteggio: Carteggio, id: UUID, by: Deciding, note: str, envelope: Envelope, *, approved: bool
) -> int | None:
    """Approve or refuse a mail; give the event's position, None if it is so already.

    Raises Rejected: NOT_FOUND where he does not see the mailbox, FORBIDDEN where he may not decide
    (which is kept), CONFLICT where the draft reads otherwise meanwhile.
    """
    async with carteggio.reading() as asked:
        row = next(iter(await approvals_in(*asked, by.sees, ids=[id])), None)
        seen = await seers(*asked, EVERYTHING, [row.mailbox]) if row else []
    who = next((one for one in seen if one.colleague == by.colleague), None)
    if row is None or who is None:
        raise Rejected("NOT_FOUND", "there is no such question for approval that you may see")
    approver = who.approver(by.ids)
    if approved and may_decide(row.asked, approver) is None:
        await _refuse_changed(carteggio, row)
    command = DecideApproval(approver, approved, note)
    return await asyncio.to_thread(_decide, carteggio, id, command, envelope)


def _decide(
    carteggio: Carteggio, id: UUID, command: DecideApproval, envelope: Envelope
) -> int | None:
    position = carteggio.journal.record(id, approval, command, envelope)
    for recorded in carteggio.journal.stream(id):
        if recorded.position == position and isinstance(recorded.event, ApprovalDenied):
            carteggio.feed.catch_up(position)
            raise Rejected("FORBIDDEN", DENIED[recorded.event.ground])
    return position


async def _refuse_changed(carteggio: Carteggio, row: ApprovalRow) -> None:
    if row.state == ApprovalState.ASKED and await leaving(carteggio, row) is None:
        sentence = "the draft says something else meanwhile: it has to be asked for anew"
        raise Rejected("CONFLICT", sentence)


def withdraw(
    carteggio: Carteggio, id: UUID, writer_id: str, note: str, envelope: Envelope
) -> int | None:
    """Take a question back, or what came of it: by who wrote or asked; Rejected for others."""
    command = WithdrawApproval(writer_id, note)
    return carteggio.journal.record(id, approval, command, envelope)


# ---- reading


async def leaving(carteggio: Carteggio, row: ApprovalRow) -> Leaving | None:
    """Give exactly what would leave; None: the draft is gone, or says something else since."""
    saved = await asyncio.to_thread(drafts.lying, carteggio, row.draft)
    if saved is None:
        return None
    wanted = await made(carteggio, saved.draft, colleague=_colleague(row.asked_by), id=row.draft)
    found = await tried(carteggio, wanted)
    if approval_of(carteggio, wanted, found.mail) != row.id:
        return None
    left = tuple(one for one in found.objections if one.code != NOT_APPROVED)
    return Leaving(wanted, replace(found, objections=left))


def _colleague(id: str) -> ColleagueId | None:
    kind, found = decoded(id) if "_" in id else (None, None)
    return ColleagueId(found) if kind is Kind.COLLEAGUE and found else None


def told(row: ApprovalRow, seen: Sequence[SeerRow]) -> tuple[list[UUID], list[UUID]]:
    """Give who may decide, and who of them is told that it waits: not observers, unless named."""
    may = [
        one
        for one in seen
        if one.mailbox == row.mailbox
        and may_decide(row.asked, one.approver((shown(Kind.COLLEAGUE, one.colleague),))) is None
    ]
    waits = [one for one in may if one.alerted or one.colleague in row.people]
    return [one.colleague for one in may], [one.colleague for one in waits]


async def approvers(
    asked: tuple[Any, Names], reader: Reader, found: Collection[ApprovalRow]
) -> Mapping[UUID, tuple[list[UUID], list[UUID]]]:
    """Give that of each approval."""
    seen = await seers(*asked, reader, list({row.mailbox for row in found}))
    return {row.id: told(row, seen) for row in found}


def is_author(row: ApprovalRow, ids: Collection[str]) -> bool:
    """Tell whether somebody, by one of his ids, wrote it or asked."""
    return not set(ids).isdisjoint(row.authors)
