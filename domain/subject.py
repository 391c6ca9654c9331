"""The base subject: what is left when reply and forward marks are taken off (RFC 5256 2.1)."""

import re

_MARKS = (
    "re", "r", "rif", "aw", "antw", "antwort", "wg", "tr", "i", "fw", "fwd", "odp", "pd", "sv",
    "vs", "vb", "rv", "ref", "rép", "rep", "res", "enc", "回复", "转发",
)  # fmt: skip
_MARK = re.compile(
    r"^\s*(?:(?:" + "|".join(map(re.escape, _MARKS)) + r")(?:\[\d+\]|\^\d+)?\s*:)\s*",
    re.IGNORECASE,
)
_CERTIFIED = re.compile(r"^\s*(?:posta certificata|anomalia messaggio)\s*:\s*", re.IGNORECASE)
"""What a provider of certified mail writes before the subject of a mail (RFC 6109 3.2)."""
_FORWARD = re.compile(r"^\s*(?:fwd?|wg|tr|i|pd|vb|enc|转发)(?:\[\d+\]|\^\d+)?\s*:", re.IGNORECASE)
_BLOB = re.compile(r"^\s*\[[^\[\]]{1,60}\]\s*(?=\S)")
_TAIL = re.compile(r"\s*\((?:fwd|weitergeleitet)\)\s*$", re.IGNORECASE)


def base_subject(subject: str) -> str:
    """Take marks of replies and forwards off, in any nesting and language; case is folded.

    RFC 5256 knows Re, Fw and Fwd only; clients in Italian, German, French and Polish write their
    own. An allow-list, because `xx:` in general also begins real subjects (`ADV:`, `Nota:`).
    """
    return unmarked(subject).casefold()


def unmarked(subject: str) -> str:
    """Give the same as it was written, with its case."""
    left, before = uncertified(" ".join(subject.split())), ""
    while left != before:
        before = left
        left = _TAIL.sub("", _MARK.sub("", left))
        if _MARK.match(_BLOB.sub("", left)):
            left = _BLOB.sub("", left)
    return left.strip()


def uncertified(subject: str) -> str:
    """Give the subject of the mail inside a certified one's envelope."""
    return _CERTIFIED.sub("", subject)


def is_forward(subject: str) -> bool:
    """Tell whether the outermost mark says forwarded."""
    return _FORWARD.match(uncertified(subject)) is not None


def is_reply(subject: str) -> bool:
    """Tell whether the outermost mark says reply."""
    return _MARK.match(uncertified(subject)) is not None and not is_forward(subject)
