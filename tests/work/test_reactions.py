"""Reactions end in the same links whatever came first: mail, master data, answers, questions."""

import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.company import CompanyDescribed, MailboxRegistered
from domain.document import DocumentChanged, DocumentRecord, DocumentRegistered
from domain.message import (
    FolderRole,
    MessageClassified,
    MessageCopyFound,
    MessageLinked,
)
from domain.party import ContactRemoved
from domain.values import BlobName, ContactId, MailboxId, PartyId
from events import journal
from reacting import BOX, Fact, Links, contact, happened, links, party, received, settle

if TYPE_CHECKING:
    from adapters.database import Database

ROSSI, BIANCHI = PartyId(UUID(int=11)), PartyId(UUID(int=12))
ORDER = UUID(int=21)
ASKED, REPLIED, FROM_PHONE = UUID(int=31), UUID(int=32), UUID(int=33)


MASTER_DATA: list[Fact] = [
    (UUID(int=2), CompanyDescribed("Firma", ("firma.example",))),
    (BOX, MailboxRegistered(certified=False, address="info@firma.example")),
    party(ROSSI, "C1"),
    party(BIANCHI, "C2"),
    contact(41, ROSSI, "Anna@Rossi.example"),
    contact(42, BIANCHI, "b@bianchi.example"),
    (
        ORDER,
        DocumentRegistered(
            "erp", "D1", DocumentRecord("sales_order", "2026/118", ROSSI, date(2026, 1, 2))
        ),
    ),
]
MAIL: list[Fact] = [
    received(ASKED, "anna@rossi.example", "info@firma.example", "Ordine 2026/118"),
    received(
        REPLIED,
        "info@firma.example",
        "anna@rossi.example",
        "R: Ordine",
        in_reply_to=(f"{ASKED.int}@x.example",),
    ),
    received(
        FROM_PHONE,
        "anna.privata@telefono.example",
        "info@firma.example",
        "R: R: altro",
        references=(f"{ASKED.int}@x.example", f"{REPLIED.int}@x.example"),
    ),
]


EXPECTED: Links = {
    (ASKED, "party", ROSSI, "automatic", "address-exact"),
    (ASKED, "document", ORDER, "automatic", "document-number"),
    (REPLIED, "party", ROSSI, "automatic", "address-exact"),
    (REPLIED, "document", ORDER, "automatic", "reply-to-linked"),
    (FROM_PHONE, "party", ROSSI, "automatic", "reply-to-linked"),
    (FROM_PHONE, "document", ORDER, "automatic", "reply-to-linked"),
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
    assert links(log) == EXPECTED


def test_what_is_decided_is_not_decided_again(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    happened(log, MASTER_DATA + MAIL)
    settle(log, database)
    head = log.head()
    settle(log, database)
    assert log.head() == head
    ids = [recorded.envelope.event_id for recorded in log.read(0, limit=10_000)]
    assert len(ids) == len(set(ids))


def test_every_decision_names_its_rule_its_cause_and_its_evidence(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    happened(log, MASTER_DATA + MAIL)
    settle(log, database)
    causes = {recorded.envelope.event_id for recorded in log.read(0, limit=10_000)}
    decided = [one for one in log.read(0, limit=10_000) if one.envelope.actor.kind == "rule"]
    assert len(decided) == len(EXPECTED) + len(MAIL)
    for one in decided:
        assert one.envelope.causation in causes
        if isinstance(one.event, MessageLinked):
            assert one.event.evidence
            assert one.envelope.actor.id == f"{one.event.rule}@{one.event.rule_version}"


def test_a_contact_that_moves_takes_its_mail_along(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    happened(log, MASTER_DATA + MAIL)
    settle(log, database)
    happened(log, [(ROSSI, ContactRemoved(ContactId(UUID(int=41))))])
    happened(log, [contact(43, BIANCHI, "anna@rossi.example")])
    settle(log, database)
    assert {(one[0], one[2]) for one in links(log) if one[1] == "party"} == {
        (ASKED, BIANCHI), (REPLIED, BIANCHI), (FROM_PHONE, BIANCHI),
    }  # fmt: skip
    assert not [one for one in links(log) if one[1] == "document"]


def test_a_number_that_is_corrected_finds_its_mail(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    wrong = DocumentRecord("sales_order", "2026/811", ROSSI)
    facts = [fact for fact in MASTER_DATA if fact[0] != ORDER]
    happened(log, [*facts, (ORDER, DocumentRegistered("erp", "D1", wrong)), *MAIL])
    settle(log, database)
    assert not [one for one in links(log) if one[1] == "document"]
    right = DocumentRecord("sales_order", "2026/118", ROSSI)
    happened(log, [(ORDER, DocumentChanged(right))])
    settle(log, database)
    assert links(log) == EXPECTED


def test_a_null_return_path_on_a_copy_makes_the_message_a_machines(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    copy = MessageCopyFound(
        mailbox=MailboxId(UUID(int=5)), role=FolderRole.INBOX, size=1, raw=BlobName("c"),
        received_at=datetime(2026, 1, 6, tzinfo=UTC), content_key="k", folder="INBOX",
        raw_sha256="1" * 64, trace=(("return-path", "<>"),),
    )  # fmt: skip
    happened(log, MASTER_DATA + MAIL)
    settle(log, database)
    happened(log, [(ASKED, copy)])
    settle(log, database)
    said = [one.event for one in log.stream(ASKED) if isinstance(one.event, MessageClassified)]
    assert [one.automatic for one in said] == [False, True]


def test_two_mails_that_name_each_other_are_no_ground_for_one_another(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    loop = [
        received(
            one, f"x{one.int}@strano.example", "info@firma.example", "senza numero",
            in_reply_to=(f"{other.int}@x.example",),
        )
        for one, other in ((ASKED, REPLIED), (REPLIED, ASKED))
    ]  # fmt: skip
    happened(log, [*MASTER_DATA, *loop])
    settle(log, database)
    assert links(log) == set()
