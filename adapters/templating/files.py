"""A template as a file that people edit: TOML, each part under its name.

    name = "Fattura"
    kind = "document"
    document_kind = "invoice"
    language = "it"
    subject = "Fattura {{ document.number }}"
    salutation = "auto"
    [html]
    closing = "<p>Cordiali saluti</p>"
    [salutations]
    neutral = "Buongiorno,"

What is not named is empty. A part under [html] is HTML. `owner` is a colleague's address.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.template import PARTS, Part, TemplateKind, TemplateSaved
from domain.values import Rejected

SAMPLES: Final = Path(__file__).parent / "samples"
MOST_OCTETS: Final = 4_000_000
_WORDS: Final = (
    "name", "kind", "document_kind", "language", "company", "owner", "subject", "attachment_name",
)  # fmt: skip
_TABLES: Final = ("html", "salutations")
_CONTROLS: Final = {one: f"\\u{one:04x}" for one in (*range(0x20), 0x7F) if one not in (9, 10)}


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """What a file says: a template whose owner is named by his address (empty: none)."""

    template: TemplateSaved
    owner: str = ""


def read_template(octets: bytes) -> TemplateFile:
    """Read a file; Rejected (INVALID) says what is wrong, and in which line if it is no TOML."""
    if len(octets) > MOST_OCTETS:
        raise Rejected("INVALID", f"it is larger than {MOST_OCTETS:,} octets")
    try:
        said: dict[str, Any] = tomllib.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise Rejected("INVALID", "it is no UTF-8: save it so") from fault
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise Rejected("INVALID", f"it is no TOML: {fault}") from fault
    for name in said:
        if name not in (*_WORDS, *PARTS, *_TABLES, "roles"):
            known = ", ".join((*_WORDS, "roles", *PARTS, *_TABLES))
            raise Rejected("INVALID", f"{name} is no part of a template; there are {known}")
    return TemplateFile(_template(said), _word(said, "owner"))


def written_template(template: TemplateSaved, owner: str = "") -> str:
    """Write a template as such a file; what is read of it again is the same."""
    return "\n".join(_lines(template, owner)) + "\n"


def _template(said: dict[str, Any]) -> TemplateSaved:
    html = _table(said, "html")
    for name in html:
        if name not in PARTS:
            raise Rejected("INVALID", f"html.{name} is no part; there are {', '.join(PARTS)}")
        if name in said:
            raise Rejected("INVALID", f"{name} is there twice: as text, and under html")
    parts = {name: Part(_word(said, name)) for name in PARTS}
    parts |= {name: Part(source, is_html=True) for name, source in html.items()}
    kind = _word(said, "kind") or TemplateKind.DOCUMENT
    if kind not in list(TemplateKind):
        raise Rejected("INVALID", f"kind: {kind} is none of {', '.join(TemplateKind)}")
    return TemplateSaved(
        version=0,
        kind=TemplateKind(kind),
        document_kind=_word(said, "document_kind").strip().casefold(),
        language=_word(said, "language").strip(),
        company=_word(said, "company").strip(),
        owner=None,
        roles=_roles(said),
        name=_word(said, "name").strip(),
        subject=_word(said, "subject"),
        **parts,
        attachment_name=_word(said, "attachment_name"),
        salutations=tuple(_table(said, "salutations").items()),
    )


def _word(said: dict[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise Rejected("INVALID", f'{name}: a text in quotes is needed, as {name} = "…"')
    return value


def _table(said: dict[str, Any], name: str) -> dict[str, str]:
    value = said.get(name, {})
    if not isinstance(value, dict):
        raise Rejected("INVALID", f"{name}: it is a section, [{name}], with a line for each part")
    return {one: _word(value, one) for one in value}


def _roles(said: dict[str, Any]) -> tuple[str, ...]:
    value = said.get("roles", [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Rejected("INVALID", 'roles: a list of texts is needed, as roles = ["sales"]')
    return tuple(value)


# ---- writing


def _lines(one: TemplateSaved, owner: str) -> Iterator[str]:
    words = {
        "name": one.name, "kind": one.kind.value, "document_kind": one.document_kind,
        "language": one.language, "company": one.company, "owner": owner,
        "subject": one.subject, "attachment_name": one.attachment_name,
    }  # fmt: skip
    plain = {name: part.source for name, part in one.parts.items() if not part.is_html}
    for name, value in {**words, **plain}.items():
        if value:
            yield f"{name} = {_quoted(value)}"
    if one.roles:
        yield f"roles = [{', '.join(map(_quoted, one.roles))}]"
    html = {name: part.source for name, part in one.parts.items() if part.is_html}
    for table, values in (("html", html), ("salutations", dict(one.salutations))):
        if values:
            yield ""
            yield f"[{table}]"
        for name, value in values.items():
            yield f"{name} = {_quoted(value)}"


def _quoted(text: str) -> str:
    """Write a text; one of several lines stands as it is read."""
    if "\n" not in text:
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    inner = text.replace("\\", "\\\\").translate(_CONTROLS)
    if '"""' in inner or inner.endswith('"'):
        inner = inner.replace('"', '\\"')
    return f'"""\n{inner}"""'
