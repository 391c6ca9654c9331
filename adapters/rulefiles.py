"""A rule about mail as a file that people edit: TOML, or the same as JSON.

    name = "Offers to whom they belong"
    mailbox = "info@firm.example"
    order = 10

    [when]
    all = [
      { field = "subject", contains = ["offerta", "preventivo"] },
      { not = { field = "machine", is = true } },
    ]

    [[then]]
    kind = "assign_sales_manager"

`name`, `when` and `then` are needed. Without `mailbox` it is about all mail; without `order` it keeps
its place, and a new one is the last; `enabled = false` switches it off; `note` says why.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.values import Rejected

MOST_OCTETS: Final = 1_000_000
_KNOWN: Final = ("name", "mailbox", "order", "enabled", "note", "when", "then")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """What a file says; `when` and `then` are trees that are read elsewhere."""

    name: str
    when: object
    then: object
    mailbox: str | None = None
    order: int | None = None
    enabled: bool = True
    note: str = ""


def read_rule(octets: bytes, *, is_json: bool = False) -> RuleFile:
    """Read a file; Rejected (INVALID) says what is wrong, with line or part."""
    if len(octets) > MOST_OCTETS:
        raise Rejected("INVALID", f"it is larger than {MOST_OCTETS:,} octets")
    said = _parsed(octets, is_json=is_json)
    if not isinstance(said, dict):
        raise Rejected("INVALID", "it is no rule: an object with name, when and then is needed")
    for name in said:
        if name not in _KNOWN:
            known = ", ".join(_KNOWN)
            raise Rejected("INVALID", f"{name} is no part of a rule; there are {known}")
    for name in ("name", "when", "then"):
        if name not in said:
            raise Rejected("INVALID", f"{name} is missing")
    return RuleFile(
        name=_part(said, "name", str, "a text in quotes", ""),
        when=said["when"],
        then=said["then"],
        mailbox=_part(said, "mailbox", str, "an address in quotes", "") or None,
        order=_part(said, "order", int, "a whole number", None),
        enabled=_part(said, "enabled", bool, "true or false", True),  # noqa: FBT003
        note=_part(said, "note", str, "a text in quotes", ""),
    )


def _parsed(octets: bytes, *, is_json: bool) -> Any:
    try:
        text = octets.decode("utf-8-sig")
        return json.loads(text) if is_json else tomllib.loads(text)
    except UnicodeDecodeError as fault:
        raise Rejected("INVALID", "it is no UTF-8: save it so") from fault
    except (ValueError, RecursionError) as fault:
        raise Rejected("INVALID", f"it is no {'JSON' if is_json else 'TOML'}: {fault}") from fault


def _part(said: Mapping[str, Any], name: str, kind: type, needed: str, usual: Any) -> Any:
    value = said.get(name, usual)
    if value is not usual and type(value) is not kind:
        raise Rejected("INVALID", f"{name}: {needed} is needed")
    return value


def written_rule(one: RuleFile) -> str:
    """Write a rule as such a file, in TOML."""
    return "\n".join(_lines(one)) + "\n"


def _lines(one: RuleFile) -> Iterator[str]:
    yield f"name = {_value(one.name)}"
    if one.mailbox is not None:
        yield f"mailbox = {_value(one.mailbox)}"
    if one.order is not None:
        yield f"order = {one.order}"
    if not one.enabled:
        yield "enabled = false"
    if one.note:
        yield f"note = {_value(one.note)}"
    yield "\n[when]"
    yield from _table(one.when)
    for action in one.then if isinstance(one.then, list) else ():
        yield "\n[[then]]"
        yield from _table(action)


def _table(tree: object) -> Iterator[str]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        yield f"{_key(key)} = {_value(value)}"


def _value(value: object, depth: int = 0) -> str:
    """Write a value; a list of tables has a line for each."""
    match value:
        case dict():
            parts = (f"{_key(key)} = {_value(one, depth)}" for key, one in value.items())
            return f"{{ {', '.join(parts)} }}"
        case [dict(), *_]:
            inner, outer = "  " * (depth + 1), "  " * depth
            lines = (f"{inner}{_value(one, depth + 1)},\n" for one in value)
            return f"[\n{''.join(lines)}{outer}]"
        case list():
            return f"[{', '.join(_value(one, depth) for one in value)}]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: object) -> str:
    text = str(name)
    return text if _BARE.fullmatch(text) else _value(text)
