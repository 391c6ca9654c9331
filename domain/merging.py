"""Parties that the master data has twice: one is merged into the other, until that is undone.

It is decided on the stream of the duplicate, beside domain/party.py, and no record of the ERP takes
it back. Mail is linked to the survivor: the party at the end, as that may be merged itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.party import PartyRegistered
from domain.values import PartyId, Personal, Rejected


@dataclass(frozen=True, slots=True)
class PartyMerged:
    """A person said that a party is the same as another one; its mail counts as the other's."""

    into: PartyId
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class PartyMergeUndone:
    """The party stands by itself again."""


MergingEvent = PartyMerged | PartyMergeUndone


@dataclass(frozen=True, slots=True)
class MergeParty:
    """Let a party count as another one."""

    party: PartyId
    into: PartyId
    note: str = ""


@dataclass(frozen=True, slots=True)
class UndoMerge:
    """Let it stand by itself again."""


MergingCommand = MergeParty | UndoMerge


@dataclass(frozen=True, slots=True)
class Merging:
    """What decisions ask of a party: whether there is one, and into which it is merged."""

    known: bool = False
    into: PartyId | None = None


initial = Merging()
Merged = Mapping[UUID, UUID | None]
"""Parties that there are, each with the one into which it is merged, if any."""


def evolve(merging: Merging, event: object) -> Merging:
    """Give how a party stands after an event."""
    match event:
        case PartyRegistered():
            return replace(merging, known=True)
        case PartyMerged(into):
            return replace(merging, into=into)
        case PartyMergeUndone():
            return replace(merging, into=None)
        case _:
            return merging


def decide(merging: Merging, command: MergingCommand, others: Merged) -> Sequence[MergingEvent]:
    """Return what happens. An empty list means that it is so already.

    `others` tells of the parties to which the other one leads, itself among them, and of those to
    which this one led before.
    """
    if not merging.known:
        raise Rejected("NOT_FOUND", "there is no such party")
    match command:
        case MergeParty(party, into, note):
            return _merged(merging, party, into, note, others)
        case UndoMerge():
            if merging.into is None:
                raise Rejected("NOT_FOUND", "it is merged into no other party")
            return [PartyMergeUndone()]
        case _ as never:
            assert_never(never)


def _merged(
    merging: Merging, party: PartyId, into: PartyId, note: str, others: Merged
) -> Sequence[MergingEvent]:
    if into not in others:
        raise Rejected("NOT_FOUND", "there is no party to merge it into")
    refuse_circle(party, into, others)
    if merging.into is None:
        return [PartyMerged(into, note)]
    if survivor(merging.into, others) == survivor(into, others):
        return []
    raise Rejected("CONFLICT", "it is merged into another party already; undo that first")


def refuse_circle(party: UUID, into: UUID, others: Merged) -> None:
    """Refuse to merge a party into itself, or into one that is merged into it."""
    if party == into:
        raise Rejected("INVALID", "a party cannot be merged into itself; name another one")
    if party in _line(into, others):
        raise Rejected(
            "INVALID", "the other party is merged into this one; undo that first, or leave it so"
        )


def survivor(party: UUID, merged: Merged) -> UUID:
    """Give the party at the end: itself, if it is merged into no other one."""
    return _line(party, merged)[-1]


def _line(party: UUID, merged: Merged) -> list[UUID]:
    """Give a party and all into which it is merged, one into the next; no one twice."""
    line = [party]
    while (further := merged.get(line[-1])) is not None and further not in line:
        line.append(further)
    return line


def survivors(merged: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Give of every merged party the one at the end."""
    return {party: survivor(party, merged) for party in merged}


def touched(parties: Collection[UUID], *moments: Mapping[UUID, UUID]) -> set[UUID]:
    """Give the parties whose mail may be another's after a change: before it, and after it.

    Those of which it is told, what is merged into them, and whoever survives at either moment.
    """
    found = set(parties)
    for merged in moments:
        lines = {party: _line(party, merged) for party in merged}
        found |= {one for one, line in lines.items() if not found.isdisjoint(line)}
        found |= {survivor(one, merged) for one in set(found)}
    return found
