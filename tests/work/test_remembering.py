"""Remembered choices in the look-ups: whatever came first, the same mail is linked, and unlinked."""

import random
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.company import CompanyDescribed
from domain.document import DocumentRecord, DocumentRegistered
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from domain.values import PartyId
from events import journal
from reacting import BOX, Fact, Links, contact, happened, links, party, received, settle

if TYPE_CHECKING:
    from adapters.database import Database

ROSSI, BIANCHI = PartyId(UUID(int=11)), PartyId(UUID(int=12))
ORDER = UUID(int=21)
ONE, TWO, OTHER = (UUID(int=at) for at in range(31, 34))
GENERAL, NARROW = UUID(int=41), UUID(int=42)
US, STUDIO, STRANGER = "info@firma.example", "studio@conti.example", "x@nowhere.example"
FACTS: list[Fact] = [
    (UUID(int=2), CompanyDescribed("Firma", ("firma.example",))),
    party(ROSSI, "C1"),
    party(BIANCHI, "C2"),
    contact(51, ROSSI, STUDIO),
    contact(52, BIANCHI, STUDIO),
    (ORDER, DocumentRegistered("erp", "D1", DocumentRecord("sales_order", "2026/118", ROSSI))),
    received(ONE, STUDIO, US, "Ordine 2026/118"),
    received(TWO, STUDIO, US, "Cantiere Nord", hours=1),
    received(OTHER, STRANGER, US, "Ordine 2026/118", hours=2),
]
SAID: list[Fact] = [
    (GENERAL, ChoiceRemembered(ROSSI, None, STUDIO)),
    (NARROW, ChoiceRemembered(BIANCHI, BOX, STUDIO, "nord")),
    (UUID(int=43), ChoiceRemembered(BIANCHI, None, STRANGER, "nothing like it")),
]
EXPECTED: Links = {
    (ONE, "party", ROSSI, "automatic", "remembered-choice"),
    (ONE, "document", ORDER, "automatic", "document-number"),
    (TWO, "party", BIANCHI, "automatic", "remembered-choice"),
    (OTHER, "party", ROSSI, "suggested", "number-alone"),
    (OTHER, "document", ORDER, "suggested", "number-alone"),
}


@pytest.mark.parametrize("seed", range(4))
def test_whenever_a_choice_is_remembered_it_holds_for_the_same_mail(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    log, facts = journal(database, tmp_path), FACTS + SAID
    chance.shuffle(facts)
    for fact in facts:
        happened(log, [fact])
        if chance.random() < 0.5:
            settle(log, database)
    settle(log, database)
    assert links(log) == EXPECTED


def test_what_is_forgotten_or_said_otherwise_is_so_for_earlier_mail_too(
    database: "Database", tmp_path: Path
) -> None:
    log = journal(database, tmp_path)
    happened(log, FACTS)
    settle(log, database)
    before = links(log)
    happened(log, SAID)
    settle(log, database)
    happened(log, [(NARROW, ChoiceForgotten())])
    settle(log, database)
    assert (TWO, "party", ROSSI, "automatic", "remembered-choice") in links(log)
    happened(log, [(GENERAL, ChoiceRemembered(BIANCHI, None, STUDIO))])
    settle(log, database)
    assert (ONE, "party", BIANCHI, "automatic", "remembered-choice") in links(log)
    happened(log, [(GENERAL, ChoiceForgotten())])
    settle(log, database)
    assert links(log) == before
