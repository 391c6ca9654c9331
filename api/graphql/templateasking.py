"""Templates are asked for, and the mail that one makes is shown before it is sent."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded, of_kind
from api.graphql.inputs import DocumentKey
from api.graphql.keys import document_rows, only
from api.graphql.paging import given
from api.graphql.people import colleagues
from api.graphql.selection import Selection
from api.graphql.templates import (
    READS,
    Template,
    TemplateKind,
    made_templates,
    own_use_of,
    template_objects,
    use_of,
)
from api.work.templates import Attached, Occasion, Rendered, attachment_names_of, rendered_in
from domain.access import Scope
from domain.composing import Sender
from domain.template import Part
from domain.values import Rejected
from projections.templates import TemplateFilter, templates_for


@strawberry.type(description="A part of a mail as it is written.")
class RenderedPart:
    name: str = strawberry.field(
        description="salutation, motivation, individual, closing or signature."
    )
    source: str = strawberry.field(description="Its words; empty: the mail has none there.")
    is_html: bool = strawberry.field(description="Whether they are HTML.")


@strawberry.type(description="The words of a mail as a template gives them: as they are sent.")
class RenderedMail:
    template_id: ID = strawberry.field(description="The template.")
    version: int = strawberry.field(description="Its version.")
    language: str = strawberry.field(description="The language of the mail.")
    subject: str = strawberry.field(description="The subject.")
    text: str = strawberry.field(description="The body as text.")
    html: str | None = strawberry.field(
        description="The body as clean HTML; null where all parts are text."
    )
    parts: list[RenderedPart] = strawberry.field(description="The parts of the body, in order.")
    attachment_names: list[str] = strawberry.field(
        description="What the files that were named are called in the mail, in that order."
    )
    missing: list[str] = strawberry.field(
        description="Values that are not there: with any of them the mail cannot be sent."
    )


@strawberry.input(description="A value that a template calls by values.name.")
class TemplateValueInput:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="What stands in its place.")


@strawberry.type
class TemplateQuery:
    @strawberry.field(
        description="The templates that the viewer may use, by name; who manages templates is "
        "given all.",
        **READS,
    )
    async def templates(
        self,
        info: Info[Any, Any],
        kind: TemplateKind | None = UNSET,
        document_kind: str | None = UNSET,
        language: str | None = UNSET,
        company: str | None = UNSET,
        *,
        retired: bool | None = UNSET,
    ) -> list[Template]:
        asked = given(kind)
        wanted = TemplateFilter(
            kind=str(asked.value) if asked else None,
            document_kind=given(document_kind),
            language=given(language),
            company=given(company),
            retired=bool(given(retired)),
        )
        use = await use_of(info.context)
        async with Asking.by(info).reading() as read:
            rows = await templates_for(*read.asked, wanted, use)
            return list((await made_templates(read, rows, Selection.of(info))).values())

    @strawberry.field(description="A template by its id; null if it may not be used.", **READS)
    async def template(self, info: Info[Any, Any], id: ID) -> Template | None:
        named = of_kind(Kind.TEMPLATE, id)
        async with Asking.by(info).reading() as read:
            return (await template_objects(read, [named], Selection.of(info))).get(named)

    @strawberry.field(
        description="The mail that a template makes of a document, for a contact of its party: the "
        "same words that are sent. `attachmentNames` are the files as they come, the document "
        "itself first. Nothing is rendered of what the viewer may not see.",
        **READS,
    )
    async def rendered_template(
        self,
        info: Info[Any, Any],
        template_id: ID,
        version: int | None = UNSET,
        document: DocumentKey | None = UNSET,
        party_id: ID | None = UNSET,
        contact_id: ID | None = UNSET,
        attachment_names: list[str] | None = UNSET,
        values: list[TemplateValueInput] | None = UNSET,
        sender: str | None = UNSET,
    ) -> RenderedMail:
        context: Context = info.context
        party, contact = given(party_id), given(contact_id)
        paper = await _document(info, given(document), party or contact)
        mail = Occasion(
            paper,
            of_kind(Kind.PARTY, party) if party else None,
            of_kind(Kind.CONTACT, contact) if contact else None,
            sender=await _sender(context, given(sender)),
            colleague=context.viewer.colleague,
            by_program=context.viewer.colleague is None,
            values={one.name: one.value for one in given(values) or []},
            files=[Attached(name) for name in given(attachment_names) or []],
        )
        use, named = await use_of(context), of_kind(Kind.TEMPLATE, template_id)
        async with Asking(context).reading() as read:
            asked = read.asked
            return _mail(
                await rendered_in(asked, named, mail, given(version), use=use, incomplete=True)
            )

    @strawberry.field(
        description="What files of a document are called, the document itself first: the same in "
        "the viewer's mail, in print and in an archive. By the template that is chosen for its kind, else "
        "as is usual.",
        **READS,
    )
    async def attachment_names(
        self,
        info: Info[Any, Any],
        document: DocumentKey,
        files: list[str],
        template_id: ID | None = UNSET,
    ) -> list[str]:
        context: Context = info.context
        paper, named = await _document(info, document, None), given(template_id)
        if paper is None:
            raise Rejected("NOT_FOUND", "there is no such document")
        found = await attachment_names_of(
            context.carteggio,
            paper,
            [Attached(name) for name in files],
            reader=context.viewer.reader,
            template=of_kind(Kind.TEMPLATE, named) if named else None,
            use=await use_of(context),
            chooses=await own_use_of(context),
        )
        return list(found)


def _mail(found: Rendered) -> RenderedMail:
    parts: Mapping[str, Part] = found.parts
    return RenderedMail(
        template_id=encoded(Kind.TEMPLATE, found.template),
        version=found.version,
        language=found.language,
        subject=found.subject,
        text=found.text,
        html=found.html or None,
        parts=[
            RenderedPart(name=name, source=part.source, is_html=part.is_html)
            for name, part in parts.items()
        ],
        attachment_names=list(found.file_names),
        missing=list(found.missing),
    )


async def _document(
    info: Info[Any, Any], key: DocumentKey | None, other: ID | None
) -> UUID | None:
    """Find the document; records are for who sends mail or reads it."""
    context: Context = info.context
    if key is None and other is None:
        return None
    if Scope.READ_MAIL not in context.viewer.scopes:
        context.viewer.require(Scope.SEND_MAIL)
    if key is None:
        return None
    async with Asking(context).reading() as read:
        rows = await document_rows(read, context.carteggio.company, key)
    row = only({one.id: one for one in rows}, "documents")
    if row is None:
        raise Rejected("NOT_FOUND", "there is no such document")
    return row.id


async def _sender(context: Context, address: str | None) -> Sender | None:
    """Give who sends: the address with the name of the colleague who asks, if one does."""
    people, own = await colleagues(context), context.viewer.colleague
    row = people.get(own) if own else None
    if address is None:
        return Sender(row.address, row.name) if row else None
    return Sender(address, row.name if row else "")
