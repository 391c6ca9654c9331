"""What a template may say, what it gives, and that nothing in it grows or runs away."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.localising import Amount, Day
from adapters.templating.language import MOST_OUTPUT, faults, written
from adapters.templating.rendering import check_words, words_of
from adapters.templating.values import Wanted, scope_of
from domain.template import AUTO, Part, TemplateKind, TemplateSaved
from domain.values import Rejected

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
VALUES = {
    "document": {"kind": "invoice", "number": "<FT & 7>", "attributes": {"site": "Via Roma"}},
    "party": {"name": "Città & Figli"},
    "attachment": {"name": "Fattura 7.pdf"},
    "attachments": [{"name": "Fattura 7.pdf"}, {"name": "b.pdf"}],
    "salutation": "Gentile Dott.ssa Rossi,",
    "language": "it",
}
INVOICE = TemplateSaved(
    1, TemplateKind.DOCUMENT, "invoice", "it", "", None, (), "Fattura",
    subject="Fattura {{ document.number }}",
    salutation=Part(AUTO),
    motivation=Part("in allegato {{ attachment.name }}"),
    closing=Part("Cordiali saluti"),
)  # fmt: skip


def said(source: str, *, is_html: bool = False, **values: Any) -> str:
    return written("closing", source, scope_of({**VALUES, **values}, Wanted()), is_html=is_html)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ document.number }}", "<FT & 7>"),
        ("{{ document.attributes.site }}", "Via Roma"),
        ("{{ document.attributes['site'] | upper }}", "VIA ROMA"),
        ("{{ values.discount | default('none') }}", "none"),
        ("{% if document.due_on %}due{% else %}at once{% endif %}", "at once"),
        ("{% if document.kind in ['invoice'] %}pay{% endif %}", "pay"),
        ("{{ 'yes' if document.number is defined else 'no' }}", "yes"),
        ("{% for one in attachments %}{{ loop.index }} {{ one.name }};{% endfor %}",
         "1 Fattura 7.pdf;2 b.pdf;"),
        ("{{ attachments }}", "Fattura 7.pdf, b.pdf"),
        ("a{# nobody sees this #}b", "ab"),
    ],
)  # fmt: skip
def test_values_conditions_and_the_loop_over_attachments(source: str, text: str) -> None:
    assert said(source) == text


def test_values_are_escaped_in_html_and_nowhere_else() -> None:
    assert said("<b>{{ document.number }}</b>", is_html=True) == "<b>&lt;FT &amp; 7&gt;</b>"
    assert said("{{ document.number | upper }}", is_html=True) == "&lt;FT &amp; 7&gt;"
    assert said("{{ 'a' ~ document.number }}", is_html=True) == "a&lt;FT &amp; 7&gt;"


@pytest.mark.parametrize(
    ("language", "day", "amount"),
    [
        ("it", "20 febbraio 2026", "2.710,40\xa0€"),
        ("de", "20. Februar 2026", "2.710,40\xa0€"),
        ("en-GB", "20 February 2026", "€2,710.40"),
        ("fr", "20 février 2026", "2\u202f710,40\xa0€"),
        ("no such", "February 20, 2026", "€2,710.40"),
    ],
)
def test_days_and_amounts_are_written_in_the_language(
    language: str, day: str, amount: str
) -> None:
    document = {
        "issued_on": Day(date(2026, 2, 20), language),
        "amount": Amount.of("2710.4", "EUR", language),
    }
    assert said("{{ document.issued_on }}", document=document) == day
    assert said("{{ document.amount }}", document=document) == amount
    assert "26" in said("{{ document.issued_on | date('short') }}", document=document)


def test_an_amount_that_is_none_is_written_as_it_came() -> None:
    for text in ("12 about", "NaN", "1e999999", "9" * 41):
        assert Amount.of(text, "EUR", "it") == text
    assert str(Amount.of("12", "", "de")) == "12,00"


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(10 ** 9) %}x{% endfor %}",
        "{% for i in document.number %}x{% endfor %}",
        "{% for a in attachments %}{% for b in attachments %}x{% endfor %}{% endfor %}",
        "{% for a in attachments recursive %}{{ loop(attachments) }}{% endfor %}",
        "{{ 'x' * 1000000000 }}", "{{ 10 ** 10 ** 10 }}", "{{ '%1000000000d' % 1 }}",
        "{{ 'x'.join(attachments) }}", "{{ document.number.format() }}", "{{ document.number[:3] }}",
        "{{ ''.__class__.__mro__ }}", "{{ document.__class__ }}", "{{ document['__class__'] }}",
        "{{ cycler }}", "{{ self }}", "{{ namespace }}", "{{ lipsum }}", "{{ loop }}",
        "{% set a = 'x' %}", "{% macro m() %}{{ m() }}{% endmacro %}", "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}", "{% extends 'x' %}", "{% block b %}{% endblock %}",
        "{% call x() %}{% endcall %}", "{% filter upper %}x{% endfilter %}",
        "{{ document.number | replace('', 'x') }}", "{{ document.number | safe }}",
        "{{ document.number | attr('__class__') }}", "{{ document.nubmer }}", "{{ documents }}",
        "{{ document }}", "{{ document.attributes }}", "{{ document.number.x }}",
        "{% for document in attachments %}{% endfor %}", "{% if document.kind %}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% if document.kind %}" * 90 + "{% endif %}" * 90, "{{ document.number }}" * 2000,
        "{% do 1 %}", "{% trans %}{% endtrans %}", "{{ 1 + 1 }}", "{{ -1 }}", "{{ {} }}",
    ],
)  # fmt: skip
def test_what_could_grow_run_on_or_reach_out_is_no_template(source: str) -> None:
    for is_html in (False, True):
        assert len(faults({"closing": (source, is_html)})) == 1
    with pytest.raises(Rejected, match="closing"):
        said(source)


def test_every_fault_is_told_with_its_part_and_line() -> None:
    wrong = replace(INVOICE, subject="{{ a }}", closing=Part("Hello\n\n{{ document.nubmer }}"))
    with pytest.raises(Rejected) as refusal:
        check_words(wrong)
    assert refusal.value.sentence.startswith("subject, line 1: there is no value a; there are")
    assert "closing, line 3: there is no value document.nubmer" in refusal.value.sentence
    check_words(INVOICE)


def test_what_becomes_too_long_is_stopped() -> None:
    long = {"a": "x" * 20_000}
    with pytest.raises(Rejected, match="longer than"):
        said("{{ values.a }}" * (MOST_OUTPUT // 20_000 + 1), values=long)
    with pytest.raises(Rejected, match=r"values\.a: 20,000 letters"):
        said("x", values={"a": "x" * 20_001})
    with pytest.raises(Rejected, match="attachments: 200"):
        said("x", attachments=[{"name": "a"}] * 201)


def test_all_missing_values_are_named_at_once_with_the_part_that_needs_them() -> None:
    asks = replace(
        INVOICE,
        subject="{{ document.title }}",
        motivation=Part("{{ document.due_on }} {{ values.iban | upper }} {{ attachment.name }}"),
        closing=Part("<p>{{ contact.name ~ '!' }}{{ values.x | default('') }}</p>", is_html=True),
    )
    with pytest.raises(Rejected) as refusal:
        words_of(asks, VALUES, {}).refuse_incomplete()
    missing = ("document.title (subject)", "document.due_on (motivation)",
               "values.iban (motivation)", "contact.name (closing)")  # fmt: skip
    assert refusal.value.sentence.startswith(f"values are missing: {', '.join(missing)}; ")


def test_a_mail_without_its_file_names_none() -> None:
    with pytest.raises(Rejected, match=r"attachment\.name \(motivation\)"):
        words_of(INVOICE, {**VALUES, "attachment": {}, "attachments": []}, {}).refuse_incomplete()


def test_parts_of_text_make_a_text() -> None:
    words = words_of(INVOICE, VALUES, {})
    assert words.subject == "Fattura <FT & 7>"
    assert words.text == (
        "Gentile Dott.ssa Rossi,\n\nin allegato Fattura 7.pdf\n\nCordiali saluti\n"
    )
    assert words.html == ""


def test_one_part_of_html_makes_both_and_what_is_unsafe_does_not_come_along() -> None:
    picture = f'<img src="data:image/png;base64,{PIXEL}" alt="logo">'
    rich = Part(
        f"<p>Ciao <b>{{{{ party.name }}}}</b></p><script>x</script>{picture}", is_html=True
    )
    words = words_of(replace(INVOICE, closing=rich), VALUES, {})
    assert words.html.startswith("<p>Gentile Dott.ssa Rossi,</p>\n<p>in allegato")
    assert "<b>Città &amp; Figli</b>" in words.html
    assert "script" not in words.html
    assert f"data:image/png;base64,{PIXEL}" in words.html
    assert "Ciao Città & Figli" in words.text


def test_what_a_person_wrote_is_taken_as_it_is() -> None:
    words = words_of(INVOICE, VALUES, {
        "subject": "Fattura\r\nBcc: x@y.example {{ a }}",
        "motivation": Part("<i>{{ document.nubmer }}</i>", is_html=True),
        "closing": "",
    })  # fmt: skip
    assert words.subject == "Fattura Bcc: x@y.example {{ a }}"
    assert "<i>{{ document.nubmer }}</i>" in words.html
    assert "Cordiali" not in words.text


@given(st.text("{}%#|.~ \n'\"()[]documentnumberifforendset_*+", max_size=60))
def test_any_text_is_a_template_or_told_why_not(source: str) -> None:
    if faults({"closing": (source, True)}):
        with pytest.raises(Rejected):
            said(source, is_html=True)
