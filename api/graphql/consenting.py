"""Commands to let an account in by consent: begun, and, with a browser, finished."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import strawberry
from strawberry import ID, UNSET, Info

from adapters.mailservers import ServerTrouble
from adapters.oauth.providers import is_loopback
from adapters.oauth.values import OAuthTrouble
from api.graphql.access import requires
from api.graphql.accounts import ConsentWay
from api.graphql.commands import COMMAND_ID, caught_up, check_command_id, stamp
from api.graphql.configuring import AccountPayload, known, managed_account, payload, refused
from api.graphql.context import Context
from api.graphql.paging import given
from api.work import consenting
from api.work.accounts import Account, done_before
from domain.access import Scope
from domain.recorded import Envelope
from domain.values import Rejected

_LONGEST = 4_000
Do = Callable[[Account, Envelope], Awaitable[int | None]]


@strawberry.input(description="Which account is to be let in, and how a person is asked.")
class AccountConsentBeginInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    account_id: ID = strawberry.field(description="The account.")
    way: ConsentWay | None = strawberry.field(
        default=UNSET, description="Else what the provider offers, a code first."
    )
    redirect_uri: str | None = strawberry.field(
        default=UNSET,
        description="By browser: where it comes back to with `state` and `code`, as registered at "
        "the provider; those are given to accountConsentFinish.",
    )


@strawberry.input(description="What the browser brought back from the provider.")
class AccountConsentFinishInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    account_id: ID = strawberry.field(description="The account.")
    state: str = strawberry.field(description="The address's `state`.")
    code: str = strawberry.field(description="The address's `code`.")


@strawberry.type
class ConsentMutation:
    @strawberry.mutation(
        description="Begins to let an account in by consent (OAuth 2.0): `account.consent` then "
        "tells the page and code for the person, and what came of it. For a code the work behind "
        "the API waits. A client that needs no person is let in at once.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_consent_begin(
        self, info: Info[Any, Any], input: AccountConsentBeginInput
    ) -> AccountPayload:
        context: Context = info.context
        way = given(input.way)

        async def begin(account: Account, envelope: Envelope) -> int | None:
            redirect = _redirect(given(input.redirect_uri) or "")
            said = str(way.value) if way else ""
            return await consenting.begin(context.carteggio, account, said, redirect, envelope)

        return await _done(context, input.command_id, input.account_id, begin)

    @strawberry.mutation(
        description="Lets an account in with what the browser brought back, after it was tried at "
        "the mail server.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_consent_finish(
        self, info: Info[Any, Any], input: AccountConsentFinishInput
    ) -> AccountPayload:
        context: Context = info.context

        async def finish(account: Account, envelope: Envelope) -> int | None:
            state, code = given(input.state) or "", given(input.code) or ""
            if len(state) > _LONGEST or len(code) > _LONGEST:
                raise Rejected("INVALID", "state and code: as they stand in the address")
            return await consenting.finish(context.carteggio, account, state, code, envelope)

        return await _done(context, input.command_id, input.account_id, finish)


async def _done(context: Context, command_id: str, account_id: str, do: Do) -> AccountPayload:
    try:
        check_command_id(command_id)
        account = await known(context, managed_account(context, account_id))
        position = await _once(context, command_id, account, do)
    except Rejected as refusal:
        return refused(refusal)
    except (OAuthTrouble, ServerTrouble) as trouble:
        return refused(Rejected("NO_CONSENT", f"{trouble.sentence}; nothing was kept"))
    return await payload(context, account.id, position)


async def _once(context: Context, command_id: str, account: Account, do: Do) -> int | None:
    """Do it, unless the same command did it already: a code is asked for, or used up, once."""
    before = await asyncio.to_thread(done_before, context.carteggio, account.id, command_id)
    if before is not None:
        return before[0]
    position = await do(account, stamp(context)(command_id))
    return await asyncio.to_thread(caught_up, context, lambda: position)


def _redirect(address: str) -> str:
    """Refuse where a code may not go (RFC 6749 3.1.2, RFC 8252 7.3)."""
    if not address:
        return ""
    parts = urlsplit(address)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address))
    if not safe or not parts.hostname or parts.fragment or len(address) > _LONGEST:
        raise Rejected("INVALID", "redirectUri: https://…, or http on the browser's own machine")
    return address
