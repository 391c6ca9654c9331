"""Mail is sent, passed on, taken back; and what nobody knew of one is settled by a person."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.closing import LONGEST_NOTE
from api.graphql.commands import (
    COMMAND_ID,
    UserError,
    caught_up,
    check_command_id,
    stamp,
    user_error,
)
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.inputs import DocumentKey
from api.graphql.keys import document_rows
from api.graphql.mailinput import (
    MailFileInput,
    MailInput,
    entered,
    files_of,
    the_document,
    wanted_template,
    writing,
)
from api.graphql.mailshown import MailSendPayload, not_sent, sent_object
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.graphql.templateasking import TemplateValueInput
from api.work.accounts import Stamp
from api.work.composing import Context as Begun
from api.work.composing import How, composed
from api.work.drafts import Writer, send_draft
from api.work.making import made
from api.work.onestep import OneStep, in_one_step
from api.work.outbox import Outbox
from api.work.sending import Sent, send
from domain.access import Scope
from domain.draft import Draft
from domain.leaving import ResolveSending
from domain.outgoing import Resolution
from domain.values import Rejected

strawberry.enum(
    Resolution,
    name="SendingResolution",
    description="What became of a mail of which nobody knew whether it left.",
)


@strawberry.input(description="What is to be sent: a draft as it was saved, or a mail.")
class MessageSendInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    draft_id: ID | None = strawberry.field(default=UNSET, description="A draft; it is deleted.")
    version: int | None = strawberry.field(
        default=UNSET, description="The draft's version that you saw."
    )
    content: MailInput | None = strawberry.field(default=UNSET, description="Or a mail.")


@strawberry.input(description="A message to be passed on.")
class MessageForwardInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    message_id: ID = strawberry.field(description="The message.")
    to: list[str] = strawberry.field(description="To whom.")
    note: str | None = strawberry.field(default=UNSET, description="What stands above it.")
    as_attachment: bool = strawberry.field(
        default=False, description="As it is, in a file; else within the text, with its files."
    )
    mailbox_id: ID | None = strawberry.field(default=UNSET, description="From which mailbox.")
    acknowledged: list[str] | None = strawberry.field(default=UNSET, description="Doubts.")


@strawberry.input(description="A document to be sent in one step, as programs do.")
class SendDocumentInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    document: DocumentKey = strawberry.field(description="The document.")
    files: list[MailFileInput] = strawberry.field(description="The document itself first.")
    mailbox_id: ID | None = strawberry.field(
        default=UNSET,
        description="From which mailbox; else the one that is meant; refused (AMBIGUOUS) where "
        "nothing tells which.",
    )
    role: str | None = strawberry.field(
        default=UNSET,
        description="To the party's contacts of this role; without `to` and role to whoever "
        "receives such documents.",
    )
    to: list[str] | None = strawberry.field(default=UNSET, description="Or to these.")
    cc: list[str] | None = strawberry.field(default=UNSET, description="Who gets a copy.")
    template_id: ID | None = strawberry.field(
        default=UNSET, description="Written by this template; else by the one for its kind."
    )
    values: list[TemplateValueInput] | None = strawberry.field(
        default=UNSET, description="Free values of the template."
    )
    subject: str | None = strawberry.field(default=UNSET, description="In place of its subject.")
    text: str | None = strawberry.field(default=UNSET, description="In place of its words.")
    html: str | None = strawberry.field(default=UNSET, description="In place of its words.")
    send_at: datetime | None = strawberry.field(default=UNSET, description="Not before then.")
    acknowledged: list[str] | None = strawberry.field(default=UNSET, description="Doubts.")


@strawberry.input(description="Which mail of the outbox.")
class MessageCancelInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    mail_id: ID = strawberry.field(description="The mail (out_…).")
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")


@strawberry.input(description="What became of a mail.")
class SendingResolveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    mail_id: ID = strawberry.field(description="The mail (out_…).")
    resolution: Resolution = strawberry.field(description="What became of it, or is to.")
    note: str | None = strawberry.field(default=UNSET, description="Why; it is kept sealed.")


@strawberry.type(description="What came of a command to a mail in the outbox.")
class OutboxPayload:
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class SendingMailMutation:
    @strawberry.mutation(
        description="Sends a mail. What a person sends waits a moment in the outbox. All that "
        "speaks against it is told at once.",
        **requires(Scope.SEND_MAIL),
    )
    async def message_send(self, info: Info[Any, Any], input: MessageSendInput) -> MailSendPayload:
        context: Context = info.context

        async def go(writer: Writer, by: Stamp) -> Sent:
            draft, content = given(input.draft_id), given(input.content)
            if (draft is None) == (content is None):
                raise Rejected("INVALID", "either draftId or content is needed")
            if draft is not None:
                id, version = of_kind(Kind.DRAFT, draft), given(input.version) or 0
                return await send_draft(context.carteggio, writer, id, version, by)
            one = await entered(context, content)  # type: ignore[arg-type]
            return await _send(context, writer, one.draft, one.given, by)

        return await _answered(context, input.command_id, go)

    @strawberry.mutation(
        description="Passes a message on, within the text or as a file.",
        **requires(Scope.SEND_MAIL),
    )
    async def message_forward(
        self, info: Info[Any, Any], input: MessageForwardInput
    ) -> MailSendPayload:
        context: Context = info.context

        async def go(writer: Writer, by: Stamp) -> Sent:
            how = How.FORWARD_ATTACHED if input.as_attachment else How.FORWARD
            begun = Begun(
                message=of_kind(Kind.MESSAGE, input.message_id),
                how=how,
                mailbox=_mailbox(given(input.mailbox_id)),
            )
            draft = (await composed(context.carteggio, writer, begun)).decided()
            draft = replace(
                draft,
                to=tuple(input.to),
                text=given(input.note) or "",
                acknowledged=tuple(given(input.acknowledged) or ()),
            )
            return await _send(context, writer, draft, {}, by)

        return await _answered(context, input.command_id, go)

    @strawberry.mutation(
        description="Sends a document with its files to whoever receives such documents, written "
        "by the template for it: one step, the same events as a mail that somebody writes.",
        **requires(Scope.SEND_MAIL),
    )
    async def send_document(
        self, info: Info[Any, Any], input: SendDocumentInput
    ) -> MailSendPayload:
        context: Context = info.context

        async def go(writer: Writer, by: Stamp) -> Sent:
            draft, octets = await _document_mail(context, writer, input)
            return await _send(context, writer, draft, octets, by)

        return await _answered(context, input.command_id, go)

    @strawberry.mutation(
        description="Takes a mail back before it begins to leave.", **requires(Scope.SEND_MAIL)
    )
    async def message_cancel(
        self, info: Info[Any, Any], input: MessageCancelInput
    ) -> OutboxPayload:
        context: Context = info.context
        outbox = Outbox(context.carteggio)

        def order(mail: UUID, by: Stamp) -> int | None:
            return outbox.cancel(mail, by(""), _note(input.note))

        return await _ordered(context, input.command_id, input.mail_id, order)

    @strawberry.mutation(
        description="Says what became of a mail of which nobody knew whether it left.",
        **requires(Scope.SEND_MAIL),
    )
    async def sending_resolve(
        self, info: Info[Any, Any], input: SendingResolveInput
    ) -> OutboxPayload:
        context: Context = info.context
        outbox = Outbox(context.carteggio)

        def order(mail: UUID, by: Stamp) -> int | None:
            said = ResolveSending(input.resolution, "person", _note(input.note))
            return outbox.resolve(mail, said, by(""))

        return await _ordered(context, input.command_id, input.mail_id, order)


# ---- what they share


async def _answered(context: Context, command_id: ID, go: Any) -> MailSendPayload:
    """Send as the viewer, and let the read models see it."""
    made_by = stamp(context)
    try:
        check_command_id(command_id)
        sent = await go(await writing(context), lambda part: made_by(f"{command_id}{part}"))
    except Rejected as refusal:
        return not_sent(refusal)
    await asyncio.to_thread(caught_up, context, lambda: sent.position)
    return sent_object(sent)


async def _send(
    context: Context, writer: Writer, draft: Draft, octets: dict[str, bytes], by: Stamp
) -> Sent:
    writer.refuse_sender(draft.mailbox)
    wanted = await made(
        context.carteggio,
        draft,
        reader=writer.sees,
        colleague=writer.colleague,
        owner=writer.id,
        given=octets,
    )
    return await send(context.carteggio, wanted, by)


async def _document_mail(
    context: Context, writer: Writer, input: SendDocumentInput
) -> tuple[Draft, dict[str, bytes]]:
    async with Asking(context).reading() as read:
        rows = await document_rows(read, context.carteggio.company, input.document)
    begun = Begun(
        document=the_document(rows),
        mailbox=_mailbox(given(input.mailbox_id)),
        role=given(input.role) or "",
    )
    files, octets = await files_of(context, input.files)
    one = OneStep(
        begun=begun,
        files=files,
        to=tuple(given(input.to) or ()),
        cc=tuple(given(input.cc) or ()),
        subject=given(input.subject) or "",
        text=given(input.text) or "",
        html=given(input.html) or "",
        send_at=given(input.send_at),
        acknowledged=tuple(given(input.acknowledged) or ()),
        template=wanted_template(given(input.template_id), given(input.values)),
    )
    return await in_one_step(context.carteggio, writer, one), octets


def _mailbox(id: ID | None) -> UUID | None:
    return of_kind(Kind.MAILBOX, id) if id else None


def _note(text: str | None) -> str:
    said = given(text) or ""
    if len(said) > LONGEST_NOTE:
        raise Rejected("INVALID", f"note: {LONGEST_NOTE} characters is the most")
    return said


async def _ordered(context: Context, command_id: ID, mail_id: ID, order: Any) -> OutboxPayload:
    """Carry out what is ordered for a mail of a mailbox on whose mail the viewer may act."""
    made_by = stamp(context)

    def done(writer: Writer) -> int | None:
        mail, boxes = of_kind(Kind.MAIL, mail_id), writer.sends.mailboxes
        queued = Outbox(context.carteggio).state(mail).queued
        if queued is None or (boxes is not None and queued.mailbox not in boxes):
            raise Rejected("NOT_FOUND", "there is no such mail from a mailbox of yours")
        position: int | None = order(mail, lambda part: made_by(f"{command_id}{part}"))
        return position

    try:
        check_command_id(command_id)
        writer = await writing(context)
        position = await asyncio.to_thread(caught_up, context, lambda: done(writer))
    except Rejected as refusal:
        return OutboxPayload(position=None, user_errors=[user_error(refusal)])
    return OutboxPayload(position=None if position is None else Position(position), user_errors=[])
