"""Mail that begins a conversation of its own though it refers to an earlier one."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.company import CompanyDescribed, MailboxRegistered
from domain.document import DocumentRecord, DocumentRegistered
from domain.message import CloseReason, FolderRole, MessageClosed, MessageReopened
from domain.values import Address, PartyId
from events import envelope, journal
from reacting import BOX, Fact, apart, contact, happened, links, party, received, settle

if TYPE_CHECKING:
    from adapters.database import Database
    from adapters.journal import Journal

ROSSI, BIANCHI = PartyId(UUID(int=11)), PartyId(UUID(int=12))
ORDER = UUID(int=21)
INFO, ANNA, BOB = "info@firma.example", "anna@rossi.example", "b@bianchi.example"
NEWS, BY_ANNA, BY_BOB, TO_ANNA, ABSENT, TALK, ANSWER, LATE, SOON, MARKED, MORE = (
    UUID(int=number) for number in range(31, 42)
)
SENT = FolderRole.SENT


def to(*keys: UUID) -> tuple[str, ...]:
    return tuple(f"{key.int}@x.example" for key in keys)


MASTER_DATA: list[Fact] = [
    (UUID(int=2), CompanyDescribed("Firma", ("firma.example",))),
    (BOX, MailboxRegistered(certified=False, address=INFO)),
    party(ROSSI, "C1"),
    party(BIANCHI, "C2"),
    contact(41, ROSSI, ANNA),
    contact(42, BIANCHI, BOB),
    (ORDER, DocumentRegistered("erp", "1", DocumentRecord("sales_order", "2026/118", ROSSI))),
]
MAIL: list[Fact] = [
    received(
        NEWS, INFO, INFO, "Listino 2026", role=SENT, text="In allegato il listino.",
        bcc=(Address(ANNA), Address(BOB)),
    ),
    received(BY_ANNA, ANNA, INFO, "R: Listino 2026", hours=2, references=to(NEWS)),
    received(BY_BOB, BOB, INFO, "R: Listino 2026", hours=3, references=to(NEWS)),
    received(
        TO_ANNA, INFO, ANNA, "R: R: Listino 2026", hours=4, role=SENT,
        references=to(NEWS, BY_ANNA),
    ),
    received(
        ABSENT, BOB, INFO, "Fuori sede", hours=1, references=to(NEWS),
        signals=(("auto-submitted", "auto-replied"),),
    ),
    received(TALK, ANNA, INFO, "Ordine 2026/118", hours=10),
    received(ANSWER, INFO, ANNA, "R: Ordine 2026/118", hours=12, role=SENT, references=to(TALK)),
    received(LATE, ANNA, INFO, "Visita a maggio", hours=300, references=to(TALK, ANSWER)),
    received(SOON, ANNA, INFO, "Visita a maggio", hours=14, references=to(TALK, ANSWER)),
    received(MARKED, ANNA, INFO, "R: Ordine", hours=300, references=to(TALK, ANSWER)),
    received(MORE, ANNA, INFO, "Ordine 2026/118 - sollecito", hours=300, references=to(ANSWER)),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_new_topics_and_answers_to_a_mailing_begin_anew_in_whatever_order_mail_comes(
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
    assert apart(log) == {
        BY_ANNA: (NEWS, "reply-to-mailing"),
        BY_BOB: (NEWS, "reply-to-mailing"),
        LATE: (ANSWER, "new-topic"),
    }
    documents = {(one[0], one[3]) for one in links(log) if one[1] == "document"}
    assert documents == {
        (LATE, "suggested"),
        *((one, "automatic") for one in (TALK, ANSWER, SOON, MARKED, MORE)),
    }


def closed(log: "Journal", message: UUID, *, hours: int, again: bool = False) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from adapters.journal import NewEvent  # noqa: PLC0415

    at = datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(hours=hours)
    event = MessageReopened() if again else MessageClosed(CloseReason.NO_ANSWER_NEEDED)
    with log.writing() as writing:
        writing.append([NewEvent(message, event, replace(envelope(), at=at))])


def test_after_a_conversation_was_closed_another_subject_begins_anew(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    later = received(SOON, ANNA, INFO, "R: Visita a maggio", hours=20, references=to(TALK, ANSWER))
    happened(log, [*MASTER_DATA, *MAIL[5:7], later])
    settle(log, database)
    assert apart(log) == {}
    closed(log, TALK, hours=15)
    settle(log, database)
    assert apart(log) == {SOON: (ANSWER, "new-topic")}
    closed(log, TALK, hours=16, again=True)
    settle(log, database)
    assert apart(log) == {}
    closed(log, TALK, hours=21)
    settle(log, database)
    assert apart(log) == {}


def test_it_does_not_matter_which_message_of_a_conversation_was_closed(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    aside = received(MORE, ANNA, INFO, "R: Ordine 2026/118", hours=13, references=to(TALK))
    later = received(SOON, ANNA, INFO, "Visita a maggio", hours=20, references=to(TALK))
    happened(log, [*MASTER_DATA, MAIL[5], aside, later])
    settle(log, database)
    assert apart(log) == {}
    closed(log, MORE, hours=15)
    settle(log, database)
    assert apart(log) == {SOON: (TALK, "new-topic")}


def test_a_mail_to_two_customers_and_a_program_s_own_notice_to_one_are_no_mailings(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    notice = received(
        NEWS, INFO, ANNA, "Conferma d'ordine", role=SENT, signals=(("precedence", "bulk"),)
    )
    both = received(TALK, INFO, ANNA, "Riunione", role=SENT, cc=(Address(BOB),))
    answers = [
        received(BY_ANNA, ANNA, INFO, "R: Conferma d'ordine", hours=2, references=to(NEWS)),
        received(BY_BOB, BOB, INFO, "R: Riunione", hours=2, references=to(TALK)),
    ]
    happened(log, [*MASTER_DATA, notice, both, *answers])
    settle(log, database)
    assert apart(log) == {}
