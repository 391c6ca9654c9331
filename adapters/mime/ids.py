"""Message-IDs (RFC 5322 3.6.4): the brackets are not part of them."""

import re
from collections.abc import Iterable

from adapters.mime.fields import Fields
from adapters.mime.words import decode_words, raw_text

MOST_AT_EACH_END = 500
MOST_FORMER = 5

_BRACKETED = re.compile(r"<([^<>]*)>")
_APART = re.compile(r"(<[^<>]*>)")
_BARE = re.compile(r"[^\s<>(),;\"]+@[^\s<>(),;\"]+")
_BLANK = re.compile(r"\s+")


# Gmail's SMTP, and Exchange Online, give mail another id, and keep the sender's here. Those that
# keep it nowhere (Amazon SES, …) leave the field alone that our own mail has.
_FORMER = ("x-google-original-message-id", "x-microsoft-original-message-id", "x-carteggio-id")


def former_ids(fields: Fields) -> tuple[str, ...]:
    """Give the ids that a mail had before a provider gave it the one in Message-ID."""
    own = first_id(fields.every("message-id"))
    former = ids_in([value for name in _FORMER for value in fields.every(name)])
    return tuple(one for one in former[:MOST_FORMER] if one != own)


def ids_in(values: Iterable[bytes]) -> tuple[str, ...]:
    """Give every id of some fields, in order, each once; the first and last of very many."""
    found: dict[str, None] = {}
    for value in values:
        found.update(dict.fromkeys(ids_of(_text(value))))
    every = tuple(found)
    if len(every) > 2 * MOST_AT_EACH_END:
        return every[:MOST_AT_EACH_END] + every[-MOST_AT_EACH_END:]
    return every


def _text(value: bytes) -> str:
    """Give a field's value; of ids that stand in encoded words, what they mean.

    RFC 2047 5 forbids these there, and Python's `email` writes so what is longer than a line.
    """
    text = raw_text(value)
    if "=?" not in text:
        return text
    pieces = _APART.split(text)
    return "".join(one if one.startswith("<") else decode_words(one) for one in pieces)


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
        text = _text(value)
        if found := ids_of(text):
            return found[0]
        if words := text.replace("<", " ").replace(">", " ").split():
            return words[0]
    return ""
