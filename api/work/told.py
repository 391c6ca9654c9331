"""What was said of a mail that leaves, as it is recorded, and what changes by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from adapters.ids import uuid7
from adapters.journal import NewEvent
from api.work.outboxrows import Change
from domain import leaving
from domain.leaving import Outgoing, OutgoingCommand
from domain.outgoing import MailAccepted, MailResolved, Resolution
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a mail that stood so, to be recorded: commands, each of its moment."""

    mail: UUID
    state: Outgoing
    version: int
    commands: tuple[tuple[datetime, OutgoingCommand], ...]

    def events(self) -> list[NewEvent]:
        """Give what happens; raise Rejected."""
        state, events = self.state, list[NewEvent]()
        for at, command in self.commands:
            for event in leaving.decide(state, command):
                state = leaving.evolve(state, event)
                version = self.version + len(events) + 1
                events.append(NewEvent(self.mail, event, by_outbox(at), version))
        return events


def by_outbox(at: datetime | None = None) -> Envelope:
    """Begin the envelope of what the outbox says by itself."""
    system = Actor(ActorKind.SYSTEM, "outbox")
    return Envelope(uuid7(), at or datetime.now(UTC), system, Origin("smtp"))


def changed(mail: UUID, before: Outgoing, happened: Sequence[object]) -> Change:
    """Give how a mail stands after something."""
    after = before
    for event in happened:
        after = leaving.evolve(after, event)
    return Change(mail, before, after, any(map(_left, happened)))


def _left(event: object) -> bool:
    """Tell whether a mail left by this."""
    if isinstance(event, MailResolved):
        return event.resolution is Resolution.SENT
    return isinstance(event, MailAccepted)
