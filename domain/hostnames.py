"""Domains of addresses as DNS knows them: letters beyond ASCII become A-labels (RFC 5890).

Unlike Python's own codec (IDNA 2003), which makes `strasse` of `straße` and so another domain,
letters stay what they are, as RFC 5891 has it.
"""

import re
import unicodedata
from typing import Final

MOST_OF_A_LABEL: Final = 63
MOST_OF_A_DOMAIN: Final = 253
_STOPS: Final = re.compile("[\u3002\uff0e\uff61]")
_ASCII_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_JOINERS: Final = "\u200c\u200d\u00b7\u30fb"
"""Signs within words that RFC 5892 allows in a context, which only the registry can judge."""
_ALPHABETS: Final = frozenset(("LATIN", "CYRILLIC", "GREEK"))


def ascii_domain(domain: str) -> str | None:
    """Give a domain in ASCII and lower case; None where it cannot be one."""
    plain = unicodedata.normalize("NFKC", _STOPS.sub(".", domain)).lower()
    labels = [_ascii_label(label) for label in plain.removesuffix(".").split(".")]
    found = ".".join(label or "" for label in labels)
    return found if None not in labels and len(found) <= MOST_OF_A_DOMAIN else None


def apart(spec: str) -> str:
    """Give an address such that two are the same if, and only if, mail for both goes to one mailbox.

    Unlike Address.key, by which people are looked for, it keeps apart what casefold() makes one:
    groß@ and gross@ are two mailboxes, and straße and strasse two domains. Case is no difference
    (RFC 5321 2.4 lets it be one in the local part; no provider in use does), nor is how letters
    are composed (RFC 6532 3.1).
    """
    local, at, domain = spec.rpartition("@")
    mailbox = unicodedata.normalize("NFC", local).lower()
    return f"{mailbox}{at}{ascii_domain(domain) or domain.lower()}"


def _ascii_label(label: str) -> str | None:
    if not label.isascii():
        if not _is_word(label):
            return None
        label = f"xn--{label.encode('punycode').decode('ascii')}"
    return label if len(label) <= MOST_OF_A_LABEL and _ASCII_LABEL.fullmatch(label) else None


def _is_word(label: str) -> bool:
    """Tell whether a label is made of letters, digits and marks (RFC 5892), and begins with none."""
    kinds = [unicodedata.category(one) for one in label]
    fits = all(
        kind[0] in "LMN" or one == "-" or one in _JOINERS
        for one, kind in zip(label, kinds, strict=True)
    )
    return fits and kinds[0][0] != "M" and "-" not in (label[0], label[-1])


def looks_alike(domain: str) -> bool:
    """Tell whether a label mixes alphabets whose letters look alike (UTS 39): pаypal."""
    return any(len(_alphabets(label)) > 1 for label in domain.split("."))


def _alphabets(label: str) -> frozenset[str]:
    letters = (unicodedata.name(one, "") for one in label if one.isalpha())
    return _ALPHABETS.intersection(name.partition(" ")[0] for name in letters)
