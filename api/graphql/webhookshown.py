"""How webhooks are shown, and what is entered to change them."""

import asyncio
from datetime import datetime
from enum import Enum
from typing import Any, Final

import strawberry
from strawberry import ID, UNSET, Info

from api.graphql.commands import COMMAND_ID
from api.graphql.ids import Kind, encoded
from api.graphql.scalars import Position
from api.work import webhooks as work
from api.work.webhooks import Delivery, Standing
from domain.values import Rejected
from domain.webhook import PauseReason

_MOST: Final = 100


@strawberry.enum(description="How a webhook is.")
class WebhookState(Enum):
    TOLD = strawberry.enum_value("told", description="It is told what happens.")
    FAILING = strawberry.enum_value("failing", description="It did not take the last thing yet.")
    PAUSED = strawberry.enum_value("ordered", description="Somebody paused it.")
    GONE = strawberry.enum_value("gone", description="Paused: it answered 410, it is gone.")
    GIVEN_UP = strawberry.enum_value(
        "given_up", description="Paused: it took nothing for three days."
    )


_STATES: Final = {
    PauseReason.ORDERED: WebhookState.PAUSED,
    PauseReason.GONE: WebhookState.GONE,
    PauseReason.FAILING: WebhookState.GIVEN_UP,
}


@strawberry.type(description="A try to tell a webhook something.")
class WebhookDelivery:
    at: datetime = strawberry.field(description="When it ended.")
    event: str = strawberry.field(description="The event's name; webhook.test for a trial.")
    webhook_id_header: str = strawberry.field(
        description="The webhook-id header: the same however often an event is told."
    )
    position: Position | None = strawberry.field(description="The event's; null for a trial.")
    attempt: int = strawberry.field(description="Which try for this event it was, from 1 on.")
    milliseconds: int = strawberry.field(description="How long it took.")
    status: int | None = strawberry.field(description="What was answered; null: nothing.")
    trouble: str | None = strawberry.field(
        description="Why it was not taken: status, redirect, timeout, unreachable, tls, "
        "out_of_reach or broken; null if it was."
    )


@strawberry.type(description="A program that is told what happens, signed (Standard Webhooks).")
class Webhook:
    standing: strawberry.Private[Standing]
    id: ID = strawberry.field(description="Opaque; the same for ever.")
    name: str = strawberry.field(description="Which program it is.")
    url: str = strawberry.field(description="Where it is told.")
    events: list[str] = strawberry.field(description="What it is told.")
    mailbox_ids: list[ID] | None = strawberry.field(
        description="Of which mailboxes' mail it is told; null: of all."
    )
    allows_plain: bool = strawberry.field(description="Whether it is told without TLS, too.")
    state: WebhookState = strawberry.field(description="How it is.")
    position: Position = strawberry.field(description="All that it wants up to here was told.")
    failures: int = strawberry.field(description="How often in a row the next thing failed.")
    next_try_at: datetime | None = strawberry.field(
        description="When that is tried again; null if nothing failed."
    )

    @strawberry.field(description="The last tries, the latest first; those of 30 days are kept.")
    async def deliveries(self, info: Info[Any, Any], first: int = 20) -> list[WebhookDelivery]:
        if not 1 <= first <= _MOST:
            raise Rejected("INVALID", f"first: 1 to {_MOST} are given at once")
        carteggio = info.context.carteggio
        rows = await asyncio.to_thread(work.deliveries, carteggio, self.standing.id, first)
        return [_delivery(row) for row in rows]


@strawberry.input(description="Which program is told what; the whole of it.")
class WebhookSaveInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    name: str = strawberry.field(
        description="Which program it is; one of this name, if there is one, is changed."
    )
    url: str = strawberry.field(description="Where it is told: https://…")
    events: list[str] | None = strawberry.field(
        default=UNSET, description="What it is told; else document.sent."
    )
    mailbox_ids: list[ID] | None = strawberry.field(
        default=UNSET, description="Of which mailboxes' mail; else of all that the token sees."
    )
    allow_plain: bool = strawberry.field(
        default=False, description="Tell it without TLS, too: others may read it on its way."
    )
    authorities: str | None = strawberry.field(
        default=UNSET, description="Certificates (PEM) of who alone may vouch for its server."
    )
    after: Position | None = strawberry.field(
        default=UNSET, description="A new one is told what happened after this; else from now on."
    )


@strawberry.input(description="Which webhook.")
class WebhookInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    webhook_id: ID = strawberry.field(description="The webhook.")


@strawberry.input(
    description="Which webhook is told once more, and from where on: give one of two."
)
class WebhookReplayInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    webhook_id: ID = strawberry.field(description="The webhook.")
    after: Position | None = strawberry.field(
        default=UNSET, description="What happened after this position."
    )
    from_: datetime | None = strawberry.field(
        name="from", default=UNSET, description="What was recorded at this moment or later."
    )


@strawberry.input(description="Which webhook is tried.")
class WebhookTestInput:
    webhook_id: ID = strawberry.field(description="The webhook.")


def webhook_object(one: Standing) -> Webhook:
    """Show a webhook."""
    now, row, boxes = one.now, one.row, one.now.mailboxes
    told = WebhookState.FAILING if row.failures else WebhookState.TOLD
    return Webhook(
        standing=one,
        id=encoded(Kind.WEBHOOK, one.id),
        name=now.name,
        url=now.url,
        events=list(now.events),
        mailbox_ids=None if boxes is None else [encoded(Kind.MAILBOX, box) for box in boxes],
        allows_plain=now.plain,
        state=told if one.paused is None else _STATES[one.paused],
        position=Position(row.position),
        failures=row.failures,
        next_try_at=row.due if row.failures and one.paused is None else None,
    )


def _delivery(row: Delivery) -> WebhookDelivery:
    return WebhookDelivery(
        at=row.at,
        event=row.name,
        webhook_id_header=row.delivery,
        position=None if row.position is None else Position(row.position),
        attempt=row.attempt,
        milliseconds=row.ms,
        status=row.status,
        trouble=row.trouble or None,
    )
