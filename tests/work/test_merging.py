"""Merged parties in the look-ups: whatever came first, mail ends at the survivor, and back again."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.work.instance import Carteggio
from api.work.merging import merge, undo
from api.work.tokens import by_operator
from domain.choosing import MessageLinkConfirmed, TargetKind
from domain.company import CompanyDescribed
from domain.document import DocumentRecord, DocumentRegistered
from domain.merging import PartyMerged, PartyMergeUndone
from domain.values import PartyId, Rejected
from events import journal
from reacting import Fact, Links, contact, happened, links, party, received, settle

if TYPE_CHECKING:
    from adapters.database import Database

ROSSI, TWICE, THRICE = (PartyId(UUID(int=at)) for at in (11, 12, 13))
ORDER = UUID(int=21)
SHARED, OTHER, NAMING, COLLEAGUE, SAID = (UUID(int=at) for at in range(31, 36))
US = "info@firma.example"
FACTS: list[Fact] = [
    (UUID(int=2), CompanyDescribed("Firma", ("firma.example",))),
    party(ROSSI, "C1"),
    party(TWICE, "C2"),
    party(THRICE, "C3"),
    contact(41, ROSSI, "anna@rossi.example"),
    contact(42, TWICE, "anna@rossi.example"),
    contact(43, TWICE, "bruno@rossi-srl.example"),
    contact(44, THRICE, "carlo@rossi-srl.example"),
    (ORDER, DocumentRegistered("erp", "D1", DocumentRecord("sales_order", "2026/118", TWICE))),
    received(SHARED, "anna@rossi.example", US, "Ordine 2026/118"),
    received(OTHER, "bruno@rossi-srl.example", US, "Domanda", hours=1),
    received(NAMING, "dario@rossi-srl.example", US, "Altro", hours=2),
    received(COLLEAGUE, US, "carlo@rossi-srl.example", "Ordine 2026/118", hours=3),
    received(SAID, "x@nowhere.example", US, "Chi sono?", hours=4),
    (SAID, MessageLinkConfirmed(TargetKind.PARTY, TWICE)),
]
MERGED: list[Fact] = [(TWICE, PartyMerged(ROSSI)), (THRICE, PartyMerged(TWICE))]
AS_ONE: Links = {
    (SHARED, "party", ROSSI, "automatic", "address-exact"),
    (SHARED, "document", ORDER, "automatic", "document-number"),
    (OTHER, "party", ROSSI, "automatic", "address-exact"),
    (NAMING, "party", ROSSI, "automatic", "company-domain"),
    (COLLEAGUE, "party", ROSSI, "automatic", "address-exact"),
    (COLLEAGUE, "document", ORDER, "automatic", "document-number"),
    (SAID, "party", ROSSI, "confirmed", "person"),
}


@pytest.mark.parametrize("seed", range(4))
def test_whenever_parties_are_merged_their_mail_is_the_survivors(
    database: "Database", tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    log, facts = journal(database, tmp_path), FACTS + MERGED
    chance.shuffle(facts)
    for fact in facts:
        happened(log, [fact])
        if chance.random() < 0.5:
            settle(log, database)
    settle(log, database)
    assert links(log) == AS_ONE


def test_parted_again_each_has_the_mail_that_it_had(database: "Database", tmp_path: Path) -> None:
    log = journal(database, tmp_path)
    happened(log, FACTS)
    settle(log, database)
    before = links(log)
    assert {
        (SHARED, "party", one, "ambiguous", "address-exact") for one in (ROSSI, TWICE)
    } < before
    happened(log, MERGED)
    settle(log, database)
    assert links(log) == AS_ONE
    happened(log, [(TWICE, PartyMergeUndone())])
    settle(log, database)
    assert (COLLEAGUE, "party", TWICE, "automatic", "address-exact") in links(log)
    happened(log, [(THRICE, PartyMergeUndone())])
    settle(log, database)
    assert links(log) == before


def test_of_two_that_would_close_a_circle_at_once_one_is_refused(carteggio: Carteggio) -> None:
    happened(carteggio.journal, [party(ROSSI, "C1"), party(TWICE, "C2")])
    for _ in range(5):
        pairs = [(ROSSI, TWICE), (TWICE, ROSSI)]
        with ThreadPoolExecutor(2) as threads:
            done = [threads.submit(_merged, carteggio, *pair) for pair in pairs]
            ends = [one.result() for one in done]
        assert sorted(ends) == ["INVALID", "merged"]
        undo(carteggio, pairs[ends.index("merged")][0], by_operator())


def _merged(carteggio: Carteggio, one: PartyId, into: PartyId) -> str:
    try:
        merge(carteggio, one, into, "", by_operator())
    except Rejected as refusal:
        return refusal.code
    return "merged"
