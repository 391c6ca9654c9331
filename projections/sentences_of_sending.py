"""What happened to mail that leaves, in plain English."""

from collections import Counter
from collections.abc import Sequence

from domain.missing import Level, ReceiptMissed
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
    OutgoingEvent,
    Resolution,
    Result,
)
from domain.sentdocument import DocumentSent
from domain.template import TemplateEvent, TemplateRenamed, TemplateRetired, TemplateSaved
from domain.webhook import WebhookEvent
from projections.sentences_of_webhooks import of_webhooks

OfSending = OutgoingEvent | DocumentSent | ReceiptMissed | TemplateEvent | WebhookEvent
"""What is told here."""

_RESOLVED = {
    Resolution.SENT: "it had left",
    Resolution.SEND_AGAIN: "it is sent again",
    Resolution.GIVEN_UP: "it is given up",
}


def of_sending(event: OfSending) -> str:
    """Say what happened to a mail that leaves, to the document that it presents, to a template."""
    if isinstance(event, WebhookEvent):
        return of_webhooks(event)
    match event:
        case TemplateSaved(version=version, name=name):
            return f'saved as version {version} of "{name}"'
        case TemplateRenamed(name):
            return f'named "{name}"'
        case TemplateRetired():
            return "retired: it is offered no longer"
        case _:
            return _of_outgoing(event)


def _of_outgoing(event: OutgoingEvent | DocumentSent | ReceiptMissed) -> str:
    match event:
        case DocumentSent(kind=kind, recipients=count):
            way = " as certified mail" if event.certified else ""
            files = ", ".join(event.file_names)
            return f"{kind} sent{way} to {_people(count)}" + (f": {files[:200]}" if files else "")
        case MailQueued():
            return _queued(event)
        case MailSendingBegun(attempt, recipients):
            return f"attempt {attempt} offers it for {_people(len(recipients))}"
        case MailAccepted(attempt, results):
            return f"attempt {attempt}: the server took it over ({_told(results)})"
        case MailDeferred(attempt, results, retry_at):
            again = f"again at {retry_at:%Y-%m-%d %H:%M} UTC"
            return f"attempt {attempt}: put off ({_told(results)}), {again}"
        case MailRefused(attempt, results, given_up):
            why = "given up, as it was put off for too long" if given_up else "refused"
            return f"attempt {attempt}: {why}" + (f" ({_told(results)})" if results else "")
        case MailUncertain(attempt, reason):
            return f"attempt {attempt}: nobody knows whether it left: {reason}"
        case MailResolved(attempt, resolution, found_by, recipients=recipients):
            what = _RESOLVED[resolution] + (" after all" if recipients else "")
            return f"attempt {attempt}: {what}, by {found_by.replace('_', ' ')}"
        case MailCancelled():
            return "taken back before it left"
        case ReceiptMissed(level=level, recipients=recipients):
            hours = "24 hours" if level is Level.ALARM else "12 hours"
            whom = _people(len(recipients))
            return f"{level.value}: after {hours} there is no receipt of delivery for {whom}"


def _queued(event: MailQueued) -> str:
    due = f"not before {event.not_before:%Y-%m-%d %H:%M} UTC"
    removed = [kind.value for kind, _ in event.removed]
    without = f"; not to belong to the proposed {', '.join(removed)}" if removed else ""
    return f"queued for {_people(len(event.recipients))}, {due}{without}"


def _people(count: int) -> str:
    return f"{count} recipient{'s' if count != 1 else ''}"


def _told(results: Sequence[Result]) -> str:
    counts = Counter(one.said.value for one in results)
    return ", ".join(f"{count} {said}" for said, count in sorted(counts.items()))
