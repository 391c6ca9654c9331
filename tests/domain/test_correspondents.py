"""Who is ours, and which way a message went."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.content import Content
from domain.correspondents import FORM, Ours, behind, correspondents, direction
from domain.message import Direction, FolderRole
from domain.signedtoken import Named, Names, plus_address, sign
from domain.values import Address

OURS = Ours(frozenset({"firma.example"}), frozenset({"firma.pec@certificata.example"}))
INBOX = (FolderRole.INBOX,)
ANNA, MARIO = Address("anna@firma.example", "Anna"), Address("Mario@Cliente.example")


def mail(author: Address, *to: Address, reply_to: Address | None = None) -> Content:
    return Content(reader=1, authors=(author,), to=to, reply_to=(reply_to,) if reply_to else ())


def test_our_domains_hold_for_what_lies_below_them() -> None:
    assert OURS.holds(Address("x@pec.FIRMA.example"))
    assert OURS.holds(Address("Firma.PEC@certificata.example"))
    assert not OURS.holds(Address("x@altrafirma.example"))
    assert not OURS.holds(Address("senza dominio"))


def test_an_address_with_a_signed_token_behind_a_plus_is_the_same_address() -> None:
    token = sign(b"k", Named(Names.DOCUMENT, UUID(int=1)))
    assert OURS.holds(Address(plus_address("firma.PEC@certificata.example", token) or ""))
    assert not OURS.holds(Address(plus_address("altra.pec@certificata.example", token) or ""))
    assert not OURS.holds(Address("firma.pec+c.x@certificata.example"))


@pytest.mark.parametrize(
    ("content", "way"),
    [
        (mail(MARIO, ANNA), Direction.INBOUND),
        (mail(ANNA, MARIO), Direction.OUTBOUND),
        (mail(ANNA, Address("luca@firma.example"), MARIO), Direction.OUTBOUND),
        (mail(ANNA, Address("luca@firma.example")), Direction.INTERNAL),
        (mail(Address("noreply@firma.example"), ANNA, reply_to=MARIO), Direction.INBOUND),
        (mail(Address("noreply@firma.example"), ANNA, reply_to=ANNA), Direction.INTERNAL),
        (mail(ANNA, Address("luca@firma.example"), reply_to=MARIO), Direction.INTERNAL),
    ],
)
def test_the_writer_tells_the_way(content: Content, way: Direction) -> None:
    assert direction(content, OURS, INBOX) is way


def test_what_lies_in_a_sent_folder_was_sent_by_us_under_whatever_address() -> None:
    content = mail(Address("vecchio@dominio.example"), MARIO)
    assert direction(content, OURS, (FolderRole.SENT,)) is Direction.OUTBOUND


def test_the_real_sender_of_certified_mail_stands_inside_the_envelope() -> None:
    envelope = Content(
        reader=1,
        authors=(Address("posta-certificata@gestore.example"),),
        reply_to=(MARIO,),
        to=(ANNA,),
        pec_sender=MARIO,
    )
    assert direction(envelope, OURS, INBOX) is Direction.INBOUND
    people = correspondents(envelope, OURS)
    assert ("pec_sender", MARIO.spec) in people
    assert not any("gestore" in address for _, address in people)


def test_correspondents_are_everybody_else_in_every_role() -> None:
    content = Content(
        reader=1,
        authors=(MARIO,),
        sender=Address("segreteria@cliente.example"),
        to=(ANNA, Address("undisclosed-recipients:")),
        cc=(Address("agente@agenzia.example"),),
    )
    assert correspondents(content, OURS) == (
        ("from", "Mario@Cliente.example"),
        ("sender", "segreteria@cliente.example"),
        ("cc", "agente@agenzia.example"),
    )


SITE = Address("info@firma.example", "Sito")
WITH_FORMS = replace(OURS, forms=frozenset({"info@firma.example", "forms@host.example"}))


def test_whoever_stands_in_reply_to_of_a_forms_mail_wrote_it() -> None:
    asked = mail(SITE, SITE, reply_to=MARIO)
    assert direction(asked, OURS, INBOX) is Direction.INTERNAL
    assert direction(asked, WITH_FORMS, INBOX) is Direction.INBOUND
    assert correspondents(asked, WITH_FORMS)[0] == (FORM, "Mario@Cliente.example")


def test_a_form_of_somebody_else_takes_no_part_itself() -> None:
    asked = mail(Address("forms@host.example"), ANNA, reply_to=MARIO)
    assert ("from", "forms@host.example") not in correspondents(asked, WITH_FORMS)


def test_a_form_without_another_to_answer_to_writes_for_itself() -> None:
    assert behind(mail(SITE, ANNA), WITH_FORMS) is None
    assert behind(mail(SITE, ANNA, reply_to=ANNA), WITH_FORMS) is None
    assert direction(mail(SITE, MARIO), WITH_FORMS, INBOX) is Direction.OUTBOUND
