"""Who is ours, which way a message went, and with whom it was exchanged."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from domain.classes import dataclass
from domain.content import Content
from domain.exclusion import in_ascii, is_within
from domain.machine import is_form
from domain.message import Direction, FolderRole
from domain.signedtoken import without_token
from domain.values import Address, MailboxId

FORM: Final = "form"
"""The role of who wrote through a web form."""
FORWARDED: Final = "forwarded"
"""The role of who wrote what a colleague passed on by @fwd."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What the company calls its own; all in lower case.

    Domains hold for everything below them too (pec.firm.example under firm.example). `forms` are
    addresses, ours or not, that write for others.
    """

    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    """Mail servers that are believed about senders (RFC 8601)."""
    forms_in: frozenset[tuple[MailboxId, str]] = frozenset()
    """Addresses that are forms for the mail of one mailbox only."""

    def within(self, mailboxes: Collection[MailboxId]) -> "Ours":
        """Give what counts for a message that was seen in these mailboxes."""
        more = frozenset(address for box, address in self.forms_in if box in mailboxes)
        return replace(self, forms=self.forms | more) if more else self

    def holds(self, address: Address) -> bool:
        """Tell whether an address is one of ours."""
        if address.key in self.addresses:
            return True
        labels = address.domain.split(".")
        if any(".".join(labels[begin:]) in self.domains for begin in range(len(labels) - 1)):
            return True
        plain = without_token(address.key)
        return plain != address.key and plain in self.addresses

    def under(self, pattern: str) -> str | None:
        """Give one of ours that an address, or a domain with all below it, stands for too."""
        if "@" in pattern:
            return pattern if pattern in self.addresses else None
        domain = in_ascii(pattern)
        ours = [*sorted(self.domains), *sorted(self.addresses)]
        return next(
            (one for one in ours if is_within(in_ascii(one.rpartition("@")[2]), domain)), None
        )


@dataclass(frozen=True, slots=True)
class Behind:
    """Who wrote a mail in truth, where another address sent it."""

    role: str
    writer: Address
    sent_by: Address


def behind(content: Content, ours: Ours) -> Behind | None:
    """Tell who wrote in truth, by the company's own word: through a web form, or a colleague."""
    sent_by = next((one for one in content.authors if one.key in ours.forms), None)
    if sent_by is not None and content.reply_to and not ours.holds(content.reply_to[0]):
        return Behind(FORM, content.reply_to[0], sent_by)
    passed_on, authors = content.forwarded, content.authors
    if passed_on is None or not passed_on.by_command or not authors:
        return None
    if ours.holds(passed_on.sender):
        return None
    by_us = all(ours.holds(one) for one in authors)
    return Behind(FORWARDED, passed_on.sender, authors[0]) if by_us else None


def direction(content: Content, ours: Ours, roles: Collection[FolderRole]) -> Direction:
    """Tell which way a message went: by its writer, or because it lies in a Sent folder.

    A web form writes from our address for somebody else (Reply-To), so it comes from outside.
    """
    if behind(content, ours) is not None:  # also where its sender kept a copy in Sent
        return Direction.INBOUND
    if _written_outside(content, ours) and FolderRole.SENT not in roles:
        return Direction.INBOUND
    readers = (*content.to, *content.cc, *content.bcc)
    if any(not ours.holds(reader) for reader in readers):
        return Direction.OUTBOUND
    return Direction.INTERNAL


def _written_outside(content: Content, ours: Ours) -> bool:
    writers = (content.pec_sender,) if content.pec_sender else content.authors
    if any(ours.holds(writer) for writer in writers):
        return is_form(content) and not ours.holds(content.reply_to[0])
    return True


def correspondents(content: Content, ours: Ours) -> tuple[tuple[str, str], ...]:
    """Give (role, address) of everybody in a message who is not ours, writers first.

    A PEC envelope's From is the provider (RFC 6109); its real sender stands inside. Whoever sent it
    for another takes no part.
    """
    return tuple(
        (role, address.spec)
        for role, address in dict.fromkeys(
            (*_roles(content, behind(content, ours)), *_inside(content, ours))
        )
        if "@" in address.spec and not ours.holds(address)
    )


def _inside(content: Content, ours: Ours) -> Iterator[tuple[str, Address]]:
    """Give who wrote what a colleague passes on to colleagues."""
    passed_on = content.forwarded
    readers = (*content.authors, *content.to, *content.cc, *content.bcc)
    if passed_on is not None and all(map(ours.holds, readers)):
        yield FORWARDED, passed_on.sender


def _roles(content: Content, real: Behind | None) -> Iterator[tuple[str, Address]]:
    if real is not None:
        yield real.role, real.writer
    elif content.pec_sender is not None:
        yield "pec_sender", content.pec_sender
    else:
        yield from (("from", address) for address in content.authors)
    if real is None or real.role != FORWARDED:
        yield from (("reply_to", address) for address in content.reply_to)
    if content.sender is not None:
        yield "sender", content.sender
    for role in ("to", "cc", "bcc"):
        yield from ((role, address) for address in getattr(content, role))
