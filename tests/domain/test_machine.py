"""Machine mail is told by its headers (RFC 3834, RFC 2369, RFC 6109), people's by their absence."""

import pytest

from domain.content import Content, Notice, NoticeKind
from domain.machine import is_form, recognise
from domain.values import Address

PERSON = Content(reader=1, subject="Ordine", authors=(Address("anna@cliente.example"),))


def mail(author: str = "anna@cliente.example", subject: str = "Ordine", **signals: str) -> Content:
    return Content(
        reader=1,
        subject=subject,
        authors=(Address(author),),
        signals=tuple((name.replace("_", "-"), value) for name, value in signals.items()),
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (mail(auto_submitted="auto-replied; owner-email=a@b.example"), "auto_reply"),
        (mail(auto_submitted="auto-generated"), "notification"),
        (mail(x_autorespond="Ordine"), "auto_reply"),
        (mail(precedence="auto_reply"), "auto_reply"),
        (mail(precedence="bulk"), "newsletter"),
        (mail(list_unsubscribe="<https://news.example/u>"), "newsletter"),
        (mail(x_ricevuta="accettazione"), "pec_receipt"),
        (mail(author="MAILER-DAEMON@mx.example"), "bounce"),
        (mail(author="no-reply@shop.example"), "notification"),
        (mail(author="newsletter@shop.example"), "newsletter"),
        (mail(subject="Abwesenheitsnotiz: AW: Angebot"), "auto_reply"),
        (mail(subject="Risposta automatica: Ordine"), "auto_reply"),
        (mail(subject="Odpowiedź automatyczna: oferta"), "auto_reply"),
        (mail(subject="Réponse automatique : devis"), "auto_reply"),
        (Content(reader=1, notice=Notice(NoticeKind.DELIVERY, "failed")), "bounce"),
        (Content(reader=1, notice=Notice(NoticeKind.DISPOSITION, "displayed")), "read_receipt"),
    ],
)
def test_machine_mail_is_recognised(content: Content, kind: str) -> None:
    machine = recognise(content, ())
    assert (machine.automatic, machine.kind) == (True, kind)
    assert machine.evidence or content.notice


@pytest.mark.parametrize(
    "content",
    [
        PERSON,
        mail(auto_submitted="no"),
        mail(x_auto_response_suppress="All"),
        mail(subject="Out of stock: Ordine 12"),
    ],
)
def test_a_persons_mail_is_not(content: Content) -> None:
    assert not recognise(content, ()).automatic


def test_a_null_return_path_on_any_copy_makes_it_a_machines() -> None:
    assert recognise(PERSON, (("return-path", "<anna@cliente.example>"),)).automatic is False
    assert recognise(PERSON, (("return-path", "<>"),)).automatic is True


def test_a_discussion_list_is_peoples_mail_that_is_addressed_to_nobody() -> None:
    post = recognise(
        mail(list_post="<mailto:l@l.example>", list_unsubscribe="<mailto:u@l.example>"), ()
    )
    named = recognise(mail(list_id="<l.l.example>"), ())
    closed = recognise(mail(list_post="NO", list_unsubscribe="<mailto:u@l.example>"), ())
    assert (post.automatic, post.listed) == (False, True)
    assert (named.automatic, named.listed) == (False, True)
    assert (closed.automatic, closed.kind) == (True, "newsletter")


@pytest.mark.parametrize(
    "signals",
    [
        {"x_beenthere": "utenti@l.example", "list_id": "<utenti.l.example>"},
        {"mailing_list": "list utenti@l.example", "list_unsubscribe": "<mailto:u@l.example>"},
        {"x_mailing_list": "utenti@l.example"},
    ],
)
def test_list_programs_call_each_post_bulk_and_people_write_it(signals: dict[str, str]) -> None:
    machine = recognise(mail(precedence="bulk", **signals), ())
    assert (machine.automatic, machine.kind, machine.listed) == (False, "list", True)


def test_a_list_that_says_it_takes_no_posts_sends_newsletters() -> None:
    signals = {"x_beenthere": "novita@l.example", "list_post": "NO"}
    assert recognise(mail(precedence="bulk", **signals), ()).kind == "newsletter"


def test_a_web_form_is_a_persons_mail() -> None:
    form = Content(
        reader=1,
        authors=(Address("noreply@azienda.example"),),
        reply_to=(Address("mario@cliente.example"),),
    )
    assert is_form(form)
    assert not recognise(form, ()).automatic
    assert not is_form(PERSON)
    assert not is_form(Content(reader=1))
