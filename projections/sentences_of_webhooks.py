"""What happened to webhooks, in plain English."""

from domain.webhook import (
    PauseReason,
    WebhookChanged,
    WebhookEvent,
    WebhookPaused,
    WebhookRegistered,
    WebhookRemoved,
    WebhookReplayOrdered,
    WebhookResumed,
    WebhookSecretChanged,
)

_PAUSED = {
    PauseReason.ORDERED: "paused",
    PauseReason.GONE: "paused, as it answers that it is there no more (410)",
    PauseReason.FAILING: "paused, as it took nothing for three days",
}


def of_webhooks(event: WebhookEvent) -> str:
    """Say what happened to a webhook."""
    match event:
        case WebhookRegistered(events=events, name=name):
            return f"webhook {name[:60]} registered: it is told {_named(events)}"
        case WebhookChanged(events=events, name=name):
            return f"webhook {name[:60]} changed: it is told {_named(events)}"
        case WebhookSecretChanged():
            return "a new secret was drawn; the former one is signed by for a day more"
        case WebhookPaused(reason):
            return _PAUSED[reason]
        case WebhookResumed():
            return "it is told again, from where it was left"
        case WebhookReplayOrdered(after):
            return f"it is told once more what happened after position {after}"
        case WebhookRemoved():
            return "removed, and its secret is gone"


def _named(events: tuple[str, ...]) -> str:
    return ", ".join(events)[:200]
