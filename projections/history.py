"""The history of a party or a document: the links of messages, as intervals of what was known."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.choosing import TargetKind
from domain.classes import dataclass
from domain.message import (
    FolderRole,
    LinkState,
    MessageClassified,
    MessageCompleted,
    MessageCopyFound,
    MessageLinked,
    MessageMoved,
    MessageReceived,
    MessageUnlinked,
)
from domain.recorded import Recorded
from domain.rules import BLIND
from projections.projection import Names, Projection, Rows, Table


@dataclass(slots=True)
class LinkRow:
    """A link as it stood over an interval of positions and of recorded times.

    `choice` is the remembered choice on which it rests. `place` says where the evidence was found (from, to, subject, reply, …). `at` and
    `direction` are the message's. The link is seen through `mailboxes`: the message's; that of a
    blind recipient only through those that sent it.
    """

    id: UUID
    message: UUID
    kind: str
    target: UUID
    state: str
    rule: str
    rule_version: int
    confidence: int
    place: str
    evidence: str
    inherited_from: UUID | None
    rejected: list[UUID]
    actor_kind: str
    actor_id: str
    at: datetime
    mailboxes: list[UUID]
    direction: str | None
    from_position: int
    to_position: int | None
    from_time: datetime
    to_time: datetime | None
    unlink_rule: str
    unlink_reason: str
    choice: UUID | None


@dataclass(slots=True)
class HistoryMessageRow:
    """What the history needs of a message, with the number of its links that stand now.

    `parties` counts links to parties in any state.
    """

    message: UUID
    at: datetime
    mailboxes: list[UUID]
    sent_from: list[UUID]
    direction: str | None
    automatic: bool
    parties: int
    suggested: int
    ambiguous: int


_STANDING = "to_position IS NULL AND state IN ('automatic', 'confirmed')"
LINK = Table(
    "link",
    LinkRow,
    key=("id",),
    indexes=("(message)",),
    late=(
        f"(target, at DESC, message DESC) INCLUDE (mailboxes) WHERE {_STANDING}",
        "(target, at DESC, message DESC)",
        "(choice) WHERE choice IS NOT NULL",
    ),
)
MESSAGE = Table(
    "history_message",
    HistoryMessageRow,
    key=("message",),
    late=(
        "(at DESC, message DESC) WHERE parties = 0 AND direction IN ('inbound', 'outbound')",
        "(at DESC, message DESC) WHERE ambiguous > 0",
        "(at DESC, message DESC) WHERE suggested > 0",
    ),
)
COUNTER: Final = {LinkState.SUGGESTED.value: "suggested", LinkState.AMBIGUOUS.value: "ambiguous"}


@dataclass(slots=True)
class State:
    """What a batch touches: messages, and all the links that they have or had."""

    messages: Rows[HistoryMessageRow] = field(default_factory=lambda: Rows(MESSAGE))
    links: Rows[LinkRow] = field(default_factory=lambda: Rows(LINK))
    of_message: dict[UUID, list[LinkRow]] = field(default_factory=dict)
    standing: dict[tuple[UUID, UUID], LinkRow] = field(default_factory=dict)

    def take(self, row: LinkRow) -> None:
        """Know a link from now on."""
        self.of_message.setdefault(row.message, []).append(row)
        if row.to_position is None:
            self.standing[row.message, row.target] = row


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the batch's messages, and their links."""
    state = State()
    received = {one.stream for one in batch if isinstance(one.event, MessageReceived)}
    old = list({one.stream for one in batch} - received)
    if old:
        state.messages.fetch(connection, names, "message = ANY(%b)", old)
        for row in state.links.fetch(connection, names, "message = ANY(%b)", old):
            state.take(row)
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event = recorded.event
    if isinstance(event, MessageReceived):
        state.messages.put(
            HistoryMessageRow(
                message=recorded.stream,
                at=event.received_at,
                mailboxes=[event.mailbox],
                sent_from=[event.mailbox] if event.role is FolderRole.SENT else [],
                direction=None,
                automatic=False,
                parties=0,
                suggested=0,
                ambiguous=0,
            )
        )
        return
    message = state.messages.get(recorded.stream)
    if message is None:  # erased
        return
    match event:
        case MessageCopyFound() | MessageCompleted():
            message.at = min(message.at, event.received_at)
            message.mailboxes = sorted({*message.mailboxes, event.mailbox})
            if event.role is FolderRole.SENT:
                message.sent_from = sorted({*message.sent_from, event.mailbox})
            _message_changed(state, message)
        case MessageMoved(mailbox, FolderRole.SENT):
            message.sent_from = sorted({*message.sent_from, mailbox})
            _message_changed(state, message)
        case MessageClassified(direction, automatic):
            message.direction, message.automatic = direction.value, automatic
            _message_changed(state, message)
        case MessageLinked():
            _end(state, recorded, message, event.target, "", "")
            _begin(state, recorded, message, event)
        case MessageUnlinked():
            _end(state, recorded, message, event.target, event.rule, event.reason)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.messages.flush(connection, names)
    state.links.flush(connection, names)


def _message_changed(state: State, message: HistoryMessageRow) -> None:
    """Ended links too say when the message was received and who sees it."""
    state.messages.put(message)
    for link in state.of_message.get(message.message, ()):
        link.at, link.mailboxes = message.at, _seen_through(message, link.place)
        link.direction = message.direction
        state.links.put(link)


def _seen_through(message: HistoryMessageRow, place: str) -> list[UUID]:
    return message.sent_from if place == BLIND else message.mailboxes


def _end(
    state: State,
    recorded: Recorded,
    message: HistoryMessageRow,
    target: UUID,
    rule: str,
    reason: str,
) -> None:
    link = state.standing.pop((message.message, target), None)
    if link is None:
        return
    link.to_position, link.to_time = recorded.position, recorded.recorded_at
    link.unlink_rule, link.unlink_reason = rule, reason
    state.links.put(link)
    _count(state, message, link, -1)


def _begin(
    state: State, recorded: Recorded, message: HistoryMessageRow, event: MessageLinked
) -> None:
    link = LinkRow(
        id=recorded.envelope.event_id,
        message=message.message,
        kind=event.kind.value,
        target=event.target,
        state=event.state.value,
        rule=event.rule,
        rule_version=event.rule_version,
        confidence=event.confidence,
        place=event.where,
        evidence=event.evidence,
        inherited_from=event.inherited_from,
        rejected=list(event.rejected),
        actor_kind=recorded.envelope.actor.kind.value,
        actor_id=recorded.envelope.actor.id,
        at=message.at,
        mailboxes=_seen_through(message, event.where),
        direction=message.direction,
        from_position=recorded.position,
        to_position=None,
        from_time=recorded.recorded_at,
        to_time=None,
        unlink_rule="",
        unlink_reason="",
        choice=event.choice,
    )
    state.take(state.links.put(link))
    _count(state, message, link, 1)


def _count(state: State, message: HistoryMessageRow, link: LinkRow, by: int) -> None:
    if link.kind == TargetKind.PARTY.value:
        message.parties += by
    if counter := COUNTER.get(link.state):
        setattr(message, counter, getattr(message, counter) + by)
    state.messages.put(message)


history = Projection(
    "history",
    version=4,
    tables=(LINK, MESSAGE),
    hears=(
        MessageReceived,
        MessageCopyFound,
        MessageCompleted,
        MessageMoved,
        MessageClassified,
        MessageLinked,
        MessageUnlinked,
    ),
    load=load,
    fold=fold,
    flush=flush,
)
