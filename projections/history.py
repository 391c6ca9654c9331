"""The history of a party or a document: the links of messages, as intervals of what was known."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(slots=True)
class LinkRow:
    """A link as it stood over an interval of positions and of recorded times.

    `place` says where the evidence was found (from, to, subject, reply, …). `at`, `mailboxes` and
    `direction` are the message's.
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


@dataclass(slots=True)
class HistoryMessageRow:
    """What the history needs of a message, with the number of links that stand now."""

    message: UUID
    at: datetime
    mailboxes: list[UUID]
    direction: str | None
    automatic: bool
    parties: int
    suggested: int
    ambiguous: int
