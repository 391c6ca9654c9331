"""A correspondent tells his new address: `from now on write to anna@new.example`."""

import re

from domain.content import Content
from domain.values import Address

_ADDRESS = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z][\w-]{1,62}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_MOST = 3


def announced(content: Content) -> tuple[Address, ...]:
    """Give addresses in a mail's new text that must be the writer's own, by their local part.

    It is his present one, or bears his name; somebody else's address tells nothing of him.
    `content.text` holds the new text only.
    """
    if len(content.authors) != 1 or "@" not in content.text:
        return ()
    writer = content.authors[0]
    known = {one.key for one in (writer, *content.to, *content.cc, *content.reply_to)}
    found: dict[str, Address] = {}
    for match in _ADDRESS.finditer(content.text):
        address = Address(match[0].rstrip("."))
        if address.key not in known and _his(writer, address):
            found[address.key] = address
    return tuple(found.values())[:_MOST]


def _his(writer: Address, address: Address) -> bool:
    local = address.key.rpartition("@")[0]
    if local == writer.key.rpartition("@")[0]:
        return True
    names = [word.casefold() for word in _WORD.findall(writer.name)]
    return len(names) > 1 and all(name in local for name in names)
