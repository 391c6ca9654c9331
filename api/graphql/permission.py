"""Who may send: asked by consoles before they show a button, and what stands about it."""

import asyncio
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql import people
from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.node import Actor
from api.graphql.paging import given
from api.graphql.people import User, user_object
from api.graphql.permissioninputs import SendingRule
from api.work.permission import (
    permitted,
)
from domain.access import Scope
from domain.permission import Allowed, Because, Refused
from domain.values import ActorKind, ColleagueId, DocumentId, MailboxId, Rejected
from projections import company, documents
from projections.permission import OFF, RULE, SWITCH, SendingWordRow, words

strawberry.enum(
    Because,
    name="SendingBecause",
    description="Why somebody may send: PROGRAM by its token, OPEN by the rule, NO_DOCUMENT as none "
    "is presented, ANY_DOCUMENT by a grant, ASSIGNED to him, ROLE as dispatcher or coordinator.",
)


@strawberry.enum(description="What was said about who may send.")
class SendingTopic(Enum):
    SWITCH = strawberry.enum_value("switch", description="Whether anything is sent: on, off.")
    RULE = strawberry.enum_value("rule", description="The company's rule: open, strict.")
    KIND = strawberry.enum_value(
        "kind", description="A kind of documents, in `name`: assigned, any, off."
    )
    ROLE = strawberry.enum_value("role", description="A role, in `name`: on.")
    RIGHT = strawberry.enum_value("right", description="On a mailbox: send_as, on_behalf.")


@strawberry.type(description="Whether a mail may be sent, and why.")
class SendingPermission:
    is_allowed: bool = strawberry.field(description="Whether it would be taken now.")
    because: Because | None = strawberry.field(description="Why; null where it is refused.")
    is_on_behalf: bool = strawberry.field(
        description="Whether the mail would name the colleague as its sender."
    )
    code: str | None = strawberry.field(description="For programs: FORBIDDEN, DISABLED.")
    sentence: str | None = strawberry.field(description="For people: why not, and what to do.")


@strawberry.type(description="Something that stands about who may send.")
class SendingWord:
    user: User | None = strawberry.field(description="Whom it is about; null: the company.")
    topic: SendingTopic = strawberry.field(description="What it is about.")
    name: str | None = strawberry.field(description="The kind or role.")
    mailbox_id: ID | None = strawberry.field(description="On which mailbox a right is.")
    mailbox_address: str | None = strawberry.field(description="Its address.")
    value: str = strawberry.field(description="What holds, as the topic says.")
    reason: str = strawberry.field(description="Why.")
    by: Actor = strawberry.field(description="Who said it.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="What stands about who may send; what is not said is usual.")
class SendingSettings:
    is_on: bool = strawberry.field(description="Whether the company sends.")
    rule: SendingRule = strawberry.field(description="What a colleague needs beside the mailbox.")
    words: list[SendingWord] = strawberry.field(description="All that stands, by whose word.")


@strawberry.type
class PermissionQuery:
    @strawberry.field(
        description="Whether the bearer of the token may send from a mailbox, and may present a "
        "document there; for another colleague, who manages sending may ask. Nothing is recorded."
    )
    async def sending_permission(
        self,
        info: Info[Any, Any],
        mailbox_id: ID,
        document_id: ID | None = UNSET,
        user_id: ID | None = UNSET,
    ) -> SendingPermission:
        context: Context = info.context
        if Scope.SEND_MAIL not in context.viewer.scopes and not given(user_id):
            sentence = f"this token has not the scope {Scope.SEND_MAIL.value}"
            return _shown(Rejected("FORBIDDEN", sentence))
        who = await _asked_for(context, user_id)
        return _shown(await _permitted(context, who, mailbox_id, given(document_id)))

    @strawberry.field(
        description="What stands about who may send.", **requires(Scope.MANAGE_SENDING)
    )
    async def sending_settings(self, info: Info[Any, Any]) -> SendingSettings:
        return await settings_now(info.context)


# ---- asking


async def _asked_for(context: Context, user_id: ID | None) -> ColleagueId | None:
    if not given(user_id):
        own = context.viewer.colleague
        return None if own is None else ColleagueId(own)
    context.viewer.require(Scope.MANAGE_SENDING)
    who = of_kind(Kind.COLLEAGUE, str(user_id))
    if who not in await people.colleagues(context):
        raise Rejected("NOT_FOUND", "there is no such colleague")
    return ColleagueId(who)


async def _permitted(
    context: Context, who: ColleagueId | None, mailbox_id: ID, document_id: ID | None
) -> Allowed | Refused:
    """Decide it; of what the viewer does not see it is only told that there is no such thing."""
    box = MailboxId(of_kind(Kind.MAILBOX, mailbox_id))
    document = of_kind(Kind.DOCUMENT, document_id) if document_id else None
    manages = Scope.MANAGE_SENDING in context.viewer.scopes
    reader = context.viewer.manages if manages else context.viewer.reader
    async with context.read() as asked:
        seen = box in await company.mailboxes_by_ids(*asked, reader, [box])
        if document and not await documents.by_ids(*asked, context.viewer.reader, [document]):
            raise Rejected("NOT_FOUND", "there is no such document")
    found = await asyncio.to_thread(
        permitted,
        context.carteggio,
        colleague=who,
        mailbox=box,
        documents=[DocumentId(document)] if document else (),
    )
    if not seen and (who is None or isinstance(found, Refused)):
        raise Rejected("NOT_FOUND", "there is no such mailbox")
    return found


def _shown(found: Allowed | Refused | Rejected) -> SendingPermission:
    if isinstance(found, Allowed):
        return SendingPermission(
            is_allowed=True,
            because=found.because,
            is_on_behalf=found.on_behalf,
            code=None,
            sentence=None,
        )
    return SendingPermission(
        is_allowed=False,
        because=None,
        is_on_behalf=False,
        code=found.code,
        sentence=found.sentence,
    )


async def settings_now(context: Context) -> SendingSettings:
    """Give what stands about who may send, as far as the viewer manages it."""
    staff, asking = await people.colleagues(context), Asking(context)
    async with context.read() as asked:
        rows = await words(*asked, context.viewer.manages)
        boxes = {row.mailbox for row in rows if row.mailbox}
        named = await company.mailboxes_by_ids(*asked, context.viewer.manages, list(boxes))
    own = {row.topic: row.value for row in rows if row.subject not in staff}
    return SendingSettings(
        is_on=own.get(SWITCH) != OFF,
        rule=SendingRule(own.get(RULE, SendingRule.OPEN)),
        words=[_word(row, staff.get(row.subject), named, asking) for row in rows],
    )


def _word(
    row: SendingWordRow,
    who: company.ColleagueRow | None,
    boxes: dict[UUID, company.MailboxRow],
    asking: Any,
) -> SendingWord:
    box = boxes.get(row.mailbox) if row.mailbox else None
    return SendingWord(
        user=user_object(who, asking) if who else None,
        topic=SendingTopic(row.topic),
        name=(row.name or None) if row.mailbox is None else None,
        mailbox_id=encoded(Kind.MAILBOX, box.id) if box else None,
        mailbox_address=box.address if box else None,
        value=row.value,
        reason=row.reason,
        by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        at=row.at,
    )
