"""The audit trail: whole, readable, bounded, and no wider than what the reader may see."""

import json
from dataclasses import replace

import pytest

from domain.catalog import CATALOG
from domain.choosing import TargetKind
from domain.message import LinkState, MessageUnlinked
from domain.party import PartyRegistered
from domain.recorded import Erased
from events import example
from projections.directory import directory
from projections.fields import DATA_LIMIT, data_of
from projections.reader import EVERYTHING, AsOf, Page, Reader
from projections.sentences import sentence
from projections.trail import trail
from projections.trails import AuditFilter, log, trail_of
from worlds import MAILBOXES, PARTIES, Log, capture, create, fill, linked, message_id, names_for

NAMES = names_for(trail, directory)


@pytest.fixture
async def read(database):
    story = Log()
    story.add(message_id(1), capture(1).received)
    story.add(message_id(1), linked(PARTIES[0]))
    story.add(message_id(1), MessageUnlinked(TargetKind.PARTY, PARTIES[0], "", 0, "wrong"))
    story.add(PARTIES[0], PartyRegistered("erp", "C1", "customer", "it", "IT", 3, "Acme"))
    story.add(message_id(2), capture(2).received, erased=True)
    with database.connect() as connection:
        create(connection, NAMES, trail, directory)
        for one in (trail, directory):
            fill(connection, NAMES, one, story.events, [2])
    async with await database.connect_async() as reading:
        yield reading


async def _said(reading, subject, reader=EVERYTHING, **more):
    found = await trail_of(reading, NAMES, reader, subject, **more)
    return [row.summary for row in found.rows]


async def test_a_trail_tells_what_happened_to_a_message_and_to_its_party(read) -> None:
    assert await _said(read, message_id(1)) == [
        'received in INBOX: "Angebot 1"',
        "linked to party by address-exact (from): buyer@client.example",
        "unlinked from party by a person: wrong",
    ]
    assert await _said(read, PARTIES[0]) == [
        "linked to party by address-exact (from): buyer@client.example",
        "unlinked from party by a person: wrong",
        "registered customer Acme (erp C1)",
    ]
    assert len(await _said(read, PARTIES[0], as_of=AsOf(position=2))) == 1
    page = await trail_of(read, NAMES, EVERYTHING, PARTIES[0], Page(first=1))
    assert (page.has_next, page.total) == (True, 3)
    assert json.loads(page.rows[0].data)["evidence"] == "buyer@client.example"


async def test_a_trail_is_no_wider_than_the_mail(read) -> None:
    other = Reader((MAILBOXES[1],))
    assert await _said(read, message_id(1), Reader((MAILBOXES[0],))) != []
    assert await _said(read, message_id(1), other) == []
    assert await _said(read, PARTIES[0], other) == ["registered customer Acme (erp C1)"]
    assert await _said(read, PARTIES[0], Reader(None, clearance=2)) == []
    assert await _said(read, message_id(1), Reader(None, clearance=2)) == [
        'received in INBOX: "Angebot 1"'
    ]


async def test_what_was_erased_is_known_to_have_been_only_by_who_sees_all(read) -> None:
    assert await _said(read, message_id(2)) == ["message.received: erased"]
    assert await _said(read, message_id(2), Reader(tuple(MAILBOXES))) == []


async def test_the_whole_log_can_be_asked(read) -> None:
    wanted = AuditFilter(events=("message.linked", "party.registered"))
    found = await log(read, NAMES, EVERYTHING, wanted)
    assert [row.name for row in found.rows] == ["party.registered", "message.linked"]
    nobody = await log(read, NAMES, EVERYTHING, AuditFilter(actor_id="nobody"))
    assert nobody.rows == []


@pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)
def test_every_event_has_its_sentence_and_its_fields(kind) -> None:
    event = example(kind.event)
    said = sentence(event)
    assert said
    assert said != kind.event.__name__
    assert len(said) < 400
    assert set(json.loads(data_of(event))) == set(kind.event.__dataclass_fields__)


def test_long_events_are_cut() -> None:
    received = capture(1).received
    long = ("reference" * 100,) * 500
    content = replace(received.content, text="é" * 60_000, references=long, defects=long)
    data = data_of(replace(received, content=content, folder="f" * 50_000))
    assert len(data.encode()) <= DATA_LIMIT
    assert json.loads(data)["content"]["subject"] == "Angebot 1"
    assert sentence(Erased("message.linked")) == "message.linked: erased"
    assert sentence(linked(PARTIES[0], LinkState.AMBIGUOUS)).count("ambiguous") == 1
