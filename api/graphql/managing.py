"""What whoever manages mailboxes asks: the accounts, the mailboxes, the people. No mail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import strawberry
from strawberry import Info

from api.graphql import people
from api.graphql.access import requires
from api.graphql.accounts import Account, account_object, overviews
from api.graphql.asking import Asking
from api.graphql.context import Context
from api.graphql.parts import Mailbox
from api.graphql.people import User, user_object
from api.graphql.reading import Reading, mailbox_objects
from domain.access import Scope


@asynccontextmanager
async def managed(context: Context) -> AsyncIterator[Reading]:
    """Lend a connection that reads of the mailboxes which the viewer manages."""
    async with context.read() as asked:
        yield Reading(*asked, context.viewer.manages, Asking(context))


@strawberry.type
class ManagingQuery:
    @strawberry.field(
        description="The accounts from which mail is fetched, by address: each with its last and "
        "next look, its trouble, its backlog, and what of the sent mail is seen.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def accounts(self, info: Info[Any, Any]) -> list[Account]:
        context: Context = info.context
        found = await overviews(context)
        return [account_object(one, Asking(context)) for one in found.values()]

    @strawberry.field(
        description="The mailboxes that may be managed, by address; whose mail may be read is "
        "another matter.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def managed_mailboxes(self, info: Info[Any, Any]) -> list[Mailbox]:
        async with managed(info.context) as read:
            return list((await mailbox_objects(read)).values())

    @strawberry.field(
        description="The colleagues with whom a mailbox may be shared, by name.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def users(self, info: Info[Any, Any]) -> list[User]:
        found = await people.colleagues(info.context)
        return [user_object(row, Asking(info.context)) for row in found.values()]
