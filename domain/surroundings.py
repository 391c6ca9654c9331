"""What stands around digits in a line, and so tells what they are: a day, an amount, a telephone."""

import re
import unicodedata
from dataclasses import field
from functools import lru_cache

from domain.classes import dataclass

_SLASHES = "\u2044\u2215"
_MINUS = "\u2212"
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_NEAR = 60
"""So many characters before digits are looked at."""
_JOINT = r" ?[./\-_] ?"
_DAY = re.compile(
    rf"(?<!\d)(?:(?P<y>\d{{4}})(?P<joint>{_JOINT})(?P<m>\d\d?)(?P=joint)(?P<d>\d\d?)"
    rf"|(?P<d_>\d\d?){_JOINT}(?P<m_>\d\d?){_JOINT}(?:\d{{4}}|\d\d))(?!\d)"
)
_ADDRESSES = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+\-]{1,64}@[\w.\-]{1,253}|\bIBAN\b[:\s]*[A-Z]{2}\d\d[ A-Z\d]*"
)
_NUMBER_WORD = (
    r"(?:n(?:r|o|um(?:ero|mer)?|uméro)?|nummer|number|numer|nº|n°|№"
    r"|rif|riferimento|r[eé]f|reference|référence|referenz|zeichen|sygn)"
)
_NUMBERED = re.compile(rf"(?:(?<![^\W_]){_NUMBER_WORD}|#)[\s.:#°º_\-]*$", re.IGNORECASE)
_ELSE = re.compile(
    r"(?:(?<![^\W\d_])(?:"
    r"(?:tel(?:efon\w*|ephone)?|tél(?:éphone)?|fax|fon|phone|mob(?:ile?|iltelefon)?"
    rf"|cell(?:ulare|phone)?|handy|whatsapp)[\s.:\-]*(?:{_NUMBER_WORD}[\s.:\-]*)?"
    r"|(?:p\.? ?iva|partita iva|c\.? ?f\.|vat(?: id)?|ust-?id|steuer-?|st\.?-|tva|nip|regon|sire[nt]"
    rf"|[cn]if|bic|iban)[\s.:\-]*(?:(?:{_NUMBER_WORD}|id)[\s.:\-]*)?(?:[A-Z]{{2}})?"
    r"|(?:cap|plz|zip(?: code)?|postcode|kod pocztowy|konto|kontonummer|c/c"
    rf"|(?:kunden-?|customer |client ){_NUMBER_WORD}|(?:customer|client) (?:id|code)"
    r"|(?:cod(?:ice|\.)?|kod|code) ?(?:cliente|klienta|client))[\s.:\-]*"
    r")[\d\s()/.\-]*|(?<!\d)\+(?:\d[\d\s()/.\-]*)?)$",
    re.IGNORECASE,
)
_MONEY = r"(?:€|\$|£|(?<![^\W\d_])(?:eur|euro|usd|chf|gbp|pln|zł)(?![^\W\d_])\.?)"
_PAID = re.compile(rf"{_MONEY}[\s:]?[\d.,']*$", re.IGNORECASE)
_COUNTED = re.compile(
    rf"[ \t]?(?:[.,]-|%|(?:{_MONEY}|(?:(?<= )[gtmh](?![.'’])|"
    r"pz|pezz[io]|pcs?|pieces?|stücke?|stk|szt(?:uk)?|pièces?|pces|piezas|unidades|units?"
    r"|kg|gr|mm|cm|km|m[²³23]|mq|lt|ore|std|stunden|hours?|giorni|tage|days|jours|dni"
    r"|kwh?|palett?en?|pallets?|bancali|colli|cartoni|karton\w*|cartons?|scatole|rotoli"
    r")(?![^\W_]))(?![.:]?\s?\d))",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\d+(?:[.' ]\d+)*")
_DECIMALS = re.compile(
    r",\d\d?(?![\d/\-])|\.\d\d(?!\d)[ \t]?(?:€|EUR|CHF|PLN|USD|GBP|zł)|,\d{3}[.,]"
)
_TOWN = re.compile(r" [A-Z][^\W\d_]*[a-zà-ÿ](?:[ \-][A-Z][^\W\d_]+){0,2}[ \t]*(?:$|[,(;|])")
_PLACED = re.compile(r"(?:^|,|\||[\s\-](?:[A-Z]{1,2}-))[ \t]*$")
_DIGITS_BEFORE = re.compile(r"\d[^\W\d_]? ?[ ./\-_'] ?$")
_DIGITS_AFTER = re.compile(r" ?[ ./\-_'] ?(?=\d)")
_GLUED_BEFORE = re.compile(r"\d[./\-]$")
_GLUED_AFTER = re.compile(r"[./]\d")
_MOST_DAYS, _MOST_MONTHS = 31, 12


def plain(text: str) -> str:
    """Write dashes, slashes, blanks and digits of every form in ASCII, each as one character."""
    return text if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=1 << 12)
def _plain(one: str) -> str:
    category = unicodedata.category(one)
    if category == "Nd":
        return str(unicodedata.decimal(one))
    if category == "Pd" or one == _MINUS:
        return "-"
    if category == "Zs":
        return " "
    if one in _SLASHES:
        return "/"
    return chr(ord(one) - 0xFEE0) if ord(one) in _FULL_WIDTH else one


@dataclass(frozen=True, slots=True)
class Before:
    """What stands right before digits.

    `numbered`: a word for a number; `other`: a word for what is no document's (a telephone, a
    tax number); `paid`: a currency; `placed`: what stands before a postcode; `digits`: other
    digits, `glued` by more than a blank.
    """

    numbered: bool
    other: bool
    paid: bool
    placed: bool
    digits: bool
    glued: bool


@dataclass(frozen=True, slots=True)
class After:
    """What stands right after digits: a unit or currency, decimals, a town, other digits."""

    counted: bool
    decimals: bool
    town: bool
    digits: bool
    glued: bool


@dataclass(slots=True)
class Line:
    """One line of a text, written plainly, and what is known of places in it."""

    text: str
    _before: dict[int, Before] = field(default_factory=dict)
    _after: dict[int, After] = field(default_factory=dict)
    _days: list[tuple[int, int]] | None = None
    _shut: list[tuple[int, int]] | None = None

    def before(self, begin: int) -> Before:
        """Tell what stands before digits that begin there."""
        if begin not in self._before:
            self._before[begin] = self._read_before(begin)
        return self._before[begin]

    def _read_before(self, begin: int) -> Before:
        near = self.text[max(0, begin - _NEAR) : begin]
        digits = _DIGITS_BEFORE.search(near)
        return Before(
            numbered=_NUMBERED.search(near) is not None,
            other=_ELSE.search(near) is not None,
            paid=_PAID.search(near) is not None,
            placed=_PLACED.search(near) is not None,
            digits=digits is not None and not self._in_day(begin - len(digits[0])),
            glued=_GLUED_BEFORE.search(near) is not None,
        )

    def after(self, end: int) -> After:
        """Tell what stands after digits that end there."""
        if end not in self._after:
            digits = _DIGITS_AFTER.match(self.text, end)
            self._after[end] = After(
                counted=_COUNTED.match(self.text, end) is not None,
                decimals=_DECIMALS.match(self.text, end) is not None,
                town=_TOWN.match(self.text, end) is not None,
                digits=digits is not None and not self._in_day(digits.end()),
                glued=_GLUED_AFTER.match(self.text, end) is not None,
            )
        return self._after[end]

    def days(self) -> list[tuple[int, int]]:
        """Give where whole dates stand."""
        if self._days is None:
            self._days = [one.span() for one in _DAY.finditer(self.text) if _is_day(one)]
        return self._days

    def _in_day(self, place: int) -> bool:
        return any(begin <= place < end for begin, end in self.days())

    def is_amount(self, begin: int, end: int) -> bool:
        """Tell whether that is written as amounts and quantities are."""
        return _AMOUNT.fullmatch(self.text, begin, end) is not None

    def is_shut(self, begin: int, end: int) -> bool:
        """Tell whether that is part of a URL, an e-mail address or an account's number."""
        if self._shut is None:
            self._shut = [one.span() for one in _ADDRESSES.finditer(self.text)]
        return any(begin < until and first < end for first, until in self._shut)


def _is_day(found: re.Match[str]) -> bool:
    one, other = int(found["m"] or found["m_"]), int(found["d"] or found["d_"])
    return 0 < min(one, other) <= _MOST_MONTHS and max(one, other) <= _MOST_DAYS
