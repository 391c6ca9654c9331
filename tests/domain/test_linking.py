"""The rungs of the ladder, each with its evidence."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.linking import (
    ADDRESS,
    BLIND,
    NUMBER,
    REPLY,
    Claim,
    Claims,
    Known,
    NumberedDocument,
    link,
)
from domain.message import Direction, LinkState, TargetKind
from domain.numbers import parse_number, sightings
from domain.values import MessageId

ROSSI, BIANCHI, VERDI = UUID(int=1), UUID(int=2), UUID(int=3)
ORDER, INVOICE = UUID(int=11), UUID(int=12)
QUESTION = MessageId(UUID(int=21))
PARTIES = {"a@rossi.example": (ROSSI,), "studio@conti.example": (ROSSI, BIANCHI)}


def document(key: UUID, party: UUID, *numbers: str) -> NumberedDocument:
    return NumberedDocument(key, party, tuple(n for n in map(parse_number, numbers) if n))


DOCUMENTS = {
    ROSSI: (
        document(ORDER, ROSSI, "ORD 2026/118", "PO-77120"),
        document(INVOICE, ROSSI, "FT 118/A"),
    ),
    VERDI: (document(UUID(int=13), VERDI, "2026/999"),),
}


def known(
    *correspondents: tuple[str, str], subject: str = "", inherited: Claims | None = None
) -> Known:
    return Known(
        direction=Direction.INBOUND,
        correspondents=correspondents,
        numbers=tuple(("subject", one) for one in sightings(subject)),
        parties_at=PARTIES,
        documents_of=DOCUMENTS,
        answers=QUESTION if inherited else None,
        inherited=inherited or {},
    )


def test_an_exact_address_links_its_party_in_any_role() -> None:
    for role in ("from", "reply_to", "to", "cc", "pec_sender"):
        claim = link(known((role, "A@Rossi.example")))[TargetKind.PARTY, ROSSI]
        assert (claim.state, claim.rule, claim.where) == (LinkState.AUTOMATIC, ADDRESS, role)
        assert claim.evidence == "A@Rossi.example"


def test_an_address_of_several_parties_is_ambiguous_and_names_the_others() -> None:
    claims = link(known(("from", "studio@conti.example")))
    assert {claim.state for claim in claims.values()} == {LinkState.AMBIGUOUS}
    assert claims[TargetKind.PARTY, ROSSI].rejected == (BIANCHI,)


def test_an_unknown_address_links_nothing() -> None:
    assert link(known(("from", "chi@sa.example"))) == {}


def test_a_number_of_the_partys_document_links_it_with_the_words_seen() -> None:
    claims = link(known(("from", "a@rossi.example"), subject="Vs. ORD 118-2026"))
    claim = claims[TargetKind.DOCUMENT, ORDER]
    assert (claim.state, claim.rule, claim.where) == (LinkState.AUTOMATIC, NUMBER, "subject")
    assert claim.evidence in "Vs. ORD 118-2026"


def test_the_customers_own_number_counts_too() -> None:
    assert (TargetKind.DOCUMENT, ORDER) in link(
        known(("from", "a@rossi.example"), subject="PO-77120")
    )


def test_another_partys_number_is_a_trap() -> None:
    claims = link(known(("from", "a@rossi.example"), subject="ordine 2026/999"))
    assert [kind for kind, _ in claims] == [TargetKind.PARTY]


def test_a_number_is_only_suggested_where_the_party_is_ambiguous() -> None:
    claims = link(known(("from", "studio@conti.example"), subject="ORD 2026/118"))
    assert claims[TargetKind.DOCUMENT, ORDER].state is LinkState.SUGGESTED


def test_a_number_that_two_documents_bear_is_suggested_with_its_rival() -> None:
    twins = {ROSSI: (document(ORDER, ROSSI, "55120"), document(INVOICE, ROSSI, "55120"))}
    asked = known(("from", "a@rossi.example"), subject="Nr. 55120")
    claims = link(Known(asked.direction, asked.correspondents, asked.numbers, PARTIES, twins))
    assert claims[TargetKind.DOCUMENT, ORDER].state is LinkState.SUGGESTED
    assert claims[TargetKind.DOCUMENT, ORDER].rejected == (INVOICE,)


def test_letters_decide_between_numbers_that_are_alike() -> None:
    claims = link(known(("from", "a@rossi.example"), subject="FT 118/A"))
    assert (TargetKind.DOCUMENT, INVOICE) in claims
    assert (TargetKind.DOCUMENT, ORDER) not in claims


INHERITED: Claims = {
    (TargetKind.PARTY, ROSSI): Claim(LinkState.AUTOMATIC, ADDRESS, 99, "to", "a@rossi.example"),
    (TargetKind.DOCUMENT, ORDER): Claim(LinkState.CONFIRMED, NUMBER, 97, "subject", "118/2026"),
    (TargetKind.DOCUMENT, INVOICE): Claim(LinkState.SUGGESTED, NUMBER, 40, "text", "118"),
}


def test_a_reply_inherits_what_counts_and_says_from_where() -> None:
    claims = link(known(("from", "altro@telefono.example"), inherited=INHERITED))
    assert set(claims) == {(TargetKind.PARTY, ROSSI), (TargetKind.DOCUMENT, ORDER)}
    claim = claims[TargetKind.DOCUMENT, ORDER]
    assert (claim.rule, claim.inherited_from, claim.evidence) == (REPLY, QUESTION, "118/2026")


def test_answers_are_not_about_a_blind_recipient() -> None:
    blind = Claim(LinkState.AUTOMATIC, ADDRESS, 99, BLIND, "v@verdi.example")
    inherited = {**INHERITED, (TargetKind.PARTY, VERDI): blind}
    claims = link(known(("from", "altro@telefono.example"), inherited=inherited))
    assert {key for kind, key in claims if kind is TargetKind.PARTY} == {ROSSI}


def test_a_writer_who_is_known_weighs_more_than_what_is_answered() -> None:
    verdi = {**PARTIES, "v@verdi.example": (VERDI,)}
    asked = known(("from", "v@verdi.example"), inherited=INHERITED)
    claims = link(Known(asked.direction, asked.correspondents, (), verdi, {}, QUESTION, INHERITED))
    assert (TargetKind.PARTY, VERDI) in claims
    assert (TargetKind.PARTY, ROSSI) not in claims


@given(
    st.permutations(
        [("from", "a@rossi.example"), ("to", "studio@conti.example"), ("cc", "x@y.example")]
    )
)
def test_states_do_not_depend_on_the_order_of_addresses(people: list[tuple[str, str]]) -> None:
    claims = link(known(*people))
    assert claims[TargetKind.PARTY, ROSSI].state is LinkState.AUTOMATIC
    assert claims[TargetKind.PARTY, BIANCHI].state is LinkState.AMBIGUOUS
