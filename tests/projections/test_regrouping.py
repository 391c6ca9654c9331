"""Conversations that begin anew, and what people say of them: against an oracle, in any order."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from domain.content import Content
from domain.message import (
    Direction,
    FolderRole,
    MessageClassified,
    MessageReceived,
    MessageSetApart,
    MessageThreaded,
)
from domain.recorded import Recorded
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone, RegroupingKind
from domain.values import Address, BlobName, MailboxId, MessageId
from filling import fill, recorded, rows
from projections.conversations import MEMBER, NODE, PLACING, REGROUPING
from projections.letters import LETTER
from projections.unanswered import CORRESPONDENCE, WAITING

if TYPE_CHECKING:
    from adapters.database import Database

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
BOX = MailboxId(UUID(int=1))
Story = list[tuple[UUID, object]]


@dataclass
class Talk:
    """Messages that refer to one another, and what was said of them."""

    parents: dict[int, int] = field(default_factory=dict)
    at: dict[int, datetime] = field(default_factory=dict)
    apart: dict[int, int] = field(default_factory=dict)
    """Which message begins anew, and what it refers to."""
    goes_on: dict[int, int] = field(default_factory=dict)
    regroupings: dict[UUID, ConversationRegrouped] = field(default_factory=dict)
    undone: set[UUID] = field(default_factory=set)

    def chain(self, number: int) -> list[int]:
        """Give what a message refers to, the nearest last."""
        found: list[int] = []
        while number in self.parents:
            number = self.parents[number]
            found.insert(0, number)
        return found


def key(number: int) -> MessageId:
    return MessageId(UUID(int=1000 + number))


def talk(seed: int, size: int = 30, said: int = 6) -> Talk:
    chance, made = random.Random(seed), Talk()  # noqa: S311
    for number in range(size):
        made.at[number] = START + timedelta(hours=3 * number + chance.randrange(10))
        earlier = chance.randrange(number) if number else 0
        if number and chance.random() < 0.7:
            made.parents[number] = earlier
            if chance.random() < 0.25:
                made.apart[number] = chance.choice(made.chain(number))
        elif number and chance.random() < 0.4:
            made.goes_on[number] = earlier
    for which in range(said):
        one = _said(chance, size)
        made.regroupings[UUID(int=which + 1)] = one
        if chance.random() < 0.4:
            made.undone.add(UUID(int=which + 1))
    return made


def _said(chance: random.Random, size: int) -> ConversationRegrouped:
    some = [key(one) for one in chance.sample(range(size), 6)]
    kind = chance.choice(list(RegroupingKind))
    if kind is RegroupingKind.MERGE:
        return ConversationRegrouped(kind, joined=tuple(some[:4]))
    to = some[2:4] if kind is RegroupingKind.MOVE else []
    stay = chance.random() < 0.5
    return ConversationRegrouped(
        kind, tuple(some[:2]), tuple(to), tuple(some[4:5] if stay else ()), tuple(some[5:6])
    )


# ---- as events


def received(made: Talk, number: int) -> MessageReceived:
    content = Content(
        reader=1,
        message_id=f"{number}@x.example",
        subject="Ordine",
        authors=(Address("a@rossi.example"),),
        to=(Address("info@firma.example"),),
        references=tuple(f"{one}@x.example" for one in made.chain(number)),
    )
    return MessageReceived(
        mailbox=BOX, role=FolderRole.INBOX, received_at=made.at[number], size=1,
        raw=BlobName("b"), content_key="k", header_key=str(number), folder="F",
        raw_sha256=f"{number:064}", content=content,
    )  # fmt: skip


def classified(number: int) -> MessageClassified:
    ours = number % 3 == 0
    return MessageClassified(
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        automatic=False,
        kind="",
        wants_answer=not ours,
        reason="",
        rule_version=1,
    )


def set_apart(ancestor: int | None) -> MessageSetApart:
    named = None if ancestor is None else key(ancestor)
    return MessageSetApart(named, "new-topic", 1, 80, "subject", "")


def story(made: Talk, seed: int, *, regrouped: bool = True) -> Story:
    """Tell it in some order: rules find what they find late and sometimes wrongly at first."""
    chance = random.Random(seed)  # noqa: S311
    order = list(made.at)
    chance.shuffle(order)
    told: Story = []
    for number in order:
        told += [(key(number), received(made, number)), (key(number), classified(number))]
    found: list[Story] = [_found(made, chance, number) for number in order]
    if regrouped:
        found.append(_regrouped(made, chance))
    while any(found):
        one = chance.choice([each for each in found if each])
        told.append(one.pop(0))
    return told


def _found(made: Talk, chance: random.Random, number: int) -> Story:
    events: Story = []
    if made.chain(number) and chance.random() < 0.3:
        events.append((key(number), set_apart(chance.choice(made.chain(number)))))
        events.append((key(number), set_apart(None)))
    if number in made.apart:
        events.append((key(number), set_apart(made.apart[number])))
    if number in made.goes_on:
        parent = key(made.goes_on[number])
        events.append((key(number), MessageThreaded(parent, "same-subject", 1, 90, "", "")))
    return events


def _regrouped(made: Talk, chance: random.Random) -> Story:
    events: Story = []
    waiting: list[UUID] = []
    for id, one in made.regroupings.items():
        events.append((id, one))
        waiting += [id] if id in made.undone else []
        if waiting and chance.random() < 0.5:
            events.append((waiting.pop(0), ConversationRegroupingUndone()))
    return [*events, *((id, ConversationRegroupingUndone()) for id in waiting)]


# ---- the oracle


def groups_by_oracle(made: Talk) -> set[frozenset[UUID]]:
    """Join what shares a name, one message after the other."""
    groups: list[set[int]] = []
    names = {number: _names(made, number) for number in made.at}
    for number in made.at:
        near = [one for one in groups if names[number] & _all(names, one)]
        groups = [one for one in groups if one not in near] + [{number}.union(*near)]
    return {frozenset(key(number) for number in one) for one in groups}


def _all(names: dict[int, set[str]], numbers: Iterable[int]) -> set[str]:
    return set().union(*(names[one] for one in numbers))


def _names(made: Talk, number: int) -> set[str]:
    placed, joined = _placed(made, number)
    mine = {str(number), *joined}
    mine |= {f"on {number}"} if number in made.goes_on.values() else set()
    if placed:
        return mine
    if number in made.goes_on:
        mine.add(f"on {made.goes_on[number]}")
    for one in reversed(made.chain(number)):
        if one == made.apart.get(number):
            break
        mine.add(str(one))
        if one in made.apart or _placed(made, one)[0]:
            break
    return mine


def _placed(made: Talk, number: int) -> tuple[bool, set[str]]:
    placed, joined = False, set[str]()
    for id, one in made.regroupings.items():
        if id in made.undone:
            continue
        for some, name, apart in (
            (one.messages, f"new {id}", True),
            (one.joined, f"new {id}", False),
            (one.staying, f"stay {id}", True),
            (one.stayed, f"stay {id}", False),
        ):
            if key(number) in some:
                placed, joined = (True, {name}) if apart else (placed, joined | {name})
    return placed, joined


# ---- tests


def in_batches(events: Sequence[Recorded], seed: int) -> list[Sequence[Recorded]]:
    chance, batches, begin = random.Random(seed), [], 0  # noqa: S311
    while begin < len(events):
        end = begin + chance.randrange(1, 30)
        batches.append(events[begin:end])
        begin = end
    return batches


def groups_in(connection: Any, names: Any) -> set[frozenset[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for row in rows(connection, names, MEMBER):
        if row[4] is None:
            found.setdefault(row[1], set()).add(row[0])
    for conversation, members in found.items():
        assert conversation in members
    return {frozenset(one) for one in found.values()}


@pytest.mark.parametrize("seed", range(8))
def test_conversations_are_those_of_an_oracle_whatever_the_order(
    database: "Database", seed: int
) -> None:
    made = talk(seed)
    expected = groups_by_oracle(made)
    with database.connect() as connection:
        for order in range(3):
            batches = in_batches(recorded(story(made, order)), order)
            names = fill(connection, CORRESPONDENCE, batches, going_on=bool(order % 2))
            assert groups_in(connection, names) == expected


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_the_same_wherever_batches_begin_and_end(database: "Database", seed: int) -> None:
    events = recorded(story(talk(seed + 20), seed))
    with database.connect() as connection:
        ways: tuple[list[Sequence[Recorded]], ...] = (
            [events],
            [[event] for event in events],
            in_batches(events, seed),
        )
        filled = [
            fill(connection, CORRESPONDENCE, way, 10 * at + on, going_on=bool(on))
            for at, way in enumerate(ways, 1)
            for on in range(2)
        ]
        for table in CORRESPONDENCE.tables:
            one, *others = (rows(connection, names, table) for names in filled)
            assert all(other == one for other in others), table.name


@pytest.mark.parametrize("seed", range(4))
def test_what_is_undone_leaves_everything_as_it_was_before(
    database: "Database", seed: int
) -> None:
    made = talk(seed + 40, said=5)
    made.undone = set(made.regroupings)
    before = recorded(story(made, seed, regrouped=False))
    after = recorded([*story(made, seed, regrouped=False), *_regrouped(made, random.Random(seed))])  # noqa: S311
    with database.connect() as connection:
        one, other = (
            now(connection, fill(connection, CORRESPONDENCE, in_batches(events, 1), at))
            for at, events in enumerate((before, after), 60)
        )
    assert one == other
    assert not one["conversation_placing"]


def now(connection: Any, names: Any) -> dict[str, Any]:
    """Give what holds now, without since when that is known."""
    found: dict[str, Any] = {
        table.name: rows(connection, names, table) for table in (NODE, LETTER, PLACING, REGROUPING)
    }
    members, waiting = (rows(connection, names, table) for table in (MEMBER, WAITING))
    found["member"] = sorted((*row[:3], *row[5:]) for row in members if row[4] is None)
    found["waiting"] = sorted(row[:7] for row in waiting if row[8] is None)
    return found


def question_and_replies(*parents: tuple[int, int]) -> Talk:
    made = Talk(dict(parents))
    numbers = {one for pair in parents for one in pair}
    made.at = {one: START + timedelta(hours=one) for one in sorted(numbers)}
    return made


def split(*messages: int, stays: Sequence[int] = (), rest: Sequence[int] = ()) -> Any:
    some, staying, stayed = (tuple(key(one) for one in each) for each in (messages, stays, rest))
    return ConversationRegrouped(RegroupingKind.SPLIT, some, (), staying, stayed)


def test_a_message_that_is_split_off_takes_its_replies_and_later_ones_with_it(
    database: "Database",
) -> None:
    made = question_and_replies((1, 0), (2, 1), (3, 0), (4, 2))
    told = [event for event in story(made, 1) if event[0] != key(4)]
    told += [(UUID(int=7), split(1)), (key(4), received(made, 4))]
    with database.connect() as connection:
        names = fill(connection, CORRESPONDENCE, [recorded(told)])
        assert groups_in(connection, names) == {
            frozenset({key(0), key(3)}),
            frozenset({key(1), key(2), key(4)}),
        }


def test_replies_that_are_to_stay_stay_with_what_answers_them_later(database: "Database") -> None:
    made = question_and_replies((1, 0), (2, 1), (3, 0), (4, 2), (5, 1))
    told = [event for event in story(made, 1) if event[0] not in (key(4), key(5))]
    told.append((UUID(int=7), split(1, stays=[2], rest=[0, 3])))
    told += [(key(one), received(made, one)) for one in (4, 5)]
    with database.connect() as connection:
        names = fill(connection, CORRESPONDENCE, [recorded(told)])
        assert groups_in(connection, names) == {
            frozenset({key(0), key(2), key(3), key(4)}),
            frozenset({key(1), key(5)}),
        }
