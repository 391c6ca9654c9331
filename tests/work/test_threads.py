"""Mail that goes on with other mail without naming it, and what else links without an exact address."""

import random
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.company import CompanyDescribed, MailboxRegistered
from domain.content import Forwarded, Notice, NoticeKind
from domain.document import DocumentRecord, DocumentRegistered
from domain.message import FolderRole, MessageReceived
from domain.party import PartyRegistered
from domain.values import Address, PartyId
from events import journal
from reacting import BOX, Fact, contact, happened, links, party, received, settle, threads

if TYPE_CHECKING:
    from adapters.database import Database

ROSSI, BIANCHI = PartyId(UUID(int=11)), PartyId(UUID(int=12))
ORDER, NOTE = UUID(int=21), UUID(int=22)
INFO, UGO = "info@firma.example", "ugo@firma.example"
ANNA, NEW_ANNA = "anna@rossi.example", "anna@rossi-nuova.example"
ASKED, ANSWERED, AGAIN, CLAIM, SETTLED, INSIDE, PASSED_ON, TOLD, MOVED, BOB, SENT, OTHER = (
    UUID(int=number) for number in range(31, 43)
)
BY_SES = "0102018c-7f3a-000000@eu-west-1.amazonses.com"
SENT_ROLE = FolderRole.SENT


def paper(key: UUID, kind: str, number: str, owner: PartyId) -> Fact:
    record = DocumentRecord(kind, number, owner, date(2026, 1, 2))
    return key, DocumentRegistered("erp", number, record)


MASTER_DATA: list[Fact] = [
    (UUID(int=2), CompanyDescribed("Firma", ("firma.example",))),
    (BOX, MailboxRegistered(certified=False, address=INFO)),
    party(ROSSI, "C1"),
    party(BIANCHI, "C2"),
    contact(41, ROSSI, ANNA),
    contact(42, BIANCHI, "b@bianchi.example"),
    paper(ORDER, "sales_order", "2026/118", ROSSI),
    paper(NOTE, "delivery_note", "BL-551", BIANCHI),
]
MAIL: list[Fact] = [
    received(ASKED, ANNA, INFO, "Ordine 2026/118", hours=0),
    received(ANSWERED, INFO, ANNA, "R: Ordine 2026/118", hours=5, role=SENT_ROLE, text="Lunedì."),
    received(AGAIN, ANNA, INFO, "Re: R: Ordine 2026/118", hours=30, text="E le viti?"),
    received(CLAIM, "b@bianchi.example", INFO, "Reclamo", hours=3, text="bolla BL 551: mancano"),
    received(SETTLED, INFO, "b@bianchi.example", "Bolla BL-551", hours=9, role=SENT_ROLE),
    received(INSIDE, UGO, INFO, "promemoria", hours=40, text="notizie di bolla BL-551?"),
    received(
        PASSED_ON, UGO, INFO, "I: Ordine", hours=41, text="per te",
        forwarded=Forwarded(Address(ANNA), "Ordine", by_command=False, text="ordine 2026/118"),
    ),
    received(TOLD, ANNA, INFO, "Nuovo indirizzo", hours=50, text=f"scrivete a {NEW_ANNA}"),
    received(MOVED, NEW_ANNA, INFO, "Un preventivo", hours=60),
    received(BOB, "bob@uffici.bianchi.example", INFO, "Saluti", hours=70),
    received(
        SENT, INFO, "b@bianchi.example", "Bolla BL-551", hours=80, role=SENT_ROLE,
        message_id="77.JavaMail.erp@firma.example",
    ),
]  # fmt: skip
THREADS = {
    ANSWERED: (ASKED, "same-subject"),
    AGAIN: (ANSWERED, "same-subject"),
    SETTLED: (CLAIM, "answers-question"),
    PASSED_ON: None,
}
PARTIES = {
    (ASKED, ROSSI, "address-exact"),
    (ANSWERED, ROSSI, "address-exact"),
    (AGAIN, ROSSI, "address-exact"),
    (CLAIM, BIANCHI, "address-exact"),
    (SETTLED, BIANCHI, "address-exact"),
    (INSIDE, BIANCHI, "number-alone"),
    (PASSED_ON, ROSSI, "forwarded"),
    (TOLD, ROSSI, "address-exact"),
    (MOVED, ROSSI, "address-announced"),
    (BOB, BIANCHI, "company-domain"),
    (SENT, BIANCHI, "address-exact"),
}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_arrival_does_not_matter(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    log, facts = journal(database, tmp_path), MASTER_DATA + MAIL
    chance.shuffle(facts)
    for fact in facts:
        happened(log, [fact])
        if chance.random() < 0.5:
            settle(log, database)
    settle(log, database)
    found = links(log)
    assert {(one[0], one[2], one[4]) for one in found if one[1] == "party"} == PARTIES
    assert {one[3] for one in found} == {"automatic"}
    papers = {(one[0], one[2]) for one in found if one[1] == "document"}
    assert papers == {
        *((one, ORDER) for one in (ASKED, ANSWERED, AGAIN, PASSED_ON)),
        *((one, NOTE) for one in (CLAIM, SETTLED, INSIDE, SENT)),
    }
    assert threads(log) == {key: found for key, found in THREADS.items() if found}


INDEX = b64encode(bytes(range(22))).decode().rstrip("=")
ANSWERED_INDEX = b64encode(bytes(range(27))).decode().rstrip("=")


@pytest.mark.parametrize(
    ("later", "rule"),
    [
        (received(AGAIN, "carla@rossi.example", INFO, "Ordine", hours=900), "thread-index"),
        (received(AGAIN, ANNA, INFO, "R: Ordine", hours=900), "thread-index"),
        (received(AGAIN, ANNA, INFO, "Un'altra cosa", hours=900), None),
        (received(AGAIN, "bob@bianchi.example", INFO, "R: Ordine", hours=900), None),
        (received(AGAIN, ANNA, INFO, "R: Ordine", hours=24 * 200), None),
    ],
)
def test_mail_of_one_thread_by_exchange_goes_on_if_firm_and_subject_are_the_same(
    database: "Database", tmp_path: Path, later: Fact, rule: str | None
) -> None:
    log = journal(database, tmp_path)
    first = received(ASKED, ANNA, INFO, "Ordine", thread_index=INDEX)
    happened(log, [*MASTER_DATA, indexed(later, ANSWERED_INDEX)])
    settle(log, database)
    happened(log, [first])
    settle(log, database)
    assert threads(log) == ({AGAIN: (ASKED, rule)} if rule else {})


def indexed(fact: Fact, index: str) -> Fact:
    key, event = fact
    assert isinstance(event, MessageReceived)
    return key, replace(event, content=replace(event.content, thread_index=index))


@pytest.mark.parametrize("seed", range(3))
def test_mail_that_is_delivered_under_another_id_is_the_one_that_was_sent(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    log, at = journal(database, tmp_path), datetime(2026, 1, 5, 8, tzinfo=UTC)
    facts = [
        received(ASKED, INFO, ANNA, "Offerta 7", role=SENT_ROLE, sent_at=at),
        received(ANSWERED, INFO, ANNA, "Offerta 7", hours=1, sent_at=at, message_id=BY_SES),
        received(OTHER, INFO, "b@bianchi.example", "Offerta 7", hours=1, sent_at=at,
                 message_id=f"9{BY_SES}"),
        received(AGAIN, ANNA, INFO, "Ci siamo", hours=9, in_reply_to=(BY_SES,)),
    ]  # fmt: skip
    random.Random(seed).shuffle(facts)  # noqa: S311
    for fact in [*MASTER_DATA, *facts]:
        happened(log, [fact])
        settle(log, database)
    assert threads(log) == {ANSWERED: (ASKED, "rewritten-id")}


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_to_an_id_that_only_a_notice_tells_inherits_what_the_sent_mail_is_about(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    log = journal(database, tmp_path)
    told = Notice(NoticeKind.DELIVERY, "relayed", concerns=(f"{ASKED.int}@x.example", BY_SES))
    facts = [
        received(ASKED, INFO, ANNA, "Ordine 2026/118", role=SENT_ROLE),
        received(TOLD, "postmaster@mx.example", INFO, "Relayed", hours=1, notice=told),
        received(AGAIN, "anna@home.example", INFO, "Va bene", hours=2, in_reply_to=(BY_SES,)),
    ]
    random.Random(seed).shuffle(facts)  # noqa: S311
    for fact in [*MASTER_DATA, *facts]:
        happened(log, [fact])
        settle(log, database)
    found = {one[2] for one in links(log) if one[0] == AGAIN}
    assert found == {ROSSI, ORDER}


FIRST, SECOND, THIRD = (UUID(int=number) for number in range(61, 64))


@pytest.mark.parametrize("seed", range(6))
def test_numbers_in_answers_among_ourselves_are_found_whoever_is_decided_on_with_them(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    other = UUID(int=64)
    talk = [
        received(FIRST, UGO, INFO, "Ordine 2026/118"),
        received(SECOND, INFO, UGO, "R: Ordine 2026/118", hours=1, text="e ordine 2026/551?",
                 references=(f"{FIRST.int}@x.example",)),
        received(THIRD, UGO, INFO, "R: Ordine 2026/118", hours=2, text="e ordine 2026/551?",
                 references=(f"{FIRST.int}@x.example", f"{SECOND.int}@x.example")),
    ]  # fmt: skip
    log, facts = journal(database, tmp_path), talk
    chance.shuffle(facts)
    happened(log, [*MASTER_DATA, paper(other, "sales_order", "2026/551", ROSSI)])
    for fact in facts:
        happened(log, [fact])
        if chance.random() < 0.5:
            settle(log, database)
    settle(log, database)
    papers = {(one[0], one[2]) for one in links(log) if one[1] == "document"}
    expected = {(one, ORDER) for one in (FIRST, SECOND, THIRD)}
    assert papers == expected | {(SECOND, other), (THIRD, other)}


def test_what_is_found_gives_way_to_what_is_named(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    answer = received(
        AGAIN, ANNA, INFO, "R: Domanda", hours=9, in_reply_to=(f"{ANSWERED.int}@x.example",)
    )
    happened(log, [*MASTER_DATA, received(ASKED, ANNA, INFO, "Domanda"), answer])
    settle(log, database)
    assert threads(log) == {AGAIN: (ASKED, "same-subject")}
    happened(log, [received(ANSWERED, INFO, ANNA, "Tutt'altro", hours=2, role=SENT_ROLE)])
    settle(log, database)
    assert threads(log) == {}


def test_a_question_that_was_answered_is_not_answered_by_the_next_mail(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    answer = received(
        ANSWERED, INFO, ANNA, "R: Ordine 2026/118", hours=2, role=SENT_ROLE,
        in_reply_to=(f"{ASKED.int}@x.example",),
    )  # fmt: skip
    later = received(SENT, INFO, ANNA, "Ordine 2026/118 spedito", hours=20, role=SENT_ROLE)
    asked = received(ASKED, ANNA, INFO, "Ordine 2026/118")
    happened(log, [*MASTER_DATA, asked, later])
    settle(log, database)
    assert threads(log) == {SENT: (ASKED, "answers-question")}
    happened(log, [answer])
    settle(log, database)
    assert threads(log) == {}


@pytest.mark.parametrize("hours", [24 * 31, -1])
def test_only_mail_shortly_before_is_gone_on_with(
    database: "Database", tmp_path: Path, hours: int
) -> None:
    log = journal(database, tmp_path)
    asked = received(ASKED, ANNA, INFO, "Ordine", hours=1)
    happened(log, [*MASTER_DATA, asked, received(AGAIN, ANNA, INFO, "R: Ordine", hours=1 + hours)])
    settle(log, database)
    assert threads(log) == {}


def test_equal_subjects_of_different_people_have_nothing_to_do_with_each_other(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    other = received(AGAIN, "b@bianchi.example", INFO, "R: Ordine", hours=2)
    happened(log, [*MASTER_DATA, received(ASKED, ANNA, INFO, "Ordine"), other])
    settle(log, database)
    assert threads(log) == {}


def test_a_domain_that_gets_a_second_party_only_suggests_from_then_on(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    happened(log, [*MASTER_DATA, received(BOB, "bob@bianchi.example", INFO, "Saluti")])
    settle(log, database)
    assert {(one[2], one[3]) for one in links(log)} == {(BIANCHI, "automatic")}
    third = PartyId(UUID(int=13))
    new = (third, PartyRegistered("erp", "C3", "customer", "it", "IT", 0, "Verdi"))
    happened(log, [new, contact(43, third, "v@bianchi.example")])
    settle(log, database)
    assert {(one[2], one[3]) for one in links(log)} == {
        (BIANCHI, "suggested"),
        (third, "suggested"),
    }


def test_a_number_in_quoted_text_alone_is_for_a_person_to_confirm(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    text = "Hallo,\n\nOn Monday Ugo wrote:\n> your order 2026/118"
    happened(log, [*MASTER_DATA, received(ASKED, ANNA, INFO, "Saluti", text=text)])
    settle(log, database)
    papers = {(one[2], one[3]) for one in links(log) if one[1] == "document"}
    assert papers == {(ORDER, "suggested")}
