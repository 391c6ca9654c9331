"""Webhooks: which programs are told what happened, and where; their secrets lie in the key store.

registered ─▶ changed … ─▶ paused ⇄ resumed ─▶ removed (and perhaps registered anew)
"""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from domain.classes import dataclass
from domain.values import MailboxId, Personal, Rejected


class PauseReason(StrEnum):
    """Why nothing is told to a webhook."""

    ORDERED = "ordered"
    GONE = "gone"
    """It answered that it is there no more (410, RFC 9110 15.5.11)."""
    FAILING = "failing"
    """One thing could not be told for days."""


@dataclass(frozen=True, slots=True)
class WebhookRegistered:
    """A program is told from now on what happens; the whole of the webhook as it is.

    `events` are names of events. `mailboxes` None means mail of every mailbox; else it is told
    only what concerns these. `authorities` (PEM) vouch for its server in place of the system's;
    `plain`: it was chosen to be told without TLS.
    """

    events: tuple[str, ...]
    mailboxes: tuple[MailboxId, ...] | None
    plain: bool
    name: Annotated[str, Personal]
    url: Annotated[str, Personal]
    authorities: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class WebhookChanged:
    """A webhook is otherwise than before; the whole of it as it is now."""

    events: tuple[str, ...]
    mailboxes: tuple[MailboxId, ...] | None
    plain: bool
    name: Annotated[str, Personal]
    url: Annotated[str, Personal]
    authorities: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class WebhookSecretChanged:
    """A new secret was drawn; for a day signatures by the former one are given too."""


@dataclass(frozen=True, slots=True)
class WebhookPaused:
    """Nothing is told to it for now; what happens meanwhile is told when it is resumed."""

    reason: PauseReason


@dataclass(frozen=True, slots=True)
class WebhookResumed:
    """It is told again what happens, from where it was left."""


@dataclass(frozen=True, slots=True)
class WebhookReplayOrdered:
    """It is told once more what happened after a position; or nothing up to a later one."""

    after: int


@dataclass(frozen=True, slots=True)
class WebhookRemoved:
    """Nothing is told to it any more, and its secret is gone."""


WebhookEvent = (
    WebhookRegistered
    | WebhookChanged
    | WebhookSecretChanged
    | WebhookPaused
    | WebhookResumed
    | WebhookReplayOrdered
    | WebhookRemoved
)


# ---- commands


@dataclass(frozen=True, slots=True)
class SaveWebhook:
    """Tell a program what happens; or otherwise than before."""

    wanted: WebhookChanged


@dataclass(frozen=True, slots=True)
class ChangeWebhookSecret:
    """Sign by a new secret."""


@dataclass(frozen=True, slots=True)
class PauseWebhook:
    """Tell it nothing for now."""

    reason: PauseReason = PauseReason.ORDERED


@dataclass(frozen=True, slots=True)
class ResumeWebhook:
    """Tell it again."""


@dataclass(frozen=True, slots=True)
class ReplayWebhook:
    """Tell it once more what happened after a position."""

    after: int


@dataclass(frozen=True, slots=True)
class RemoveWebhook:
    """Tell it nothing any more."""


WebhookCommand = (
    SaveWebhook
    | ChangeWebhookSecret
    | PauseWebhook
    | ResumeWebhook
    | ReplayWebhook
    | RemoveWebhook
)


# ---- state


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a webhook is now; `now` None: there is none."""

    now: WebhookChanged | None = None
    paused: PauseReason | None = None


initial = Webhook()


def evolve(webhook: Webhook, event: object) -> Webhook:
    """Give the webhook after an event."""
    match event:
        case WebhookRegistered():
            return Webhook(_as_now(event))
        case WebhookChanged():
            return replace(webhook, now=event)
        case WebhookPaused(reason):
            return replace(webhook, paused=reason)
        case WebhookResumed():
            return replace(webhook, paused=None)
        case WebhookRemoved():
            return initial
        case _:
            return webhook


def decide(webhook: Webhook, command: WebhookCommand) -> list[WebhookEvent]:
    """Return what happens. An empty list means that it is so already."""
    if isinstance(command, SaveWebhook):
        return _saved(webhook, command.wanted)
    if webhook.now is None:
        raise Rejected("NOT_FOUND", "there is no such webhook; see: webhook list, webhooks")
    match command:
        case ChangeWebhookSecret():
            return [WebhookSecretChanged()]
        case PauseWebhook(reason):
            return [] if webhook.paused is not None else [WebhookPaused(reason)]
        case ResumeWebhook():
            return [] if webhook.paused is None else [WebhookResumed()]
        case ReplayWebhook(after):
            return [WebhookReplayOrdered(after)]
        case RemoveWebhook():
            return [WebhookRemoved()]
        case _ as never:
            assert_never(never)


def _saved(webhook: Webhook, wanted: WebhookChanged) -> list[WebhookEvent]:
    if not wanted.name.strip():
        raise Rejected("INVALID", "a webhook needs a name: which program is told")
    if not wanted.events:
        raise Rejected("INVALID", "a webhook needs an event that it is told of: document.sent, …")
    if webhook.now is None:
        return [
            WebhookRegistered(
                wanted.events,
                wanted.mailboxes,
                wanted.plain,
                wanted.name,
                wanted.url,
                wanted.authorities,
            )
        ]
    return [] if webhook.now == wanted else [wanted]


def _as_now(registered: WebhookRegistered) -> WebhookChanged:
    return WebhookChanged(
        registered.events,
        registered.mailboxes,
        registered.plain,
        registered.name,
        registered.url,
        registered.authorities,
    )
