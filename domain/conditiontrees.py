"""A condition's JSON tree is read: what is wrong is told with its place, as `all[1].field`."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.conditions import All, Any, Condition, Not, Op, Patterns, Says, Wanted, number_in
from domain.mailfacts import FIELDS, IN_ZONE, NAMED, NUMBERS, TEXTS, TRUTHS, WEEKDAYS
from domain.values import Rejected

DEEPEST: Final = 10
MOST_PARTS: Final = 200
MOST_WANTED: Final = 500
LONGEST: Final = 1_000
"""Letters of a wanted text, or of a pattern."""
_NAME: Final = re.compile(r"[\w.-]{1,100}")
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_JOINTS: Final = ("all", "any", "not")
_OPS: Final = tuple(one.value for one in Op)
_ORDERED: Final = ("party", "document", "header")
"""Families whose texts may be numbers."""


def read_condition(tree: object, patterns: Patterns, place: str = "when") -> Condition:
    """Read a tree; Rejected (INVALID) says where it is wrong, and what may stand there."""
    return _Reading(patterns).read(tree, place, 1)


def refuse_vain(condition: Condition) -> None:
    """Raise Rejected (INVALID) where a condition asks for what no mail ever has.

    What was saved before can still be read: so it is asked of what is to be saved alone.
    """
    match condition:
        case All(parts) | Any(parts):
            for one in parts:
                refuse_vain(one)
        case Not(inner):
            refuse_vain(inner)
        case Says(field="time.hour", op=op, wanted=wanted) if op is not Op.EXISTS:
            for hour in wanted:
                if hour not in range(24):
                    sentence = f"{hour} is no hour of a day: they are 0 to 23"
                    raise _wrong(f"when: time.hour.{op.value}", sentence)
        case _:
            return


class _Reading:
    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._parts = 0

    def read(self, tree: object, place: str, depth: int) -> Condition:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _wrong(place, f"a rule has {MOST_PARTS} conditions at most: make two of it")
        if depth > DEEPEST:
            raise _wrong(place, f"conditions may stand {DEEPEST} deep at most")
        if not isinstance(tree, dict):
            raise _wrong(place, 'a condition is needed, as {"field": "subject", "contains": "…"}')
        joints = [one for one in _JOINTS if one in tree]
        if not joints:
            return self._says(tree, place)
        if len(tree) > 1:
            others = ", ".join(str(one) for one in tree if one != joints[0])
            raise _wrong(place, f"{joints[0]} stands alone; take out {others}")
        return self._joint(joints[0], tree[joints[0]], place, depth)

    def _joint(self, joint: str, below: object, place: str, depth: int) -> Condition:
        place = f"{place}.{joint}"
        if joint == "not":
            return Not(self.read(below, place, depth + 1))
        if not isinstance(below, list):
            raise _wrong(place, "a list of conditions is needed")
        if joint == "any" and not below:
            raise _wrong(place, "name one condition at least: one of none never holds")
        read = (self.read(one, f"{place}[{at}]", depth + 1) for at, one in enumerate(below))
        return All(tuple(read)) if joint == "all" else Any(tuple(read))

    def _says(self, tree: Mapping[object, object], place: str) -> Says:
        field = _field(tree.get("field"), f"{place}.field")
        named = [one for one in tree if one not in ("field", "zone")]
        ops = [one for one in named if one in _OPS]
        for one in named:
            if one not in ops:
                raise _wrong(place, f"{_unknown(str(one), (*_OPS, *_JOINTS, 'zone'))}")
        if len(ops) != 1:
            raise _wrong(place, f"one comparison is needed, of {', '.join(_OPS)}")
        op = Op(str(ops[0]))
        _check_op(field, op, place)
        wanted = _wanted(field, op, tree[ops[0]], f"{place}.{op.value}")
        zone = _zone(tree["zone"], field, f"{place}.zone") if "zone" in tree else ""
        search = self._searches(wanted, f"{place}.{op.value}") if op is Op.MATCHES else ()
        return Says(field, op, wanted, zone, search)

    def _searches(
        self, wanted: tuple[Wanted, ...], place: str
    ) -> tuple[Callable[..., str | None], ...]:
        try:
            return tuple(self._patterns(str(one)) for one in wanted)
        except Rejected as wrong:
            raise _wrong(place, wrong.sentence) from wrong


def _field(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise _wrong(place, f"a field's name is needed: {', '.join(FIELDS)}")
    field = name.strip().casefold()
    if field in FIELDS:
        return field
    family, dot, rest = field.partition(".")
    if family in NAMED:
        if dot and _NAME.fullmatch(rest):
            return field
        raise _wrong(place, f"name what of the {family} is meant, as {_EXAMPLES[family]}")
    raise _wrong(place, _unknown(name, (*FIELDS, *_EXAMPLES.values())))


_EXAMPLES: Final = {
    "party": "party.sales_manager", "document": "document.kind", "header": "header.x-spam-flag",
}  # fmt: skip


def _check_op(field: str, op: Op, place: str) -> None:
    if field in TRUTHS:
        fitting = {Op.IS, Op.EXISTS}
    elif field in NUMBERS:
        fitting = {Op.IS, Op.GREATER, Op.LESS, Op.EXISTS}
    elif field == "time.clock":
        fitting = {Op.IS, Op.GREATER, Op.LESS}
    elif field in TEXTS:
        fitting = set(Op) - {Op.GREATER, Op.LESS}
    else:
        fitting = set(Op)
    if op not in fitting:
        may = ", ".join(one.value for one in Op if one in fitting)
        raise _wrong(f"{place}.{op.value}", f"{field} can be compared by {may}")


def _wanted(field: str, op: Op, said: object, place: str) -> tuple[Wanted, ...]:
    if op is Op.EXISTS or field in TRUTHS:
        if not isinstance(said, bool):
            raise _wrong(place, "true or false is needed")
        return (said,)
    values = said if isinstance(said, list) else [said]
    if not 1 <= len(values) <= MOST_WANTED:
        raise _wrong(place, f"from 1 to {MOST_WANTED} values are needed")
    read = _reads(field, op)
    return tuple(read(one, place) for one in values)


def _reads(field: str, op: Op) -> Callable[[object, str], Wanted]:
    if field in NUMBERS:
        return _whole
    if field == "time.clock":
        return _clock
    if field == "time.weekday":
        return _weekday
    return _number if op in (Op.GREATER, Op.LESS) else _text


def _text(said: object, place: str) -> Wanted:
    if not isinstance(said, str) or not said.strip():
        raise _wrong(place, "a text is needed, or a list of texts")
    if len(said) > LONGEST:
        raise _wrong(place, f"{LONGEST} letters at most")
    return said


def _whole(said: object, place: str) -> Wanted:
    if isinstance(said, bool) or not isinstance(said, int) or abs(said) >= 10**18:
        raise _wrong(place, "a whole number is needed")
    return said


def _number(said: object, place: str) -> Wanted:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise _wrong(place, "a number is needed")
    if number_in(str(said)) is None:
        raise _wrong(place, "a number is needed that can be written out")
    return str(said)


def _clock(said: object, place: str) -> Wanted:
    if not isinstance(said, str) or not _CLOCK.fullmatch(said):
        raise _wrong(place, 'a time of day is needed, as "08:30"')
    return said


def _weekday(said: object, place: str) -> Wanted:
    name = said.strip().casefold() if isinstance(said, str) else ""
    day = next((one for one in WEEKDAYS if len(name) >= 2 and one.startswith(name)), None)
    if day is None:
        raise _wrong(place, f"a day is needed: {', '.join(WEEKDAYS)}")
    return day


def _zone(said: object, field: str, place: str) -> str:
    if field not in IN_ZONE:
        raise _wrong(place, f"only {', '.join(sorted(IN_ZONE))} have a zone")
    try:
        return ZoneInfo(said).key if isinstance(said, str) and said else _no_zone(said, place)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return _no_zone(said, place)


def _no_zone(said: object, place: str) -> str:
    raise _wrong(place, f"{said!r} is no time zone; Europe/Rome is one")


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name.casefold(), known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no {name[:60]!r}; {hint}"


def _wrong(place: str, sentence: str) -> Rejected:
    return Rejected("INVALID", f"{place}: {sentence}")
