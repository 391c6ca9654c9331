"""What master data orders is recorded: only what changed, some hundred streams at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from adapters.csvfiles import BadLine
from adapters.ids import uuid7
from adapters.journal import Conflict, Decider, Journal, NewEvent
from domain.company import Own
from domain.document import DocumentChanged, DocumentRegistered
from domain.party import ContactRegistered, ContactRemoved, Party, PartyChanged, PartyRegistered
from domain.recorded import Envelope, Origin, Recorded
from domain.values import Actor, ActorKind, Rejected

_AT_ONCE: Final = 500
_ATTEMPTS: Final = 20

S = TypeVar("S")
C = TypeVar("C")
Given = Mapping[UUID, tuple[int, Callable[[S], C]]]
"""What a file orders for each stream, as a function of what is known, and the line that says so."""


@dataclass(slots=True)
class Outcome:
    """What became of one file's rows."""

    file: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    bad: list[BadLine] = field(default_factory=list)
    odd: list[BadLine] = field(default_factory=list)
    """Rows that were taken over, and of which something should be looked at."""

    def add(self, other: "Outcome") -> None:
        """Count what was recorded."""
        for name in ("new", "changed", "unchanged", "removed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.bad.extend(other.bad)

    def notice(self, number: int, what: str) -> None:
        """Tell of a row that was taken over all the same."""
        self.odd.append(BadLine(self.file, number, what))

    def refuse(self, number: int, reason: str) -> None:
        """Count a row that cannot be used."""
        self.bad.append(BadLine(self.file, number, reason))


def take_over(
    journal: Journal,
    decider: Decider[S, C],
    given: Given[S, C],
    outcome: Outcome,
    *,
    sizes: Mapping[UUID, int] | None = None,
    report: Callable[[], None] = lambda: None,
) -> None:
    """Record what changes; `sizes` says how many rows a stream stands for, where not for one."""
    rest = iter(given)
    while streams := list(islice(rest, _AT_ONCE)):
        some = {id: given[id] for id in streams}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                outcome.add(_take_some(journal, decider, some, Outcome(outcome.file), sizes))
                break
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
        report()


def _take_some(
    journal: Journal,
    decider: Decider[S, C],
    given: Given[S, C],
    counted: Outcome,
    sizes: Mapping[UUID, int] | None,
) -> Outcome:
    """Decide what happens to some streams, and append it in one transaction."""
    keys = journal.prepare(given)
    past = _by_stream(journal.streams(given))
    events: list[NewEvent] = []
    for id, (line, order) in given.items():
        state = decider.initial
        for recorded in past.get(id, ()):
            state = decider.evolve(state, recorded.event)
        try:
            if id not in keys:
                raise Rejected("ERASED", "it was erased, and does not come back")
            happened = decider.decide(state, order(state))
        except Rejected as no:
            counted.refuse(line, no.sentence)
            continue
        _count(counted, state, happened, 1 if sizes is None else sizes[id])
        first = len(past.get(id, ())) + 1
        events.extend(NewEvent(id, one, _envelope(), at) for at, one in enumerate(happened, first))
    with journal.writing() as writing:
        writing.seal(events)
        writing.append(events)
    return counted


def _by_stream(past: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = {}
    for recorded in past:
        found.setdefault(recorded.stream, []).append(recorded)
    return found


def _count(outcome: Outcome, state: object, happened: Sequence[object], size: int) -> None:
    known = state.contacts if isinstance(state, Party) else {}
    for event in happened:
        match event:
            case ContactRemoved():
                outcome.removed += 1
            case ContactRegistered(contact=contact):
                outcome.changed += contact in known
                outcome.new += contact not in known
            case PartyChanged() | DocumentChanged():
                outcome.changed += 1
            case PartyRegistered() | DocumentRegistered():
                outcome.new += 1
            case _:
                before = isinstance(state, Own) and state.record is not None
                outcome.changed += before
                outcome.new += not before
    outcome.unchanged += max(0, size - sum(not isinstance(e, ContactRemoved) for e in happened))


def _envelope() -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "directory")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("import"))
