"""Conversations and what waits: a random office against a naive oracle, in any order and batch."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.attention import (
    HandedBecause,
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitPaused,
)
from domain.content import Content
from domain.message import CloseReason as Why
from domain.message import (
    Direction,
    FolderRole,
    MessageClassified,
    MessageClosed,
    MessageCopyFound,
    MessageEvent,
    MessageReceived,
    MessageReopened,
    MessageThreaded,
)
from domain.recorded import Recorded
from domain.rereading import MessageReread
from domain.values import Address, BlobName, ColleagueId, MailboxId, MessageId
from filling import fill, recorded, rows
from projections.conversations import MEMBER, NODE
from projections.letters import LETTER, letters_of
from projections.reader import EVERYTHING, AsOf, Reader
from projections.readings import READING
from projections.threads import conversations_of, members_of
from projections.unanswered import CORRESPONDENCE, WAITING
from projections.waits import waiting_in

if TYPE_CHECKING:
    from adapters.database import Database

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
BOXES = [MailboxId(UUID(int=number)) for number in (1, 2, 3)]
PEOPLE = ["a@rossi.example", "b@bianchi.example", "c@verdi.example"]


@dataclass(frozen=True)
class Mail:
    """A message of the made-up office, and what will be decided on it."""

    key: UUID
    received: MessageReceived
    classified: MessageClassified
    closed: bool
    copies: tuple[MessageCopyFound, ...] = ()
    goes_on: UUID | None = None
    """The message that it is found to go on with, though it does not name it."""


def office(seed: int, size: int) -> list[Mail]:
    """Make up mail: replies by reference, answers in new messages, machines, copies, closings."""
    chance = random.Random(seed)  # noqa: S311
    mail: list[Mail] = []
    for number in range(size):
        earlier = chance.choice(mail) if mail and chance.random() < 0.6 else None
        mail.append(_one(chance, number, earlier))
    return mail


def _one(chance: random.Random, number: int, earlier: Mail | None) -> Mail:
    ours = chance.random() < 0.4
    person, box = Address(chance.choice(PEOPLE)), chance.choice(BOXES)
    us = Address("info@firma.example")
    threaded = earlier is not None and chance.random() < 0.7
    above = earlier.received.content if earlier else None
    subject = f"R: {above.subject}" if above and chance.random() < 0.8 else f"Tema {number % 7}"
    content = Content(
        reader=1,
        message_id=f"{number}@x.example",
        subject=subject,
        authors=(us if ours else person,),
        to=(person if ours else us,),
        references=(above.message_id,) if above and threaded else (),
        in_reply_to=("unseen@x.example",) if chance.random() < 0.05 else (),
    )
    at = START + timedelta(hours=number * 3 + chance.randrange(48))
    received = MessageReceived(
        mailbox=box, role=FolderRole.SENT if ours else FolderRole.INBOX, received_at=at, size=1,
        raw=BlobName("b"), content_key="k", header_key=str(number), folder="F",
        raw_sha256=f"{number:064}", content=content, archived=chance.random() < 0.1,
    )  # fmt: skip
    automatic = chance.random() < 0.15
    classified = MessageClassified(
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        automatic=automatic,
        kind="",
        wants_answer=not ours and not automatic and chance.random() < 0.8,
        reason="",
        rule_version=1,
    )
    copies = tuple(_copy(chance, received) for _ in range(chance.choice((0, 0, 0, 1, 2))))
    goes_on = earlier.key if earlier and not threaded and chance.random() < 0.7 else None
    closed = chance.random() < 0.1
    return Mail(UUID(int=1000 + number), received, classified, closed, copies, goes_on)


def to_everybody(one: Mail) -> Mail:
    """Let a mail of ours go to all customers, so that it goes to whoever asked."""
    if one.classified.direction is not Direction.OUTBOUND:
        return one
    everybody = tuple(map(Address, PEOPLE))
    content = replace(one.received.content, to=everybody)
    copies = tuple(
        replace(x, content=replace(x.content, to=everybody)) if x.content else x
        for x in one.copies
    )
    return replace(one, received=replace(one.received, content=content), copies=copies)


def _copy(chance: random.Random, received: MessageReceived) -> MessageCopyFound:
    return MessageCopyFound(
        mailbox=chance.choice(BOXES), role=FolderRole.OTHER, size=1, raw=BlobName("c"),
        received_at=received.received_at - timedelta(minutes=chance.randrange(-30, 30)),
        content_key="k", folder="Altro", raw_sha256=received.raw_sha256,
        content=_variant(chance, received.content) if chance.random() < 0.3 else None,
    )  # fmt: skip


def _variant(chance: random.Random, content: Content) -> Content:
    return replace(content, references=(f"{chance.randrange(60)}@x.example",))


def story(mail: Sequence[Mail], seed: int) -> list[Recorded]:
    """Let the mail be captured in some order, each decided on some time after."""
    chance = random.Random(seed)  # noqa: S311
    order = list(mail)
    chance.shuffle(order)
    events: list[tuple[UUID, object]] = []
    later: list[tuple[UUID, object]] = []
    for one in order:
        events.append((one.key, one.received))
        later.append((one.key, one.classified))
        later.extend((one.key, copy) for copy in one.copies)
        if one.closed:
            later.extend(((one.key, MessageClosed(Why.SPAM)), (one.key, MessageReopened())))
            later.append((one.key, MessageClosed(Why.NO_ANSWER_NEEDED)))
        if chance.random() < 0.5:
            events.extend(later)
            later = []
    said = list(_attention(mail, chance))
    return recorded(events + later + list(_found(mail, chance)) + said)


def _attention(mail: Sequence[Mail], chance: random.Random) -> Iterator[tuple[UUID, object]]:
    """Say of some messages who has them, and that they rest; take some of it back."""
    for number, one in enumerate(chance.sample(mail, len(mail) // 2)):
        order, who = UUID(int=5000 + number), ColleagueId(UUID(int=chance.randrange(3)))
        yield chance.choice(
            [
                (one.key, MessageTaken(order, who)),
                (one.key, MessageHandedOver(order, who, HandedBecause.PERSON)),
                (one.key, MessageSnoozed(order, START + timedelta(days=200))),
                (one.key, MessageWaitPaused(order, "perché")),
            ]
        )
        if chance.random() < 0.3:
            yield one.key, MessageAttentionUndone(order)


def _found(mail: Sequence[Mail], chance: random.Random) -> Iterator[tuple[UUID, MessageEvent]]:
    """Find what messages go on with, some wrongly at first, some not at all in the end."""
    for one in mail:
        wrong = chance.choice(mail).key
        if wrong != one.key and chance.random() < 0.3:
            yield one.key, _threaded(wrong)
            if one.goes_on is None:
                yield one.key, _threaded(None)
        if one.goes_on is not None:
            yield one.key, _threaded(one.goes_on)


def _threaded(parent: UUID | None) -> MessageThreaded:
    return MessageThreaded(
        None if parent is None else MessageId(parent), "same-subject", 1, 90, "", ""
    )


def in_batches(events: Sequence[Recorded], seed: int) -> list[Sequence[Recorded]]:
    chance, batches, begin = random.Random(seed), [], 0  # noqa: S311
    while begin < len(events):
        end = begin + chance.randrange(1, 40)
        batches.append(events[begin:end])
        begin = end
    return batches


def answers_by_oracle(mail: Sequence[Mail]) -> dict[UUID, UUID | None]:
    """Say for every question what answers it: by looking at all messages, again and again."""
    group = {one.key: one.key for one in mail}
    names = {one.key: _names(one) for one in mail}
    for one in mail:
        if one.goes_on is not None:
            names[one.key].add(str(one.goes_on))
            names[one.goes_on].add(str(one.goes_on))
    changed = True
    while changed:
        changed = False
        for one in mail:
            for other in mail:
                if names[one.key] & names[other.key] and group[one.key] != group[other.key]:
                    least = min(group[one.key], group[other.key])
                    old = {group[one.key], group[other.key]}
                    group = {key: least if now in old else now for key, now in group.items()}
                    changed = True
    return {one.key: _answer(one, mail, group) for one in mail if _is_question(one)}


def _names(one: Mail) -> set[str]:
    contents = [one.received.content, *(copy.content for copy in one.copies if copy.content)]
    return {
        name
        for content in contents
        for name in (content.message_id, *(content.references or content.in_reply_to[:1]))
    }


def _is_question(one: Mail) -> bool:
    said = one.classified
    return said.direction is Direction.INBOUND and said.wants_answer and not said.automatic


def _at(one: Mail) -> datetime:
    return min([one.received.received_at, *(copy.received_at for copy in one.copies)])


def _answer(one: Mail, mail: Sequence[Mail], group: dict[UUID, UUID]) -> UUID | None:
    found = [
        (_at(other), other.key)
        for other in mail
        if other.classified.direction is Direction.OUTBOUND
        and not other.classified.automatic
        and _at(other) >= _at(one)
        and group[other.key] == group[one.key]
    ]
    return min(found)[1] if found else None


@pytest.mark.parametrize("seed", range(4))
def test_answers_are_those_of_an_oracle_whatever_the_order(
    database: "Database", seed: int
) -> None:
    mail = [to_everybody(one) for one in office(seed, 60)]
    expected = answers_by_oracle(mail)
    with database.connect() as connection:
        for order in range(2):
            batches = in_batches(story(mail, order), order)
            names = fill(connection, CORRESPONDENCE, batches)
            found = {row[0]: row[9] for row in rows(connection, names, LETTER)}
            assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_the_same_wherever_batches_begin_and_end(database: "Database", seed: int) -> None:
    events = story(office(seed, 60), seed)
    with database.connect() as connection:
        ways: list[list[Sequence[Recorded]]] = [
            [events],
            [[event] for event in events],
            in_batches(events, seed),
        ]
        filled = [
            fill(connection, CORRESPONDENCE, way, 10 * at + going_on, going_on=bool(going_on))
            for at, way in enumerate(ways, 1)
            for going_on in range(2)
        ]
        for table in CORRESPONDENCE.tables:
            one, *others = (rows(connection, names, table) for names in filled)
            assert all(other == one for other in others), table.name


@pytest.mark.parametrize("seed", range(3))
def test_groups_and_waiting_do_not_depend_on_the_order_of_capture(
    database: "Database", seed: int
) -> None:
    mail = office(seed + 50, 60)
    with database.connect() as connection:
        found = []
        for order in range(3):
            names = fill(connection, CORRESPONDENCE, [story(mail, order)], 20 + order)
            members = {row[:3] for row in rows(connection, names, MEMBER) if row[4] is None}
            waiting = {
                (row[0], row[1], row[2], row[3], row[4], tuple(row[6]))
                for row in rows(connection, names, WAITING)
                if row[8] is None
            }
            found.append((members, waiting))
        assert found[0] == found[1] == found[2]


def misread(chance: random.Random, content: Content) -> Content:
    """Read a content wrongly: who wrote to whom, about what, in answer to which mail."""
    wrong = replace(
        content,
        references=(f"{chance.randrange(60)}@x.example",),
        in_reply_to=(),
        subject=f"Tema {chance.randrange(7)}",
        authors=(Address(chance.choice(PEOPLE)),),
    )
    return replace(wrong, message_id=f"{chance.randrange(60)}@y.example")


def misread_story(mail: Sequence[Mail], seed: int) -> tuple[list[Recorded], list[Recorded]]:
    """Give a story in which all is read well at first, and one in which some is read anew."""
    chance = random.Random(seed)  # noqa: S311
    right, wrong = [], []
    anew: list[tuple[UUID, MessageEvent | MessageReread]] = []
    for one in mail:
        copies = [replace(x, content_key="v") if x.content else x for x in one.copies[:1]]
        right.append(replace(one, copies=tuple(copies)))
        received = one.received
        if chance.random() < 0.5:
            anew.append(
                (one.key, MessageReread(BOXES[0], BlobName("b"), 2, "k", received.content))
            )
            received = replace(received, content=misread(chance, received.content))
        for at, copy in enumerate(copies):
            if copy.content and chance.random() < 0.5:
                event = MessageReread(BOXES[0], BlobName("c"), 2, "v", copy.content)
                anew.append((one.key, event))
                copies[at] = replace(copy, content=misread(chance, copy.content))
        wrong.append(replace(one, received=received, copies=tuple(copies)))
    told = [(one.stream, one.event) for one in story(wrong, seed)]
    return story(right, seed), recorded([*told, *anew])


@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_anew_counts_as_if_it_had_been_read_so_at_first(
    database: "Database", seed: int
) -> None:
    stories = misread_story(office(seed + 80, 50), seed)
    with database.connect() as connection:
        found = []
        for at, events in enumerate(stories):
            batches = in_batches(events, seed)
            names = fill(connection, CORRESPONDENCE, batches, 40 + at)
            tables = {one.name: rows(connection, names, one) for one in (NODE, LETTER, READING)}
            members = rows(connection, names, MEMBER)
            waiting = rows(connection, names, WAITING)
            tables["member"] = sorted((*row[:3], *row[5:]) for row in members if row[4] is None)
            tables["waiting"] = sorted(row[:7] for row in waiting if row[8] is None)
            found.append(tables)
    assert found[0] == found[1]


def question(number: int, hours: int = 0, **more: object) -> Mail:
    at = START + timedelta(hours=hours)
    content = Content(
        reader=1,
        message_id=f"q{number}@x.example",
        subject="Domanda",
        authors=(Address("a@rossi.example"),),
        to=(Address("info@firma.example"),),
    )
    received = MessageReceived(
        mailbox=BOXES[0], role=FolderRole.INBOX, received_at=at, size=1, raw=BlobName("b"),
        content_key="k", header_key="", folder="INBOX", raw_sha256="0" * 64, content=content,
    )  # fmt: skip
    classified = MessageClassified(
        direction=Direction.INBOUND, automatic=False, kind="", wants_answer=True, reason="",
        rule_version=1,
    )  # fmt: skip
    return replace(Mail(UUID(int=number), received, classified, closed=False), **more)  # type: ignore[arg-type]


def answer(number: int, to: Mail, hours: int) -> Mail:
    content = Content(
        reader=1,
        message_id=f"a{number}@x.example",
        subject="Re: Domanda",
        authors=(Address("info@firma.example"),),
        to=(Address("a@rossi.example"),),
        references=(to.received.content.message_id,),
    )
    at = START + timedelta(hours=hours)
    received = replace(to.received, received_at=at, content=content, role=FolderRole.SENT)
    said = replace(to.classified, direction=Direction.OUTBOUND, wants_answer=False)
    return Mail(UUID(int=number), received, said, closed=False)


async def test_how_mail_stood_at_a_time_and_what_was_known_at_a_position(
    database: "Database",
) -> None:
    asked = question(1)
    replied = answer(2, asked, hours=5)
    events = recorded(
        [
            (asked.key, asked.received),
            (asked.key, asked.classified),
            (replied.key, replied.received),
            (replied.key, replied.classified),
        ]
    )
    with database.connect() as connection:
        names = fill(connection, CORRESPONDENCE, [events])
    async with await database.connect_async() as reading:

        async def waiting(as_of: AsOf, reader: Reader = EVERYTHING) -> list[UUID]:
            found = await waiting_in(reading, names, reader, as_of=as_of)
            return [row.message for row in found.rows]

        assert await waiting(AsOf()) == []
        assert await waiting(AsOf(time=START + timedelta(hours=1))) == [asked.key]
        assert await waiting(AsOf(time=START + timedelta(hours=6))) == []
        assert await waiting(AsOf(time=START - timedelta(hours=1))) == []
        assert await waiting(AsOf(position=2)) == [asked.key]
        assert await waiting(AsOf(position=1)) == []
        assert await waiting(AsOf(position=4)) == []
        stranger = Reader(mailboxes=(BOXES[1],))
        assert await waiting(AsOf(position=2), stranger) == []
        letter = (await letters_of(reading, names, EVERYTHING, [asked.key]))[asked.key]
        assert letter.answered_by == replied.key
        assert await letters_of(reading, names, stranger, [asked.key]) == {}


async def test_an_answer_in_the_same_second_is_one(database: "Database") -> None:
    asked = question(1)
    replied = answer(2, asked, hours=0)
    events = [
        (one.key, event) for one in (asked, replied) for event in (one.received, one.classified)
    ]
    with database.connect() as connection:
        names = fill(connection, CORRESPONDENCE, [recorded(events)])
    async with await database.connect_async() as reading:
        assert (await waiting_in(reading, names, EVERYTHING)).rows == []
        letter = (await letters_of(reading, names, EVERYTHING, [asked.key]))[asked.key]
        assert letter.answered_by == replied.key


async def test_a_late_ancestor_joins_two_conversations_and_their_old_ids_lead_on(
    database: "Database",
) -> None:
    first = question(5)
    one, other = answer(6, first, hours=1), answer(7, first, hours=2)
    strange = replace(one.received.content, references=("x@x.example",))
    apart = replace(one, received=replace(one.received, content=strange))
    bridging = replace(first.received.content, references=("x@x.example",))
    late = replace(first, received=replace(first.received, content=bridging))
    events = recorded([(mail.key, mail.received) for mail in (apart, other, late)])
    with database.connect() as connection:
        names = fill(connection, CORRESPONDENCE, [events])
    async with await database.connect_async() as reading:
        keys = [apart.key, other.key, late.key]
        now = await conversations_of(reading, names, EVERYTHING, keys)
        assert set(now.values()) == {late.key}
        before = await conversations_of(reading, names, EVERYTHING, keys, AsOf(position=2))
        assert before == {apart.key: apart.key, other.key: other.key}
        members = await members_of(reading, names, EVERYTHING, late.key)
        assert [member.message for member in members] == [late.key, apart.key, other.key]
