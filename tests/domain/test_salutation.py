"""A mail greets by language, title and gender; in doubt neutrally."""

from typing import Any

import pytest

from domain.salutation import SALUTATIONS, check_salutations, language_of, person_of, salutation
from domain.values import Rejected


def greeted(language: str, name: str, **attributes: str) -> str:
    return salutation(language, [person_of(name, attributes)])


@pytest.mark.parametrize(
    ("language", "name", "attributes", "said"),
    [
        ("it", "Maria Rossi", {"title": "Dott.ssa"}, "Gentile Dott.ssa Rossi,"),
        ("it", "Rossi, Maria", {"Titolo": "Ing."}, "Gentile Ing. Rossi,"),
        ("it", "ROSSI Maria", {"sesso": "F"}, "Gentile Sig.ra ROSSI,"),
        ("it", "Marco Verdi", {"genere": "m"}, "Gentile Sig. Verdi,"),
        ("it", "Marco Verdi", {}, "Gentile Marco Verdi,"),
        ("de", "Max Muster", {"Anrede": "Herr"}, "Guten Tag Herr Muster,"),
        ("de", "Anna von der Tann", {"title": "Frau Dr."}, "Guten Tag Frau Dr. von der Tann,"),
        ("de-AT", "Eva Maria Huber", {"gender": "female"}, "Guten Tag Frau Eva Maria Huber,"),
        ("de-CH", "Max Muster", {"anrede": "Herr"}, "Guten Tag Herr Muster"),
        ("de", "Dr. Muster", {}, "Guten Tag Dr. Muster,"),
        ("en", "Jane Smith", {"salutation": "Mrs."}, "Dear Ms Smith,"),
        ("en", "Jane Smith", {"title": "Dr", "gender": "f"}, "Dear Dr Smith,"),
        ("fr", "Marie de la Tour", {"civilite": "Mme"}, "Bonjour Madame de la Tour,"),
        ("es", "Ana", {"surname": "García López", "sex": "f"}, "Estimada Sra. García López:"),
        ("pl", "Anna Nowak", {"gender": "f"}, "Szanowna Pani,"),
        ("pl", "Anna Nowak", {}, "Szanowni Państwo,"),
    ],
)
def test_who_is_known_is_greeted_by_language_title_and_gender(
    language: str, name: str, attributes: dict[str, str], said: str
) -> None:
    assert greeted(language, name, **attributes) == said


@pytest.mark.parametrize("people", [[], [None], [person_of("Maria Rossi", {"sex": "f"})] * 2])
def test_nobody_known_and_several_are_greeted_neutrally(people: Any) -> None:
    assert salutation("it", people) == "Gentili Signore e Signori,"
    for language in SALUTATIONS:
        assert salutation(language, people)


def test_a_template_says_it_otherwise_form_by_form() -> None:
    own = {"female": "Cara {name}", "neutral": "Salve"}
    maria = person_of("Maria Rossi", {"gender": "f"})
    assert salutation("it", [maria], own) == "Cara Maria Rossi"
    assert salutation("cs", [maria], own) == "Cara Maria Rossi"
    assert salutation("cs", [None], own) == "Salve"
    with pytest.raises(Rejected, match="none for the language cs"):
        salutation("cs", [None])


@pytest.mark.parametrize(
    ("own", "wrong"),
    [
        ({"madam": "x"}, "madam is no form"),
        ({"female": "Cara {name.__class__}"}, "no field"),
        ({"neutral": "Salve {name}"}, "there are none"),
    ],
)
def test_forms_that_cannot_be_filled_are_refused(own: dict[str, str], wrong: str) -> None:
    with pytest.raises(Rejected, match=wrong):
        check_salutations("it", own)


def test_a_record_names_its_language_under_any_of_these_names() -> None:
    assert language_of({"Lingua": "de_CH"}) == "de-CH"
    assert language_of({"city": "Bolzano"}) == ""


def test_a_title_alone_tells_gender_where_it_can() -> None:
    her = person_of("Maria Rossi", {"titolo": "Prof.ssa"})
    assert her is not None
    assert her.gender == "female"
    assert person_of("  ", {}) is None
