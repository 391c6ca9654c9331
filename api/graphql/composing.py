"""Beginning a mail from a record, and looking at it before it is sent."""

import asyncio
from dataclasses import replace
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from adapters.building.builder import attached, preview
from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.inputs import DocumentKey, PartyKey
from api.graphql.keys import document_rows, only, party_rows
from api.graphql.mailinput import (
    MailFileInput,
    MailInput,
    entered,
    files_of,
    the_document,
    wanted_template,
    writing,
)
from api.graphql.mailshown import MailContent, MailPreview, content_object, preview_object
from api.graphql.overseeing import kept_reading
from api.graphql.paging import given, text
from api.graphql.templateasking import TemplateValueInput
from api.paths import attachment_of
from api.work.composing import Context as Begun
from api.work.composing import Group, How, Offered, Proposal, composed
from api.work.drafts import Writer
from api.work.making import made
from api.work.sending import tried
from api.work.templated import Written, proposed
from domain.access import Scope
from domain.filenames import shown
from domain.values import Rejected

strawberry.enum(Group, name="RecipientGroup", description="Why somebody is offered.")


@strawberry.enum(description="What is done with the message from which a mail is begun.")
class ComposeFrom(Enum):
    REPLY = strawberry.enum_value("reply", description="It is answered, to whoever wrote it.")
    REPLY_ALL = strawberry.enum_value("reply_all", description="It is answered, to all.")
    FORWARD = strawberry.enum_value(
        "forward", description="It is passed on within the text, with its files."
    )
    FORWARD_ATTACHED = strawberry.enum_value(
        "forward_attached", description="It is passed on as it is, in a file."
    )
    ABOUT = strawberry.enum_value(
        "about", description="The new mail is about the same, and does not answer it."
    )


@strawberry.enum(description="Whether a template writes the mail.")
class TemplateChoice(Enum):
    FITTING = strawberry.enum_value("fitting", description="The one for the document, if any.")
    NONE = strawberry.enum_value("none", description="None.")


@strawberry.input(description="Where a mail is begun; nothing given: nowhere.")
class ComposeInput:
    document: DocumentKey | None = strawberry.field(default=UNSET, description="From a document.")
    party: PartyKey | None = strawberry.field(default=UNSET, description="From a party.")
    message_id: ID | None = strawberry.field(default=UNSET, description="From a message.")
    how: ComposeFrom = strawberry.field(
        default=ComposeFrom.REPLY, description="What is done with the message."
    )
    attachment_id: str | None = strawberry.field(
        default=UNSET, description="From an attachment of a message (att_…), which is sent on."
    )
    mailbox_id: ID | None = strawberry.field(
        default=UNSET,
        description="The mailbox to send from; else the one that is meant, if anything tells which.",
    )
    role: str | None = strawberry.field(
        default=UNSET, description="Which contacts of the party are to get it."
    )
    template_id: ID | None = strawberry.field(default=UNSET, description="Written by this one.")
    template: TemplateChoice = strawberry.field(
        default=TemplateChoice.FITTING, description="Else by which one."
    )
    values: list[TemplateValueInput] | None = strawberry.field(
        default=UNSET, description="Free values of the template."
    )
    files: list[MailFileInput] | None = strawberry.field(
        default=UNSET, description="Its files, the document itself first; without `content`."
    )
    attachment_names: list[str] | None = strawberry.field(
        default=UNSET,
        description="How files are called, as they come, that are still to be attached: the words "
        "name them.",
    )


@strawberry.type(description="Somebody who may be chosen as a recipient, in the best order.")
class OfferedRecipient:
    address: str = strawberry.field(description="The address.")
    name: str = strawberry.field(description="The name.")
    role: str = strawberry.field(description="The role.")
    group: Group = strawberry.field(description="Why.")
    of: str = strawberry.field(description="Of which party, or at which site.")
    receives: bool = strawberry.field(description="Whether he gets documents of this kind.")


@strawberry.type(description="An address that may stand as sender.")
class PossibleSender:
    mailbox_id: ID = strawberry.field(description="The mailbox that sends.")
    address: str = strawberry.field(description="The address.")


@strawberry.type(description="A mail as it is proposed; everything can be changed.")
class ComposedMail:
    content: MailContent = strawberry.field(description="The mail.")
    recipients: list[OfferedRecipient] = strawberry.field(description="Who may be chosen.")
    senders: list[PossibleSender] = strawberry.field(description="Who may be the sender.")
    quoted_text: str | None = strawberry.field(description="What stands below, plain.")
    quoted_html: str | None = strawberry.field(description="What stands below, as HTML.")
    attachment_names: list[str] = strawberry.field(
        description="What its files are to be called, those that are still to be attached last."
    )
    remark: str | None = strawberry.field(
        description="Which mailboxes may be meant, where none is proposed; which values are missing, each with its part, where gaps {{ … }} stand that "
        "have to be filled before it is sent; or why no template wrote it, though one fits."
    )


@strawberry.type
class ComposingQuery:
    @strawberry.field(
        description="A mail begun from a record: sender, recipients, links, subject and files are "
        "proposed, and nothing is stored. It needs the scope READ_MAIL, too.",
        **requires(Scope.SEND_MAIL),
    )
    async def composed(self, info: Info[Any, Any], input: ComposeInput) -> ComposedMail:
        context: Context = info.context
        context.viewer.require(Scope.READ_MAIL)
        writer = await writing(context)
        begun = await _begun(context, input)
        found = await composed(context.carteggio, writer, begun)
        if begun.message is not None:  # what is quoted is read
            async with Asking(context).reading() as read:
                await kept_reading(read, [begun.message])
        return _object(found, await _written(context, writer, found, input))

    @strawberry.field(
        description="What would leave of a mail, and what speaks against it; nothing is stored.",
        **requires(Scope.SEND_MAIL),
    )
    async def mail_preview(self, info: Info[Any, Any], content: MailInput) -> MailPreview:
        context: Context = info.context
        writer, one = await writing(context), await entered(context, content)
        writer.refuse_unknown(one.draft.mailbox)
        wanted = await made(context.carteggio, one.draft, reader=writer.sees, given=one.given,
                            colleague=writer.colleague, owner=writer.id)  # fmt: skip
        found = await tried(context.carteggio, wanted)
        bodies = await asyncio.to_thread(preview, found.mail)
        names = [shown(file.name) for file in attached(found.mail)]
        return preview_object(found, bodies, names)


async def _written(
    context: Context, writer: Writer, found: Proposal, input: ComposeInput
) -> Written:
    """Attach what is given, and let a template write as much as it can."""
    files, octets = await files_of(context, given(input.files) or ())
    if octets:
        do = "upload the file, or name it in attachmentNames"
        raise Rejected("INVALID", f"files: nothing is stored of content here; {do}")
    draft = replace(found.draft, files=(*found.draft.files, *files))
    names = tuple(map(text, given(input.attachment_names) or ()))
    template = given(input.template_id)
    if template or (input.template is TemplateChoice.FITTING and draft.document is not None):
        wanted = replace(wanted_template(template, given(input.values)), file_names=names)
        try:
            return await proposed(context.carteggio, writer, draft, wanted)
        except Rejected as refusal:
            return Written(draft, names, refusal.sentence)
    return Written(draft, (*(one.name for one in draft.files if not one.content_id), *names))


async def _begun(context: Context, input: ComposeInput) -> Begun:
    document, party = await _named(context, given(input.document), given(input.party))
    message, place, how = given(input.message_id), None, How(str(input.how.value))
    id = of_kind(Kind.MESSAGE, message) if message else None
    if attachment := given(input.attachment_id):
        found = attachment_of(attachment)
        if found is None:
            raise Rejected("INVALID", "attachmentId: an id att_… is needed")
        id, place = found
    mailbox = given(input.mailbox_id)
    return Begun(
        document=document,
        party=party,
        message=id,
        how=how,
        place=place,
        mailbox=of_kind(Kind.MAILBOX, mailbox) if mailbox else None,
        role=given(input.role) or "",
    )


async def _named(
    context: Context, document: DocumentKey | None, party: PartyKey | None
) -> tuple[UUID | None, UUID | None]:
    name, paper, whose = context.carteggio.company, None, None
    async with Asking(context).reading() as read:
        if document is not None:
            paper = the_document(await document_rows(read, name, document))
        if party is not None:
            rows = await party_rows(read, name, party)
            found = only({one.id: one for one in rows}, "parties")
            if found is None:
                raise Rejected("NOT_FOUND", "party: there is no such party that you may see")
            whose = found.id
    return paper, whose


def _object(found: Proposal, written: Written) -> ComposedMail:
    quote = found.quote
    return ComposedMail(
        content=content_object(written.draft),
        recipients=[_offered(one) for one in found.recipients],
        senders=[
            PossibleSender(mailbox_id=encoded(Kind.MAILBOX, one.mailbox), address=one.address)
            for one in found.senders
        ],
        quoted_text=quote.text if quote else None,
        quoted_html=(quote.html or None) if quote else None,
        attachment_names=list(written.file_names),
        remark="; ".join(filter(None, (found.undecided, written.gaps))) or None,
    )


def _offered(one: Offered) -> OfferedRecipient:
    return OfferedRecipient(
        address=one.address,
        name=one.name,
        role=one.role,
        group=one.group,
        of=one.of,
        receives=one.receives,
    )
