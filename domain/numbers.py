"""Document numbers as people write them: with other separators, order, prefix or no zeros."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import pairwise

from domain.classes import dataclass
from domain.kinds import Kind, kind_before, kind_of
from domain.surroundings import Line, plain

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
_SHORTEST_ALONE = 4
_MANY_DIGITS = 7
"""So many digits in one group are no chance likeness."""
_REST = 12
"""A number is nearly the whole of a text if no more letters and digits stand beside it."""
_POSTCODE = range(4, 6)
_LONGEST_SUFFIX = 2
_SHORT_SERIES = 3
_TIGHT = frozenset(("", "/", "-", "_"))
_MOST_DAYS, _MOST_MONTHS = 31, 12
_NUMBER_WORDS = frozenset(("n", "nr", "no", "num", "nro", "ref", "rif"))
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
    which the year counts as part of the number: `1149 del 09/12/2025`. `numbered`: a word for a
    number stands before it; `day`: its digits read as a whole date; `whole`: it is nearly all that
    the text says. `inner` are letters between its digits, `bound` those that are written together
    with them, though perhaps not in `number`.
    """

    number: Number
    snippet: str
    begin: int = 0
    end: int = 0
    kind: Kind | None = None
    dated: date | None = None
    numbered: bool = False
    day: bool = False
    whole: bool = False
    inner: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()

    @property
    def bare(self) -> bool:
        """Tell whether nothing in it and before it says that it is a number: few digits, a month."""
        if self.kind or self.numbered or self.dated:
            return False
        groups = self.number.groups
        return (len(groups[0]) < _MANY_DIGITS) if len(groups) == 1 else _is_month(groups)

    def within(self, other: "Sighting") -> bool:
        """Tell whether both share characters of the text."""
        return self.begin < other.end and other.begin < self.end


def parse_number(text: str) -> Number | None:
    """Read a number as the ERP writes it; None where it holds no digits."""
    groups, letters = _grouped([_part(run) for run in _RUN.findall(plain(text))])
    return Number(groups, letters) if groups else None


def _part(run: str) -> tuple[bool, str]:
    """Tell digits from letters, in the form in which both are compared."""
    return (True, run.lstrip("0") or "0") if run.isdecimal() else (False, run.casefold())


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


def contradicts(written: Number, seen: Sighting) -> bool:
    """Tell whether letters that belong to what was seen are others than the written number's."""
    own = set(written.letters)
    if not seen.inner <= own:
        return True
    others = {one for one in seen.bound - own if one not in _NUMBER_WORDS}
    if not (own and others) or own & seen.bound:
        return False
    kinds = {kind for one in own if (kind := kind_of(one))}
    said = {kind_of(one) for one in others}
    return None in said or (bool(kinds) and kinds.isdisjoint(said))


def sightings(text: str) -> Iterator[Sighting]:
    """Find every run of digit groups that could be a number, the longest first at each place.

    Letters count as a part where they touch: `RE 2026-47002` is seen whole, and as `2026-47002`.
    No number goes over a line's end. What reads as something else (an amount, a quantity, a
    telephone, part of a date or of a longer number) is none.
    """
    offset, written = 0, plain(text)
    size = sum(map(str.isalnum, text))
    for line in written.split("\n"):
        if _DIGIT.search(line):
            for seen, said in _in_line(line):
                begin, end = offset + seen.begin, offset + seen.end
                words = text[offset + said : end]
                whole = size - sum(map(str.isalnum, words)) <= _REST
                yield replace(seen, begin=begin, end=end, snippet=words, whole=whole)
        offset += len(line) + 1


def _in_line(text: str) -> Iterator[tuple[Sighting, int]]:
    """Give what is seen in a line, and where the words begin that tell of it."""
    line = Line(text)
    runs = list(_RUN.finditer(text))
    words = [run.group() for run in runs]
    for begin in _near_digits(words):
        ends = _joined_ends(text, runs, begin)
        digits = next((at for at in range(len(ends)) if words[begin + at].isdecimal()), None)
        if digits is None:
            continue
        starts = runs[begin].start(), runs[begin + digits].start()
        called = kind_before(text, starts[0]) or kind_before(text, starts[1])
        kind, said = called or (None, starts[0])
        for count in range(len(ends), digits, -1):
            seen = _sighting(line, runs, begin, count, kind)
            if seen is not None:
                yield from _sighted(text, min(said, starts[0]), seen)


def _sighting(
    line: Line, runs: list[re.Match[str]], begin: int, count: int, kind: Kind | None
) -> Sighting | None:
    """Read some runs as a number; None where they are something else."""
    at = [begin + n for n in range(count) if runs[begin + n].group().isdecimal()]
    parts = [_part(run.group()) for run in runs[begin : begin + count]]
    first, last = runs[at[0]].start(), runs[at[-1]].end()
    between = (_part(run.group()) for run in runs[at[0] : at[-1]])
    series, suffix = _series(line.text, runs, at[0]), _suffix(line.text, runs, at[-1])
    seen = Sighting(
        Number(*_grouped(parts)),
        "",
        runs[begin].start(),
        runs[begin + count - 1].end(),
        kind,
        numbered=line.before(first).numbered,
        day=(first, last) in line.days(),
        inner=frozenset(part for is_digits, part in between if not is_digits),
        bound=series | suffix,
    )
    if _is_else(line, first, last, numbered=seen.numbered, series=bool(series)):
        return None
    lone = len(seen.number.groups) == 1
    if lone and line.after(last).digits and _is_year(line.text[first:last]):
        return None
    known = seen.kind or seen.numbered or seen.bound
    return None if not known and _is_part(line, first, last, lone=lone) else seen


def _series(text: str, runs: list[re.Match[str]], first: int) -> frozenset[str]:
    """Give the letters before digits that are written together with them: `FV/2026`, `C-10293`."""
    run = runs[first - 1] if first else None
    if run is None or run.group().isdecimal() or len(run.group()) > _LONGEST_SERIES:
        return frozenset()
    gap, short = text[run.end() : runs[first].start()], len(run.group()) <= _SHORT_SERIES
    capitals = run.group().isupper() and gap in _TIGHT and (short or gap != "_")
    return frozenset((run.group().casefold(),) if capitals or (gap == "/" and short) else ())


def _suffix(text: str, runs: list[re.Match[str]], last: int) -> frozenset[str]:
    """Give the letters after digits that are written together with them: `552/A`."""
    run = runs[last + 1] if last + 1 < len(runs) else None
    if run is None or run.group().isdecimal() or len(run.group()) > _LONGEST_SUFFIX:
        return frozenset()
    tight = text[runs[last].end() : run.start()] in _TIGHT - {"_"}
    return frozenset((run.group().casefold(),) if tight else ())


def _is_else(line: Line, first: int, last: int, *, numbered: bool, series: bool) -> bool:
    """Tell whether digits are part of a day, an amount, a quantity, a telephone, an address."""
    before, after = line.before(first), line.after(last)
    parts_day = any(
        begin < last and first < end and not (first <= begin and end <= last)
        for begin, end in line.days()
    )
    if parts_day or before.other or line.is_shut(first, last):
        return True
    if not line.is_amount(first, last):
        return False
    return after.decimals or (not numbered and (before.paid or (after.counted and not series)))


def _is_part(line: Line, first: int, last: int, *, lone: bool) -> bool:
    """Tell whether digits of which nothing says that they are a number are part of a longer one."""
    before, after = line.before(first), line.after(last)
    if not lone:
        return before.glued or after.glued
    digits = line.text[first:last]
    town = len(digits) in _POSTCODE and before.placed and after.town
    return before.digits or after.digits or town or _is_year(digits)


def _is_year(group: str) -> bool:
    return len(group) == _SHORTEST_ALONE and group[:2] in {"19", "20"}


def _is_month(groups: Sequence[str]) -> bool:
    """Tell whether two groups may as well be a month and its year, or a day of it: `12/2026`."""
    small = sorted(int(group) for group in groups if not _is_year(group))
    return (
        len(groups) == len(("month", "year"))
        and bool(small)
        and (small[0] <= _MOST_MONTHS and small[-1] <= _MOST_DAYS)
    )


def _sighted(text: str, said: int, seen: Sighting) -> Iterator[tuple[Sighting, int]]:
    """Give a number that was seen in a line, with the day that follows it and without."""
    if (day := _day_after(text, seen.end)) is not None:
        until, dated = day
        number = Number((*seen.number.groups, str(dated.year)), seen.number.letters)
        yield replace(seen, number=number, end=until, dated=dated), said
    if _telling(seen):
        yield seen, said


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
        if word.isdecimal():
            yield from range(max(done, at - _LONGEST + 1), at + 1)
            done = at + 1


def _joined_ends(text: str, runs: list[re.Match[str]], begin: int) -> list[int]:
    ends, digits = [runs[begin].end()], runs[begin].group().isdecimal()
    for left, right in pairwise(runs[begin : begin + _LONGEST]):
        joint = _WITHIN if digits else _BEFORE
        gap = right.start() - left.end()
        if gap > _WIDEST or (not digits and left.end() - left.start() > _LONGEST_SERIES):
            break
        if gap and joint.fullmatch(text, left.end(), right.start()) is None:
            break
        digits = digits or right.group().isdecimal()
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


@lru_cache(maxsize=1 << 12)
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
