"""Templates: which there are, and what each version says."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

import strawberry

from api.graphql.access import requires
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.node import Actor, Audited
from api.graphql.people import User, colleagues, user_object
from api.graphql.reading import Reading
from api.graphql.selection import Selection
from domain.access import Scope
from domain.template import Part, TemplateSaved
from domain.template import TemplateKind as OfKind
from domain.values import ActorKind
from projections.templates import (
    TemplateRow,
    TemplateVersionRow,
    Use,
    templates_by_ids,
    versions_of,
)

READS: Final = requires(Scope.SEND_MAIL, Scope.MANAGE_TEMPLATES)


@strawberry.enum(description="What a template is for.")
class TemplateKind(Enum):
    DOCUMENT = strawberry.enum_value(OfKind.DOCUMENT.value, description="To send a document.")
    REPLY = strawberry.enum_value(OfKind.REPLY.value, description="A canned answer.")
    AUTO_REPLY = strawberry.enum_value(
        OfKind.AUTO_REPLY.value, description="What is answered by itself."
    )
    MAILING = strawberry.enum_value(OfKind.MAILING.value, description="A mail to many.")
    SIGNATURE = strawberry.enum_value(
        OfKind.SIGNATURE.value, description="A signature, for templates whose own is `auto`."
    )


@strawberry.type(description="A part of a mail.")
class TemplatePart:
    source: str = strawberry.field(
        description="Text or HTML, with values as {{ document.number }}; empty: no such part."
    )
    is_html: bool = strawberry.field(description="Whether it is HTML.")


@strawberry.type(description="How a form of greeting is said in a template.")
class TemplateSalutation:
    form: str = strawberry.field(
        description="titled_female, titled_male, titled, female, male, named or neutral."
    )
    text: str = strawberry.field(description="With {title}, {surname} and {name}.")


@strawberry.type(description="A version of a template; it never changes.")
class TemplateVersion:
    version: int = strawberry.field(description="Its number, from 1.")
    saved_at: datetime = strawberry.field(description="When it was saved.")
    saved_by: Actor = strawberry.field(description="By whom.")
    name: str = strawberry.field(description="What the template was called then.")
    subject: str = strawberry.field(description="The subject, with values.")
    salutation: TemplatePart = strawberry.field(
        description="The greeting; `auto`: by language, title and gender of the recipient."
    )
    motivation: TemplatePart = strawberry.field(
        description="Why the mail comes; names its attachment."
    )
    individual: TemplatePart = strawberry.field(description="What is written for this mail alone.")
    closing: TemplatePart = strawberry.field(description="The closing.")
    signature: TemplatePart = strawberry.field(
        description="The signature; `auto`: the sender's own, else the company's."
    )
    attachment_name: str = strawberry.field(
        description="What the first attachment is called: {kind}_{number}_{customer}_{date}."
    )
    salutations: list[TemplateSalutation] = strawberry.field(
        description="Greetings that are said otherwise than usual."
    )


@strawberry.type(description="A template for mail; a sent mail names its version.")
class Template(Audited):
    name: str = strawberry.field(description="What it is called.")
    kind: TemplateKind = strawberry.field(description="What it is for.")
    document_kind: str = strawberry.field(
        description="For which kind of document, as the ERP writes it; empty: any."
    )
    language: str = strawberry.field(
        description="In which language (RFC 5646); empty: the recipient's."
    )
    company: str = strawberry.field(
        description="Of which of several firms, as the ERP writes it; empty: of all."
    )
    owner: User | None = strawberry.field(description="The colleague who alone uses it.")
    roles: list[str] = strawberry.field(description="Who uses it, by role; empty: everybody.")
    is_retired: bool = strawberry.field(description="Whether it is offered no longer.")
    version: int = strawberry.field(description="The version that holds.")
    current: TemplateVersion | None = strawberry.field(description="What that version says.")
    versions: list[TemplateVersion] = strawberry.field(
        description="All its versions, the newest first."
    )


async def use_of(context: Context) -> Use | None:
    """Give whose templates the viewer may use; None: all, for who manages them, and programs."""
    if Scope.MANAGE_TEMPLATES in context.viewer.scopes:
        return None
    return await own_use_of(context)


async def own_use_of(context: Context) -> Use | None:
    """Give which templates write the viewer's own mail; None: those of everybody."""
    viewer = context.viewer
    if viewer.colleague is None:
        return None
    row = (await colleagues(context)).get(viewer.colleague)
    return Use(viewer.colleague, row.role if row else "")


async def template_objects(
    read: Reading, ids: Collection[UUID], wanted: Selection
) -> dict[UUID, Template]:
    """Give many templates, as far as the viewer may use them."""
    context: Context = read.asking.context
    if not ids or {Scope.SEND_MAIL, Scope.MANAGE_TEMPLATES}.isdisjoint(context.viewer.scopes):
        return {}
    rows = await templates_by_ids(*read.asked, list(ids), await use_of(context))
    return await made_templates(read, list(rows.values()), wanted)


async def made_templates(
    read: Reading, rows: Sequence[TemplateRow], wanted: Selection
) -> dict[UUID, Template]:
    """Make templates of rows; versions are read together, and only if they are wanted."""
    ids, versions = [row.id for row in rows], {}
    people = await colleagues(read.asking.context) if "owner" in wanted else {}
    if "versions" in wanted or "current" in wanted:
        only_current = "versions" not in wanted
        versions = await versions_of(*read.asked, ids, current=only_current)
    return {
        row.id: _template(row, versions.get(row.id, []), people.get(row.owner), read.asking)  # type: ignore[arg-type]
        for row in rows
    }


def _template(
    row: TemplateRow, versions: Sequence[TemplateVersionRow], owner: Any, asking: Any
) -> Template:
    shown = [_version(one) for one in versions]
    return Template(
        id=encoded(Kind.TEMPLATE, row.id),
        key=row.id,
        asking=asking,
        name=row.name,
        kind=TemplateKind(row.kind),
        document_kind=row.document_kind,
        language=row.language,
        company=row.company,
        owner=user_object(owner, asking) if owner else None,
        roles=list(row.roles),
        is_retired=row.retired,
        version=row.version,
        current=next(iter(shown), None),
        versions=shown,
    )


def _version(row: TemplateVersionRow) -> TemplateVersion:
    said: TemplateSaved = row.saved
    parts = {name: _part(part) for name, part in said.parts.items()}
    return TemplateVersion(
        version=row.version,
        saved_at=row.at,
        saved_by=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id),
        name=said.name,
        subject=said.subject,
        **parts,
        attachment_name=said.attachment_name,
        salutations=[TemplateSalutation(form=form, text=text) for form, text in said.salutations],
    )


def _part(part: Part) -> TemplatePart:
    return TemplatePart(source=part.source, is_html=part.is_html)
