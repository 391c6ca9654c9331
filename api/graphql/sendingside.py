"""By what mailboxes send: told, configured, tried, removed."""

import asyncio
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID, Info

from adapters.certificates import authorities_of
from api.graphql.access import requires
from api.graphql.accounts import AccountSecurity
from api.graphql.commands import UserError, caught_up, check_command_id, stamp, user_error
from api.graphql.configuring import (
    AccountInput,
    AccountTestInput,
    AccountTestPayload,
    bad_step,
    check_managed_account,
    known_if_there,
    managed_account,
    not_tried,
    steps_of,
    tried_payload,
)
from api.graphql.context import Context
from api.graphql.ids import Kind, encoded
from api.graphql.scalars import Position
from api.graphql.sendingenter import (
    AccountSendingConfigureInput,
    DeliveryReports,
    SendingLogin,
    SentCopy,
    WantedSending,
    wanted_sending,
)
from api.work.accounts import carried_out
from api.work.consent import Consents
from api.work.sendingside import (
    EnteredSending,
    SendingSide,
    configure_sending,
    remove_sending,
    sendings_in,
    smtp_entered,
)
from api.work.trying import Way, way_out
from domain.access import Scope
from domain.identity import account_id, mailbox_id
from domain.values import Rejected


@strawberry.type(description="By what a mailbox sends. Its password is never given out.")
class AccountSending:
    account_id: ID = strawberry.field(description="The account; it may be fetched, or only send.")
    mailbox_id: ID = strawberry.field(description="The mailbox.")
    address: str = strawberry.field(description="The mailbox's address.")
    host: str = strawberry.field(description="The server.")
    port: int = strawberry.field(description="Its port.")
    security: AccountSecurity = strawberry.field(description="How the way there is secured.")
    login: SendingLogin = strawberry.field(description="Who logs in.")
    user: str = strawberry.field(description="The login's name; empty: that of fetching, or none.")
    senders: list[str] = strawberry.field(
        description="The addresses that it may send as, beside its own."
    )
    reply_to: str | None = strawberry.field(
        description="Where answers to what is composed there are wanted; null: where it is from."
    )
    sent_copy: SentCopy = strawberry.field(description="The copy in the Sent folder.")
    delivery_reports: DeliveryReports = strawberry.field(
        description="Whether its server is asked to report what was delivered."
    )
    mails_per_minute: int = strawberry.field(description="The most that holds.")
    recipients_per_day: int | None = strawberry.field(description="The most; null: no bound.")
    connections: int = strawberry.field(description="The most at once.")
    pin: str | None = strawberry.field(description="The digest of the one key that counts.")
    authorities: list[str] = strawberry.field(
        description="Who alone may vouch for the server, of what was entered as certificates."
    )


@strawberry.type(description="What came of a command about sending.")
class AccountSendingPayload:
    sending: AccountSending | None = strawberry.field(
        description="As it is now; null once it is removed."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class SendingQuery:
    @strawberry.field(
        description="By what mailboxes send, by address.", **requires(Scope.MANAGE_MAILBOXES)
    )
    async def account_sendings(self, info: Info[Any, Any]) -> list[AccountSending]:
        return [_object(one) for one in await _managed(info.context)]


@strawberry.type
class SendingMutation:
    @strawberry.mutation(
        description="Says by what a mailbox sends, also one that is not fetched. What is left out "
        "is what is usual. The password is kept sealed, and never given out.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_sending_configure(
        self, info: Info[Any, Any], input: AccountSendingConfigureInput
    ) -> AccountSendingPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            id, position = await _configured(context, input)
        except Rejected as refusal:
            return _refused(refusal)
        return await _payload(context, id, position)

    @strawberry.mutation(
        description="Goes every step on the way by which a mailbox sends, sending nothing; it "
        "takes half a minute at most.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_sending_test(
        self, info: Info[Any, Any], input: AccountTestInput
    ) -> AccountTestPayload:
        context: Context = info.context
        try:
            one = await _known(context, managed_account(context, input.account_id))
            if one is None:
                raise Rejected("NOT_FOUND", "nothing is sent for this mailbox")
            consents = Consents(context.carteggio)
            return tried_payload(await steps_of(await way_out(context.carteggio, consents, one)))
        except Rejected as refusal:
            return not_tried(refusal)

    @strawberry.mutation(
        description="Sends no more for a mailbox, and destroys the password that is for sending "
        "alone; it is fetched as before.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_sending_remove(
        self, info: Info[Any, Any], input: AccountInput
    ) -> AccountSendingPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            id = managed_account(context, input.account_id)
            envelope = stamp(context)(input.command_id)
            position = await asyncio.to_thread(
                caught_up, context, lambda: remove_sending(context.carteggio, id, envelope)
            )
        except Rejected as refusal:
            return _refused(refusal)
        return await _payload(context, id, position)


async def _configured(
    context: Context, input: AccountSendingConfigureInput
) -> tuple[UUID, int | None]:
    """Check what is entered, try it, keep it; the same command again tries nothing."""
    carteggio, key = context.carteggio, context.carteggio.identity_key
    box = mailbox_id(key, input.address.strip())
    check_managed_account(context, box)
    id = account_id(key, box)
    before, fetched = await _known(context, id), await known_if_there(context, id)
    asked = await asyncio.to_thread(wanted_sending, carteggio, input, before, fetched)
    repeated = await asyncio.to_thread(carried_out, carteggio, str(input.command_id))
    if input.check and not repeated:
        await _look(context, asked.entered)
    position = await asyncio.to_thread(caught_up, context, lambda: _keep(context, input, asked))
    return id, position


async def _look(context: Context, entered: EnteredSending) -> None:
    account = await smtp_entered(context.carteggio, Consents(context.carteggio), entered)
    if bad := bad_step(await steps_of(Way(account, sender=entered.address))):
        raise Rejected("NO_LOGIN", f"{bad.name}: {bad.said}; nothing was kept")


def _keep(
    context: Context, input: AccountSendingConfigureInput, asked: WantedSending
) -> int | None:
    made = stamp(context)
    return configure_sending(
        context.carteggio,
        asked.entered,
        lambda part: made(f"{input.command_id}{part}"),
        secret=asked.secret,
    )


async def _managed(context: Context) -> list[SendingSide]:
    async with context.read() as asked:
        return await sendings_in(*asked, context.viewer.manages)


async def _known(context: Context, id: UUID) -> SendingSide | None:
    return next((one for one in await _managed(context) if one.id == id), None)


def _refused(refusal: Rejected) -> AccountSendingPayload:
    return AccountSendingPayload(sending=None, position=None, user_errors=[user_error(refusal)])


async def _payload(context: Context, id: UUID, position: int | None) -> AccountSendingPayload:
    one = await _known(context, id)
    return AccountSendingPayload(
        sending=_object(one) if one else None,
        position=None if position is None else Position(position),
        user_errors=[],
    )


def _object(one: SendingSide) -> AccountSending:
    asked, rates = one.configured, one.rates
    return AccountSending(
        account_id=encoded(Kind.ACCOUNT, one.id),
        mailbox_id=encoded(Kind.MAILBOX, one.mailbox),
        address=one.address,
        host=asked.host,
        port=asked.port,
        security=AccountSecurity(asked.security),
        login=SendingLogin(asked.login),
        user=asked.user,
        senders=list(asked.senders),
        reply_to=asked.reply_to or None,
        sent_copy=SentCopy(asked.sent_copy),
        delivery_reports=DeliveryReports(asked.delivery_reports),
        mails_per_minute=rates.mails_per_minute,
        recipients_per_day=rates.recipients_per_day,
        connections=rates.connections,
        pin=asked.pin or None,
        authorities=authorities_of(asked.authorities)[1] if asked.authorities else [],
    )
