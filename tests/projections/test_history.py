"""Links as intervals: what was known then, how mail stood then, what waits for a choice."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.choosing import TargetKind
from domain.message import (
    Direction,
    LinkState,
    MessageClassified,
    MessageCopyFound,
    MessageLinked,
    MessageReceived,
    MessageUnlinked,
)
from projections import links, timelines
from projections.history import history
from projections.mail import mail
from projections.reader import EVERYTHING, AsOf, Page, Reader
from projections.timelines import TimelineFilter
from worlds import (
    DOCUMENTS,
    MAILBOXES,
    NOON,
    PARTIES,
    Log,
    capture,
    captured,
    classified,
    create,
    fill,
    linked,
    message_id,
    names_for,
    world,
)

NAMES = names_for(history, mail)
HOUR = timedelta(hours=1)


@pytest.fixture
async def read(database):
    """Fill the tables with events, and give a connection for reading."""
    async with await database.connect_async() as reading:

        def filled(log):
            with database.connect() as connection:
                create(connection, NAMES, history, mail)
                fill(connection, NAMES, history, log.events, [11])
            return reading

        yield filled


def correspondence():
    """Five messages with one party, the third without; then the first is unlinked."""
    log = Log()
    for stream, event in captured((at, capture(at)) for at in range(5)):
        log.add(stream, event)
    for at in (0, 1, 3, 4):
        log.add(message_id(at), classified(Direction.OUTBOUND if at == 3 else Direction.INBOUND))
        log.add(message_id(at), linked(PARTIES[0]))
    log.add(message_id(2), classified())
    log.add(message_id(0), MessageUnlinked(TargetKind.PARTY, PARTIES[0], "address-exact", 1, "x"))
    return log


async def _mail(reading, target=PARTIES[0], reader=EVERYTHING, **more):
    found = await timelines.timeline(reading, NAMES, reader, target, **more)
    numbers: dict[UUID, int] = {message_id(at): at for at in range(40)}
    return [numbers[row.message] for row in found.rows]


async def test_a_timeline_is_the_mail_of_a_party_the_newest_first(read) -> None:
    reading = read(correspondence())
    assert await _mail(reading) == [4, 3, 1]
    assert await _mail(reading, order=timelines.OLDEST_FIRST) == [1, 3, 4]
    assert await _mail(reading, wanted=TimelineFilter(directions=("outbound",))) == [3]
    assert await _mail(reading, wanted=TimelineFilter(from_time=NOON + 3 * HOUR)) == [4, 3]
    assert await _mail(reading, reader=Reader((MAILBOXES[1],))) == []
    count = await timelines.correspondence(reading, NAMES, EVERYTHING, PARTIES[0])
    assert (count.received, count.sent, count.internal) == (2, 1, 0)
    assert (count.first_at, count.last_at) == (NOON + HOUR, NOON + 4 * HOUR)


async def test_a_timeline_is_read_as_of_any_moment(read) -> None:
    reading = read(correspondence())
    assert await _mail(reading, as_of=AsOf(position=6)) == []
    assert await _mail(reading, as_of=AsOf(position=7)) == [0]
    assert await _mail(reading, as_of=AsOf(position=13)) == [4, 3, 1, 0]
    assert await _mail(reading, as_of=AsOf(time=NOON + 3 * HOUR)) == [3, 1]


async def test_a_timeline_is_paged(read) -> None:
    reading = read(correspondence())
    ask = timelines.timeline
    first = await ask(reading, NAMES, EVERYTHING, PARTIES[0], at=Page(first=2))
    assert (len(first.rows), first.has_next, first.total) == (2, True, 3)
    after = timelines.NEWEST_FIRST.key(first.rows[-1])
    rest = await ask(reading, NAMES, EVERYTHING, PARTIES[0], at=Page(first=2, after=after))
    assert (len(rest.rows), rest.has_next, rest.has_previous) == (1, False, True)


async def test_an_earlier_copy_moves_a_message_back_in_every_history(read) -> None:
    log = correspondence()
    earlier = capture(4, 9, minutes=-200, mailbox=MAILBOXES[1])
    (_, _), (stream, event) = captured([(4, capture(4)), (4, earlier)])
    assert isinstance(event, MessageCopyFound)
    log.add(stream, event)
    reading = read(log)
    assert await _mail(reading) == [3, 1, 4]
    assert await _mail(reading, reader=Reader((MAILBOXES[1],))) == [4]


async def test_links_say_why_and_also_what_was_taken_back(read) -> None:
    reading = read(correspondence())
    ids = [message_id(0), message_id(1)]
    now = await links.links_of(reading, NAMES, EVERYTHING, ids)
    assert set(now) == {message_id(1)}
    link = now[message_id(1)][0]
    assert (link.rule, link.place, link.evidence) == (
        "address-exact",
        "from",
        "buyer@client.example",
    )
    assert await links.link(reading, NAMES, EVERYTHING, link.id) == link
    assert await links.link(reading, NAMES, Reader(()), link.id) is None
    all_ = await links.links_of(reading, NAMES, EVERYTHING, ids, revoked=True)
    assert all_[message_id(0)][0].unlink_reason == "x"
    then = await links.links_of(reading, NAMES, EVERYTHING, ids, AsOf(position=8))
    assert set(then) == {message_id(0)}


def _standing(events, message):
    """Fold the links of a message in the plainest way."""
    found = {}
    for recorded in events:
        if recorded.stream == message and isinstance(recorded.event, MessageLinked):
            found[recorded.event.target] = recorded.event
        if recorded.stream == message and isinstance(recorded.event, MessageUnlinked):
            found.pop(recorded.event.target, None)
    return found


def _direction(events, message):
    said = [
        recorded.event.direction
        for recorded in events
        if recorded.stream == message and isinstance(recorded.event, MessageClassified)
    ]
    return said[-1] if said else None


async def test_lists_agree_with_the_plainest_fold_of_a_drawn_world(read) -> None:
    events = world(11, 900)
    log = Log(events)
    reading = read(log)
    ids = [one.stream for one in events if isinstance(one.event, MessageReceived)]
    standing = {message: _standing(events, message) for message in ids}
    await _targets_agree(reading, standing)
    for ask, state in ((links.ambiguous, "ambiguous"), (links.suggested, "suggested")):
        page = await ask(reading, NAMES, EVERYTHING)
        expected = {
            message for message, found in standing.items()
            if any(link.state == state for link in found.values())
        }  # fmt: skip
        assert {row.message for row in page.rows} == expected
        assert expected
    page = await links.unmatched(reading, NAMES, EVERYTHING)
    assert {row.message for row in page.rows} == {
        message
        for message, found in standing.items()
        if all(link.kind is not TargetKind.PARTY for link in found.values())
        and _direction(events, message) in (Direction.INBOUND, Direction.OUTBOUND)
    }


async def _targets_agree(reading, standing) -> None:
    sure = (LinkState.AUTOMATIC, LinkState.CONFIRMED)
    for ask, kind in ((links.parties_of, "party"), (links.documents_of, "document")):
        found = await ask(reading, NAMES, EVERYTHING, list(standing))
        assert {message: set(targets) for message, targets in found.items()} == {
            message: wanted
            for message, known in standing.items()
            if (wanted := {
                target for target, link in known.items() if link.kind == kind and link.state in sure
            })
        }  # fmt: skip
    for target in (*PARTIES, *DOCUMENTS):
        page = await timelines.timeline(reading, NAMES, EVERYTHING, target)
        assert {row.message for row in page.rows} == {
            message
            for message, known in standing.items()
            if target in known and known[target].state in sure
        }
