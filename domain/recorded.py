"""How an event stands in the journal: the fact itself, and who recorded it, when and why."""

from datetime import datetime
from uuid import UUID

from domain.classes import dataclass
from domain.values import Actor


@dataclass(frozen=True, slots=True)
class Origin:
    """The way a command came: a channel (cli, graphql, imap, feed); `address` is sealed."""

    channel: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every event carries beside its fact.

    `event_id` is a uuid7, for reactions a uuid5 of cause, rule version and target, so that none
    acts twice. `at` is the caller's clock in UTC; the journal adds the recorded time.
    """

    event_id: UUID
    at: datetime
    actor: Actor
    origin: Origin
    on_behalf_of: Actor | None = None
    command_id: str | None = None
    correlation: UUID | None = None
    causation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """Stands for an event whose key was destroyed: its name is known, what it said is not."""

    name: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event at its place in the journal; `position` orders all events of a company."""

    position: int
    recorded_at: datetime
    stream: UUID
    version: int
    name: str
    envelope: Envelope
    event: object
