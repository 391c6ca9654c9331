"""Between whom a mail goes, and on whose side of a conversation they stand; all as hashes.

A key is an address, or the domain of a company (`@acme.example`): who writes for the same company is
on the same side. Which addresses are ours is not known here, so mail within its author's own domain
does not count as sent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.content import Content
from domain.exclusion import is_within
from domain.freemail import company_domains
from domain.values import Address
from projections.refs import ref


def writers(content: Content) -> tuple[UUID, ...]:
    """Give the keys of all for whom a mail speaks: authors, who is to be answered, who is passed on."""
    passed_on = (content.forwarded.sender,) if content.forwarded else ()
    named = (content.pec_sender, content.sender, *content.reply_to, *passed_on)
    return _keys((*content.authors, *(one for one in named if one is not None)))


def readers(content: Content) -> tuple[UUID, ...]:
    """Give the keys of all to whom a mail goes, outside."""
    return _keys(_outside(content))


def reached(content: Content) -> tuple[UUID, ...]:
    """Give the addresses alone of all to whom a mail goes, outside."""
    return tuple(sorted({ref(one.key) for one in _outside(content)}))


def _outside(content: Content) -> list[Address]:
    """Leave out who is of the author's domain; where nobody else reads it, nobody is left out."""
    to = (*content.to, *content.cc, *content.bcc)
    home = content.authors[0] if content.authors else None
    return [one for one in to if home is None or not _at_home(one, home)] or list(to)


def _at_home(reader: Address, author: Address) -> bool:
    if not company_domains(author.domain):
        return reader.key == author.key
    one, other = reader.domain, author.domain
    return is_within(one, other) or is_within(other, one)


def _keys(people: Iterable[Address]) -> tuple[UUID, ...]:
    said = {one.key for one in people if one.domain}
    said |= {f"@{firm}" for key in said for firm in company_domains(key.rpartition("@")[2])}
    return tuple(sorted(map(ref, said)))


# ---- in a conversation


class Sided(Protocol):
    """A message of a conversation, as far as sides are told by it."""

    at: datetime
    message: UUID
    writers: list[UUID]
    readers: list[UUID]
    parties: list[UUID]


def goes_to(mail: Sided, side: set[UUID]) -> bool:
    """Tell whether a mail goes to somebody of a side; where its readers are not known it may."""
    return not mail.readers or not side.isdisjoint((*mail.readers, *mail.parties))


def keys(mail: Sided) -> set[UUID]:
    """Give everybody who takes part in a mail."""
    return {*mail.writers, *mail.readers, *mail.parties}


def missing(asked: Sided, side: set[UUID], mail: Sequence[tuple[Sided, bool]]) -> set[UUID]:
    """Give those mails of ours that go to nobody on the side of who asked.

    `side` are those of the mail that asks, and of what it answers; `mail` is all that people wrote
    in the conversation, in order, and whether it is ours. Whoever comes in by himself is on that
    side; whom we draw in by a mail that goes past it (a supplier) is not, nor is what he writes.
    """
    side, drawn_in, past = {*side, *keys(asked)}, set[UUID](), set[UUID]()
    for one, ours in mail:
        if ours and not goes_to(one, side):
            drawn_in.update(one.readers)
            past.add(one.message)
        elif ours or not drawn_in.intersection(one.writers) or side.intersection(one.writers):
            side |= keys(one)
    return past
