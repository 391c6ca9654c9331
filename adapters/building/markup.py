"""HTML as it may leave: what people paste and what is quoted, without scripts and trackers.

Cleaned last by nh3; what it gives is well-formed, so that `plaintext.py` and what looks for
pictures here need no parser of their own for damage.
"""

import html
import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

import nh3

from adapters.mime.text import MOST_HTML, html_to_text, is_deep
from adapters.mime.transfer import base64
from domain.composing import plain_body

_TAGS: Final = nh3.ALLOWED_TAGS - {"map", "area", "article", "aside", "nav"} | {"font", "big"}
_SIZES: Final = frozenset(("align", "valign", "width", "height", "bgcolor"))
_CELL: Final = _SIZES | {"colspan", "rowspan", "nowrap"}
_ATTRIBUTES: Final = {
    "*": {"style", "title", "dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align", "border"},
    "font": {"color", "face", "size"},
    "table": {*_SIZES, "border", "cellpadding", "cellspacing"},
    "tr": {*_SIZES},
    "td": {*_CELL},
    "th": {*_CELL},
    "col": {"span", "width"},
    "p": {"align"},
    "div": {"align"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "blockquote": {"type"},
}
_STYLES: Final = frozenset(
    f"{name}{ending}"
    for name, endings in {
        "color": ("",),
        "background-color": ("",),
        "font": ("", "-family", "-size", "-style", "-weight", "-variant"),
        "text": ("-align", "-decoration", "-indent", "-transform"),
        "margin": ("", "-top", "-right", "-bottom", "-left"),
        "padding": ("", "-top", "-right", "-bottom", "-left"),
        "border": (
            "", "-top", "-right", "-bottom", "-left", "-color", "-style", "-width", "-collapse",
            "-spacing", "-radius",
        ),
        "width": ("",), "max-width": ("",), "height": ("",), "line-height": ("",),
        "vertical-align": ("",), "white-space": ("",), "list-style-type": ("",),
        "direction": ("",), "letter-spacing": ("",), "word-break": ("",),
    }.items()
    for ending in endings
)  # fmt: skip
_COLOUR: Final = re.compile(r"(?i)\b(?:rgb|hsl)a?\([\d\s.,%/deg-]{1,60}\)")
_UNSAFE_STYLE: Final = re.compile(r"[()\\@<{}]|/\*")
_LINK: Final = re.compile(r"(?i)(?:https?|mailto|tel):")
_CONTROLS: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_DATA: Final = re.compile(
    r"""(?i)(<img\b[^>]{0,2000}?\ssrc\s*=\s*)(["'])\s*data:image/(png|jpeg|gif|webp);base64,"""
    r"""([A-Za-z0-9+/=\s]*)\2"""
)
_IMG: Final = re.compile(r'<img((?: [\w-]+="[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r' ([\w-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was pasted into the text itself."""

    content_id: str
    media_type: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Clean HTML, without html and body, and the pictures that were taken out of it.

    `shown` are the content ids of all pictures that it shows.
    """

    source: str
    pictures: tuple[Picture, ...] = ()
    shown: frozenset[str] = frozenset()


def cleaned(source: str, content_ids: Collection[str], domain: str) -> Cleaned:
    """Clean what a person composed. Pictures stay if they come with the mail, by `content_ids`.

    A picture pasted as a data: URL becomes a part, under an id of `domain`. In place of any other
    picture stands what it is called: who opens the mail must not be seen by a third.
    """
    pictures: dict[str, Picture] = {}
    known = set(content_ids)

    def taken(found: re.Match[str]) -> str:
        octets = base64(found[4].encode("ascii"))
        id = f"p.{sha256(octets).hexdigest()[:32]}@{domain}"
        pictures[id] = Picture(id, f"image/{found[3].lower()}", octets)
        return f'{found[1]}"cid:{id}"'

    whole = _DATA.sub(taken, plain_body(source))
    text, shown = _clean(whole, frozenset(known | pictures.keys()))
    return Cleaned(text, tuple(pictures.values()), shown)


def clean(source: str, content_ids: Collection[str]) -> str:
    """Clean any HTML; what nests too deep, or is too long, is given as its text."""
    return _clean(source, frozenset(content_ids))[0]


def _clean(source: str, known: frozenset[str]) -> tuple[str, frozenset[str]]:
    if len(source) > MOST_HTML or is_deep(source):
        return of_text(html_to_text(source)), frozenset()
    shown: set[str] = set()

    def kept(_: str, name: str, value: str) -> str | None:
        left = _kept(name, value, known)
        if name == "src" and left:
            shown.add(left.removeprefix("cid:"))
        return left

    found = nh3.clean(
        source,
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "title", "head", "noscript", "template"},
        attributes=_ATTRIBUTES,
        attribute_filter=kept,
        filter_style_properties=set(_STYLES),
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None,
    )
    return _IMG.sub(_shown, found).strip(), frozenset(shown)


def _kept(name: str, value: str, content_ids: frozenset[str]) -> str | None:
    if name == "style":
        return _style(value)
    if name == "src":
        scheme, _, id = unquote(_CONTROLS.sub("", value)).partition(":")
        return f"cid:{id}" if scheme.lower() == "cid" and id in content_ids else None
    if name == "href":
        address = _CONTROLS.sub("", value)
        return address if _LINK.match(address) else None
    return value


def _style(value: str) -> str | None:
    """Keep declarations that can neither load anything nor hide what they are."""
    kept = [
        one.strip()
        for one in value.split(";")
        if one.strip() and not _UNSAFE_STYLE.search(_COLOUR.sub("", one))
    ]
    return ";".join(kept) or None


def _shown(found: re.Match[str]) -> str:
    """Put a picture's words in the place of one that is not there."""
    attributes = dict(_ATTRIBUTE.findall(found[1]))
    if "src" in attributes:
        return found[0]
    words = html.unescape(attributes.get("alt", "")).strip()
    return html.escape(f"[{words}]", quote=False) if words else ""


def of_text(text: str) -> str:
    """Write text as HTML: its lines, its blanks, and nothing else."""
    lines = plain_body(text).removesuffix("\n").split("\n")
    blanks = (re.sub(r"^ | (?= )", "\xa0", line) for line in lines)
    return "<br>\n".join(html.escape(line, quote=False) for line in blanks)


def document(source: str, language: str) -> str:
    """Put clean HTML into a document of its own."""
    lang = f' lang="{language}"' if language else ""
    head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return (
        f"<!DOCTYPE html>\n<html{lang}>\n<head>{head}</head>\n<body>\n{source}\n</body>\n</html>\n"
    )
