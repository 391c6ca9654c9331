"""What is entered of a mail that is to be sent, and how it becomes a draft."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from mimetypes import guess_type
from typing import Any, Final

import strawberry
from strawberry import ID, UNSET

from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.inputs import DocumentKey
from api.graphql.keys import document_rows, only
from api.graphql.linking import LinkTargetKey, meant_by
from api.graphql.paging import given
from api.graphql.templateasking import TemplateValueInput
from api.paths import attachment_of
from api.security import Viewer
from api.work.drafts import Writer
from api.work.templated import Wanted
from api.work.uploads import upload, uploads
from domain.access import Scope
from domain.choosing import Target
from domain.composing import MESSAGE
from domain.draft import Attached, Draft
from domain.values import ColleagueId, DocumentId, MailboxId, MessageId, Rejected, TemplateId
from projections import company, messages
from projections.directory import DocumentRow
from projections.permission import sent_from

_UNKNOWN: Final = "application/octet-stream"


@strawberry.input(description="A file of a mail: exactly one of where its octets come from.")
class MailFileInput:
    upload_id: ID | None = strawberry.field(
        default=UNSET, description="A file that was uploaded (POST /uploads/<name>)."
    )
    attachment_id: str | None = strawberry.field(
        default=UNSET, description="An attachment of a message: att_…, as its `url` names it."
    )
    message_id: ID | None = strawberry.field(
        default=UNSET, description="A whole message, to be attached as it is."
    )
    content: str | None = strawberry.field(
        default=UNSET, description="The octets themselves, in base64: for small files."
    )
    name: str | None = strawberry.field(
        default=UNSET, description="How it is called; needed for `content`."
    )
    media_type: str | None = strawberry.field(default=UNSET, description="As application/pdf.")
    content_id: str | None = strawberry.field(
        default=UNSET, description="Of a picture in the HTML: its name there, behind cid:."
    )


@strawberry.input(
    description="A mail as it is written. Recipients as in: Marco <m@verdi.example>."
)
class MailInput:
    mailbox_id: ID = strawberry.field(description="From which it is sent.")
    sender: str | None = strawberry.field(
        default=UNSET, description="The address it is from; else the mailbox's."
    )
    sender_name: str | None = strawberry.field(default=UNSET, description="The person's name.")
    company: str | None = strawberry.field(default=UNSET, description="Shown behind the name.")
    to: list[str] | None = strawberry.field(default=UNSET, description="Recipients.")
    cc: list[str] | None = strawberry.field(default=UNSET, description="Who gets a copy.")
    bcc: list[str] | None = strawberry.field(default=UNSET, description="Unseen by the others.")
    reply_to: list[str] | None = strawberry.field(
        default=UNSET, description="To whom answers go; else to the sender."
    )
    subject: str | None = strawberry.field(default=UNSET, description="The subject.")
    text: str | None = strawberry.field(default=UNSET, description="The text, plain.")
    html: str | None = strawberry.field(
        default=UNSET, description="The text as HTML; a plain form is made of it."
    )
    language: str | None = strawberry.field(default=UNSET, description="As in: de, pt-BR.")
    quotes: bool = strawberry.field(
        default=False, description="Whether what is answered or passed on stands below."
    )
    files: list[MailFileInput] | None = strawberry.field(default=UNSET, description="Its files.")
    links: list[LinkTargetKey] | None = strawberry.field(
        default=UNSET, description="To whom and to what it belongs, by your word."
    )
    removed_links: list[LinkTargetKey] | None = strawberry.field(
        default=UNSET, description="What was proposed, and what it does not belong to."
    )
    document: DocumentKey | None = strawberry.field(
        default=UNSET, description="The document that it was begun from."
    )
    presents: bool = strawberry.field(
        default=False,
        description="Whether it brings that document, so needs a file, and is told as document.sent.",
    )
    answers_id: ID | None = strawberry.field(default=UNSET, description="The message answered.")
    forwards_id: ID | None = strawberry.field(default=UNSET, description="The one passed on.")
    template_id: ID | None = strawberry.field(default=UNSET, description="What it was made from.")
    template_version: int | None = strawberry.field(default=UNSET, description="Its version.")
    send_at: datetime | None = strawberry.field(default=UNSET, description="Not before then.")
    acknowledged: list[str] | None = strawberry.field(
        default=UNSET, description="Doubts that are meant so, by their names."
    )


@dataclass(frozen=True, slots=True)
class Entered:
    """A draft as it was entered, and octets that came with it, by the keys of its files."""

    draft: Draft
    given: dict[str, bytes]


def writer_of(viewer: Viewer) -> Writer:
    """Give as whom a viewer writes: a colleague, or a program."""
    colleague = viewer.colleague
    of = (Kind.COLLEAGUE, colleague) if colleague is not None else (Kind.TOKEN, viewer.token)
    sees = viewer.reader
    if Scope.READ_MAIL not in viewer.scopes:
        sees = replace(sees, mailboxes=())
    acts = viewer.acts
    return Writer(str(encoded(*of)), sees, acts, ColleagueId(colleague) if colleague else None)


async def writing(context: Context) -> Writer:
    """Give the same with the mailboxes from which a colleague sends beside those shared with him."""
    writer = writer_of(context.viewer)
    if writer.colleague is None:
        return writer
    async with context.read() as (connection, names):
        also = await sent_from(connection, names, writer.sees, writer.colleague)
    return replace(writer, also=tuple(also))


async def entered(context: Context, input: MailInput) -> Entered:
    """Read a mail; Rejected: something in it names nothing, or nothing that may be seen."""
    name, writer = context.carteggio.company, await writing(context)
    mailbox = MailboxId(of_kind(Kind.MAILBOX, input.mailbox_id))
    writer.refuse_sender(mailbox)
    async with Asking(context).reading() as read:
        links = [await meant_by(read, name, one) for one in given(input.links) or ()]
        removed = [await meant_by(read, name, one) for one in given(input.removed_links) or ()]
        rows = await document_rows(read, name, key) if (key := given(input.document)) else []
        template = given(input.template_id)
        draft = Draft(
            mailbox=mailbox,
            sender=given(input.sender) or await _address(context, writer, mailbox),
            quotes=input.quotes,
            targets=tuple(_target(one.kind, one.target) for one in links),
            removed=tuple(_target(one.kind, one.target) for one in removed),
            document=the_document(rows) if key else None,
            presents=input.presents,
            template=TemplateId(of_kind(Kind.TEMPLATE, template)) if template else None,
            template_version=given(input.template_version) or 0,
            answers=_message(given(input.answers_id)),
            forwards=_message(given(input.forwards_id)),
            not_before=given(input.send_at),
            **_words(input),
        )
    files, octets = await files_of(context, given(input.files) or ())
    return Entered(replace(draft, files=files), octets)


def the_document(rows: Sequence[DocumentRow]) -> DocumentId:
    """Give the one document of a key; Rejected: there is none, or several."""
    row = only({one.id: one for one in rows}, "documents")
    if row is None:
        raise Rejected("NOT_FOUND", "document: there is no such document that you may see")
    return DocumentId(row.id)


async def _address(context: Context, writer: Writer, mailbox: MailboxId) -> str:
    async with Asking(context).reading() as read:
        rows = await company.mailboxes_by_ids(*read.asked[:2], writer.sends, [mailbox])
    return rows[mailbox].address if mailbox in rows else ""


def _words(input: MailInput) -> dict[str, Any]:
    several = ("to", "cc", "bcc", "reply_to", "acknowledged")
    single = ("sender_name", "company", "subject", "text", "html", "language")
    found: dict[str, Any] = {name: tuple(given(getattr(input, name)) or ()) for name in several}
    return found | {name: given(getattr(input, name)) or "" for name in single}


def _target(kind: object, id: object) -> Target:
    return (kind, id)  # type: ignore[return-value]


def _message(id: ID | None) -> MessageId | None:
    return MessageId(of_kind(Kind.MESSAGE, id)) if id else None


# ---- files


async def files_of(
    context: Context, wanted: Sequence[MailFileInput]
) -> tuple[tuple[Attached, ...], dict[str, bytes]]:
    """Read files, and the octets that came with them, by key."""
    files, octets = [], {}
    for place, one in enumerate(wanted):
        key = f"f{place}"
        if (content := given(one.content)) is not None:
            octets[key] = _decoded(content, place)
        files.append(await _file(context, one, key))
    return tuple(files), octets


async def _file(context: Context, one: MailFileInput, key: str) -> Attached:
    ways = [given(x) for x in (one.upload_id, one.attachment_id, one.message_id, one.content)]
    if sum(x is not None for x in ways) != 1:
        sentence = "files: exactly one of uploadId, attachmentId, messageId, content is needed"
        raise Rejected("INVALID", sentence)
    name, kind = given(one.name) or "", (given(one.media_type) or "").lower()
    cid = given(one.content_id) or ""
    if id := given(one.upload_id):
        return await _uploaded(
            context, Attached(key, name, kind, of_kind(Kind.UPLOAD, id), content_id=cid)
        )
    if id := given(one.message_id):
        message = MessageId(of_kind(Kind.MESSAGE, id))
        return Attached(key, name or "message.eml", MESSAGE, None, message, None, cid)
    if found := given(one.attachment_id):
        return await _captured(context, found, Attached(key, name, kind, content_id=cid))
    return Attached(key, name, kind or _guessed(name), content_id=cid)


async def _uploaded(context: Context, file: Attached) -> Attached:
    """Name a file as it was uploaded, unless it is named here."""
    if file.upload is None or (file.name and file.media_type):
        return file
    owner = writer_of(context.viewer).id
    try:
        found = await asyncio.to_thread(uploads, context.carteggio, [file.upload], owner)
    except Rejected:  # a draft has it, where it is named
        return replace(file, media_type=file.media_type or _guessed(file.name))
    one = found[file.upload]
    return replace(file, name=file.name or one.name, media_type=file.media_type or one.media_type)


async def _captured(context: Context, id: str, file: Attached) -> Attached:
    wanted = attachment_of(id)
    if wanted is None:
        raise Rejected("INVALID", f"{id[:60]!r} is no attachment: an id att_… is needed")
    message, place = wanted
    async with context.read() as (connection, names):
        reader = writer_of(context.viewer).sees
        rows = (await messages.attachments_of(connection, names, reader, [message])).get(
            message, []
        )
    one = next((row for row in rows if row.ordinal == place), None)
    if one is None:
        raise Rejected("NOT_FOUND", "files: there is no such attachment that you may see")
    kind = file.media_type or one.media_type
    return replace(file, name=file.name or one.shown_name, media_type=kind,
                   message=MessageId(message), place=place)  # fmt: skip


def _decoded(content: str, place: int) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("INVALID", f"files[{place}].content: it is not base64") from None


def _guessed(name: str) -> str:
    return guess_type(name)[0] or _UNKNOWN


async def kept(context: Context, one: Entered) -> Draft:
    """Give a draft whose octets are all uploaded."""
    writer, files = writer_of(context.viewer), []
    for file in one.draft.files:
        octets = one.given.get(file.key)
        if octets is None:
            files.append(file)
            continue
        got = await asyncio.to_thread(
            upload, context.carteggio, writer.id, file.name, file.media_type, octets
        )
        files.append(replace(file, upload=got.id))
    return replace(one.draft, files=tuple(files))


def wanted_template(id: ID | None, values: Sequence[TemplateValueInput] | None) -> Wanted:
    """Read which template is wanted, with its values."""
    given_values = {one.name: one.value for one in values or ()}
    return Wanted(of_kind(Kind.TEMPLATE, id) if id else None, given_values)
