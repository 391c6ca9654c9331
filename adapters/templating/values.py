"""The values that stand in templates, and the filters: a missing one is noticed, never an error.

`SCHEMA` names all values: "" is one, "*" any name, a list what a loop goes over.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from markupsafe import Markup

from adapters.localising import LENGTHS, Day
from domain.values import Rejected

Schema = Any
"""A name's meaning: "", "*", a mapping of names to meanings, or a list of one meaning."""
MOST_VALUE: Final = 20_000
MOST_FILES: Final = 200

SCHEMA: Final[Mapping[str, Schema]] = {
    "document": {
        "kind": "", "kind_name": "", "number": "", "title": "", "issued_on": "", "due_on": "",
        "amount": "", "currency": "", "party_reference": "", "attributes": "*",
    },
    "party": {
        "name": "", "code": "", "kind": "", "language": "", "country": "", "vat_number": "",
        "attributes": "*",
    },
    "contact": {
        "name": "", "surname": "", "title": "", "address": "", "role": "", "attributes": "*",
    },
    "sender": {"name": "", "address": "", "company": "", "role": "", "attributes": "*"},
    "company": {"name": "", "domain": ""},
    "attachment": {"name": ""},
    "attachments": [{"name": ""}],
    "values": "*",
    "salutation": "",
    "language": "",
}  # fmt: skip


@dataclass(slots=True)
class Wanted:
    """What was asked for and is not there: the dotted names, each with the part that asked."""

    part: str = ""
    missing: dict[str, str] = field(default_factory=dict)

    def note(self, name: str) -> None:
        """Remember it under the part that is written now."""
        self.missing.setdefault(name, self.part)


class Missing:
    """A value that is not there: false in a condition, noticed where it is written."""

    __slots__ = ("_name", "_wanted")

    def __init__(self, name: str, wanted: Wanted) -> None:
        """Say which one, and whom to tell."""
        self._name, self._wanted = name, wanted

    def __str__(self) -> str:
        """Tell that it was needed, and leave a gap with its name, which no mail leaves with."""
        self._wanted.note(self._name)
        return f"{{{{ {self._name} }}}}"

    def __bool__(self) -> bool:
        """Give false: `{% if document.due_on %}`."""
        return False

    def __eq__(self, other: object) -> bool:
        """Equal nothing but an empty text."""
        return other == ""

    def __hash__(self) -> int:
        """Be as an empty text."""
        return hash("")


class Values:
    """Named values of one thing, read as `document.number`; what is empty is missing."""

    __slots__ = ("_name", "_values", "_wanted")

    def __init__(self, name: str, values: Mapping[str, object], wanted: Wanted) -> None:
        """Give values under a name; a mapping inside of it is another one."""
        self._name, self._values, self._wanted = name, values, wanted

    def __getitem__(self, key: str) -> object:
        """Give a value; Jinja asks so for `document.number`."""
        name = f"{self._name}.{key}"
        found = self._values.get(key)
        if isinstance(found, Mapping):
            return Values(name, found, self._wanted)
        if found is None or found == "":
            return Missing(name, self._wanted)
        return found


class Files(list["Values"]):
    """What a loop goes over; written as a whole it is the names."""

    def __init__(self, files: Iterable["Values"], none: Missing) -> None:
        """Take the files; `none` is noticed where their names are written, and there are none."""
        super().__init__(files)
        self._none = none

    def __str__(self) -> str:
        """Give the names, one after the other."""
        return ", ".join(str(one["name"]) for one in self) or str(self._none)


def scope_of(values: Mapping[str, object], wanted: Wanted) -> dict[str, object]:
    """Give what a template is written with: everything in SCHEMA, there or missing.

    Raises Rejected (INVALID) for a text, or a list, beyond what can be written in bounded time.
    """
    found: dict[str, object] = {}
    for name, meaning in SCHEMA.items():
        value = values.get(name)
        _check_size(name, value)
        if isinstance(meaning, list):
            each = cast("Sequence[Mapping[str, object]]", value or ())
            files = (Values(name, one, wanted) for one in each)
            found[name] = Files(files, Missing(name, wanted))
        elif meaning:
            found[name] = Values(name, cast("Mapping[str, object]", value or {}), wanted)
        else:
            found[name] = value or Missing(name, wanted)
    return found


def _check_size(name: str, value: object) -> None:
    if isinstance(value, str) and len(value) > MOST_VALUE:
        raise Rejected("INVALID", f"{name}: {MOST_VALUE:,} letters are the most for a value")
    if isinstance(value, list | tuple):
        if len(value) > MOST_FILES:
            raise Rejected("INVALID", f"{name}: {MOST_FILES} are the most")
        for one in value:
            _check_size(name, one)
    if isinstance(value, Mapping):
        for key, one in value.items():
            _check_size(f"{name}.{key}", one)


# ---- filters and tests


def _default(value: object, other: object = "") -> object:
    return other if isinstance(value, Missing) else value


def _date(value: object, length: object = "long") -> object:
    if not isinstance(value, Day):
        return value
    if length not in LENGTHS:
        raise ValueError(f"date: {length} is none of {', '.join(LENGTHS)}")
    return value.written(length)


def _of_text(change: Callable[[str], str]) -> Callable[[object], object]:
    def changed(value: object) -> object:
        return value if isinstance(value, Missing) else change(_text(value))

    return changed


def _text(value: object) -> str:
    """Give a value as text; one that is HTML already stays so."""
    return value if isinstance(value, Markup) else str(value)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "default": _default,
    "date": _date,
    "upper": _of_text(lambda text: text.upper()),
    "lower": _of_text(lambda text: text.lower()),
    "capitalize": _of_text(lambda text: text[:1].upper() + text[1:]),
    "trim": _of_text(lambda text: text.strip()),
}
TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "defined": lambda value: not isinstance(value, Missing),
    "in": lambda value, several: value in several,
}
