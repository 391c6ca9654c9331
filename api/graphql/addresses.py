"""Whose the addresses in mail are, and the list of those that nobody knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry import UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page
from api.graphql.letters import message_objects
from api.graphql.mail import Message, Party
from api.graphql.paging import Connection, connection, given
from api.graphql.reading import Reading, party_objects
from api.graphql.resolving import ours
from api.graphql.selection import Selection
from domain.access import Scope
from projections import addresses, links
from projections.addresses import UnknownRow


@strawberry.type(description="An address in mail that is nobody's who is known.")
class UnmatchedAddress:
    address: str = strawberry.field(description="The address.")
    name: str | None = strawberry.field(description="The name that stands beside it.")
    message_count: int = strawberry.field(description="In how many such messages it stands.")
    last_at: datetime = strawberry.field(description="When the last of them was received.")
    message: Message | None = strawberry.field(description="The last of them.")
    suggestions: list[Party] = strawberry.field(
        description="Whose it may be, by what rules suggest for that message; the surest first."
    )


@strawberry.type
class AddressQuery:
    @strawberry.field(
        description="The addresses outside that nobody knows, of mail that belongs to no party for "
        "sure; those in most messages first. `contactAdd` gives one to a party.",
        **requires(Scope.READ_MAIL),
    )
    async def unmatched_addresses(
        self,
        info: Info[Any, Any],
        *,
        is_automatic: bool | None = False,
        first: int | None = UNSET,
        after: str | None = UNSET,
    ) -> Connection[UnmatchedAddress]:
        order = addresses.MOST_MAIL_FIRST
        asked = asked_page(info, order, {"first": first, "after": after})
        own, wanted = await ours(info.context), Selection.of(info)["edges"]["node"]
        async with Asking.by(info).reading() as read:
            found = await addresses.unknown(*read.asked, own, asked, automatic=given(is_automatic))
            made = await _made(read, found.rows, wanted)
        return connection(found, order, lambda row: made[row.address_key])


async def _made(
    read: Reading, rows: Sequence[UnknownRow], wanted: Selection
) -> dict[str, UnmatchedAddress]:
    last = {row.message for row in rows}
    mails: Mapping[UUID, Message] = {}
    if "message" in wanted:
        mails = await message_objects(read, last, wanted["message"])
    near: Mapping[str, list[UUID]] = {}
    found: Mapping[UUID, Party] = {}
    if "suggestions" in wanted:
        said = await links.links_of(*read.asked, list(last))
        near = {
            row.address_key: links.candidates(said.get(row.message, ()), row.address_key)
            for row in rows
        }
        every = {one for these in near.values() for one in these}
        found = await party_objects(read, every, wanted["suggestions"])
    return {
        row.address_key: UnmatchedAddress(
            address=row.address,
            name=row.name or None,
            message_count=row.messages,
            last_at=row.last_at,
            message=mails.get(row.message),
            suggestions=[found[one] for one in near.get(row.address_key, ()) if one in found],
        )
        for row in rows
    }
