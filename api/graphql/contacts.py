"""Commands: people add whom master data does not know, and what he wrote is matched anew."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import checks, marks, requires
from api.graphql.addable import check_acts, check_free, check_new
from api.graphql.asking import Asking
from api.graphql.commands import COMMAND_ID, UserError, check_command_id, stamp, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.inputs import PartyKey
from api.graphql.keys import target_of
from api.graphql.mail import Party
from api.graphql.paging import Count, given
from api.graphql.reading import party_objects
from api.graphql.scalars import Position
from api.graphql.selection import Selection
from api.work.contacts import (
    NewParty,
    Person,
    add_contact,
    add_party,
    new_id,
    remove_contact,
)
from api.work.settling import all_decided, settle
from domain.access import Scope
from domain.recorded import Envelope
from domain.values import Rejected
from projections import links, merges
from projections.reader import COUNTED_EXACTLY

_ADDRESS = "The mail address; not one of the company's own."


@strawberry.input(description="Who is added to a party that is known.")
class ContactAddInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    party: PartyKey = strawberry.field(description="The party through which he writes.")
    address: str = strawberry.field(description=_ADDRESS)
    name: str | None = strawberry.field(default=UNSET, description="The name.")
    role: str | None = strawberry.field(default=UNSET, description="The role: sales, …")


@strawberry.input(description="A contact that a person added, to be removed.")
class ContactRemoveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    party: PartyKey = strawberry.field(description="The party that has it.")
    contact_id: ID = strawberry.field(description="The contact.")


@strawberry.input(description="A party that no master data knows yet, and who writes for it.")
class PartyAddInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    name: str = strawberry.field(description="The party's name.")
    kind: str = strawberry.field(default="lead", description="The kind: lead, prospect, …")
    code: str | None = strawberry.field(
        default=UNSET, description="A code for it; without one it is given one (N-…)."
    )
    language: str | None = strawberry.field(default=UNSET, description="ISO 639-1.")
    country: str | None = strawberry.field(default=UNSET, description="ISO 3166-1.")
    vat_number: str | None = strawberry.field(default=UNSET, description="The VAT number.")
    address: str = strawberry.field(description=_ADDRESS)
    contact_name: str | None = strawberry.field(default=UNSET, description="The contact's name.")
    role: str | None = strawberry.field(default=UNSET, description="The contact's role.")


@strawberry.type(description="What came of a command to contacts.")
class ContactPayload:
    party: Party | None = strawberry.field(
        description="The party as it is now.",
        extensions=checks(Scope.READ_MAIL),
        directives=marks(Scope.READ_MAIL),
    )
    linked: Count | None = strawberry.field(
        description="How many messages that you see belong to the party since and because of it; "
        "not exact while more is being matched. Null if nothing was done."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ContactMutation:
    @strawberry.mutation(
        description="Adds a contact to a party: an address from `unmatchedAddresses`, or any other. "
        "Mail with it is linked, also what is here already. Master data leaves it as it is.",
        **requires(Scope.LINK_MAIL),
    )
    async def contact_add(self, info: Info[Any, Any], input: ContactAddInput) -> ContactPayload:
        context: Context = info.context
        person = Person(
            given(input.address) or "", given(input.name) or "", given(input.role) or ""
        )

        def add(party: UUID, envelope: Envelope) -> tuple[UUID, int | None]:
            return party, add_contact(context.carteggio, party, person, envelope)

        async def check(party: UUID, _envelope: Envelope) -> None:
            await check_free(context, person.address, party)

        return await _done(info, input.command_id, input.party, add, check)

    @strawberry.mutation(
        description="Removes a contact that a person added; what was linked by it alone is so no "
        "longer.",
        **requires(Scope.LINK_MAIL),
    )
    async def contact_remove(
        self, info: Info[Any, Any], input: ContactRemoveInput
    ) -> ContactPayload:
        context: Context = info.context

        def remove(party: UUID, envelope: Envelope) -> tuple[UUID, int | None]:
            contact = of_kind(Kind.CONTACT, input.contact_id)
            return party, remove_contact(context.carteggio, party, contact, envelope)

        return await _done(info, input.command_id, input.party, remove)

    @strawberry.mutation(
        description="Enters a party that no master data knows yet, a lead as a rule, with its first "
        "contact. Mail with that address is linked, also what is here already.",
        **requires(Scope.LINK_MAIL),
    )
    async def party_add(self, info: Info[Any, Any], input: PartyAddInput) -> ContactPayload:
        context: Context = info.context
        new = NewParty(
            name=given(input.name) or "",
            kind=given(input.kind) or "",
            code=given(input.code) or "",
            language=given(input.language) or "",
            country=given(input.country) or "",
            vat_number=given(input.vat_number) or "",
        )
        person = Person(
            given(input.address) or "", given(input.contact_name) or "", given(input.role) or ""
        )

        def add(_party: UUID | None, envelope: Envelope) -> tuple[UUID, int | None]:
            return add_party(context.carteggio, new, person, envelope)

        async def check(_party: UUID | None, envelope: Envelope) -> None:
            id = new_id(context.carteggio, new, envelope)
            await check_new(context, new, id)
            await check_free(context, person.address, id)

        return await _done(info, input.command_id, None, add, check)


async def _done(
    info: Info[Any, Any],
    command_id: str,
    by: PartyKey | None,
    do: Callable[[Any, Envelope], tuple[UUID, int | None]],
    check: Callable[[Any, Envelope], Awaitable[None]] | None = None,
) -> ContactPayload:
    """Do it if it may be done, wait for what follows, and say what came of it."""
    context: Context = info.context
    try:
        check_command_id(command_id)
        check_acts(context)
        envelope, party = stamp(context)(command_id), None
        if by is not None:
            async with Asking(context).reading() as read:
                party = (await target_of(read, context.carteggio.company, by, None))[1]
        if check is not None:
            await check(party, envelope)
        about, position = await asyncio.to_thread(do, party, envelope)
        if position is not None:
            await asyncio.to_thread(settle, context.carteggio, position)
    except Rejected as refusal:
        errors = [user_error(refusal)]
        return ContactPayload(party=None, linked=None, position=None, user_errors=errors)
    shown: dict[UUID, Party] = {}
    wanted = Selection.of(info)["party"]
    if "party" in Selection.of(info) and Scope.READ_MAIL in context.viewer.scopes:
        async with Asking(context).reading() as read:
            shown = await party_objects(read, [about], wanted)
    return ContactPayload(
        party=shown.get(about),
        linked=None if position is None else await _linked(context, about, position),
        position=None if position is None else Position(position),
        user_errors=[],
    )


async def _linked(context: Context, party: UUID, position: int) -> Count:
    async with Asking(context).reading() as read:
        counted = await merges.survivor_of(*read.asked, party)
        found = await links.linked_since(*read.asked, counted, position)
    exact = await asyncio.to_thread(all_decided, context.carteggio)
    return Count(value=min(found, COUNTED_EXACTLY), is_exact=exact and found <= COUNTED_EXACTLY)
