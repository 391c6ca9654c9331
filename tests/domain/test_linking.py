"""The rungs of the ladder, each with its evidence."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.announcing import Announcement
from domain.choosing import TargetKind
from domain.claims import Claim, Claims, Known
from domain.linking import link
from domain.message import Direction, LinkState
from domain.naming import NumberedDocument
from domain.numbers import parse_number, sightings
from domain.remembering import Choice
from domain.rules import (
    ADDRESS,
    ALONE,
    ANNOUNCED,
    BLIND,
    DOMAIN,
    MAIL_RULE,
    NUMBER,
    REMEMBERED,
    REPLY,
    UNPROVEN,
    UNPROVEN_REPLY,
)
from domain.values import MessageId

ROSSI, BIANCHI, VERDI = UUID(int=1), UUID(int=2), UUID(int=3)
ORDER, INVOICE = UUID(int=11), UUID(int=12)
QUESTION = MessageId(UUID(int=21))
TOLD = Announcement("a@rossi.example", QUESTION, sure=True)
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
        numbers=(("subject", tuple(sightings(subject))),),
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
    claims = link(replace(asked, parties_at=verdi, documents_of={}))
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


def test_somebody_unknown_of_a_known_company_is_linked_by_its_domain() -> None:
    asked = replace(
        known(("from", "nuovo@mail.verdi.example")), parties_of_domain={"verdi.example": (VERDI,)}
    )
    claim = link(asked)[TargetKind.PARTY, VERDI]
    assert (claim.state, claim.rule, claim.evidence) == (
        LinkState.AUTOMATIC,
        DOMAIN,
        "nuovo@mail.verdi.example",
    )


def test_a_domain_that_several_firms_share_only_suggests_them() -> None:
    shared = {"palazzo.example": (ROSSI, VERDI)}
    claims = link(replace(known(("from", "x@palazzo.example")), parties_of_domain=shared))
    assert {claims[TargetKind.PARTY, one].state for one in (ROSSI, VERDI)} == {LinkState.SUGGESTED}
    assert claims[TargetKind.PARTY, ROSSI].rejected == (VERDI,)


def test_an_address_that_a_contact_told_of_is_his() -> None:
    told = {"anna@nuova.example": (TOLD,)}
    asked = replace(known(("from", "Anna@nuova.example")), announced_by=told)
    claim = link(asked)[TargetKind.PARTY, ROSSI]
    assert (claim.state, claim.rule, claim.inherited_from) == (
        LinkState.AUTOMATIC,
        ANNOUNCED,
        TOLD.message,
    )
    doubtful = replace(asked, announced_by={"anna@nuova.example": (replace(TOLD, sure=False),)})
    assert link(doubtful)[TargetKind.PARTY, ROSSI].state is LinkState.SUGGESTED
    company = replace(doubtful, parties_of_domain={"nuova.example": (VERDI,)})
    assert {key: claim.rule for (_, key), claim in link(company).items()} == {VERDI: DOMAIN}


def test_an_answer_of_a_forged_sender_is_only_suggested_to_be_about_what_it_answers() -> None:
    claims = link(replace(known(("from", "x@y.example"), inherited=INHERITED), forged=True))
    assert set(claims) == {(TargetKind.PARTY, ROSSI), (TargetKind.DOCUMENT, ORDER)}
    assert {(claim.state, claim.rule) for claim in claims.values()} == {
        (LinkState.SUGGESTED, UNPROVEN_REPLY)
    }


def test_a_sender_who_failed_the_checks_is_believed_neither_domain_nor_announcement() -> None:
    asked = replace(
        known(("from", "x@verdi.example"), ("reply_to", "anna@nuova.example")),
        parties_of_domain={"verdi.example": (VERDI,)},
        announced_by={"anna@nuova.example": (TOLD,)},
        forged=True,
    )
    assert {claim.state for claim in link(asked).values()} == {LinkState.SUGGESTED}


def test_on_a_mailing_list_nobody_inherits_the_party_of_what_he_answers() -> None:
    asked = replace(known(("from", "x@y.example"), inherited=INHERITED), listed=True)
    assert not [key for kind, key in link(asked) if kind is TargetKind.PARTY]


def test_among_ourselves_a_number_tells_the_document_and_its_party() -> None:
    asked = replace(
        known(subject="bolla 999/2026"),
        direction=Direction.INTERNAL,
        documents_anywhere=DOCUMENTS[VERDI],
    )
    claims = link(asked)
    assert {claim.rule for claim in claims.values()} == {ALONE}
    assert {claim.state for claim in claims.values()} == {LinkState.AUTOMATIC}
    assert (TargetKind.PARTY, VERDI) in claims


def test_a_strangers_number_is_no_more_than_a_suggestion() -> None:
    asked = replace(
        known(("from", "x@y.example"), subject="999/2026"), documents_anywhere=DOCUMENTS[VERDI]
    )
    assert {claim.state for claim in link(asked).values()} == {LinkState.SUGGESTED}


def numbered(*numbers: str) -> dict[UUID, tuple[NumberedDocument, ...]]:
    return {ROSSI: (document(ORDER, ROSSI, *numbers),)}


@pytest.mark.parametrize(
    ("where", "text", "state"),
    [
        ("text", "le serve 4711 domani", LinkState.SUGGESTED),
        ("text", "ordine 4711 domani", LinkState.AUTOMATIC),
        ("text", "4711", LinkState.SUGGESTED),
        ("subject", "Re: 4711", LinkState.AUTOMATIC),
        ("attachment", "4711.pdf", LinkState.AUTOMATIC),
        ("subject", "chiamate 4711 per la vostra richiesta", LinkState.SUGGESTED),
        ("text", "Totale 4711,00 EUR", None),
    ],
)
def test_a_bare_number_links_only_where_it_is_nearly_all_that_is_said(
    where: str, text: str, state: LinkState | None
) -> None:
    asked = known(("from", "a@rossi.example"))
    asked = replace(
        asked, numbers=((where, tuple(sightings(text))),), documents_of=numbered("4711")
    )
    claim = link(asked).get((TargetKind.DOCUMENT, ORDER))
    assert (claim.state if claim else None) is state


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("ordine 2026/1234", True),
        ("2026/1234", True),
        ("C-10293", True),
        ("n. 4711", False),
        ("4711", False),
        ("entro il 2026/03/18", False),
        ("a dicembre (12/2026)", False),
        ("0444/4711", False),
    ],
)
def test_among_ourselves_a_number_alone_has_to_be_one_for_sure(text: str, linked: bool) -> None:
    numbers = ("2026/1234", "C-10293", "4711", "FV/2026/03/18", "12/2026")
    asked = known(subject=text)
    asked = replace(
        asked, direction=Direction.INTERNAL, documents_anywhere=numbered(*numbers)[ROSSI]
    )
    assert bool(link(asked)) is linked


# ---- remembered choices

STUDIO = "studio@conti.example"
FOR_ROSSI, FOR_BIANCHI = Choice(UUID(int=31), ROSSI), Choice(UUID(int=32), BIANCHI)


def remembering(*held: Choice, **more: Any) -> Known:
    return replace(known(("from", STUDIO)), remembered={STUDIO: held}, **more)


def test_a_remembered_choice_settles_an_address_and_names_itself_and_who_lost() -> None:
    claims = link(remembering(FOR_ROSSI))
    assert claims == {
        (TargetKind.PARTY, ROSSI): Claim(
            LinkState.AUTOMATIC, REMEMBERED, 99, "from", STUDIO, None, (BIANCHI,), FOR_ROSSI.id
        )
    }
    stranger = replace(known(("cc", "x@sa.example")), remembered={"x@sa.example": (FOR_ROSSI,)})
    assert link(stranger)[TargetKind.PARTY, ROSSI].counts


def test_remembered_choices_that_contradict_leave_the_address_ambiguous() -> None:
    assert link(remembering(FOR_ROSSI, FOR_BIANCHI)) == link(known(("from", STUDIO)))
    own = {"a@rossi.example": (Choice(UUID(int=33), VERDI), FOR_BIANCHI)}
    claims = link(replace(known(("from", "a@rossi.example")), remembered=own))
    assert {claim.state for claim in claims.values()} == {LinkState.AMBIGUOUS}
    assert {key for _, key in claims} == {ROSSI, BIANCHI, VERDI}


def test_what_is_said_about_one_message_stands_above_what_is_remembered() -> None:
    other = link(remembering(FOR_ROSSI, confirmed={(TargetKind.PARTY, BIANCHI): "giulia"}))
    assert {key: claim.state for (_, key), claim in other.items()} == {
        BIANCHI: LinkState.CONFIRMED
    }
    same = link(remembering(FOR_ROSSI, confirmed={(TargetKind.PARTY, ROSSI): "giulia"}))
    assert {key: claim.state for (_, key), claim in same.items()} == {ROSSI: LinkState.CONFIRMED}
    no = link(remembering(FOR_ROSSI, rejected=frozenset({(TargetKind.PARTY, ROSSI)})))
    assert {key: claim.state for (_, key), claim in no.items()} == {BIANCHI: LinkState.AMBIGUOUS}


def test_what_a_rule_about_mail_says_stands_as_high_and_is_no_persons_word() -> None:
    rule = f"{UUID(int=7).hex}@3"
    (claim,) = link(remembering(FOR_ROSSI, confirmed={(TargetKind.PARTY, BIANCHI): rule})).values()
    assert (claim.state, claim.rule, claim.evidence) == (LinkState.AUTOMATIC, MAIL_RULE, rule)


def test_a_forged_sender_is_only_suggested_whatever_is_remembered() -> None:
    claims = link(remembering(FOR_ROSSI, forged=True))
    assert {key: (claim.state, claim.rule) for (_, key), claim in claims.items()} == {
        ROSSI: (LinkState.SUGGESTED, UNPROVEN)
    }
