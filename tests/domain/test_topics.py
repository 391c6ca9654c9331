"""Which earlier mail a message goes on with, though it does not refer to it."""

from base64 import b64encode
from uuid import UUID

import pytest

from domain.content import Content, Notice, NoticeKind
from domain.correspondents import Ours
from domain.topics import (
    answers_under,
    goes_on_under,
    index_root,
    questions,
    subject_of,
    topics,
)
from domain.values import Address

OURS = Ours(domains=frozenset(("firm.example",)))
ANNA, INFO = Address("anna@acme.example"), Address("info@firm.example")
PAPER = UUID(int=7)


def mail(subject: str, *, by: Address = ANNA, to: Address = INFO, **more: object) -> Content:
    return Content(reader=1, subject=subject, authors=(by,), to=(to,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "base", "marked"),
    [
        ("R: Re: Ordine 12", "ordine 12", True),
        ("Abwesenheitsnotiz: AW: Anfrage", "anfrage", True),
        ("[#77033] Re: Anfrage", "anfrage", True),
        ("POSTA CERTIFICATA: Re: Estratto conto", "estratto conto", True),
        ("POSTA CERTIFICATA: Reclamo", "reclamo", False),
        ("Ordine 12", "ordine 12", False),
        ("Assenza dall'ufficio", "", True),
    ],
)
def test_marks_of_answers_stand_before_a_subject(subject: str, base: str, *, marked: bool) -> None:
    assert subject_of(mail(subject)) == (base, marked)


def test_only_a_marked_mail_goes_on_with_another() -> None:
    assert goes_on_under(mail("Re: Ordine"), OURS) == ((ANNA.key, "ordine"),)
    assert goes_on_under(mail("Ordine"), OURS) == ()


def test_others_find_a_mail_under_everybody_in_it() -> None:
    assert topics(mail("Ordine")) == ((ANNA.key, "ordine"), (INFO.key, "ordine"))


def test_our_own_addresses_tell_nothing_but_among_ourselves() -> None:
    among_us = mail("Re: promemoria", by=Address("ugo@firm.example"))
    assert {key for key, _ in goes_on_under(among_us, OURS)} == {"ugo@firm.example", INFO.key}


def test_a_notice_belongs_to_what_it_concerns() -> None:
    notice = Notice(NoticeKind.DELIVERY, "failed")
    assert goes_on_under(mail("Re: Ordine", notice=notice), OURS) == ()


@pytest.mark.parametrize(
    ("octets", "is_root"), [(22, True), (27, True), (42, True), (21, False), (25, False)]
)
def test_an_index_has_22_octets_and_5_for_each_answer(octets: int, *, is_root: bool) -> None:
    index = b64encode(bytes(octets)).decode().rstrip("=")
    assert index_root(index) == (index[:29] if is_root else "")
    assert index_root(f"{index}!") == ""


def test_over_a_mailing_list_anybody_answers_anybody() -> None:
    listed = (("list-post", "<mailto:talk@lists.example>"),)
    assert goes_on_under(mail("Re: Ordine", signals=listed), OURS) == ()


def test_a_new_mail_of_ours_may_answer_what_was_asked_about_the_same() -> None:
    asked = questions(mail("Reclamo"), [PAPER])
    answer = mail("Bolla 12", by=INFO, to=ANNA)
    assert set(answers_under(answer, [PAPER])) & set(asked) == {(ANNA.key, f"#{PAPER.hex}")}
    assert set(answers_under(mail("Reclamo", by=INFO, to=ANNA), [])) & set(asked)


def test_what_a_program_sends_answers_no_question() -> None:
    sent = mail("Reclamo", by=INFO, to=ANNA, message_id="77.JavaMail.erp@firm.example")
    assert answers_under(sent, [PAPER]) == ()
