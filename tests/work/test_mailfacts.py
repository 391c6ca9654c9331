"""The facts of messages that rules are asked about: what was read, and what was known when."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from api.work.calendars import save_calendar
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.mailfacts import Known, facts_of, knowledge
from api.work.tokens import by_operator
from domain.calendars import CalendarSaved
from domain.hours import read_week
from domain.identity import mailbox_id
from domain.mailfacts import Facts
from domain.message import MessageReceived
from letters import letter
from office import ADA, FILES, INFO, SALES, delivered

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
A_FRIDAY = "06 Feb 2026 13:30:00 +0100"


def messages(carteggio: Carteggio) -> dict[str, UUID]:
    """Give the messages by the subject of their first copy."""
    found = carteggio.journal.read(0, limit=100_000, names=("message.received",))
    return {
        one.event.content.subject: one.stream
        for one in found
        if isinstance(one.event, MessageReceived)
    }


def told(carteggio: Carteggio, known: Known = Known.NOW) -> Mapping[str, Facts]:
    """Give the facts of all messages by their subject."""
    ids = messages(carteggio)
    found = asyncio.run(facts_of(carteggio, list(ids.values()), known))
    return {one.subject: one for one in found.values()}


def arrives(carteggio: Carteggio, folder: Path, *letters: bytes, box: str = INFO) -> None:
    path = folder / "in.mbox"
    path.write_bytes(b"".join(map(delivered, letters)))
    import_mail(carteggio, Wanted(path, box, "INBOX"), lambda _: None)


def directory(carteggio: Carteggio, folder: Path, **changed: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in (FILES | changed).items():
        (folder / name).write_text(text)
    import_directory(carteggio, folder)


def test_facts_tell_what_a_message_says_and_whose_it_is(office):
    facts = told(office)
    invoice, plan = facts["Invoice 2026/17"], facts["Plan"]
    assert [one.spec for one in invoice.senders] == ["ada@acme.example"]
    assert [(one.code, one.told("city")) for one in invoice.parties] == [("C1", "Turin")]
    assert [(one.kind, one.number) for one in invoice.documents] == [("invoice", "2026/17")]
    assert (invoice.direction, invoice.automatic) == ("inbound", False)
    assert ("auto-submitted", "auto-generated") in facts["News"].headers
    assert facts["News"].automatic
    assert [(one.name, one.media_type) for one in plan.attachments] == [
        ("plan.pdf", "application/pdf")
    ]
    assert (plan.text, plan.size > 200) == ("See the file, please?", True)
    assert len(facts["For both"].mailboxes) == 2
    assert not facts["Who am I?"].parties  # it is ambiguous
    assert (facts["Re: Delivery?"].direction, facts["Hello?"].parties) == ("outbound", ())


def test_facts_are_the_same_alone_or_together_and_nothing_is_recorded(office):
    before = office.journal.head()
    facts = told(office)
    asked = asyncio.run(knowledge(office))
    alone = [asked.facts_of([one.message])[one.message] for one in facts.values()]
    assert alone == list(facts.values())
    assert asked.facts_of([UUID(int=5)]) == {}
    assert office.journal.head() == before


def test_links_and_master_data_are_told_as_known_then_or_now(carteggio, tmp_path):
    directory(carteggio, tmp_path / "erp", **{"contacts.csv": "party_id,name,role,email\n"})
    first = letter("q1@acme.example", b"Question", sender=ADA, date=A_FRIDAY)
    arrives(carteggio, tmp_path, first)
    carteggio.feed.catch_up(carteggio.journal.head())
    assert not told(carteggio)["Question"].parties
    directory(carteggio, tmp_path / "erp")
    second = letter("q2@acme.example", b"Second", sender=ADA, date=A_FRIDAY)
    arrives(carteggio, tmp_path, second)
    moved = FILES["parties.csv"].replace("Turin", "Milan")
    directory(carteggio, tmp_path / "erp", **{"parties.csv": moved})
    carteggio.feed.catch_up(carteggio.journal.head())
    cities = {
        known: {
            subject: [party.told("city") for party in one.parties]
            for subject, one in told(carteggio, known).items()
        }
        for known in Known
    }
    assert cities[Known.NOW] == {"Question": ["Milan"], "Second": ["Milan"]}
    assert cities[Known.THEN] == {"Question": [], "Second": ["Turin"]}


def test_business_hours_are_those_of_the_mailboxs_calendar(carteggio, tmp_path):
    directory(carteggio, tmp_path / "erp", **{"mailboxes.csv": f"address\n{INFO}\n{SALES}\n"})
    sales = mailbox_id(carteggio.identity_key, SALES)
    hours = read_week("Mon-Fri 09:00-13:00 14:00-18:00")
    one = CalendarSaved("Europe/Rome", hours, "IT", "", (), (sales,), JANUARY, "Sales")
    save_calendar(carteggio, one, by_operator())
    both = letter("l@acme.example", b"Lunch", sender=ADA, to=f"{INFO}, {SALES}", date=A_FRIDAY)
    for box in (INFO, SALES):
        arrives(carteggio, tmp_path, both, box=box)
    carteggio.feed.catch_up(carteggio.journal.head())
    facts = told(carteggio)["Lunch"]
    assert facts.open == (mailbox_id(carteggio.identity_key, INFO),)
    assert set(facts.mailboxes) == {*facts.open, sales}
