"""Document numbers as people write them: with other separators, order, prefix or no zeros."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import pairwise

from domain.kinds import Kind, kind_before

_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"\d+|[^\W\d_]+")
_BEFORE = re.compile(r"[ \t./\-_\\nN°ºr:]{0,4}")
"""What may stand between letters and the first digits: `RE n. 12`."""
_WITHIN = re.compile(r" ?[./\-_\\] ?|")
"""What may stand inside a number; a blank alone parts telephone numbers and quantities."""
_WIDEST = 4
"""No gap inside a number has more characters; none at all is always allowed."""
_DATED = re.compile(
    r",?\s+(?:(?:del|dd?|dt|vom|du|en date du|z dnia|z|of|dated|von|de)\.?\s+)?"
    r"(?:(?P<first>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"|(?P<day_>\d\d?)[./-](?P<month_>\d\d?)[./-](?P<year>\d{4}|\d\d))(?!\d)",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?<!\d)(?:\d\d?[./-]\d\d?[./-](?:\d{4}|\d\d)|\d{4}-\d\d-\d\d)(?!\d)")
_SHORTEST_ALONE = 4
_LONGEST = 6
"""Of so many groups of letters or digits a number has at most."""
_LONGEST_SERIES = 6
"""Letters before the digits that belong to a number (`DDT`, `FATT`) are no more; else it is a word."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number's digit groups without leading zeros, in order, and the letters around them."""

    groups: tuple[str, ...]
    letters: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Give what equal numbers share: the groups, whatever their order, years in full."""
        return _shared(self.groups)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A number seen in a text, with the very words, and where these begin and end.

    `kind` is what the words before it call it; `dated` the day that stands right after it, of
    which the year counts as part of the number: `1149 del 09/12/2025`.
    """

    number: Number
    snippet: str
    begin: int = 0
    end: int = 0
    kind: Kind | None = None
    dated: date | None = None

    def within(self, other: "Sighting") -> bool:
        """Tell whether both share characters of the text."""
        return self.begin < other.end and other.begin < self.end


def parse_number(text: str) -> Number | None:
    """Read a number as the ERP writes it; None where it holds no digits."""
    groups, letters = _grouped([_part(run) for run in _RUN.findall(text)])
    return Number(groups, letters) if groups else None


def _part(run: str) -> tuple[bool, str]:
    """Tell digits from letters, in the form in which both are compared."""
    return (True, run.lstrip("0") or "0") if run.isdigit() else (False, run.casefold())


def _grouped(parts: Sequence[tuple[bool, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part digit groups from letters."""
    groups = tuple(part for digits, part in parts if digits)
    return groups, tuple(part for digits, part in parts if not digits)


def same(written: Number, seen: Number, *, called_so: bool = False) -> bool:
    """Tell whether a number that was seen is the written one.

    A number of one group needs four digits, its own letters beside it, or a word that says what it
    is (`called_so`): `12` alone is anything.
    """
    if written.key != seen.key:
        return False
    if called_so or set(written.letters) & set(seen.letters):
        return True
    if len(written.groups) > 1:
        return True
    return max(map(len, written.groups)) >= _SHORTEST_ALONE


def sightings(text: str) -> Iterator[Sighting]:
    """Find every run of digit groups that could be a number, the longest first at each place.

    Letters count as a part where they touch: `RE 2026-47002` is seen whole, and as `2026-47002`.
    No number goes over a line's end.
    """
    offset = 0
    for line in text.split("\n"):
        if _DIGIT.search(line):
            yield from _in_line(line, offset)
        offset += len(line) + 1


def _in_line(line: str, offset: int) -> Iterator[Sighting]:
    runs = list(_RUN.finditer(line))
    words = [run.group() for run in runs]
    for begin in _near_digits(words):
        ends = _joined_ends(line, runs, begin)
        parts = [_part(word) for word in words[begin : begin + len(ends)]]
        digits = next((at for at, (is_digits, _) in enumerate(parts) if is_digits), None)
        if digits is None:
            continue
        starts = runs[begin].start(), runs[begin + digits].start()
        called = kind_before(line, starts[0]) or kind_before(line, starts[1])
        kind, said = called or (None, starts[0])
        if kind is None and _is_day(line, *starts):
            continue
        for count in range(len(ends), digits, -1):
            number = Number(*_grouped(parts[:count]))
            seen = Sighting(number, "", starts[0], ends[count - 1], kind)
            yield from _sighted(line, offset, min(said, starts[0]), seen)


def _sighted(line: str, offset: int, said: int, seen: Sighting) -> Iterator[Sighting]:
    """Place a number that was seen in a line, with the day that follows it and without.

    `said`: where the words begin that tell of it.
    """
    placed = replace(seen, begin=offset + seen.begin, end=offset + seen.end)
    if (day := _day_after(line, seen.end)) is not None:
        until, dated = day
        number = Number((*seen.number.groups, str(dated.year)), seen.number.letters)
        words = line[said:until]
        yield replace(placed, number=number, snippet=words, end=offset + until, dated=dated)
    if _telling(seen):
        yield replace(placed, snippet=line[said : seen.end])


def _is_day(line: str, begin: int, digits: int) -> bool:
    """Tell whether a date is read there, not a number: no series in capitals stands before it."""
    return not line[begin:digits].strip().isupper() and any(
        found.start() <= digits < found.end() for found in _DAY.finditer(line)
    )


def _day_after(line: str, end: int) -> tuple[int, date] | None:
    """Read the day of issue that stands right after a number; years of two digits are of 2000 on."""
    found = _DATED.match(line, end)
    if found is None:
        return None
    year = found["year"] or found["first"]
    month, day = found["month"] or found["month_"], found["day"] or found["day_"]
    try:
        return found.end(), date(int(_full_year(year)), int(month), int(day))
    except ValueError:
        return None


def _near_digits(words: Sequence[str]) -> Iterator[int]:
    """Give the places from which the longest number would reach digits: most of a text is words."""
    done = 0
    for at, word in enumerate(words):
        if word.isdigit():
            yield from range(max(done, at - _LONGEST + 1), at + 1)
            done = at + 1


def _joined_ends(text: str, runs: list[re.Match[str]], begin: int) -> list[int]:
    ends, digits = [runs[begin].end()], runs[begin].group().isdigit()
    for left, right in pairwise(runs[begin : begin + _LONGEST]):
        joint = _WITHIN if digits else _BEFORE
        gap = right.start() - left.end()
        if gap > _WIDEST or (not digits and left.end() - left.start() > _LONGEST_SERIES):
            break
        if gap and joint.fullmatch(text, left.end(), right.start()) is None:
            break
        digits = digits or right.group().isdigit()
        ends.append(right.end())
    return ends


def _telling(seen: Sighting) -> bool:
    """A lone group of few digits without letters or a word for it is anything: a quantity, a day."""
    number = seen.number
    return (
        len(number.groups) > 1
        or bool(number.letters)
        or seen.kind is not None
        or max(map(len, number.groups)) >= _SHORTEST_ALONE
    )


@lru_cache(maxsize=1 << 14)
def _shared(groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(map(_full_year, groups)))


def _full_year(group: str) -> str:
    """Write a year of two digits in full, so that 1128/25 and 1128/2025 are one number."""
    return f"20{group}" if len(group) == 2 and group.isdigit() and "15" <= group <= "49" else group


def without_year(number: Number, year: int) -> Number | None:
    """Give a number without the group that is its year; None where none is, or nothing is left."""
    left = [group for group in number.groups if _full_year(group) != str(year)]
    if not left or len(left) != len(number.groups) - 1:
        return None
    return Number(tuple(left), number.letters)
