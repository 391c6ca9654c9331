"""Holidays of countries and regions."""

from datetime import date

import pytest

from adapters.daysoff import days_off
from domain.values import Rejected


def test_holidays_are_those_of_the_country_and_of_the_region() -> None:
    italy, bolzano = days_off("IT"), days_off("IT", "BZ")
    assert {date(2026, 4, 6), date(2026, 4, 25), date(2026, 12, 25)} <= italy(2026)
    assert date(2026, 5, 25) in bolzano(2026) - italy(2026)


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("IT", "XX"), ("Italy", "")])
def test_what_has_no_holidays_is_refused_with_what_there_is(country: str, region: str) -> None:
    with pytest.raises(Rejected, match=r"no holidays are known|has no 'XX', but: .*BZ"):
        days_off(country, region)
