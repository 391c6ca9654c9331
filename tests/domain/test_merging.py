"""A party counts as another one: which merges can be, and who survives."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import merging
from domain.merging import (
    MergeParty,
    Merging,
    PartyMerged,
    PartyMergeUndone,
    UndoMerge,
    survivors,
    touched,
)
from domain.party import PartyChanged, PartyRegistered
from domain.values import PartyId, Rejected
from given import Story

A, B, C, D = (PartyId(UUID(int=at)) for at in range(1, 5))
REGISTERED = PartyRegistered("erp", "C1", "customer", "it", "IT", 0, "Acme")
CHANGED = PartyChanged("lead", "it", "IT", 0, "Acme again")
ids = st.sampled_from([A, B, C, D])


def party(*past: object, **others: PartyId | None) -> Story:
    """Give the story of A; `others` tells of each letter into which it is merged."""
    known: Mapping[UUID, UUID | None] = {
        {"a": A, "b": B, "c": C, "d": D}[one]: into for one, into in others.items()
    }
    return Story(Merging(), merging.evolve, partial(merging.decide, others=known)).given(*past)


def test_a_duplicate_is_merged_once_and_parted_once() -> None:
    merged = PartyMerged(B, "the same firm")
    party(REGISTERED, b=None).when(MergeParty(A, B, "the same firm")).then(merged)
    party(REGISTERED, merged, b=None).when(MergeParty(A, B, "why again")).then_nothing()
    party(REGISTERED, merged, CHANGED).when(UndoMerge()).then(PartyMergeUndone())
    party(REGISTERED, merged, PartyMergeUndone()).when(UndoMerge()).then_refused("NOT_FOUND")


def test_whom_nobody_knows_is_not_merged() -> None:
    party(b=None).when(MergeParty(A, B)).then_refused("NOT_FOUND")
    party(REGISTERED).when(MergeParty(A, B)).then_refused("NOT_FOUND")


def test_nobody_is_merged_into_himself_or_in_a_circle() -> None:
    party(REGISTERED, a=None).when(MergeParty(A, A)).then_refused("INVALID")
    party(REGISTERED, a=None, b=A).when(MergeParty(A, B)).then_refused("INVALID")
    party(REGISTERED, a=None, b=A, c=B).when(MergeParty(A, C)).then_refused("INVALID")


def test_a_merged_party_leads_on_to_whoever_survives() -> None:
    party(REGISTERED, b=C, c=None).when(MergeParty(A, B)).then(PartyMerged(B))
    merged = PartyMerged(B)
    party(REGISTERED, merged, b=C, c=None).when(MergeParty(A, C)).then_nothing()
    party(REGISTERED, merged, b=C, c=None, d=None).when(MergeParty(A, D)).then_refused("CONFLICT")


@given(st.lists(st.tuples(ids, st.one_of(st.none(), ids)), max_size=12))
def test_whatever_is_ordered_in_a_row_ends_at_somebody_who_is_merged_no_further(orders) -> None:
    known: dict[UUID, UUID | None] = dict.fromkeys([A, B, C, D])
    for one, into in orders:
        before = known[one]
        state = Merging(known=True, into=None if before is None else PartyId(before))
        command = UndoMerge() if into is None else MergeParty(one, into)
        try:
            for event in merging.decide(state, command, known):
                known[one] = merging.evolve(state, event).into
        except Rejected:
            continue
    merged = {one: into for one, into in known.items() if into is not None}
    assert all(end not in merged for end in survivors(merged).values())
    assert touched([A], {}, merged) >= {A, survivors(merged).get(A, A)}
