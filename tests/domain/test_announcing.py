"""Addresses that a correspondent tells of as his own."""

import pytest

from domain.announcing import announced
from domain.content import Content
from domain.freemail import company_domains
from domain.values import Address

DIRK = Address("dbohm@lang.example", "Dirk Böhm")


def told(text: str, by: Address = DIRK, *, sure: bool = True) -> list[str]:
    content = Content(reader=1, authors=(by,), to=(Address("info@firm.example"),), text=text)
    return [one.address.key for one in announced(content) if one.sure is sure]


def test_the_same_name_at_another_provider_is_the_same_person() -> None:
    assert told("bitte schreiben Sie an dbohm@lang-neu.example.") == ["dbohm@lang-neu.example"]


def test_a_name_is_known_in_each_of_its_spellings() -> None:
    for local in ("böhm", "bohm", "boehm"):
        writer = Address(f"{local}@lang.example", "Dirk Böhm")
        assert told(f"an {local}@neu.example", writer) == [f"{local}@neu.example"]


def test_an_address_that_bears_the_writers_name_is_his() -> None:
    anna = Address("akow@okna.example", "Anna Kowal")
    assert told("mój nowy adres to Anna.Kowal.77@wp.pl", anna) == ["anna.kowal.77@wp.pl"]


@pytest.mark.parametrize(
    "text", ["scrivete a giorgio@studio.example", "a info@firm.example", "dbohm@lang.example", ""]
)
def test_somebody_elses_address_is_not(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("writer", "text"),
    [
        (Address("info@alpha.example", "Info Alpha"), "scrivete a info@corriere.example"),
        (Address("ufficio.acquisti@a.example", "Ufficio"), "a ufficio.acquisti@b.example"),
        (Address("info@alpha.example"), "our new address is info@alpha-new.example"),
        (Address("jk7@alpha.example", "Alpha Srl"), "per la merce jk7@corriere.example"),
    ],
)
def test_what_may_be_another_firms_office_is_doubtful(writer: Address, text: str) -> None:
    assert told(text, writer) == []
    assert len(told(text, writer, sure=False)) == 1


def test_who_says_that_an_address_is_his_own_needs_no_name() -> None:
    nameless = Address("jk7@alpha.example")
    assert told("Meine neue Adresse: jk7@beta.example", nameless) == ["jk7@beta.example"]


def test_providers_domains_belong_to_no_company() -> None:
    assert company_domains("mail.Firm.example") == ("mail.firm.example", "firm.example")
    assert company_domains("gmail.com") == company_domains("pec.it") == ()
