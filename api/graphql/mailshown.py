"""How a mail that is being written, tried or sent is shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import strawberry
from strawberry import ID

from adapters.building.builder import Bodies
from api.graphql.commands import UserError, user_error
from api.graphql.ids import Kind, encoded
from api.graphql.scalars import Position
from api.work.drafts import Saved
from api.work.sending import Sent, Tried
from domain.choosing import TargetKind
from domain.doubts import NAMED
from domain.draft import UNDECIDED, Attached, Draft
from domain.objections import NotSendable, Objection
from domain.values import Rejected

_SAME: Final = (
    "sender", "sender_name", "company", "subject", "text", "html", "language", "quotes",
    "presents", "template_version",
)  # fmt: skip
_LISTS: Final = ("to", "cc", "bcc", "reply_to", "acknowledged")
_KINDS: Final = {
    TargetKind.PARTY: Kind.PARTY,
    TargetKind.DOCUMENT: Kind.DOCUMENT,
    TargetKind.CONTACT: Kind.CONTACT,
}


@strawberry.type(description="A file of a mail that is being written.")
class MailFile:
    name: str = strawberry.field(description="How it is called.")
    media_type: str = strawberry.field(description="As application/pdf.")
    content_id: str | None = strawberry.field(description="Of a picture in the HTML: its name.")
    upload_id: ID | None = strawberry.field(description="Where it was uploaded.")
    message_id: ID | None = strawberry.field(description="Out of which message it is.")
    attachment_id: str | None = strawberry.field(
        description="As which attachment of it; null: the whole message."
    )


@strawberry.type(description="A mail as it is written; to be given back as MailInput.")
class MailContent:
    mailbox_id: ID | None = strawberry.field(
        description="From which it is sent; null in a proposal where one is still to be chosen."
    )
    sender: str = strawberry.field(description="The address it is from.")
    sender_name: str = strawberry.field(description="The person's name.")
    company: str = strawberry.field(description="Shown behind the name.")
    to: list[str] = strawberry.field(description="Recipients.")
    cc: list[str] = strawberry.field(description="Who gets a copy.")
    bcc: list[str] = strawberry.field(description="Unseen by the others.")
    reply_to: list[str] = strawberry.field(description="To whom answers go.")
    subject: str = strawberry.field(description="The subject.")
    text: str = strawberry.field(description="The text, plain.")
    html: str = strawberry.field(description="The text as HTML.")
    language: str = strawberry.field(description="As in: de, pt-BR.")
    quotes: bool = strawberry.field(description="Whether the earlier message stands below.")
    files: list[MailFile] = strawberry.field(description="Its files.")
    link_ids: list[ID] = strawberry.field(
        description="The parties, documents and contacts to which it belongs by the sender's word."
    )
    removed_link_ids: list[ID] = strawberry.field(
        description="What was proposed, and what it does not belong to by the same word."
    )
    document_id: ID | None = strawberry.field(description="The document it was begun from.")
    presents: bool = strawberry.field(description="Whether it brings that document.")
    answers_id: ID | None = strawberry.field(description="The message answered.")
    forwards_id: ID | None = strawberry.field(description="The one passed on.")
    template_id: ID | None = strawberry.field(description="What it was made from.")
    template_version: int = strawberry.field(description="Its version.")
    send_at: datetime | None = strawberry.field(description="Not before then.")
    acknowledged: list[str] = strawberry.field(description="Doubts that are meant so.")


@strawberry.type(name="Draft", description="A mail that somebody is writing.")
class DraftObject:
    id: ID = strawberry.field(description="Its id.")
    version: int = strawberry.field(description="To be given with the next draftSave.")
    saved_at: datetime = strawberry.field(description="When it was saved last.")
    saved_by: str = strawberry.field(description="By whom: a colleague's name, or a token's id.")
    is_shared: bool = strawberry.field(
        description="Whether all who act on the mailbox see it; else its author alone."
    )
    content: MailContent = strawberry.field(description="What is written.")


@strawberry.type(description="What speaks against a mail, or is worth a look.")
class MailRemark:
    field: str = strawberry.field(description="What it is about, as to[0].")
    code: str = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")
    blocks: bool = strawberry.field(description="Whether the mail cannot be sent so.")
    acknowledge: str | None = strawberry.field(
        description="By which name it can be acknowledged; null: it cannot be, or need not."
    )


@strawberry.type(description="What would leave: nothing is stored.")
class MailPreview:
    sender: str = strawberry.field(description="From, as it is shown.")
    reply_to: list[str] = strawberry.field(description="To whom answers go.")
    recipients: list[str] = strawberry.field(description="All addresses, each once.")
    subject: str = strawberry.field(description="The subject.")
    text: str = strawberry.field(
        description="The plain body, with quote and marker, whose code is drawn when it is sent."
    )
    html: str | None = strawberry.field(description="The body as HTML, cleaned; null without.")
    file_names: list[str] = strawberry.field(description="The names of its files.")
    due_at: datetime = strawberry.field(description="When it would leave.")
    remarks: list[MailRemark] = strawberry.field(description="What speaks against it.")


@strawberry.type(description="What came of an order to send.")
class MailSendPayload:
    mail_id: ID | None = strawberry.field(description="The mail in the outbox.")
    message_id: ID | None = strawberry.field(
        description="As which message it will be known once it has left."
    )
    due_at: datetime | None = strawberry.field(
        description="It leaves then, and can be taken back before (messageCancel)."
    )
    remarks: list[MailRemark] = strawberry.field(description="What did not stand in its way.")
    position: Position | None = strawberry.field(description="Where in the journal its event is.")
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


def content_object(draft: Draft) -> MailContent:
    """Show what is written."""
    same: dict[str, Any] = {name: getattr(draft, name) for name in _SAME}
    lists: dict[str, Any] = {name: list(getattr(draft, name)) for name in _LISTS}
    return MailContent(
        **same,
        **lists,
        mailbox_id=None if draft.mailbox == UNDECIDED else encoded(Kind.MAILBOX, draft.mailbox),
        files=[_file(one) for one in draft.files],
        link_ids=[encoded(_KINDS[kind], id) for kind, id in draft.targets],
        removed_link_ids=[encoded(_KINDS[kind], id) for kind, id in draft.removed],
        document_id=encoded(Kind.DOCUMENT, draft.document) if draft.document else None,
        answers_id=encoded(Kind.MESSAGE, draft.answers) if draft.answers else None,
        forwards_id=encoded(Kind.MESSAGE, draft.forwards) if draft.forwards else None,
        template_id=encoded(Kind.TEMPLATE, draft.template) if draft.template else None,
        send_at=draft.not_before,
    )


def _file(one: Attached) -> MailFile:
    place = None
    if one.message is not None and one.place is not None:
        place = f"att_{one.message.hex}-{one.place}"
    return MailFile(
        name=one.name,
        media_type=one.media_type,
        content_id=one.content_id or None,
        upload_id=encoded(Kind.UPLOAD, one.upload) if one.upload else None,
        message_id=encoded(Kind.MESSAGE, one.message) if one.message else None,
        attachment_id=place,
    )


def draft_object(saved: Saved, by: str) -> DraftObject:
    """Show a draft; `by` is the name of who saved it."""
    return DraftObject(
        id=encoded(Kind.DRAFT, saved.id),
        version=saved.version,
        saved_at=saved.saved_at,
        saved_by=by,
        is_shared=saved.shared,
        content=content_object(saved.draft),
    )


def remarks_of(found: Iterable[Objection], mail_addresses: dict[str, str]) -> list[MailRemark]:
    """Show objections; `mail_addresses` are the keys of recipients by their fields."""
    return [
        MailRemark(
            field=one.field,
            code=one.code,
            message=one.sentence,
            blocks=one.blocks,
            acknowledge=_name(one, mail_addresses) if one.blocks and one.code in NAMED else None,
        )
        for one in found
    ]


def _name(one: Objection, addresses: dict[str, str]) -> str:
    whose = addresses.get(one.field)
    return one.code if whose is None else f"{one.code}:{whose}"


def preview_object(tried: Tried, bodies: Bodies, names: list[str]) -> MailPreview:
    """Show what would leave."""
    mail = tried.mail
    by_field = {
        f"{field}[{place}]": one.key
        for field in ("to", "cc", "bcc")
        for place, one in enumerate(getattr(mail, field))
    }
    sender = mail.sender.address
    return MailPreview(
        sender=f"{sender.name} <{sender.spec}>" if sender.name else sender.spec,
        reply_to=[one.spec for one in mail.reply_to],
        recipients=[one.spec for one in mail.recipients],
        subject=mail.subject,
        text=bodies.text,
        html=bodies.html or None,
        file_names=names,
        due_at=tried.due,
        remarks=remarks_of(tried.objections, by_field),
    )


def sent_object(sent: Sent) -> MailSendPayload:
    """Show what is in the outbox."""
    return MailSendPayload(
        mail_id=encoded(Kind.MAIL, sent.mail),
        message_id=encoded(Kind.MESSAGE, sent.message),
        due_at=sent.due,
        remarks=remarks_of(sent.remarks, {}),
        position=Position(sent.position),
        user_errors=[],
    )


def not_sent(refusal: Rejected) -> MailSendPayload:
    """Say what was not sent, each reason with its field."""
    return MailSendPayload(
        mail_id=None,
        message_id=None,
        due_at=None,
        remarks=[],
        position=None,
        user_errors=errors_of(refusal),
    )


def errors_of(refusal: Rejected) -> list[UserError]:
    """Give every reason of a refusal, each with the part of the input that it is about."""
    if not isinstance(refusal, NotSendable):
        return [user_error(refusal)]
    return [
        UserError(
            code=one.code, message=one.sentence, path=["input", "content", *_path(one.field)]
        )
        for one in refusal.objections
    ]


def _path(field: str) -> list[str]:
    name, _, place = field.removesuffix("]").partition("[")
    name = "send_at" if name == "not_before" else name  # as the API calls it
    words = name.split("_")
    camel = words[0] + "".join(one.capitalize() for one in words[1:])
    return [camel, place] if place else [camel]
