"""Webhooks: which programs are told what happens, how far each is, and what they answered."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import strawberry
from strawberry import ID, Info

from adapters.webhooks import refuse_url
from api.graphql.access import requires
from api.graphql.commands import UserError, obeyed, user_error
from api.graphql.context import Context
from api.graphql.entering import certificates, line
from api.graphql.ids import Kind, of_kind
from api.graphql.paging import given
from api.graphql.scalars import Position
from api.graphql.webhookshown import (
    Webhook,
    WebhookInput,
    WebhookReplayInput,
    WebhookSaveInput,
    WebhookTestInput,
    webhook_object,
)
from api.work import webhooks as work
from api.work.delivering import tried
from api.work.tellable import TELLABLE
from api.work.webhooks import Saved, Standing
from domain.access import Scope
from domain.identity import webhook_id
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected
from domain.webhook import WebhookChanged


@strawberry.type(description="What came of a command about a webhook.")
class WebhookPayload:
    webhook: Webhook | None = strawberry.field(
        description="As it is now; null once it is removed."
    )
    secret: str | None = strawberry.field(
        description="By what it verifies (whsec_…), where one was drawn: shown this once only."
    )
    position: Position | None = strawberry.field(
        description="Where in the journal its event is; null if it was so already."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type(description="What a webhook answered to a thing that means nothing.")
class WebhookTestPayload:
    is_taken: bool = strawberry.field(description="Whether it took it: any status of 2xx.")
    status: int | None = strawberry.field(description="What was answered; null: nothing.")
    trouble: str | None = strawberry.field(
        description="Why it was not taken, as in WebhookDelivery; null if it was."
    )
    milliseconds: int | None = strawberry.field(description="How long it took.")
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class WebhookQuery:
    @strawberry.field(
        description="The programs that are told what happens, by name; they are few.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhooks(self, info: Info[Any, Any]) -> list[Webhook]:
        return [webhook_object(one) for one in await _known(info.context)]

    @strawberry.field(
        description="The names of events that a webhook can be told.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    def webhook_events(self) -> list[str]:
        return list(TELLABLE)


@strawberry.type
class WebhookMutation:
    @strawberry.mutation(
        description="Tells a program what happens, or otherwise than before.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhook_save(self, info: Info[Any, Any], input: WebhookSaveInput) -> WebhookPayload:
        context: Context = info.context
        try:
            wanted = _wanted(context, input)
            id = webhook_id(context.carteggio.identity_key, wanted.name)
            await _check_changeable(context, id)
            after = given(input.after)
            return await _saved(
                context,
                str(input.command_id),
                lambda envelope: work.save(context.carteggio, wanted, envelope, after),
            )
        except Rejected as refusal:
            return _refused(refusal)

    @strawberry.mutation(
        description="Draws a new secret; for a day the former one verifies as well.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhook_secret_draw(
        self, info: Info[Any, Any], input: WebhookInput
    ) -> WebhookPayload:
        context: Context = info.context
        try:
            id = await _manageable(context, input.webhook_id)
            return await _saved(
                context,
                str(input.command_id),
                lambda envelope: work.draw_secret(context.carteggio, id, envelope),
            )
        except Rejected as refusal:
            return _refused(refusal)

    @strawberry.mutation(
        description="Tells it nothing for now; what happens meanwhile is told when it is resumed.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhook_pause(self, info: Info[Any, Any], input: WebhookInput) -> WebhookPayload:
        return await _ordered(info, input, work.pause)

    @strawberry.mutation(
        description="Tells it again, from where it was left.", **requires(Scope.MANAGE_WEBHOOKS)
    )
    async def webhook_resume(self, info: Info[Any, Any], input: WebhookInput) -> WebhookPayload:
        return await _ordered(info, input, work.resume)

    @strawberry.mutation(
        description="Tells it nothing any more, and destroys its secret.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhook_remove(self, info: Info[Any, Any], input: WebhookInput) -> WebhookPayload:
        return await _ordered(info, input, work.remove)

    @strawberry.mutation(
        description="Tells it once more what happened, each thing under its former id.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhook_replay(
        self, info: Info[Any, Any], input: WebhookReplayInput
    ) -> WebhookPayload:
        carteggio = info.context.carteggio
        after, moment = given(input.after), given(input.from_)

        def order(_: Any, id: UUID, envelope: Envelope) -> int | None:
            if (after is None) is (moment is None):
                raise Rejected("INVALID", "give either after or from")
            since = work.position_before(carteggio, moment) if moment else after
            return work.replay(carteggio, id, since or 0, envelope)

        return await _ordered(info, input, order)

    @strawberry.mutation(
        description="Tells it a thing that means nothing (webhook.test), now; it takes 20 seconds "
        "at most.",
        **requires(Scope.MANAGE_WEBHOOKS),
    )
    async def webhook_test(
        self, info: Info[Any, Any], input: WebhookTestInput
    ) -> WebhookTestPayload:
        context: Context = info.context
        try:
            id = await _manageable(context, input.webhook_id)
            found = await asyncio.to_thread(work.standing, context.carteggio, [id])
            if not found:
                raise _unknown()
        except Rejected as refusal:
            return WebhookTestPayload(
                is_taken=False, status=None, trouble=None, milliseconds=None,
                user_errors=[user_error(refusal)],
            )  # fmt: skip
        answer = await tried(context.carteggio, found[0])
        return WebhookTestPayload(
            is_taken=answer.taken,
            status=answer.status,
            trouble=answer.trouble or None,
            milliseconds=answer.ms,
            user_errors=[],
        )


def _wanted(context: Context, input: WebhookSaveInput) -> WebhookChanged:
    """Read what is entered; an address within reach, mailboxes that the token manages."""
    url = (given(input.url) or "").strip()
    refuse_url(url, plain=input.allow_plain)
    host = urlsplit(url).hostname or ""
    if not context.carteggio.webhook_reach.may_be_entered(host):
        raise work.out_of_reach(host)
    return WebhookChanged(
        events=tuple(dict.fromkeys(given(input.events) or ("document.sent",))),
        mailboxes=_mailboxes(context, given(input.mailbox_ids)),
        plain=input.allow_plain,
        name=line("name", (given(input.name) or "").strip()),
        url=url,
        authorities=certificates(given(input.authorities) or ""),
    )


def _mailboxes(context: Context, wanted: list[ID] | None) -> tuple[MailboxId, ...] | None:
    may = context.viewer.manages.mailboxes
    if wanted is None:
        return None if may is None else tuple(map(MailboxId, may))
    asked = [of_kind(Kind.MAILBOX, one) for one in wanted]
    if may is not None and any(one not in may for one in asked):
        raise Rejected("FORBIDDEN", "mailboxIds: this token does not see all of these mailboxes")
    return tuple(MailboxId(one) for one in dict.fromkeys(asked))


def _may_know(context: Context, one: Standing) -> bool:
    may, boxes = context.viewer.manages.mailboxes, one.now.mailboxes
    return may is None or (boxes is not None and set(boxes) <= set(may))


async def _known(context: Context) -> list[Standing]:
    found = await asyncio.to_thread(work.standing, context.carteggio)
    return [one for one in found if _may_know(context, one)]


async def _check_changeable(context: Context, id: UUID) -> None:
    for one in await asyncio.to_thread(work.standing, context.carteggio, [id]):
        if not _may_know(context, one):
            raise Rejected("FORBIDDEN", "another webhook has this name; choose another one")


async def _manageable(context: Context, text: ID) -> UUID:
    """Read which webhook is meant; one that he may not know is none for him."""
    id = of_kind(Kind.WEBHOOK, text)
    found = await asyncio.to_thread(work.standing, context.carteggio, [id])
    if any(not _may_know(context, one) for one in found):
        raise _unknown()
    return id


def _unknown() -> Rejected:
    return Rejected("NOT_FOUND", "there is no such webhook; see: webhooks")


async def _ordered(
    info: Info[Any, Any],
    input: WebhookInput | WebhookReplayInput,
    order: Callable[[Any, UUID, Envelope], int | None],
) -> WebhookPayload:
    context: Context = info.context
    try:
        id = await _manageable(context, input.webhook_id)
        position = await obeyed(
            context,
            str(input.command_id),
            lambda envelope: order(context.carteggio, id, envelope),
        )
    except Rejected as refusal:
        return _refused(refusal)
    return await _payload(context, id, position)


async def _saved(
    context: Context, command_id: str, order: Callable[[Envelope], Saved]
) -> WebhookPayload:
    done: list[Saved] = []

    def run(envelope: Envelope) -> int | None:
        done.append(order(envelope))
        return done[0].position

    position = await obeyed(context, command_id, run)
    payload = await _payload(context, done[0].id, position)
    payload.secret = done[0].secret or None
    return payload


async def _payload(context: Context, id: UUID, position: Position | None) -> WebhookPayload:
    found = await asyncio.to_thread(work.standing, context.carteggio, [id])
    shown = [webhook_object(one) for one in found if _may_know(context, one)]
    return WebhookPayload(
        webhook=next(iter(shown), None), secret=None, position=position, user_errors=[]
    )


def _refused(refusal: Rejected) -> WebhookPayload:
    return WebhookPayload(
        webhook=None, secret=None, position=None, user_errors=[user_error(refusal)]
    )
