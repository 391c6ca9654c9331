"""A version of a template becomes the words of a mail: exactly those that are sent."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.building.markup import cleaned, of_text
from adapters.building.plaintext import plain_text
from adapters.templating.language import faults, written
from adapters.templating.values import Wanted, scope_of
from domain.composing import one_line, plain_body
from domain.template import PARTS, Part, TemplateSaved
from domain.values import Rejected

_EMPTY_LINES: Final = re.compile(r"\n[ \t]*\n\s*")
_HERE: Final = "templates.invalid"
"""The domain of ids that pictures have here for a moment."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a mail: of each part, and of the whole as text and as HTML.

    `html` is clean, without html and body, and empty where every part is text; pictures that were
    pasted into it are in it. The builder takes both as they are (adapters/building/builder.py).
    `missing` are the values that are not there, each with the part that needs it.
    """

    subject: str
    parts: Mapping[str, Part]
    text: str
    html: str
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def gaps(self) -> str:
        """Name all values that are missing, each with its part, and say what to do; empty: none."""
        if not self.missing:
            return ""
        names = ", ".join(f"{name} ({part})" for name, part in self.missing.items())
        does = ["complete the record, give the values, or let the template do without"]
        if any(name.startswith("attachment") for name in self.missing):
            does.insert(0, "attach the file")
        return f"values are missing: {names}; {', '.join(does)}"

    def refuse_incomplete(self) -> None:
        """Refuse words in which values are missing: Rejected (INVALID) names all of them."""
        if self.gaps:
            raise Rejected("INVALID", self.gaps)


def check_words(one: TemplateSaved) -> None:
    """Refuse what is no template, with part and line, all parts at once: Rejected (INVALID)."""
    found = faults(
        {
            "subject": (one.subject, False),
            **{name: (part.source, part.is_html) for name, part in one.parts.items()},
        }
    )
    if found:
        raise Rejected("INVALID", "; ".join(map(str, found)))


def words_of(
    one: TemplateSaved, values: Mapping[str, Any], replaced: Mapping[str, Part | str]
) -> Words:
    """Write a template with values; `replaced` is what a person wrote in place of a part.

    What is replaced is taken as it is: braces in it are text. A salutation that is `auto` is the
    value `salutation`. In the place of a missing value stands its name, and it is told. Raises
    Rejected (INVALID) for what is no template, or becomes too long.
    """
    wanted = Wanted()
    scope = scope_of(values, wanted)
    subject = _subject(one, scope, wanted, replaced)
    parts = {}
    for name, part in one.parts.items():
        wanted.part = name
        said = replaced.get(name)
        if said is None:
            parts[name] = _part(name, part, scope)
        else:
            parts[name] = said if isinstance(said, Part) else Part(said)
    return _words(subject, parts, wanted.missing)


def _subject(
    one: TemplateSaved,
    scope: Mapping[str, Any],
    wanted: Wanted,
    replaced: Mapping[str, Part | str],
) -> str:
    wanted.part = "subject"
    said = replaced.get("subject")
    if said is None:
        return one_line(written("subject", one.subject, scope, is_html=False))
    return one_line(said.source if isinstance(said, Part) else said)


def _part(name: str, part: Part, scope: Mapping[str, Any]) -> Part:
    if part.is_auto and name == "salutation":
        return Part(str(scope["salutation"]))
    return Part(written(name, part.source, scope, is_html=part.is_html), part.is_html)


# ---- the whole


def _words(subject: str, parts: Mapping[str, Part], missing: Mapping[str, str]) -> Words:
    shown = {name: _clean(part) for name, part in parts.items()}
    there = [shown[name] for name in PARTS if name in shown and shown[name].source.strip()]
    text = "\n\n".join(_text(part) for part in there)
    html = ""
    if any(part.is_html for part in there):
        html = _clean(Part("\n".join(map(_html, there)), is_html=True)).source
    return Words(subject, shown, plain_body(text) if text.strip() else "", html, missing)


def _clean(part: Part) -> Part:
    if not part.is_html:
        return Part(plain_body(part.source).strip("\n") if part.source.strip() else "")
    shown = cleaned(part.source, (), _HERE)
    source = shown.source
    for one in shown.pictures:
        octets = b64encode(one.octets).decode("ascii")
        source = source.replace(f"cid:{one.content_id}", f"data:{one.media_type};base64,{octets}")
    return Part(source, is_html=True)


def _text(part: Part) -> str:
    return (plain_text(part.source) if part.is_html else part.source).strip("\n")


def _html(part: Part) -> str:
    if part.is_html:
        return part.source
    blocks = _EMPTY_LINES.split(part.source)
    return "\n".join(f"<p>{of_text(block)}</p>" for block in blocks)
