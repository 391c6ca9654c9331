"""What people say about links: told once, moved, and undone without loss."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import choosing
from domain.choosing import (
    Choices,
    ChooseLink,
    KeepLink,
    Meant,
    MessageLinkConfirmed,
    MessageLinkMoved,
    MessageLinkRejected,
    MoveLink,
    RestoreLinks,
    TargetKind,
    WithdrawLinkChoice,
    said_before,
)
from domain.values import Rejected

DOC, PARTY = TargetKind.DOCUMENT, TargetKind.PARTY
TARGETS = [Meant(kind, UUID(int=at)) for kind in (DOC, PARTY) for at in (1, 2)]
targets = st.sampled_from(TARGETS)
commands = st.one_of(
    st.builds(MoveLink, targets, targets),
    st.builds(KeepLink, targets, targets),
    st.builds(lambda one, said: ChooseLink(one.kind, one.target, said), targets, st.booleans()),
    st.builds(lambda one: WithdrawLinkChoice(one.kind, one.target), targets),
)


def after(choices, command):
    try:
        happened = choosing.decide(choices, command)
    except Rejected:
        return choices, []
    for event in happened:
        choices = choosing.evolve(choices, event)
    return choices, list(happened)


def test_a_move_tells_both_places_in_one_event() -> None:
    old, new = TARGETS[0], TARGETS[1]
    told = MessageLinkMoved(DOC, old.target, DOC, new.target, "why")
    assert choosing.decide({}, MoveLink(old, new, "why")) == [told]
    now = choosing.evolve({}, told)
    assert now == {(DOC, old.target): False, (DOC, new.target): True}
    assert choosing.decide(now, MoveLink(old, new, "why")) == []
    with pytest.raises(Rejected):
        choosing.decide({}, MoveLink(old, old))


def test_what_stays_behind_is_said_to_belong_where_it_is() -> None:
    old, new = TARGETS[0], TARGETS[1]
    assert choosing.decide({}, KeepLink(old, new)) == [
        MessageLinkConfirmed(DOC, old.target),
        MessageLinkRejected(DOC, new.target),
    ]


def test_what_was_said_of_a_party_that_counts_as_the_target_is_taken_back() -> None:
    twice = Meant(PARTY, UUID(int=1), merged=(UUID(int=9),))
    said: Choices = {(PARTY, UUID(int=9)): True}
    now, _ = after(said, MoveLink(twice, TARGETS[1]))
    assert now == {(PARTY, UUID(int=1)): False, (DOC, UUID(int=2)): True}


@given(st.lists(commands, max_size=6), commands)
def test_undoing_a_command_restores_what_was_said_before(before, command) -> None:
    choices: Choices = {}
    happened: list[tuple[str | None, object]] = []
    for at, one in enumerate(before):
        choices, events = after(choices, one)
        happened += [(f"{at}", event) for event in events]
    now, events = after(choices, command)
    happened += [("last", event) for event in events]
    if not events:
        with pytest.raises(Rejected):
            said_before(happened, "last", "undo")
        return
    restored, _ = after(now, RestoreLinks(said_before(happened, "last", "undo")))
    assert restored == choices
