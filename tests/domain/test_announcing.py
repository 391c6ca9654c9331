"""Addresses that a correspondent tells of as his own."""

import pytest

from domain.announcing import announced
from domain.content import Content
from domain.freemail import company_domains
from domain.values import Address

DIRK = Address("dbohm@lang.example", "Dirk Böhm")


def told(text: str, by: Address = DIRK) -> list[str]:
    content = Content(reader=1, authors=(by,), to=(Address("info@firm.example"),), text=text)
    return [one.key for one in announced(content)]


def test_the_same_name_at_another_provider_is_the_same_person() -> None:
    assert told("bitte schreiben Sie an dbohm@lang-neu.example.") == ["dbohm@lang-neu.example"]


def test_an_address_that_bears_the_writers_name_is_his() -> None:
    anna = Address("akow@okna.example", "Anna Kowal")
    assert told("mój nowy adres to Anna.Kowal.77@wp.pl", anna) == ["anna.kowal.77@wp.pl"]


@pytest.mark.parametrize(
    "text", ["scrivete a giorgio@studio.example", "a info@firm.example", "dbohm@lang.example", ""]
)
def test_somebody_elses_address_is_not(text: str) -> None:
    assert told(text) == []


def test_providers_domains_belong_to_no_company() -> None:
    assert company_domains("mail.Firm.example") == ("mail.firm.example", "firm.example")
    assert company_domains("gmail.com") == company_domains("pec.it") == ()
