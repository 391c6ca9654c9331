"""Duplicate parties as people have them: one merged into the other, and parted again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.journal import Journal
from api.work.instance import Carteggio
from domain import merging
from domain.merging import MergeParty, Merging, MergingCommand, MergingEvent, UndoMerge
from domain.recorded import Envelope
from domain.values import PartyId


def merge(
    carteggio: Carteggio, party: UUID, into: UUID, note: str, envelope: Envelope
) -> int | None:
    """Let a party count as another; give the position, None if it does already.

    Raises Rejected for unknown parties, the same one, a circle, or one that is merged elsewhere.
    """
    order = MergeParty(PartyId(party), PartyId(into), note)
    rules = _Rules(carteggio.journal, (party, into))

    def still(_connection: Connection[TupleRow], _events: Sequence[object]) -> None:
        # Nobody else records now: of two that would close a circle, the second is refused.
        merging.refuse_circle(party, into, _merged(carteggio.journal, (into,)))

    return carteggio.journal.record(party, rules, order, envelope, also=still)


def undo(carteggio: Carteggio, party: UUID, envelope: Envelope) -> int | None:
    """Let a party stand by itself again; Rejected if it is merged into none."""
    return carteggio.journal.record(party, _Rules(carteggio.journal, ()), UndoMerge(), envelope)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of a party's stream, with what is known of the others at the moment of deciding."""

    journal: Journal
    asked: Sequence[UUID]

    initial = merging.initial
    evolve = staticmethod(merging.evolve)

    def decide(self, state: Merging, command: MergingCommand) -> Sequence[MergingEvent]:
        """Give what happens, or raise Rejected."""
        return merging.decide(state, command, _merged(self.journal, self.asked))


def _merged(journal: Journal, parties: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Give the parties that there are of these, and of those to which they lead."""
    found: dict[UUID, UUID | None] = {}
    asked: set[UUID] = set(parties)
    while asked:
        states = dict.fromkeys(asked, merging.initial)
        for recorded in journal.streams(asked):
            states[recorded.stream] = merging.evolve(states[recorded.stream], recorded.event)
        found |= {party: state.into for party, state in states.items() if state.known}
        further = (one.into for one in states.values() if one.into is not None)
        asked = set[UUID](further) - found.keys()
    return found
