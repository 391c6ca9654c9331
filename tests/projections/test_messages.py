"""Messages as they are read: whatever the order of capture, and by whoever reads."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.message import (
    CaptureMessage,
    CloseReason,
    Direction,
    FolderRole,
    MessageClosed,
    MessageReopened,
)
from projections import messages
from projections.history import history
from projections.mail import mail
from projections.messages import MessageFilter
from projections.reader import EVERYTHING, AsOf, Page, Reader
from projections.tags import tags
from worlds import (
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
    plain,
    world,
)

NAMES = names_for(mail, history, tags)


@pytest.fixture
async def read(database):
    """Fill the tables with events, and give a connection for reading."""
    with database.connect() as connection:
        create(connection, NAMES, mail, history, tags)
    async with await database.connect_async() as reading:

        def filled(log):
            with database.connect() as connection:
                for one in (mail, history, tags):
                    fill(connection, NAMES, one, log.events, [13])
            return reading

        yield filled


def logged(*events):
    log = Log()
    for stream, event in events:
        log.add(stream, event)
    return log


COPIES = [
    (1, capture(1, 1, minutes=30, mailbox=MAILBOXES[0], variant=0)),
    (1, capture(1, 2, minutes=20, mailbox=MAILBOXES[1], variant=1, archived=True)),
    (1, capture(1, 3, minutes=10, mailbox=MAILBOXES[2], variant=0, role=FolderRole.SENT)),
    (1, capture(1, 4, minutes=10, mailbox=MAILBOXES[0], variant=2)),
]


async def _everything(connection):
    ids = [message_id(1)]
    found = await messages.by_ids(connection, NAMES, EVERYTHING, ids)
    shown = await messages.contents_of(connection, NAMES, EVERYTHING, ids)
    people = await messages.participants_of(connection, NAMES, EVERYTHING, ids)
    files = await messages.attachments_of(connection, NAMES, EVERYTHING, ids)
    places = await messages.occurrences_of(connection, NAMES, EVERYTHING, ids)
    variants = await messages.variants_of(connection, NAMES, EVERYTHING, message_id(1))
    return (
        plain(found.values(), "position", "recorded_at"),
        shown, people, files, variants,
        # Marks are a place's as it was seen last.
        plain(places[message_id(1)], "position", "recorded_at", "variant", "flags"),
    )  # fmt: skip


async def test_what_is_shown_does_not_depend_on_the_order_of_capture(new_database) -> None:
    seen: list[tuple[Any, ...]] = []
    database = new_database()
    for order in itertools.permutations(COPIES):
        with database.connect() as connection:
            for table in mail.tables:
                connection.execute(NAMES.sql("DROP TABLE IF EXISTS {one}", one=NAMES[table.name]))
            create(connection, NAMES, mail)
            sizes = [1, 2] if len(seen) % 2 else [10]
            fill(connection, NAMES, mail, logged(*captured(order)).events, sizes)
        async with await database.connect_async() as reading:
            seen.append(await _everything(reading))
    assert all(one == seen[0] for one in seen)
    row = seen[0][0][0]
    assert "Angebot 1" in row
    assert sorted(MAILBOXES) in row


async def test_a_message_id_used_twice_is_marked(read) -> None:
    pairs = [
        (number, capture(number, header="same" if number < 4 else None)) for number in range(6)
    ]
    reading = read(logged(*captured(pairs)))
    found = await messages.by_ids(reading, NAMES, EVERYTHING, [message_id(at) for at in range(6)])
    assert [found[message_id(at)].shares_header_id for at in range(6)] == [True] * 4 + [False] * 2
    assert len(await messages.by_header_key(reading, NAMES, EVERYTHING, "same")) == 4


async def test_bcc_is_seen_by_readers_of_the_mailbox_that_sent_it(read) -> None:
    copies = [
        (3, capture(3, 1, mailbox=MAILBOXES[0])),
        (3, capture(3, 2, mailbox=MAILBOXES[1], role=FolderRole.SENT)),
    ]
    reading = read(logged(*captured(copies)))

    async def roles(reader):
        found = await messages.participants_of(reading, NAMES, reader, [message_id(3)])
        return {row.role for row in found.get(message_id(3), [])}

    assert "bcc" in await roles(EVERYTHING)
    assert "bcc" in await roles(Reader((MAILBOXES[1],)))
    assert await roles(Reader((MAILBOXES[0],))) == {"from", "to", "cc"}
    assert await roles(Reader((MAILBOXES[2],))) == set()


async def test_nothing_foreign_is_seen(read) -> None:
    log = Log(world(5, 600))
    reading = read(log)
    ids = [message_id(at) for at in range(40)]
    for mailbox in MAILBOXES:
        reader = Reader((mailbox,))
        seen = await messages.by_ids(reading, NAMES, reader, ids)
        assert seen
        assert all(mailbox in row.mailboxes for row in seen.values())
        for ask in (messages.contents_of, messages.participants_of, messages.attachments_of):
            assert set(await ask(reading, NAMES, reader, ids)) <= set(seen)
        places = await messages.occurrences_of(reading, NAMES, reader, ids)
        assert {one.mailbox for rows in places.values() for one in rows} == {mailbox}
        page = await messages.page(reading, NAMES, reader, MessageFilter())
        assert {row.id for row in page.rows} == set(seen)
        assert (page.total, page.total_exact) == (len(seen), True)
    assert await messages.by_ids(reading, NAMES, Reader(()), ids) == {}


async def test_pages_join_to_the_whole_in_both_directions(read) -> None:
    reading = read(Log(world(2, 500)))
    wanted = MessageFilter(directions=("inbound", "outbound"))
    whole = (await messages.page(reading, NAMES, EVERYTHING, wanted)).rows
    assert [(row.received_at, row.id) for row in whole] == sorted(
        ((row.received_at, row.id) for row in whole), reverse=True
    )
    key = messages.NEWEST_FIRST.key
    forward, page = [], Page(first=7)
    while True:
        part = await messages.page(reading, NAMES, EVERYTHING, wanted, page)
        forward += part.rows
        assert part.total == len(whole)
        if not part.has_next:
            break
        page = Page(first=7, after=key(part.rows[-1]))
    assert forward == whole
    back = await messages.page(
        reading, NAMES, EVERYTHING, wanted, Page(last=5, before=key(whole[10]))
    )
    assert back.rows == whole[5:10]
    assert back.has_previous
    assert back.has_next
    last = await messages.page(reading, NAMES, EVERYTHING, wanted, Page(last=5))
    assert last.rows == whole[-5:]
    assert not last.has_next
    oldest = await messages.page(reading, NAMES, EVERYTHING, wanted, order=messages.OLDEST_FIRST)
    assert oldest.rows == whole[::-1]


async def test_filters_choose(read) -> None:
    log = logged(*captured((at, capture(at)) for at in range(4)))
    log.add(message_id(0), classified(Direction.OUTBOUND, automatic=True))
    log.add(message_id(1), linked(PARTIES[0]))
    reading = read(log)

    async def numbers(**wanted):
        page = await messages.page(reading, NAMES, EVERYTHING, MessageFilter(**wanted))
        return sorted(at for at in range(4) if message_id(at) in {row.id for row in page.rows})

    assert await numbers(directions=("outbound",)) == [0]
    assert await numbers(automatic=True) == [0]
    assert await numbers(party=PARTIES[0]) == [1]
    assert await numbers(is_linked=False) == [0, 2, 3]
    assert await numbers(has_attachments=True) == [1, 3]
    assert await numbers(mailboxes=(MAILBOXES[1],)) == []
    hour = timedelta(hours=1)
    assert await numbers(from_time=NOON + hour, to_time=NOON + 3 * hour) == [1, 2]


async def test_a_message_is_given_as_it_was(read) -> None:
    log = logged(*captured([(1, capture(1))]))
    log.add(message_id(1), classified())
    log.add(message_id(1), MessageClosed(CloseReason.COURTESY))
    log.add(message_id(1), MessageReopened())
    reading = read(log)

    async def at(**when):
        row = await messages.by_id(reading, NAMES, EVERYTHING, message_id(1), AsOf(**when))
        return row and (row.direction, row.closed)

    assert await at(position=0) is None
    assert await at(position=1) == (None, False)
    assert await at(position=2) == ("inbound", False)
    assert await at(position=3) == ("inbound", True)
    assert await at(position=4) == ("inbound", False)
    assert await at() == ("inbound", False)
    assert await at(time=NOON) is None
    assert await at(time=NOON + timedelta(hours=2)) == ("inbound", False)


async def test_all_ids_come_in_portions_the_oldest_first(read) -> None:
    reading = read(logged(*captured((at, capture(at)) for at in range(25))))
    portions = [
        ids async for ids in messages.all_ids(reading, NAMES, EVERYTHING, MessageFilter(), 10)
    ]
    assert [len(ids) for ids in portions] == [10, 10, 5]
    assert list(itertools.chain(*portions)) == [message_id(at) for at in range(25)]


async def test_a_reader_sees_only_the_form_that_lies_in_his_mailboxes(read) -> None:
    reading = read(logged(*captured(COPIES)))
    for place, variants in ((0, {0, 2}), (1, {1}), (2, {0})):
        reader, ids = Reader((MAILBOXES[place],)), [message_id(1)]
        forms = await messages.variants_of(reading, NAMES, reader, message_id(1))
        assert {one.content for one in forms} == {f"content-1-{one}" for one in variants}
        row = (await messages.by_ids(reading, NAMES, reader, ids))[message_id(1)]
        places = (await messages.occurrences_of(reading, NAMES, reader, ids))[message_id(1)]
        first = places[0]
        assert (row.content, row.size, row.raw_sha256) == (
            first.content, first.size, first.raw_sha256,
        )  # fmt: skip
        said = (await messages.contents_of(reading, NAMES, reader, ids))[message_id(1)]
        assert (said.content, said.subject) == (row.content, row.subject)
        assert said == forms[0]
        page = await messages.page(reading, NAMES, reader, MessageFilter())
        assert page.rows == [row]
        files = (await messages.attachments_of(reading, NAMES, reader, ids))[message_id(1)]
        people = (await messages.participants_of(reading, NAMES, reader, ids))[message_id(1)]
        assert {one.content for one in files} == {one.content for one in people} == {row.content}


async def test_having_attachments_is_asked_of_the_form_that_is_seen(read) -> None:
    plain, packed = capture(2, 1, mailbox=MAILBOXES[0]), capture(1, 2, mailbox=MAILBOXES[1])
    other = replace(packed.received, received_at=plain.received.received_at - timedelta(hours=9))
    copies = [(2, plain), (2, CaptureMessage(packed.occurrence, other))]
    reading = read(logged(*captured(copies)))
    for place, count in ((0, 0), (1, 1)):
        reader = Reader((MAILBOXES[place],))
        wanted = MessageFilter(has_attachments=True)
        assert (await messages.page(reading, NAMES, reader, wanted)).total == count
