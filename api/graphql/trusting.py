"""Mail servers of the company that are believed about senders."""

from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.access import requires
from api.graphql.asking import Asking, asked_page
from api.graphql.commands import COMMAND_ID, UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import Connection, connection, given, slice_in
from api.graphql.policies import (
    BY_SERVER,
    TrustedServer,
    giving,
    manages_all,
    server_object,
    server_rows,
)
from api.graphql.scalars import Position
from domain import authentication as stream
from domain.access import Scope
from domain.authentication import (
    AuthenticationCommand,
    DistrustServer,
    ServerTrusted,
    TrustServer,
    server_of,
)
from domain.identity import server_id
from domain.values import Rejected


@strawberry.input(description="Which mail server is believed.")
class ServerTrustInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    server: str = strawberry.field(
        description="Its name, as it stands first in Authentication-Results."
    )


@strawberry.input(description="Which mail server is believed no longer.")
class ServerDistrustInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    server_id: ID = strawberry.field(description="The server.")


@strawberry.type(description="What came of a command about a mail server's word.")
class ServerPayload:
    server: TrustedServer | None = strawberry.field(
        description="The server; null once it is believed no longer."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ServerQuery:
    @strawberry.field(
        description="The mail servers that are believed about senders, by name.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def trusted_servers(
        self,
        info: Info[Any, Any],
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[TrustedServer]:
        at = {"first": first, "after": after, "last": last, "before": before}
        asked, asking = asked_page(info, BY_SERVER, at), Asking.by(info)
        found = slice_in(await server_rows(info.context), BY_SERVER, asked)
        return connection(found, BY_SERVER, lambda row: server_object(row, asking))


@strawberry.type
class ServerMutation:
    @strawberry.mutation(
        description="Believes what a mail server of ours says of senders (RFC 8601), also of mail "
        "that is here already. It has to take away what others write in its name.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def server_trust(self, info: Info[Any, Any], input: ServerTrustInput) -> ServerPayload:
        context: Context = info.context
        try:
            name = server_of(given(input.server) or "")
            id = server_id(context.carteggio.company, name)
            return await _told(context, input.command_id, id, TrustServer(ServerTrusted(name)))
        except Rejected as refusal:
            return _refused(refusal)

    @strawberry.mutation(
        description="Believes a mail server no longer.", **requires(Scope.MANAGE_MAILBOXES)
    )
    async def server_distrust(
        self, info: Info[Any, Any], input: ServerDistrustInput
    ) -> ServerPayload:
        context: Context = info.context
        try:
            id = of_kind(Kind.SERVER, input.server_id)
            return await _told(context, input.command_id, id, DistrustServer())
        except Rejected as refusal:
            return _refused(refusal)


async def _told(
    context: Context, command_id: str, id: UUID, command: AuthenticationCommand
) -> ServerPayload:
    manages_all(context)
    position = await obeyed(context, command_id, giving(context, id, stream, command))
    shown = [
        server_object(row, Asking(context)) for row in await server_rows(context) if row.id == id
    ]
    return ServerPayload(server=next(iter(shown), None), position=position, user_errors=[])


def _refused(refusal: Rejected) -> ServerPayload:
    return ServerPayload(server=None, position=None, user_errors=[user_error(refusal)])
