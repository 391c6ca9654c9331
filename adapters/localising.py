"""Days and amounts as they are written in a language (CLDR, by Babel)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

Length = Literal["short", "medium", "long", "full"]
LENGTHS: Final = ("short", "medium", "long", "full")
_FALLBACK: Final = "en"
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is written in the language of the mail."""

    day: date
    language: str

    def __str__(self) -> str:
        """Write it as letters do: 20 febbraio 2026."""
        return self.written("long")

    def written(self, length: Length) -> str:
        """Write it shorter or longer."""
        return format_date(self.day, length, locale=_locale(self.language))


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money that is written in the language of the mail; the currency may be empty."""

    amount: Decimal
    currency: str
    language: str

    def __str__(self) -> str:
        """Write it: 2.710,40 €."""
        locale = _locale(self.language)
        if not self.currency:
            return format_decimal(self.amount, "#,##0.00###", locale=locale)
        return format_currency(self.amount, self.currency, locale=locale)

    @classmethod
    def of(cls, text: str, currency: str, language: str) -> "Amount | str":
        """Read decimal text; what is none stays as it is."""
        try:
            amount = Decimal(text)
        except InvalidOperation:
            return text
        plain = amount.is_finite() and len(text) <= _LONGEST and "e" not in text.casefold()
        return cls(amount, currency, language) if plain else text


@lru_cache(maxsize=256)
def _locale(language: str) -> Locale:
    """Give the locale of a language tag (RFC 5646), else that of its first part, else English."""
    for tag in (language, language.partition("-")[0], _FALLBACK):
        try:
            return Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale(_FALLBACK)
