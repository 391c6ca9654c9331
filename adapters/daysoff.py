"""The public holidays of countries and their regions, by the package `holidays`.

It is imported when the first holiday is asked for: most commands never do.
"""

from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from typing import Any

from domain.businesstime import BusinessTime, Opening, none_off
from domain.values import Rejected


def days_off(country: str, region: str = "") -> Callable[[int], frozenset[date]]:
    """Give what tells a year's holidays of a country (ISO 3166-1), or of a region of it (3166-2).

    Rejected (INVALID) where no holidays are known of it.
    """
    import holidays  # noqa: PLC0415  only where there is a calendar

    known = holidays.list_supported_countries()
    if country not in known:
        raise Rejected("INVALID", f"country: no holidays are known of {country!r}; IT is Italy")
    if region and region not in known[country]:
        names = ", ".join(known[country]) or "it has none"
        raise Rejected("INVALID", f"region: {country} has no {region!r}, but: {names}")

    @cache
    def of_year(year: int) -> frozenset[date]:
        found: Any = holidays.country_holidays(country, subdiv=region or None, years=year)
        return frozenset(found)

    return of_year


@lru_cache(maxsize=256)
def business_time(opening: Opening, country: str, region: str) -> BusinessTime:
    """Give what counts the time of an office; the same one for the same hours and holidays."""
    return BusinessTime(opening, days_off(country, region) if country else none_off)
