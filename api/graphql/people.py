"""Colleagues, the mail that concerns them, and the mailboxes that they share."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET, Info

from api.graphql.access import requires
from api.graphql.accounts import overviews
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.node import Audited
from api.graphql.paging import Connection
from api.graphql.scalars import Duration
from domain.access import Scope
from domain.mailbox import ALERTED, Role
from projections import access, company, folders
from projections.colleagues import CONCERNED
from projections.company import ColleagueRow
from projections.contents import ParticipantRow

strawberry.enum(
    Role,
    name="MailboxRole",
    description="As what a colleague has a mailbox: OBSERVER sees its mail and is told of nothing that "
    "waits there, READER is told, MEMBER also closes and reopens it, SUPERVISOR answers for how it "
    "is worked on.",
)


_Mail = Connection[Annotated["Message", strawberry.lazy("api.graphql.mail")]]  # type: ignore[name-defined]  # noqa: F821
"""Messages tell of colleagues in turn."""


@strawberry.type(description="A person of the company.")
class User(Audited):
    name: str = strawberry.field(description="The name; the address where none is known.")
    email: str = strawberry.field(description="The mail address.")

    @strawberry.field(
        description="The mail that he wrote, or that went to him or with a copy to him, by his "
        "address or an alias of it, as far as it may be seen; the newest first.",
        **requires(Scope.READ_MAIL),
    )
    async def timeline(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> _Mail:
        at = {"first": first, "after": after, "last": last, "before": before}
        found: _Mail = await self.asking.colleague(info, self.key, **at)
        return found


@strawberry.enum(description="In which role somebody stands in a message.")
class ParticipantRole(Enum):
    FROM = strawberry.enum_value("from", description="He wrote it.")
    TO = strawberry.enum_value("to", description="It went to him.")
    CC = strawberry.enum_value("cc", description="A copy went to him.")
    REPLY_TO = strawberry.enum_value("reply_to", description="Answers are wanted there.")
    PEC_SENDER = strawberry.enum_value(
        "pec_sender", description="He wrote what a certified mail's envelope holds."
    )


@strawberry.type(description="A colleague whom a message concerns.")
class MessageColleague:
    user: User = strawberry.field(description="Who.")
    role: ParticipantRole = strawberry.field(description="In which role; the nearest of several.")


@strawberry.type(description="A colleague who sees a mailbox.")
class MailboxMember:
    user: User = strawberry.field(description="Who.")
    role: Role = strawberry.field(description="As what.")
    since: datetime = strawberry.field(description="Since when in this role.")
    is_alerted: bool = strawberry.field(
        description="Whether he is told that something waits there; observers never are."
    )


@strawberry.type(description="How mail comes into a mailbox.")
class MailboxHealth:
    last_received_at: datetime | None = strawberry.field(
        description="When the newest mail that was taken in was received."
    )
    last_error: str | None = strawberry.field(
        description="What went wrong at the last look, in a sentence of ours."
    )
    lag: Duration | None = strawberry.field(
        description="How long ago a look was good or mail came; null where nothing is fetched: "
        "from files alone, or paused."
    )


def user_object(row: ColleagueRow, asking: Any) -> User:
    """Show a colleague."""
    return User(
        id=encoded(Kind.COLLEAGUE, row.id),
        key=row.id,
        asking=asking,
        name=row.name or row.address,
        email=row.address,
    )


async def colleagues(context: Context) -> Mapping[UUID, ColleagueRow]:
    """Give the company's people; read once a request."""

    async def read() -> Mapping[UUID, ColleagueRow]:
        async with context.read() as (connection, names):
            rows = await company.colleagues(connection, names, context.viewer.reader)
        return {row.id: row for row in rows}

    return await context.once("colleagues", read)


async def own_addresses(context: Context) -> Mapping[str, UUID]:
    """Give whose addresses and aliases these are (keys); read once a request."""

    async def read() -> Mapping[str, UUID]:
        people = await colleagues(context)
        async with context.read() as (connection, names):
            firm = await company.description(connection, names, context.viewer.reader)
        whose = {row.address_key: row.id for row in people.values()}
        aliases: dict[str, str] = json.loads(firm.aliases) if firm else {}
        for alias, address in aliases.items():
            if address.casefold() in whose:
                whose.setdefault(alias.casefold(), whose[address.casefold()])
        return whose

    return await context.once("own addresses", read)


async def concerned(
    context: Context, participants: Iterable[ParticipantRow], asking: Any
) -> list[MessageColleague]:
    """Give the colleagues who stand in a message, each once."""
    whose, people = await own_addresses(context), await colleagues(context)
    there = [one for one in participants if one.role in CONCERNED and one.address_key in whose]
    there.sort(key=lambda one: CONCERNED.index(one.role))
    nearest: dict[UUID, str] = {}
    for one in there:
        nearest.setdefault(whose[one.address_key], one.role)
    return [
        MessageColleague(user=user_object(people[id], asking), role=ParticipantRole(role))
        for id, role in nearest.items()
    ]


async def members(context: Context, mailbox: UUID, asking: Any) -> list[MailboxMember]:
    """Give with whom a mailbox is shared; all of them are read once a request."""

    async def read() -> Sequence[access.MemberRow]:
        async with context.read() as (connection, names):
            return await access.members(connection, names, context.viewer.knows)

    rows, people = await context.once("members", read), await colleagues(context)
    return [
        MailboxMember(
            user=user_object(people[row.colleague], asking),
            role=Role(row.role),
            since=row.since,
            is_alerted=row.role in ALERTED,
        )
        for row in rows
        if row.mailbox == mailbox and row.colleague in people
    ]


async def health(context: Context, mailbox: UUID) -> MailboxHealth:
    """Give how mail comes into a mailbox; that of all of them is read once a request."""

    async def read() -> Mapping[UUID, datetime]:
        async with context.read() as (connection, names):
            rows = await folders.captured(connection, names, context.viewer.knows)
        last: dict[UUID, datetime] = {}
        for row in rows:
            last[row.mailbox] = max(
                row.last_received_at, last.get(row.mailbox, row.last_received_at)
            )
        return last

    received = await context.once("received", read)
    one = (await overviews(context)).get(mailbox)
    fetched = one is not None and not one.account.paused
    return MailboxHealth(
        last_received_at=received.get(mailbox),
        last_error=one.trouble or None if one else None,
        lag=Duration(one.age) if one and fetched else None,
    )
