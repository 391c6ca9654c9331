"""Mail that bears a signed token of ours and refers to nothing, matched in any order of arrival."""

import random
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.authentication import ServerTrusted
from domain.company import CompanyDescribed, MailboxRegistered
from domain.content import Content
from domain.document import DocumentRecord, DocumentRegistered
from domain.merging import PartyMerged
from domain.message import FolderRole, MessageCopyFound, MessageLinked, MessageThreaded
from domain.party import PartyRegistered
from domain.rereading import MessageReread
from domain.signedtoken import (
    Named,
    Names,
    body_marker,
    message_id,
    plus_address,
    sign,
    subject_marker,
)
from domain.values import BlobName, MessageId, PartyId
from events import NOON, journal
from reacting import BOX, Fact, contact, happened, links, party, received, settle, threads

if TYPE_CHECKING:
    from adapters.database import Database
    from adapters.journal import Journal

ROSSI, BIANCHI = PartyId(UUID(int=11)), PartyId(UUID(int=12))
ORDER, SITE = UUID(int=21), UUID(int=22)
INFO, ANNA, EVE = "info@firma.example", "anna@rossi.example", "eve@altrove.example"
OURS, ANSWER, BY_BODY, THIEF, FORGED, NAMING, BY_DOMAIN, OTHERS, COPY, LATER = (
    UUID(int=number) for number in range(31, 41)
)
SENT = FolderRole.SENT
EXPECTED_PARTIES = {
    (OURS, ROSSI, "automatic", "address-exact"),
    (ANSWER, ROSSI, "automatic", "address-exact"),
    (BY_BODY, ROSSI, "automatic", "address-exact"),
    (THIEF, ROSSI, "suggested", "signed-token"),
    (NAMING, ROSSI, "automatic", "address-exact"),
    (BY_DOMAIN, ROSSI, "automatic", "company-domain"),
    (OTHERS, BIANCHI, "automatic", "address-exact"),
    (COPY, BIANCHI, "automatic", "address-exact"),
}
EXPECTED_DOCUMENTS = {
    (OURS, ORDER, "automatic", "signed-token"),
    (ANSWER, ORDER, "automatic", "reply-to-linked"),
    (BY_BODY, ORDER, "automatic", "reply-to-linked"),
    (THIEF, ORDER, "suggested", "signed-token"),
    (NAMING, ORDER, "automatic", "signed-token"),
    (BY_DOMAIN, SITE, "automatic", "signed-token"),
    (OTHERS, ORDER, "suggested", "signed-token"),
    (COPY, ORDER, "suggested", "signed-token"),
}
MASTER_DATA: list[Fact] = [
    (UUID(int=2), CompanyDescribed("Firma", ("firma.example",))),
    (BOX, MailboxRegistered(certified=False, address=INFO)),
    party(ROSSI, "C1"),
    party(BIANCHI, "C2"),
    contact(41, ROSSI, ANNA),
    contact(42, BIANCHI, "b@bianchi.example"),
    (ORDER, DocumentRegistered("erp", "D1", DocumentRecord("sales_order", "2026/118", ROSSI))),
    (SITE, DocumentRegistered("erp", "D2", DocumentRecord("site", "", ROSSI))),
]


def token(log: "Journal", kind: Names, id: UUID) -> str:
    return sign(log.keyring.token_key, Named(kind, id))


def to_us(log: "Journal", kind: Names, id: UUID) -> str:
    return plus_address(INFO, token(log, kind, id)) or ""


def quoted(log: "Journal", kind: Names, id: UUID, text: str = "Va bene.") -> str:
    marker = body_marker(token(log, kind, id)).replace(" ", "\n> ", 1)
    return f"{text}\n\nIl 5 gennaio Firma ha scritto:\n> Buongiorno\n> {marker}\n"


def mail(log: "Journal") -> list[Fact]:
    message, document = Names.MESSAGE, Names.DOCUMENT
    own = f"Quando?\n{body_marker(token(log, document, ORDER))}\n{quoted(log, message, OURS)}"
    signed = token(log, message, OURS)
    forged = f"{signed[:-5]}{'b' if signed[-5] == 'a' else 'a'}{signed[-4:]}"
    answered = message_id(token(log, document, ORDER), "7", "firma.example")
    return [
        received(OURS, INFO, ANNA, "Una domanda", role=SENT, text=own),
        received(ANSWER, ANNA, to_us(log, message, OURS), "Eccoci", hours=2),
        received(BY_BODY, ANNA, INFO, "Eccoci ancora", hours=3, text=quoted(log, message, OURS)),
        received(THIEF, EVE, INFO, "Ciao", hours=4, text=quoted(log, message, OURS)),
        received(FORGED, EVE, INFO, "Salve", hours=5, text=f"[Ref: {forged}]"),
        received(NAMING, ANNA, INFO, "Saluti", hours=6, in_reply_to=(answered,)),
        received(BY_DOMAIN, "u@rossi.example", to_us(log, document, SITE), "Il sito", hours=7),
        received(OTHERS, "b@bianchi.example", to_us(log, document, ORDER), "Altro", hours=8),
        received(COPY, INFO, "b@bianchi.example", "Cercasi", hours=9, role=SENT,
                 text=quoted(log, document, ORDER)),
    ]  # fmt: skip


def as_they_stand(log: "Journal", kind: str) -> set[tuple[UUID, UUID, str, str]]:
    return {(one[0], *one[2:]) for one in links(log) if one[1] == kind}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_arrival_does_not_matter(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    log = journal(database, tmp_path)
    facts = MASTER_DATA + mail(log)
    chance.shuffle(facts)
    for fact in facts:
        happened(log, [fact])
        if chance.random() < 0.5:
            settle(log, database)
    settle(log, database)
    assert as_they_stand(log, "party") == EXPECTED_PARTIES
    assert as_they_stand(log, "document") == EXPECTED_DOCUMENTS
    assert threads(log) == {
        ANSWER: (OURS, "signed-token"),
        BY_BODY: (OURS, "signed-token"),
    }


def test_the_evidence_is_the_token_as_it_stands(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    happened(log, MASTER_DATA + mail(log))
    settle(log, database)
    said = token(log, Names.MESSAGE, OURS)
    found = [(one.stream, one.event) for one in log.read(0, limit=999)]
    joined = {stream: event for stream, event in found if isinstance(event, MessageThreaded)}
    body, address = ("body", f"[Ref:\n> {said}]"), ("plus-address", f"c.{said}")
    rule = ("signed-token", 1, 98)
    assert joined[BY_BODY] == MessageThreaded(MessageId(OURS), *rule, *body)
    assert joined[ANSWER] == MessageThreaded(MessageId(OURS), *rule, *address)
    assert {
        (event.where, event.evidence, event.inherited_from)
        for stream, event in found
        if isinstance(event, MessageLinked) and stream == THIEF
    } == {(*body, None)}


def test_what_is_named_stands_above_a_token(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    named = received(LATER, ANNA, INFO, "Prima", hours=-3)
    answer = received(
        ANSWER, ANNA, to_us(log, Names.MESSAGE, OURS), "Eccoci", hours=2,
        references=(f"{LATER.int}@x.example",),
    )  # fmt: skip
    happened(log, [*MASTER_DATA, received(OURS, INFO, ANNA, "Domanda", role=SENT), answer])
    settle(log, database)
    assert threads(log) == {ANSWER: (OURS, "signed-token")}
    happened(log, [named])
    settle(log, database)
    assert threads(log) == {}


def test_of_several_messages_the_last_one_is_gone_on_with(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    older = received(LATER, INFO, ANNA, "Domanda", role=SENT, hours=-3)
    text = quoted(log, Names.MESSAGE, OURS) + quoted(log, Names.MESSAGE, LATER)
    happened(log, [*MASTER_DATA, older, received(OURS, INFO, ANNA, "Domanda", role=SENT)])
    happened(log, [received(BY_BODY, ANNA, INFO, "Eccoci", hours=2, text=text)])
    settle(log, database)
    assert threads(log) == {BY_BODY: (OURS, "signed-token")}


def test_messages_that_name_each_other_do_not_go_on_with_each_other(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    one = received(BY_BODY, ANNA, INFO, "Uno", text=quoted(log, Names.MESSAGE, ANSWER))
    other = received(ANSWER, ANNA, INFO, "Due", text=quoted(log, Names.MESSAGE, BY_BODY))
    happened(log, [*MASTER_DATA, one, other])
    settle(log, database)
    assert threads(log) == {}


def test_a_sender_found_forged_speaks_for_nobody(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    trusted = (UUID(int=3), ServerTrusted("mx.firma.example"))
    failed = (("authentication-results", "mx.firma.example; dmarc=fail"),)
    happened(log, [*MASTER_DATA, trusted, received(OURS, INFO, ANNA, "Domanda", role=SENT)])
    naming = quoted(log, Names.DOCUMENT, ORDER)
    answer = received(ANSWER, ANNA, to_us(log, Names.MESSAGE, OURS), "Ecco", trace=failed)
    happened(log, [answer, received(NAMING, ANNA, INFO, "Ecco", text=naming, trace=failed)])
    happened(log, [received(COPY, INFO, INFO, "Ecco", text=naming, trace=failed)])
    settle(log, database)
    assert threads(log) == {}
    assert {(one[0], one[2]) for one in as_they_stand(log, "document")} == {
        (NAMING, "suggested"),
        (COPY, "suggested"),
    }


def test_an_accountant_of_two_parties_speaks_for_the_documents_of_both(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    both = [
        contact(43, ROSSI, "studio@conti.example"),
        contact(44, BIANCHI, "studio@conti.example"),
    ]
    naming = quoted(log, Names.DOCUMENT, ORDER)
    happened(log, [*MASTER_DATA, *both])
    happened(log, [received(NAMING, "studio@conti.example", INFO, "Ecco", text=naming)])
    settle(log, database)
    assert as_they_stand(log, "document") == {(NAMING, ORDER, "automatic", "signed-token")}


def test_a_document_that_changes_hands_is_judged_again(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    happened(log, [*MASTER_DATA, *(one for one in mail(log) if one[0] == NAMING)])
    settle(log, database)
    assert as_they_stand(log, "document") == {(NAMING, ORDER, "automatic", "signed-token")}
    record = DocumentRecord("sales_order", "2026/118", BIANCHI)
    happened(log, [(ORDER, DocumentRegistered("erp", "D1", record))])
    settle(log, database)
    assert as_they_stand(log, "document") == {(NAMING, ORDER, "suggested", "signed-token")}


def test_who_belongs_to_the_survivor_speaks_for_documents_of_the_merged_party(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    others = [one for one in mail(log) if one[0] == OTHERS]
    happened(log, [*MASTER_DATA, *others])
    settle(log, database)
    assert as_they_stand(log, "document") == {(OTHERS, ORDER, "suggested", "signed-token")}
    happened(log, [(ROSSI, PartyMerged(BIANCHI))])
    settle(log, database)
    assert as_they_stand(log, "document") == {(OTHERS, ORDER, "automatic", "signed-token")}


def test_a_token_in_the_subject_counts_where_the_settings_say_so(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    subject = "Re: " + subject_marker("ACME", token(log, Names.DOCUMENT, ORDER)) + " Ordine"
    happened(log, [*MASTER_DATA, received(NAMING, ANNA, INFO, subject)])
    settle(log, database, "Other")
    settle(log, database)
    assert as_they_stand(log, "document") == set()
    happened(log, [received(LATER, ANNA, INFO, subject, hours=1)])
    settle(log, database, "acme")
    assert as_they_stand(log, "document") == {(LATER, ORDER, "automatic", "signed-token")}


def test_a_copy_may_tell_to_which_address_a_mail_came(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    happened(log, [*MASTER_DATA, received(NAMING, ANNA, INFO, "Ecco")])
    settle(log, database)
    assert as_they_stand(log, "document") == set()
    at = (("delivered-to", to_us(log, Names.DOCUMENT, ORDER)),)
    other = FolderRole.OTHER
    copy = MessageCopyFound(BOX, other, NOON, 1, BlobName("c"), "k", "Altro", "1" * 64, at)
    happened(log, [(NAMING, copy)])
    settle(log, database)
    assert as_they_stand(log, "document") == {(NAMING, ORDER, "automatic", "signed-token")}


def test_a_token_that_a_better_reader_finds_counts_and_one_that_it_does_not_is_forgotten(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    naming = received(NAMING, ANNA, INFO, "Ecco", text=quoted(log, Names.DOCUMENT, ORDER))
    happened(log, [*MASTER_DATA, naming])
    settle(log, database)
    content: Content = naming[1].content  # type: ignore[attr-defined]
    without = Content(2, content.message_id, None, content.subject, content.authors, to=content.to)
    happened(log, [(NAMING, MessageReread(BOX, BlobName("b"), 2, "k", without))])
    settle(log, database)
    assert as_they_stand(log, "document") == set()
    with database.pool.connection() as connection:
        assert connection.execute("SELECT * FROM matching_named_id").fetchall() == []


def test_look_ups_are_filled_anew_with_all_that_tokens_and_topics_rest_on(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    by_topic = received(LATER, ANNA, INFO, "R: Una domanda", hours=20)
    happened(log, [*MASTER_DATA, *mail(log), by_topic])
    settle(log, database)
    before, found = _kept(database), links(log)
    assert len(threads(log)) == 3
    with database.pool.connection() as connection:
        connection.execute("UPDATE matching_position SET version = 0")
    settle(log, database)
    assert (_kept(database), links(log)) == (before, found)
    third = PartyId(UUID(int=13))
    new = (third, PartyRegistered("erp", "C3", "customer", "it", "IT", 0, "Verdi"))
    happened(log, [new, contact(45, third, EVE)])
    settle(log, database)
    assert (THIEF, third, "automatic", "address-exact") in as_they_stand(log, "party")


def _kept(database: "Database") -> list[list[tuple[object, ...]]]:
    queries = ("SELECT * FROM matching_named_id", "SELECT * FROM matching_document")
    with database.pool.connection() as connection:
        return [sorted(connection.execute(one).fetchall()) for one in queries]
