"""Templates are saved in versions, and retired."""

from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import given
from api.graphql.people import colleagues
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.graphql.templates import Template, TemplateKind, template_objects
from api.work.templates import new_template, refuse_taken, retire, save
from domain.access import Scope
from domain.template import AUTO, Part, TemplateSaved, is_own
from domain.template import TemplateKind as OfKind
from domain.values import ColleagueId, Rejected
from projections.templates import templates_by_ids

OWN: Final = requires(Scope.SEND_MAIL, Scope.MANAGE_TEMPLATES)


@strawberry.input(one_of=True, description="A part of a mail: text, or HTML.")
class TemplatePartInput:
    text: str | None = strawberry.field(
        default=UNSET, description="Text, with values as {{ document.number }}."
    )
    html: str | None = strawberry.field(default=UNSET, description="HTML, with values.")


@strawberry.input(description="How a form of greeting is said in a template.")
class TemplateSalutationInput:
    form: str = strawberry.field(
        description="titled_female, titled_male, titled, female, male, named or neutral."
    )
    text: str = strawberry.field(description="With {title}, {surname} and {name}.")


@strawberry.input(
    description="A template, all of it: what is left out is empty. Salutation and signature may be "
    "the text `auto`."
)
class TemplateSaveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    name: str = strawberry.field(
        description="What it is called; no other one of the same owner may be."
    )
    kind: TemplateKind = strawberry.field(description="What it is for.")
    template_id: ID | None = strawberry.field(
        default=UNSET, description="The template whose next version it is; else it is a new one."
    )
    based_on_version: int | None = strawberry.field(
        default=UNSET, description="The version that was changed; a later one is not overwritten."
    )
    document_kind: str = strawberry.field(
        default="", description="As the ERP writes it; else any."
    )
    language: str = strawberry.field(default="", description="RFC 5646; else the recipient's.")
    company: str = strawberry.field(default="", description="As the ERP writes it; else all.")
    owner_id: ID | None = strawberry.field(
        default=UNSET, description="The colleague who alone uses it."
    )
    roles: list[str] | None = strawberry.field(
        default=UNSET, description="Who uses it, by role; else everybody."
    )
    subject: str = strawberry.field(default="", description="The subject, with values.")
    salutation: TemplatePartInput | None = strawberry.field(
        default=UNSET, description="The greeting; the text `auto` if it is left out."
    )
    motivation: TemplatePartInput | None = strawberry.field(
        default=UNSET, description="Why the mail comes; names its attachment."
    )
    individual: TemplatePartInput | None = strawberry.field(
        default=UNSET, description="What is proposed for the individual text."
    )
    closing: TemplatePartInput | None = strawberry.field(default=UNSET, description="The closing.")
    signature: TemplatePartInput | None = strawberry.field(
        default=UNSET, description="The signature, or the text `auto`."
    )
    attachment_name: str = strawberry.field(
        default="", description="{kind}_{number}_{customer}_{date}; empty: names stay."
    )
    salutations: list[TemplateSalutationInput] | None = strawberry.field(
        default=UNSET, description="Greetings that are said otherwise than usual."
    )


@strawberry.input(description="Which template is retired.")
class TemplateRetireInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    template_id: ID = strawberry.field(description="The template.")


@strawberry.type(description="What came of a command about a template.")
class TemplatePayload:
    template: Template | None = strawberry.field(description="The template as it is now.")
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class TemplateMutation:
    @strawberry.mutation(
        description="Saves a template, or its next version. What is wrong in a part is told with "
        "its line. The same again is no version. Without manage_templates a colleague saves "
        "documents, replies and signatures that are his alone (ownerId).",
        **OWN,
    )
    async def template_save(
        self, info: Info[Any, Any], input: TemplateSaveInput
    ) -> TemplatePayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            id, wanted = await _named(context, input), await _wanted(context, input)
            await _refuse_others(context, id, wanted)
            async with context.read() as (connection, names):
                await refuse_taken((connection, names, context.viewer.reader), id, wanted)
            based_on = given(input.based_on_version)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: save(context.carteggio, id, wanted, envelope, based_on),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _told(info, id, position)

    @strawberry.mutation(
        description="Offers a template no longer; mail that was made from it names it as before. "
        "Without manage_templates: his own.",
        **OWN,
    )
    async def template_retire(
        self, info: Info[Any, Any], input: TemplateRetireInput
    ) -> TemplatePayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.TEMPLATE, input.template_id)
            await _refuse_others(context, id)
            position = await obeyed(
                context,
                input.command_id,
                lambda envelope: retire(context.carteggio, id, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _told(info, id, position)


async def _named(context: Context, input: TemplateSaveInput) -> UUID:
    """Give the template that is meant, or the new one of this command."""
    named = given(input.template_id)
    if named is None:
        return new_template(context.carteggio, input.command_id)
    id = of_kind(Kind.TEMPLATE, named)
    async with context.read() as (connection, names):
        if not await templates_by_ids(connection, names, context.viewer.reader, [id]):
            raise Rejected("NOT_FOUND", "there is no such template")
    return id


async def _refuse_others(context: Context, id: UUID, wanted: TemplateSaved | None = None) -> None:
    """Let who does not manage templates save and retire his own; raise Rejected for any other."""
    viewer = context.viewer
    if Scope.MANAGE_TEMPLATES in viewer.scopes:
        return
    async with context.read() as (connection, names):
        there = (await templates_by_ids(connection, names, viewer.reader, [id])).get(id)
    his = viewer.colleague is not None and (there is None or there.owner == viewer.colleague)
    if not his or (wanted is not None and not is_own(wanted, viewer.colleague)):
        what = "only documents, replies and signatures with yourself as ownerId"
        raise Rejected("FORBIDDEN", f"without the scope manage_templates you word {what}")


async def _wanted(context: Context, input: TemplateSaveInput) -> TemplateSaved:
    salutation = given(input.salutation)
    return TemplateSaved(
        version=0,
        kind=OfKind(str(input.kind.value)),
        document_kind=input.document_kind.strip().casefold(),
        language=input.language.strip(),
        company=input.company.strip(),
        owner=await _owner(context, given(input.owner_id)),
        roles=tuple(one.strip() for one in given(input.roles) or () if one.strip()),
        name=input.name,
        subject=input.subject,
        salutation=_part(salutation) if salutation else Part(AUTO),
        motivation=_part(given(input.motivation)),
        individual=_part(given(input.individual)),
        closing=_part(given(input.closing)),
        signature=_part(given(input.signature)),
        attachment_name=input.attachment_name.strip(),
        salutations=tuple((one.form, one.text) for one in given(input.salutations) or ()),
    )


async def _owner(context: Context, id: ID | None) -> ColleagueId | None:
    if id is None:
        return None
    own = of_kind(Kind.COLLEAGUE, id)
    if own not in await colleagues(context):
        raise Rejected("NOT_FOUND", "ownerId: there is no such colleague")
    return ColleagueId(own)


def _part(input: TemplatePartInput | None) -> Part:
    if input is None:
        return Part()
    html = given(input.html)
    return Part(html, is_html=True) if html is not None else Part(given(input.text) or "")


async def _told(info: Info[Any, Any], id: UUID, position: Position | None) -> TemplatePayload:
    async with Asking.by(info).reading() as read:
        shown = await template_objects(read, [id], Selection.of(info)["template"])
    return TemplatePayload(template=shown.get(id), position=position, user_errors=[])


def _refused(refusal: Rejected) -> TemplatePayload:
    return TemplatePayload(template=None, position=None, user_errors=[user_error(refusal)])
