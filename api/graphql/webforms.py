"""Web forms: addresses that write for others, in every mailbox or in one."""

from typing import Any

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import Connection, connection, given, slice_in
from api.graphql.policies import (
    BY_ADDRESS,
    NOTE_AT_MOST,
    WebForm,
    check_changeable,
    concerned,
    form_object,
    form_rows,
    giving,
    note_of,
    state_of,
)
from api.graphql.scalars import Position
from api.work.webforms import form_of
from domain import webform as stream
from domain.access import Scope
from domain.values import Rejected
from domain.webform import DeclareWebForm, WithdrawWebForm


@strawberry.input(description="Which address writes for others.")
class WebFormDeclareInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    address: str = strawberry.field(description="The address in From of the form's mail.")
    mailbox_id: ID | None = strawberry.field(
        default=UNSET, description="Only for mail that was seen in this mailbox; else in any."
    )
    note: str | None = strawberry.field(
        default=UNSET,
        description=f"Which form it is, in {NOTE_AT_MOST} characters at most; it is kept sealed.",
    )


@strawberry.input(description="Which web form is withdrawn.")
class WebFormWithdrawInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    web_form_id: ID = strawberry.field(description="The web form.")


@strawberry.type(description="What came of a command about a web form.")
class WebFormPayload:
    web_form: WebForm | None = strawberry.field(
        description="The form as it is now; null once it is withdrawn."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class WebFormQuery:
    @strawberry.field(
        description="The addresses that write for others, by address.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def web_forms(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[WebForm]:
        at = {"first": first, "after": after, "last": last, "before": before}
        asked, asking = asked_page(info, BY_ADDRESS, at), Asking.by(info)
        found = slice_in(await form_rows(info.context), BY_ADDRESS, asked)
        return connection(found, BY_ADDRESS, lambda row: form_object(row, asking))


@strawberry.type
class WebFormMutation:
    @strawberry.mutation(
        description="Takes mail of an address for that of whoever stands in Reply-To, also mail "
        "that is here already: links, direction and waiting follow.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def web_form_declare(
        self, info: Info[Any, Any], input: WebFormDeclareInput
    ) -> WebFormPayload:
        context: Context = info.context
        try:
            box = await concerned(context, given(input.mailbox_id))
            address, note = given(input.address) or "", note_of(input.note)
            id, form = form_of(context.carteggio, address, note, box)
            position = await obeyed(
                context, input.command_id, giving(context, id, stream, DeclareWebForm(form))
            )
        except Rejected as refusal:
            return _refused(refusal)
        shown = [form_object(row, Asking(context)) for row in await form_rows(context, [id])]
        return WebFormPayload(web_form=next(iter(shown), None), position=position, user_errors=[])

    @strawberry.mutation(
        description="Takes mail of an address for its own again, also mail that is here already.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def web_form_withdraw(
        self, info: Info[Any, Any], input: WebFormWithdrawInput
    ) -> WebFormPayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.WEB_FORM, input.web_form_id)
            before = (await state_of(context, id, stream)).standing
            if before is not None:
                check_changeable(context, before.mailbox, "web form")
            position = await obeyed(
                context, input.command_id, giving(context, id, stream, WithdrawWebForm())
            )
        except Rejected as refusal:
            return _refused(refusal)
        return WebFormPayload(web_form=None, position=position, user_errors=[])


def _refused(refusal: Rejected) -> WebFormPayload:
    return WebFormPayload(web_form=None, position=None, user_errors=[user_error(refusal)])
