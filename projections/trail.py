"""The audit trail of any object: what happened to it, when, by whom and why."""

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.access import TokenIssued, TokenRevoked
from domain.account import AccountConfigured
from domain.alarms import MessageAlarmTold, MessageWaitBreached, MessageWaitWarned
from domain.approval import ApprovalAsked
from domain.approvalrules import ApprovalRuleSet, ApprovalRuleWithdrawn
from domain.authentication import ServerDistrusted, ServerTrusted
from domain.autoreply import AutoreplySent, AutoreplySuppressed
from domain.calendars import CalendarRetired, CalendarSaved, TargetSet, TargetWithdrawn
from domain.catalog import CATALOG
from domain.classes import dataclass
from domain.company import MailboxRegistered
from domain.exclusion import ExclusionAdded, ExclusionRemoved
from domain.mailrules import RuleRetired, RuleSaved
from domain.message import (
    FolderRole,
    MessageClassified,
    MessageCompleted,
    MessageCopyFound,
    MessageLinked,
    MessageMoved,
    MessageReceived,
    MessageSetApart,
    MessageThreaded,
)
from domain.missing import ReceiptMissed
from domain.outgoing import MailQueued
from domain.quarantine import ReprocessingOrdered
from domain.reading import OthersMailRead
from domain.recipients import RecipientApproved, RecipientWithdrawn
from domain.recorded import Erased, Recorded
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from domain.rereading import MessageReread
from domain.ruleactions import RuleApplied
from domain.rules import BLIND
from domain.sendingrules import SendingRefused
from domain.sendingside import AccountSendingConfigured
from domain.sentdocument import DocumentSent
from domain.webform import WebFormDeclared, WebFormWithdrawn
from domain.webhook import WebhookChanged, WebhookRegistered
from projections.fields import data_of
from projections.projection import Names, Projection, Rows, Table
from projections.sentences import sentence
from projections.trailnames import named, regrouped


@dataclass(slots=True)
class EntryRow:
    """An event as people read it; `data` is JSON, cut to 8 KB. `at` is the actor's clock.

    `copy_in` is the mailbox of the copy that it tells of, `quotes` which mail its evidence quotes
    (message, other, or none), `blind` whether it tells of a blind recipient. What the reader may
    not be told is empty: `summary`, and all of `data` or its evidence. `managed_in`: the mailboxes
    that an order is about which has no stream for each; None: those of its stream.
    """

    position: int
    event_id: UUID
    name: str
    recorded_at: datetime
    at: datetime
    actor_kind: str
    actor_id: str
    on_behalf_of: str
    command_id: str | None
    correlation: UUID | None
    causation: UUID | None
    channel: str
    stream: UUID
    stream_version: int
    summary: str
    data: str
    erased: bool
    copy_in: UUID | None
    quotes: str
    blind: bool
    managed_in: list[UUID] | None


@dataclass(slots=True)
class SubjectRow:
    """An object that an event names beside its own stream's."""

    object: UUID
    position: int


@dataclass(slots=True)
class ScopeRow:
    """The mailboxes through which a stream is seen; streams without such a row are seen by all.

    `sent_from` are those that sent the message; `varied`: its copies say different things.
    `managed`: it tells how mailboxes are managed, so it is seen by who manages these, or without
    any, all of them.
    """

    stream: UUID
    mailboxes: list[UUID]
    sent_from: list[UUID]
    varied: bool
    managed: bool


ENTRY = Table(
    "trail_entry", EntryRow, key=("position",), late=("(stream, position)",), late_key=True
)
SUBJECT = Table(
    "trail_subject", SubjectRow, key=("object", "position"), late=("(position)",), late_key=True
)
SCOPE = Table("trail_scope", ScopeRow, key=("stream",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    entries: Rows[EntryRow] = field(default_factory=lambda: Rows(ENTRY))
    subjects: Rows[SubjectRow] = field(default_factory=lambda: Rows(SUBJECT))
    scopes: Rows[ScopeRow] = field(default_factory=lambda: Rows(SCOPE))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read through which mailboxes the batch's streams are seen."""
    state = State()
    received = {one.stream for one in batch if isinstance(one.event, MessageReceived)}
    widened = {one.stream for one in batch if _narrows(one)} - received
    widened |= {message for one in batch for message in regrouped(one.event)}
    if widened:
        state.scopes.fetch(connection, names, "stream = ANY(%b)", list(widened))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Write one event down."""
    if _narrows(recorded):
        _widen(state, recorded)
    if isinstance(recorded.event, ConversationRegrouped):
        _see_through(state, recorded.stream, recorded.event)
    state.entries.add(_entry(recorded))
    for one in named(recorded.event):
        state.subjects.add(SubjectRow(one, recorded.position))


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.entries.flush(connection, names)
    state.subjects.flush(connection, names)
    state.scopes.flush(connection, names)


_COPIES: Final = (MessageReceived, MessageCopyFound, MessageCompleted, MessageMoved)
_OF_ALARMS: Final = (MessageWaitWarned, MessageWaitBreached, MessageAlarmTold)
_OF_COPIES: Final = (
    *_COPIES, MessageReread, AutoreplySent, AutoreplySuppressed, RuleApplied, *_OF_ALARMS,
)  # fmt: skip
_SCOPED: Final = (
    *_COPIES,
    MailboxRegistered,
    MailQueued,
    ReceiptMissed,
    SendingRefused,
    AccountConfigured,
    AccountSendingConfigured,
    TokenIssued,
    TokenRevoked,
    ExclusionAdded,
    ExclusionRemoved,
    WebFormDeclared,
    WebFormWithdrawn,
    ServerTrusted,
    ServerDistrusted,
    ReprocessingOrdered,
    ChoiceRemembered,
    ChoiceForgotten,
    WebhookRegistered,
    WebhookChanged,
    CalendarSaved,
    CalendarRetired,
    TargetSet,
    TargetWithdrawn,
    RuleSaved,
    RuleRetired,
    RecipientApproved,
    RecipientWithdrawn,
    ApprovalAsked,
    ApprovalRuleSet,
    ApprovalRuleWithdrawn,
    OthersMailRead,
)
_MANAGED_NAMES: Final = (
    "account.", "exclusion.", "web_form.", "server.", "quarantine.", "webhook.", "calendar.",
    "target.", "approval_rule.", "recipient.",
)  # fmt: skip
_SCOPED_NAMES: Final = (
    "message.", "mailbox.", "token.", "outgoing.", "delivery.", "sending.", "choice.",
    "autoreply.", "rule.", "approval.", "reading.", *_MANAGED_NAMES,
)  # fmt: skip


def _narrows(recorded: Recorded) -> bool:
    """Tell whether an event's stream is not for everybody; what was erased stays so."""
    if isinstance(recorded.event, Erased):
        return recorded.name.startswith(_SCOPED_NAMES)
    return isinstance(recorded.event, _SCOPED)


def _widen(state: State, recorded: Recorded) -> None:
    event, known = recorded.event, state.scopes.get(recorded.stream)
    row = known or ScopeRow(
        recorded.stream, [], [], varied=False, managed=recorded.name.startswith(_MANAGED_NAMES)
    )
    seen = list(_seen_through(recorded))
    sent = isinstance(event, _COPIES) and event.role is FolderRole.SENT
    now = ScopeRow(
        stream=recorded.stream,
        mailboxes=sorted({*row.mailboxes, *seen}),
        sent_from=sorted({*row.sent_from, *seen}) if sent else row.sent_from,
        varied=row.varied or (isinstance(event, MessageCopyFound) and event.variant),
        managed=row.managed,
    )
    if now != known:
        state.scopes.put(now)


def _see_through(state: State, regrouping: UUID, event: ConversationRegrouped) -> None:
    """Let a regrouping be seen through the mailboxes of the messages that it is about."""
    scopes = (state.scopes.get(one) for one in event.everybody)
    boxes = {box for one in scopes if one is not None for box in one.mailboxes}
    state.scopes.put(ScopeRow(regrouping, sorted(boxes), [], varied=False, managed=False))


def _seen_through(recorded: Recorded) -> Iterable[UUID]:
    match recorded.event:
        case MessageReceived() | MessageCopyFound() | MessageCompleted() | MessageMoved() as event:
            yield event.mailbox
        case AccountConfigured() | AccountSendingConfigured() as event:
            yield event.mailbox
        case MailQueued(mailbox=mailbox) | ReceiptMissed(mailbox=mailbox):
            yield mailbox
        case SendingRefused(mailbox=mailbox) | ApprovalAsked(mailbox=mailbox):
            yield mailbox
        case MailboxRegistered():
            yield recorded.stream
        case RuleSaved(mailbox=mailbox) if mailbox is not None:
            yield mailbox
        case (
            ExclusionAdded(mailbox=mailbox)
            | WebFormDeclared(mailbox=mailbox)
            | ChoiceRemembered(mailbox=mailbox)
        ):
            if mailbox is not None:
                yield mailbox
        case WebhookRegistered(mailboxes=mailboxes) | WebhookChanged(mailboxes=mailboxes):
            yield from mailboxes or ()
        case CalendarSaved(mailboxes=mailboxes) | OthersMailRead(mailboxes=mailboxes):
            yield from mailboxes
        case (
            TargetSet(scope=scope)
            | ApprovalRuleSet(scope=scope)
            | ApprovalRuleWithdrawn(scope=scope)
        ):
            if scope.mailbox is not None:
                yield scope.mailbox


def _entry(recorded: Recorded) -> EntryRow:
    envelope = recorded.envelope
    principal = envelope.on_behalf_of
    return EntryRow(
        position=recorded.position,
        event_id=envelope.event_id,
        name=recorded.name,
        recorded_at=recorded.recorded_at,
        at=envelope.at,
        actor_kind=envelope.actor.kind.value,
        actor_id=envelope.actor.id,
        on_behalf_of="" if principal is None else f"{principal.kind.value}:{principal.id}",
        command_id=envelope.command_id,
        correlation=envelope.correlation,
        causation=envelope.causation,
        channel=envelope.origin.channel,
        stream=recorded.stream,
        stream_version=recorded.version,
        summary=sentence(recorded.event),
        data=data_of(recorded.event),
        erased=isinstance(recorded.event, Erased),
        copy_in=_copy_in(recorded),
        quotes=_quotes(recorded.event),
        blind=isinstance(recorded.event, MessageLinked) and recorded.event.where == BLIND,
        managed_in=_managed_in(recorded.event),
    )


def _copy_in(recorded: Recorded) -> UUID | None:
    """Give the mailbox of the copy that an event tells of.

    A regrouping may tell of mail in any mailbox: it is told in full to who sees them all.
    """
    event = recorded.event
    if isinstance(event, ConversationRegrouped | ConversationRegroupingUndone):
        return recorded.stream
    return event.mailbox if isinstance(event, (*_OF_COPIES, DocumentSent)) else None


def _managed_in(event: object) -> list[UUID] | None:
    if isinstance(event, ReprocessingOrdered) and event.mailboxes is not None:
        return sorted(event.mailboxes)
    return None


def _quotes(event: object) -> str:
    match event:
        case MessageLinked(evidence="") | MessageClassified(evidence=""):
            return ""
        case MessageLinked(inherited_from=other) if other is not None:
            return "other"
        case MessageLinked() | MessageClassified() | MessageThreaded() | MessageSetApart():
            return "message"
        case _:
            return ""


trail = Projection(
    "trail",
    version=9,
    tables=(ENTRY, SUBJECT, SCOPE),
    hears=tuple(kind.event for kind in CATALOG),
    load=load,
    fold=fold,
    flush=flush,
    uses=("party", "contact", "document"),
)
