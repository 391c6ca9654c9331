"""Document numbers as people write them: with other separators, order, prefix or no zeros."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"\d+|[^\W\d_]+")
_BEFORE = re.compile(r"[ \t./\-_\\nN°ºr:]{0,4}")
"""What may stand between letters and the first digits: `RE n. 12`."""
_WITHIN = re.compile(r" ?[./\-_\\] ?|")
"""What may stand inside a number; a blank alone parts telephone numbers and quantities."""
_WIDEST = 4
"""No gap inside a number has more characters; none at all is always allowed."""
_SHORTEST_ALONE = 4
_LONGEST = 6


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
    """A number seen in a text, with the very words."""

    number: Number
    snippet: str


def parse_number(text: str) -> Number | None:
    """Read a number as the ERP writes it; None where it holds no digits."""
    return _number([_part(run) for run in _RUN.findall(text)])


def _part(run: str) -> tuple[bool, str]:
    """Tell digits from letters, in the form in which both are compared."""
    return (True, run.lstrip("0") or "0") if run.isdigit() else (False, run.casefold())


def _number(parts: Sequence[tuple[bool, str]]) -> Number | None:
    groups = tuple(part for digits, part in parts if digits)
    letters = tuple(part for digits, part in parts if not digits)
    return Number(groups, letters) if groups else None


def same(written: Number, seen: Number) -> bool:
    """Tell whether a number that was seen is the written one.

    A number of one group needs four digits, or its own letters beside it: `12` alone is anything.
    """
    if written.key != seen.key:
        return False
    if set(written.letters) & set(seen.letters):
        return True
    if len(written.groups) > 1:
        return True
    return max(map(len, written.groups)) >= _SHORTEST_ALONE


def sightings(text: str) -> Iterator[Sighting]:
    """Find every run of digit groups that could be a number, the longest first at each place.

    Letters count as a part where they touch: `RE 2026-47002` is seen whole, and as `2026-47002`.
    No number goes over a line's end.
    """
    for line in filter(_DIGIT.search, text.split("\n")):
        yield from _in_line(line)


def _in_line(line: str) -> Iterator[Sighting]:
    runs = list(_RUN.finditer(line))
    words = [run.group() for run in runs]
    for begin in _near_digits(words):
        ends = _joined_ends(line, runs, begin)
        start = runs[begin].start()
        for number, end in reversed(list(_beginning(words[begin : begin + len(ends)], ends))):
            yield Sighting(number, line[start:end])


def _beginning(words: Sequence[str], ends: Sequence[int]) -> Iterator[tuple[Number, int]]:
    """Give the telling numbers that these words make, from one word on, each with its end."""
    groups: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    for word, end in zip(words, ends, strict=True):
        digits, part = _part(word)
        if digits:
            groups += (part,)
        else:
            letters += (part,)
        if groups and _telling(groups, letters):
            yield Number(groups, letters), end


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
        gap = right.start() - left.end()
        joint = _WITHIN if digits else _BEFORE
        if gap > _WIDEST or (gap and joint.fullmatch(text, left.end(), right.start()) is None):
            break
        digits = digits or right.group().isdigit()
        ends.append(right.end())
    return ends


def _telling(groups: Sequence[str], letters: Sequence[str]) -> bool:
    """A lone group of few digits without letters is anything: a quantity, a day."""
    return len(groups) > 1 or bool(letters) or max(map(len, groups)) >= _SHORTEST_ALONE


@lru_cache(maxsize=1 << 14)
def _shared(groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(map(_full_year, groups)))


def _full_year(group: str) -> str:
    """Write a year of two digits in full, so that 1128/25 and 1128/2025 are one number."""
    return f"20{group}" if len(group) == 2 and group.isdigit() and "15" <= group <= "49" else group
