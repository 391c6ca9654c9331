"""What is told to other programs: which events, and what of each; never what a mail says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from adapters.journal import Journal
from api.ids import Kind, shown
from domain.alarms import MessageAlarmTold, MessageWaitBreached, MessageWaitWarned
from domain.catalog import CATALOG
from domain.document import DocumentRegistered
from domain.document import evolve as document_after
from domain.document import initial as no_document
from domain.recorded import Recorded
from domain.sentdocument import DocumentSent

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is told: its id, the same however often it is told, and its body.

    `mailbox` is the one that it is about.
    """

    id: str
    name: str
    position: int
    mailbox: UUID | None
    body: bytes


def told_of(journal: Journal, recorded: Recorded) -> Told | None:
    """Give what is told of an event; None for one that is not told, or was erased."""
    of = _OF.get(type(recorded.event))
    if of is None:
        return None
    mailbox, fields = of(journal, recorded)
    body = {
        "type": recorded.name,
        "timestamp": recorded.envelope.at,
        "data": {"position": str(recorded.position), "company": journal.company, **fields},
    }
    return Told(
        id=f"evt_{recorded.envelope.event_id.hex}",
        name=recorded.name,
        position=recorded.position,
        mailbox=mailbox,
        body=msgspec.json.encode(body),
    )


def _document_sent(journal: Journal, recorded: Recorded) -> tuple[UUID | None, Fields]:
    sent = recorded.event
    if not isinstance(sent, DocumentSent):
        raise TypeError(recorded.name)
    return sent.mailbox, {
        "document": _document(journal, recorded.stream),
        "mail": shown(Kind.MAIL, sent.mail),
        "message": shown(Kind.MESSAGE, sent.message),
        "mailbox": shown(Kind.MAILBOX, sent.mailbox),
        "recipients": sent.recipients,
        "certified": sent.certified,
        "files": sent.files,
        "acceptedAt": sent.accepted_at,
    }


def _wait(journal: Journal, recorded: Recorded) -> tuple[UUID | None, Fields]:
    """Tell that a wait is at risk or too late, whenever that is; who minds the hour takes alarms."""
    del journal
    one = recorded.event
    if not isinstance(one, MessageWaitWarned | MessageWaitBreached):
        raise TypeError(recorded.name)
    return one.mailbox, {
        "message": shown(Kind.MESSAGE, recorded.stream),
        "mailbox": shown(Kind.MAILBOX, one.mailbox),
        "clock": one.clock,
        "since": one.since,
        "due": one.due,
        "held": one.held,
        "tell": one.tell,
        "target": shown(Kind.TARGET, one.target),
        "calendar": shown(Kind.CALENDAR, one.calendar) if one.calendar else None,
    }


def _alarm(journal: Journal, recorded: Recorded) -> tuple[UUID | None, Fields]:
    del journal
    one = recorded.event
    if not isinstance(one, MessageAlarmTold):
        raise TypeError(recorded.name)
    return one.mailbox, {
        "message": shown(Kind.MESSAGE, recorded.stream),
        "mailbox": shown(Kind.MAILBOX, one.mailbox),
        "clock": one.clock,
        "stage": one.stage,
        "told": [shown(Kind.COLLEAGUE, who) for who in one.told],
        "escalatedTo": [shown(Kind.COLLEAGUE, who) for who in one.escalated_to],
    }


def _document(journal: Journal, id: UUID) -> Fields:
    """Name a document as the ERP does that told of it."""
    named: Fields = {"id": shown(Kind.DOCUMENT, id)}
    state = no_document
    for recorded in journal.stream(id):
        if isinstance(recorded.event, DocumentRegistered):
            named |= {"source": recorded.event.source, "erpId": recorded.event.erp_id}
        state = document_after(state, recorded.event)
    if state.now is not None:
        named |= {"kind": state.now.record.kind, "number": state.now.record.number}
    return named


_OF: Final[Mapping[type, Callable[[Journal, Recorded], tuple[UUID | None, Fields]]]] = {
    DocumentSent: _document_sent,
    MessageWaitWarned: _wait,
    MessageWaitBreached: _wait,
    MessageAlarmTold: _alarm,
}
"""The one list of what may leave; who tells of further events adds them here."""

TELLABLE: Final = tuple(kind.name for kind in CATALOG if kind.event in _OF)
"""The names of events that a webhook can be told."""
