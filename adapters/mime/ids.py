"""Message-IDs (RFC 5322 3.6.4): the brackets are not part of them."""

import re
from collections.abc import Iterable

from adapters.mime.words import raw_text

MOST_AT_EACH_END = 500

_BRACKETED = re.compile(r"<([^<>]*)>")
_BARE = re.compile(r"[^\s<>(),;\"]+@[^\s<>(),;\"]+")
_BLANK = re.compile(r"\s+")


def ids_in(values: Iterable[bytes]) -> tuple[str, ...]:
    """Give every id of some fields, in order, each once; the first and last of very many."""
    found: dict[str, None] = {}
    for value in values:
        found.update(dict.fromkeys(ids_of(raw_text(value))))
    every = tuple(found)
    if len(every) > 2 * MOST_AT_EACH_END:
        return every[:MOST_AT_EACH_END] + every[-MOST_AT_EACH_END:]
    return every


def ids_of(text: str) -> list[str]:
    """Give the ids of a text; without any brackets, words with an @ are taken for ids."""
    # Folding inside an id is an old fault of some senders: blanks never belong to it.
    bracketed = [_BLANK.sub("", inner) for inner in _BRACKETED.findall(text)]
    if kept := [inner for inner in bracketed if inner]:
        return kept
    return _BARE.findall(text)


def first_id(values: Iterable[bytes]) -> str:
    """Give the first id of some fields; a Message-ID without @ or brackets counts too."""
    for value in values:
        text = raw_text(value)
        if found := ids_of(text):
            return found[0]
        if words := text.replace("<", " ").replace(">", " ").split():
            return words[0]
    return ""
