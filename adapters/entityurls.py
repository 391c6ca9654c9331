"""Where the ERP shows a record: an address for each kind, built from a pattern."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

PARTY: Final = "party"
DOCUMENT: Final = "document"
_GENERAL: Final[Mapping[str, str]] = {PARTY: "number", DOCUMENT: "code"}
"""The patterns for all kinds, each with the placeholder that stands for nothing there."""
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS: Final = ("code", "number", "external_id", "kind")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_RUN_OR_READ: Final = frozenset(
    {"javascript", "vbscript", "data", "blob", "file", "filesystem", "about", "view-source"}
)
"""Schemes by which a browser runs what a record says, or reads what lies on its machine."""


def checked(patterns: Mapping[str, str]) -> dict[str, str]:
    """Give patterns by kinds in lower case; raise ValueError with a sentence for a wrong one."""
    found: dict[str, str] = {}
    for name, pattern in patterns.items():
        kind = name.strip().casefold()
        trouble = "its kind stands there twice" if kind in found else _trouble(kind, pattern)
        if trouble:
            raise ValueError(f"{name}: {trouble}")
        found[kind] = pattern
    return found


def party_url(patterns: Mapping[str, str], kind: str, code: str) -> str | None:
    """Give where a party is shown, by the pattern for its kind or for all; None without one."""
    values = {"code": code, "external_id": code, "kind": kind}
    return _url(patterns, PARTY, kind, values)


def document_url(
    patterns: Mapping[str, str], kind: str, number: str, external_id: str
) -> str | None:
    """Give where a document is shown, by the pattern for its kind or for all; None without one."""
    values = {"number": number, "external_id": external_id, "kind": kind}
    return _url(patterns, DOCUMENT, kind, values)


def _url(
    patterns: Mapping[str, str], general: str, kind: str, values: Mapping[str, str]
) -> str | None:
    """Fill the nearest pattern whose placeholders all stand for something."""
    for name in (kind.casefold(), general):
        pattern = "" if name != general and name in _GENERAL else patterns.get(name, "")
        asked = _PLACEHOLDER.findall(pattern)
        # A browser takes . and .. for steps up, however they are encoded.
        if asked and all(values.get(one, "") not in ("", ".", "..") for one in asked):
            return _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), pattern)
    return None


def _trouble(kind: str, pattern: str) -> str:
    named = _PLACEHOLDER.findall(pattern)
    unknown = [one for one in named if one not in _PLACEHOLDERS or one == _GENERAL.get(kind)]
    if unknown:
        there = ", ".join(f"{{{one}}}" for one in _PLACEHOLDERS if one != _GENERAL.get(kind))
        return f"{{{unknown[0]}}} stands for nothing there; {there} can be used"
    if not named or re.search(r"[{}]", _PLACEHOLDER.sub("", pattern)):
        return "it needs a placeholder, as in https://erp.example/orders/{number}"
    if {"code", "number"} <= set(named):
        return "a party has a {code} and a document a {number}; nothing has both"
    if not pattern.isascii() or not pattern.isprintable() or " " in pattern:
        return "an address holds neither spaces nor other letters than ASCII's; encode them (%20)"
    return _trouble_of_scheme(pattern)


def _trouble_of_scheme(pattern: str) -> str:
    found = _SCHEME.match(pattern)
    scheme = found[1].casefold() if found else ""
    if not scheme or scheme in _RUN_OR_READ:
        return "it has to begin with https://, http://, or a scheme of your own application's"
    if scheme in ("http", "https"):
        host = urlsplit(pattern).netloc
        if not host or "{" in host or not pattern.casefold().startswith(f"{scheme}://"):
            return "its server has to be written out, as in https://erp.example/orders/{number}"
    return ""
