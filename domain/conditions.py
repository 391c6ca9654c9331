"""Conditions of rules, as data: read from a JSON tree, held against the facts of a message.

    {"all": [{"field": "sender.domain", "is": "acme.example"},
             {"any": [{"field": "subject", "contains": ["offerta", "preventivo"]},
                      {"field": "attachment.type", "is": "application/pdf"}]},
             {"not": {"field": "machine", "is": true}}]}

Texts are compared without case and accents; `matches` takes a pattern, which is looked for as it is
written, without case. Of a field with several values, or of several wanted ones, one is enough.
What does not exist holds for nothing but `"exists": false`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from domain.classes import dataclass
from domain.likeness import alike
from domain.mailfacts import NAMED, NUMBERS, TEXTS, TRUTHS, Facts

_SHOWN: Final = 120


class Op(StrEnum):
    """How a field's value is compared."""

    IS = "is"
    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"
    MATCHES = "matches"
    GREATER = "greater"
    LESS = "less"
    EXISTS = "exists"


Search = Callable[[str], str | None]
"""Finds a pattern in a text, and gives what was found."""
Patterns = Callable[[str], Search]
"""Makes a pattern searchable; raises Rejected where it is none."""
Wanted: TypeAlias = str | bool | int


@dataclass(frozen=True, slots=True)
class All:
    """Holds if every one of these does; without any: always."""

    of: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """Holds if one of these does."""

    of: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Holds if this does not."""

    of: "Condition"


@dataclass(frozen=True, slots=True)
class Says:
    """Holds if a field's value compares to one of the wanted ones; `search` are patterns, ready."""

    field: str
    op: Op
    wanted: tuple[Wanted, ...]
    zone: str = ""
    search: tuple[Search, ...] = ()


Condition: TypeAlias = All | Any | Not | Says


@dataclass(frozen=True, slots=True)
class Line:
    """What was asked at a depth of the tree, whether it held, and by which words of the mail."""

    depth: int
    asked: str
    holds: bool
    evidence: str = ""

    def __str__(self) -> str:
        """Write it as a line."""
        words = f" ({self.evidence})" if self.evidence else ""
        return f"{'  ' * self.depth}{self.asked}: {'yes' if self.holds else 'no'}{words}"


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a condition held, and of each of its parts why, in the order in which they stand."""

    holds: bool
    lines: tuple[Line, ...] = ()

    @property
    def explanation(self) -> tuple[str, ...]:
        """Give the lines as people read them, indented by depth."""
        return tuple(map(str, self.lines))


def held(condition: Condition, facts: Facts) -> Held:
    """Hold a condition against a message; all of it, so that each part is explained."""
    return _held(condition, facts, 0)


def _held(condition: Condition, facts: Facts, depth: int) -> Held:
    match condition:
        case All(parts):
            each = [_held(one, facts, depth + 1) for one in parts]
            asked = "all of these" if parts else "every mail"
            return _joined(asked, depth, each, holds=all(one.holds for one in each))
        case Any(parts):
            each = [_held(one, facts, depth + 1) for one in parts]
            return _joined("one of these", depth, each, holds=any(one.holds for one in each))
        case Not(inner):
            one = _held(inner, facts, depth + 1)
            return _joined("not this", depth, [one], holds=not one.holds)
        case Says():
            found, evidence = _said(condition, facts)
            return Held(found, (Line(depth, asked_by(condition), found, evidence),))
        case _ as never:
            assert_never(never)


def _joined(asked: str, depth: int, each: Sequence[Held], *, holds: bool) -> Held:
    below = (line for one in each for line in one.lines)
    return Held(holds, (Line(depth, asked, holds), *below))


def asked_by(one: Says) -> str:
    """Write a condition as people read it."""
    if one.op is Op.EXISTS or one.field in TRUTHS:
        return one.field if one.wanted[0] else f"no {one.field}"
    words = " or ".join(f"“{one}”" for one in one.wanted[:5])
    more = f" or {len(one.wanted) - 5} more" if len(one.wanted) > 5 else ""
    return f"{one.field} {one.op.value} {words}{more}{f' in {one.zone}' if one.zone else ''}"


def _said(one: Says, facts: Facts) -> tuple[bool, str]:
    if one.field in TRUTHS:
        true = TRUTHS[one.field](facts)
        return (true if one.op is Op.EXISTS else true is one.wanted[0]), ""
    if one.field in NUMBERS:
        return _of_numbers(one, [*NUMBERS[one.field](facts, one.zone)])
    values = list(dict.fromkeys(filter(None, _texts(one, facts))))
    if one.op is Op.EXISTS:
        return bool(values) is one.wanted[0], _shown(values)
    if one.op in (Op.GREATER, Op.LESS):
        return _of_ordered(one, values)
    if one.op is Op.MATCHES:
        found = (
            hit for value in values for look in one.search if (hit := look(value)) is not None
        )
        hit = next(found, None)
        return hit is not None, _quoted(hit) if hit is not None else _shown(values)
    fitting = (value for value in values if _compares(one, alike(value)))
    hit = next(fitting, None)
    if hit is None:
        return False, _shown(values)
    return True, _around(one, hit) if one.op is Op.CONTAINS else _quoted(hit)


def _texts(one: Says, facts: Facts) -> Iterable[str]:
    if one.field in TEXTS:
        return TEXTS[one.field](facts, one.zone)
    family, _, name = one.field.partition(".")
    return NAMED[family](facts, name)


def _compares(one: Says, value: str) -> bool:
    wanted = map(alike, map(str, one.wanted))
    match one.op:
        case Op.IS:
            return value in wanted
        case Op.CONTAINS:
            return any(word in value for word in wanted)
        case Op.STARTS:
            return value.startswith(tuple(wanted))
        case _:
            return value.endswith(tuple(wanted))


def _of_numbers(one: Says, values: Sequence[int]) -> tuple[bool, str]:
    if one.op is Op.EXISTS:
        return bool(values) is one.wanted[0], ""
    hit = next((value for value in values if _beyond(one.op, value, one.wanted)), None)
    shown = values[:5] if hit is None else [hit]
    return hit is not None, ", ".join(f"{value:,}" for value in shown)


def _of_ordered(one: Says, values: Sequence[str]) -> tuple[bool, str]:
    """Compare what a text says as a number, times of day as they are written."""
    if one.field == "time.clock":
        hits = [value for value in values if _beyond(one.op, value, one.wanted)]
    else:
        numbers = ((value, number_in(value)) for value in values)
        wanted = [number_in(str(word)) for word in one.wanted]
        hits = [value for value, number in numbers if _beyond(one.op, number, wanted)]
    return bool(hits), _shown(hits or values)


def _beyond(op: Op, value: object, wanted: Iterable[object]) -> bool:
    if value is None:
        return False
    match op:
        case Op.GREATER:
            return any(value > one for one in wanted if one is not None)  # type: ignore[operator]
        case Op.LESS:
            return any(value < one for one in wanted if one is not None)  # type: ignore[operator]
        case _:
            return value in wanted


_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,12})?")


def number_in(text: str) -> Decimal | None:
    """Read a number as the ERP writes it, with a point; None if it is none."""
    plain = text.strip()
    try:
        return Decimal(plain) if _NUMBER.fullmatch(plain) else None
    except InvalidOperation:
        return None


def _shown(values: Sequence[str]) -> str:
    if not values:
        return "there is none"
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return ", ".join(map(_quoted, values[:3])) + more


def _around(one: Says, value: str) -> str:
    """Quote a long text where it says what was looked for."""
    text = alike(value)
    if len(text) <= _SHOWN:
        return _quoted(value)
    at = min(place for word in one.wanted if (place := text.find(alike(str(word)))) >= 0)
    begin = max(0, at - _SHOWN // 3)
    return f"{'…' if begin else ''}{_quoted(text[begin:])}"


def _quoted(value: str) -> str:
    words = " ".join(value[: 4 * _SHOWN].split())
    return f"“{words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}”"
