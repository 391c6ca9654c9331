"""Approvals of mail by a second pair of eyes: which there are, what would leave, which rules hold."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, Info

from adapters.building.builder import attached, preview
from api.graphql import people
from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.mailinput import writer_of
from api.graphql.mailshown import MailPreview, preview_object
from api.graphql.node import Actor
from api.graphql.people import User, user_object
from api.paths import approval_path
from api.work import approvals
from domain.access import Scope
from domain.approval import ApprovalState
from domain.approvalrules import ApproverRole
from domain.filenames import shown
from domain.values import ActorKind
from projections import company
from projections.approvals import (
    ApprovalRow,
    ApprovalWordRow,
    approvals_in,
    rule_words,
    rules_standing,
)
from projections.reader import EVERYTHING

strawberry.enum(
    ApprovalState,
    name="ApprovalState",
    description="How an approval stands: ASKED waits for another colleague, APPROVED may leave as it "
    "is, REFUSED, WITHDRAWN, VOID as the draft says something else since, SENT under it.",
)
strawberry.enum(
    ApproverRole,
    name="ApproverRole",
    description="As what somebody approves: SUPERVISOR of the mailbox, DISPATCHER, COORDINATOR.",
)
_READS: Final = requires(Scope.SEND_MAIL, Scope.APPROVE_MAIL)


@strawberry.type(description="That another colleague approves exactly what will leave of a draft.")
class Approval:
    id: ID = strawberry.field(description="Of exactly this mail: an edited one has another.")
    state: ApprovalState = strawberry.field(description="How it stands.")
    draft_id: ID = strawberry.field(description="The draft.")
    version: int = strawberry.field(description="The draft's version for which it was asked.")
    mailbox_id: ID = strawberry.field(description="From which mailbox it would leave.")
    document_id: ID | None = strawberry.field(description="The document that it is about.")
    note: str | None = strawberry.field(description="What who asked says.")
    asked_by: Actor = strawberry.field(description="Who asked.")
    asked_at: datetime = strawberry.field(description="When.")
    decided_by: Actor | None = strawberry.field(description="Who decided, or withdrew it.")
    decided_at: datetime | None = strawberry.field(description="When.")
    decision_note: str | None = strawberry.field(description="Why; told in any refusal.")
    mail_id: ID | None = strawberry.field(description="What left under it (out_…).")
    may_decide: bool = strawberry.field(
        description="Whether you may approve or refuse it now: never what you wrote or asked."
    )
    approvers: list[User] = strawberry.field(description="Who may decide.")
    alerted: list[User] = strawberry.field(
        description="Who of them is told that it waits: observers only where they are named."
    )
    raw_url: str = strawberry.field(
        description="What would leave, files and all, while the draft says so; as raw mail."
    )
    row: strawberry.Private[ApprovalRow]

    @strawberry.field(
        description="Exactly what would leave; null once it left, or the draft says something else."
    )
    async def mail(self, info: Info[Any, Any]) -> MailPreview | None:
        if self.state not in (ApprovalState.ASKED, ApprovalState.APPROVED):
            return None
        found = await approvals.leaving(info.context.carteggio, self.row)
        if found is None:
            return None
        mail = found.tried.mail
        bodies = await asyncio.to_thread(preview, mail)
        names = [shown(file.name) for file in attached(mail)]
        return preview_object(found.tried, bodies, names)


@strawberry.type(description="A word about which mail needs approval.")
class ApprovalRule:
    id: ID = strawberry.field(description="Of its scope; what was said before has the same.")
    mailbox_id: ID | None = strawberry.field(description="From this mailbox; null: any.")
    mailbox_address: str | None = strawberry.field(description="Its address.")
    kind: str | None = strawberry.field(description="With a document of this kind; null: any.")
    user: User | None = strawberry.field(description="By this colleague; null: anybody.")
    since: datetime = strawberry.field(description="From when on it holds.")
    is_needed: bool | None = strawberry.field(
        description="Whether approval is needed; null: from then on the rule says nothing."
    )
    roles: list[ApproverRole] = strawberry.field(description="Who may approve, by role.")
    approvers: list[User] = strawberry.field(
        description="Who may, by name; without any and any role, whoever acts on the mailbox."
    )
    programs: bool = strawberry.field(description="Whether what programs send needs it, too.")
    reason: str = strawberry.field(description="Why.")
    by: Actor = strawberry.field(description="Who said it.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type
class ApprovalQuery:
    @strawberry.field(
        description="Approvals of mail that you wrote, asked for or may decide, the latest change "
        "first; 500 at most. `awaitsMe`: those alone that wait for your word.",
        **_READS,
    )
    async def approvals(
        self,
        info: Info[Any, Any],
        *,
        state: ApprovalState | None = None,
        awaits_me: bool = False,
    ) -> list[Approval]:
        wanted = ApprovalState.ASKED if awaits_me else state
        found = await objects(info.context, state=wanted)
        return [one for one in found if one.may_decide or not awaits_me]

    @strawberry.field(description="An approval; null if it is none of yours.", **_READS)
    async def approval(self, info: Info[Any, Any], id: ID) -> Approval | None:
        found = await objects(info.context, ids=[of_kind(Kind.APPROVAL, id)])
        return found[0] if found else None

    @strawberry.field(
        description="Which mail needs approval, now and from a later time on, the first word first; "
        "of scopes the narrowest counts. With past also what was said before, and counts no more.",
        **requires(Scope.MANAGE_SENDING),
    )
    async def approval_rules(
        self, info: Info[Any, Any], *, past: bool = False
    ) -> list[ApprovalRule]:
        return await rules_now(info.context, past=past)


async def objects(
    context: Context, *, state: ApprovalState | None = None, ids: Sequence[UUID] | None = None
) -> list[Approval]:
    """Give the approvals that the viewer wrote, asked for or may decide."""
    staff, asking = await people.colleagues(context), Asking(context)
    reader = context.viewer.reader
    async with context.read() as asked:
        rows = await approvals_in(*asked, EVERYTHING, state=state, ids=ids)
        may = await approvals.approvers(asked, reader, rows)
    own, found = own_ids(context), []
    for row in rows:
        deciders, alerted = may.get(row.id, ([], []))
        decides = context.viewer.colleague in deciders and not approvals.is_author(row, own)
        if not decides and not approvals.is_author(row, own):
            continue
        decides = decides and row.state == ApprovalState.ASKED.value
        named = [[user_object(staff[one], asking) for one in ids if one in staff]
                 for ids in (deciders, alerted)]  # fmt: skip
        found.append(_object(row, named[0], named[1], decides=decides))
    return found


def own_ids(context: Context) -> tuple[str, ...]:
    """Give all ids by which the viewer may have written."""
    token = str(encoded(Kind.TOKEN, context.viewer.token))
    return (writer_of(context.viewer).id, token)


def _object(
    row: ApprovalRow, deciders: list[User], alerted: list[User], *, decides: bool
) -> Approval:
    decided = row.decided_at is not None
    return Approval(
        id=encoded(Kind.APPROVAL, row.id),
        state=ApprovalState(row.state),
        draft_id=encoded(Kind.DRAFT, row.draft),
        version=row.version,
        mailbox_id=encoded(Kind.MAILBOX, row.mailbox),
        document_id=encoded(Kind.DOCUMENT, row.document) if row.document else None,
        note=row.note or None,
        asked_by=Actor(kind=ActorKind(row.asked_kind), id=row.asked_by),
        asked_at=row.asked_at,
        decided_by=Actor(kind=ActorKind(row.decided_kind), id=row.decided_by) if decided else None,
        decided_at=row.decided_at,
        decision_note=row.decided_note or None,
        mail_id=encoded(Kind.MAIL, row.mail) if row.mail else None,
        may_decide=decides,
        approvers=deciders,
        alerted=alerted,
        raw_url=approval_path(row.id),
        row=row,
    )


async def rules_now(context: Context, *, past: bool = False) -> list[ApprovalRule]:
    """Give what is said about approval, or with `past` was, as far as the viewer manages it."""
    staff, asking = await people.colleagues(context), Asking(context)
    manages = context.viewer.manages
    async with context.read() as asked:
        said = await rule_words(*asked, manages)
        rows = said if past else rules_standing(said, datetime.now(UTC))
        boxes = {row.mailbox for row in rows if row.mailbox}
        named = await company.mailboxes_by_ids(*asked, manages, list(boxes))
    return [_rule(row, staff, named, asking) for row in rows]


def _rule(
    row: ApprovalWordRow,
    staff: Mapping[UUID, company.ColleagueRow],
    boxes: Mapping[UUID, company.MailboxRow],
    asking: Asking,
) -> ApprovalRule:
    who = staff.get(row.colleague) if row.colleague else None
    box = boxes.get(row.mailbox) if row.mailbox else None
    return ApprovalRule(
        id=encoded(Kind.APPROVAL_RULE, row.rule),
        mailbox_id=encoded(Kind.MAILBOX, row.mailbox) if row.mailbox else None,
        mailbox_address=box.address if box else None,
        kind=row.kind or None,
        user=user_object(who, asking) if who else None,
        since=row.since,
        is_needed=row.needed,
        roles=[ApproverRole(one) for one in row.roles],
        approvers=[user_object(staff[one], asking) for one in row.people if one in staff],
        programs=row.programs,
        reason=row.reason,
        by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        at=row.at,
    )
