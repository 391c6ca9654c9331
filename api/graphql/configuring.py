"""Commands to accounts: added or changed, tried, paused, resumed, removed."""

import asyncio
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry import ID, Info

from api.graphql.access import requires
from api.graphql.accounts import Account, account_object, overviews
from api.graphql.asking import Asking
from api.graphql.commands import (
    COMMAND_ID,
    UserError,
    caught_up,
    check_command_id,
    stamp,
    user_error,
)
from api.graphql.context import Context
from api.graphql.entering import AccountConfigureInput, Wanted, wanted
from api.graphql.ids import Kind, of_kind
from api.graphql.scalars import Position
from api.work import accounts
from api.work.accounts import Account as Configured
from api.work.accounts import accounts_in
from api.work.consent import Consents
from api.work.steps import State, Step
from api.work.trying import Way, tried, way_of, way_to
from domain import account as stream
from domain.access import Scope
from domain.account import AccountCommand, PauseAccount, ResumeAccount
from domain.identity import account_id, mailbox_id
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected

PATIENCE: Final = 8.0
"""So many seconds a mail server has for each answer while somebody waits for ours."""
LONGEST: Final = 30.0

strawberry.enum(State, name="StepState", description="How a step went.")
Order = Callable[[Context, UUID, Envelope], int | None]


@strawberry.input(description="Which account.")
class AccountInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    account_id: ID = strawberry.field(description="The account.")


@strawberry.input(description="Which account is tried.")
class AccountTestInput:
    account_id: ID = strawberry.field(description="The account.")


@strawberry.type(description="What came of a command to an account.")
class AccountPayload:
    account: Account | None = strawberry.field(
        description="The account as it is now; null once it is removed."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its last event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type(description="A step on the way to an account's mail.")
class AccountStep:
    name: str = strawberry.field(
        description="resolve, connect, TLS, login, list, select; UIDL for POP3; for sending sender."
    )
    state: State = strawberry.field(description="How it went.")
    said: str = strawberry.field(description="What was found, or the server's own words.")
    seconds: float = strawberry.field(description="How long it took.")


@strawberry.type(description="How the way to an account's mail is.")
class AccountTestPayload:
    is_good: bool = strawberry.field(description="Whether no step is bad.")
    steps: list[AccountStep] = strawberry.field(
        description="The steps, in order; after a bad one none is reached."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class AccountMutation:
    @strawberry.mutation(
        description="Adds the account of a mailbox, or changes it. What is left out stays, or is "
        "what is usual. The password is kept sealed, and never given out.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_configure(
        self, info: Info[Any, Any], input: AccountConfigureInput
    ) -> AccountPayload:
        context: Context = info.context
        try:
            check_command_id(input.command_id)
            id, position = await _configured(context, input)
        except Rejected as refusal:
            return refused(refusal)
        return await payload(context, id, position)

    @strawberry.mutation(
        description="Goes every step on the way to an account's mail, fetching nothing; it takes "
        "half a minute at most.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_test(
        self, info: Info[Any, Any], input: AccountTestInput
    ) -> AccountTestPayload:
        context: Context = info.context
        try:
            one = await known(context, managed_account(context, input.account_id))
            way = await way_to(context.carteggio, Consents(context.carteggio), one.address)
            steps = await steps_of(way)
        except Rejected as refusal:
            return not_tried(refusal)
        return tried_payload(steps)

    @strawberry.mutation(
        description="Fetches an account no more until it is resumed.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_pause(self, info: Info[Any, Any], input: AccountInput) -> AccountPayload:
        return await _ordered(info, input, _giving(PauseAccount()))

    @strawberry.mutation(
        description="Fetches an account again.", **requires(Scope.MANAGE_MAILBOXES)
    )
    async def account_resume(self, info: Info[Any, Any], input: AccountInput) -> AccountPayload:
        return await _ordered(info, input, _giving(ResumeAccount()))

    @strawberry.mutation(
        description="Fetches an account no more and destroys its password or tokens; the mail that "
        "it brought stays, for whoever may read the mailbox.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_remove(self, info: Info[Any, Any], input: AccountInput) -> AccountPayload:
        return await _ordered(info, input, _remove)


# ---- what is done


def _giving(command: AccountCommand) -> Order:
    return lambda context, id, envelope: context.carteggio.journal.record(
        id, stream, command, envelope
    )


def _remove(context: Context, id: UUID, envelope: Envelope) -> int | None:
    return accounts.remove(context.carteggio, id, envelope)


async def _ordered(info: Info[Any, Any], input: AccountInput, order: Order) -> AccountPayload:
    context: Context = info.context
    try:
        check_command_id(input.command_id)
        id = managed_account(context, input.account_id)
        position = await asyncio.to_thread(
            caught_up, context, lambda: order(context, id, stamp(context)(input.command_id))
        )
    except Rejected as refusal:
        return refused(refusal)
    return await payload(context, id, position)


async def _configured(context: Context, input: AccountConfigureInput) -> tuple[UUID, int | None]:
    """Check what is entered, try it, keep it; the same command again tries nothing."""
    key, address = context.carteggio.identity_key, input.address.strip()
    box = mailbox_id(key, address)
    check_managed_account(context, box)
    before = await known_if_there(context, account_id(key, box))
    entered = await asyncio.to_thread(wanted, context.carteggio, input, before)
    repeated = await asyncio.to_thread(
        accounts.carried_out, context.carteggio, str(input.command_id)
    )
    tries = input.check and entered.tries and not repeated
    if tries and (
        bad := bad_step(await steps_of(way_of(entered.entered, context.carteggio.reach)))
    ):
        raise Rejected("NO_LOGIN", f"{bad.name}: {bad.said}; nothing was kept")
    position = await asyncio.to_thread(caught_up, context, lambda: _keep(context, input, entered))
    return account_id(key, box), position


def _keep(context: Context, input: AccountConfigureInput, entered: Wanted) -> int | None:
    made = stamp(context)
    return accounts.configure(
        context.carteggio,
        entered.entered,
        lambda part: made(f"{input.command_id}{part}"),
        secret=entered.secret,
    )


async def steps_of(way: Way) -> list[Step]:
    """Go the way within bounds: somebody waits."""
    steps: list[Step] = []
    try:
        async with asyncio.timeout(LONGEST):
            async for step in tried(way, PATIENCE):
                steps.append(step)  # noqa: PERF401  what was gone is told where time is up
    except TimeoutError:
        said = f"all of it was not done within {LONGEST:g} seconds"
        steps.append(Step("patience", State.BAD, said, LONGEST))
    return steps


def bad_step(steps: list[Step]) -> Step | None:
    """Give the step at which the way ends, if it does."""
    return next((one for one in steps if one.state is State.BAD), None)


def tried_payload(steps: list[Step]) -> AccountTestPayload:
    """Show the steps that were gone."""
    shown = [
        AccountStep(name=x.name, state=x.state, said=x.said, seconds=x.seconds) for x in steps
    ]
    return AccountTestPayload(is_good=bad_step(steps) is None, steps=shown, user_errors=[])


def not_tried(refusal: Rejected) -> AccountTestPayload:
    """Say why no step was gone."""
    return AccountTestPayload(is_good=False, steps=[], user_errors=[user_error(refusal)])


# ---- of what is managed


def managed_account(context: Context, text: str) -> UUID:
    """Read the id of an account that the viewer manages."""
    id, boxes = of_kind(Kind.ACCOUNT, text), context.viewer.manages.mailboxes
    key = context.carteggio.identity_key
    if boxes is not None and id not in {account_id(key, MailboxId(one)) for one in boxes}:
        raise Rejected("NOT_FOUND", "there is no such account")
    return id


def check_managed_account(context: Context, box: MailboxId) -> None:
    """Refuse a mailbox that the viewer does not manage."""
    boxes = context.viewer.manages.mailboxes
    if boxes is not None and box not in boxes:
        raise Rejected("FORBIDDEN", "this token manages other mailboxes")


async def known(context: Context, id: UUID) -> Configured:
    """Give an account that the viewer manages, as it is configured."""
    found = await known_if_there(context, id)
    if found is None:
        raise Rejected("NOT_FOUND", "there is no such account")
    return found


async def known_if_there(context: Context, id: UUID) -> Configured | None:
    """Give an account that is fetched and that the viewer manages, if there is one."""
    async with context.read() as asked:
        found = await accounts_in(*asked, context.viewer.manages)
    return next((one for one in found if one.id == id), None)


def refused(refusal: Rejected) -> AccountPayload:
    """Say what was not done, and why."""
    return AccountPayload(account=None, position=None, user_errors=[user_error(refusal)])


async def payload(context: Context, id: UUID, position: int | None) -> AccountPayload:
    """Say what was done, and show the account as it is now."""
    shown = [
        account_object(one, Asking(context))
        for one in (await overviews(context)).values()
        if one.account.id == id
    ]
    return AccountPayload(
        account=shown[0] if shown else None,
        position=None if position is None else Position(position),
        user_errors=[],
    )
