"""The do-not-capture list: whose mail is never taken in, so that nothing of it is kept."""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Final, assert_never
from uuid import UUID

from domain.classes import dataclass
from domain.content import Content
from domain.values import Address, MailboxId, Personal, Rejected

_DELIVERED = frozenset(
    ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
)
"""Trace fields in which servers write for whom a copy was, Bcc or not."""
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_LITERAL: Final = re.compile(r"\[[0-9a-z.:]+\]")  # RFC 5321 4.1.3
_LOCAL: Final = re.compile(r"[^][\x00-\x1f()<>@,;:\\\"]+")


class Side(StrEnum):
    """At which end of a mail an address counts."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    EITHER = "either"


# ---- events


@dataclass(frozen=True, slots=True)
class ExclusionAdded:
    """Mail from or to an address is not taken in from now on: only how much it was is counted.

    `pattern` is an address, or a domain, which stands for all below it too; in lower case.
    `mailbox` None means every mailbox. What was taken in before stays.
    """

    side: Side
    mailbox: MailboxId | None
    pattern: Annotated[str, Personal]
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class ExclusionRemoved:
    """Such mail is taken in again, from now on."""


ExclusionEvent = ExclusionAdded | ExclusionRemoved


# ---- commands


@dataclass(frozen=True, slots=True)
class AddExclusion:
    """Take no such mail in."""

    added: ExclusionAdded


@dataclass(frozen=True, slots=True)
class RemoveExclusion:
    """Take it in again."""


ExclusionCommand = AddExclusion | RemoveExclusion


# ---- state


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What stands; None before it was added, and after it was removed."""

    standing: ExclusionAdded | None = None


initial = Exclusion()


def evolve(exclusion: Exclusion, event: object) -> Exclusion:
    """Give what stands after an event."""
    match event:
        case ExclusionAdded():
            return Exclusion(event)
        case ExclusionRemoved():
            return initial
        case _:
            return exclusion


# ---- decisions


def decide(exclusion: Exclusion, command: ExclusionCommand) -> list[ExclusionEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case AddExclusion(added):
            return [] if exclusion.standing == added else [added]
        case RemoveExclusion():
            if exclusion.standing is None:
                raise Rejected("NOT_FOUND", "nothing of the kind is on the list of exclusions")
            return [ExclusionRemoved()]
        case _ as never:
            assert_never(never)


def pattern_of(text: str) -> str:
    """Read an address or a domain (firm.example, @firm.example, *@firm.example) as people type it.

    Rejected: what no mail's address can be or lie under.
    """
    pattern = text.strip().casefold().removeprefix("*").removeprefix("@")
    if len(pattern.split()) > 1:
        raise Rejected("INVALID", f"{text!r} has blanks in it; give one address or domain")
    local, at, domain = pattern.rpartition("@")
    plain = in_ascii(domain)
    if at:
        fits = _LOCAL.fullmatch(local) and (_DOMAIN.fullmatch(plain) or _LITERAL.fullmatch(plain))
    else:
        fits = _DOMAIN.fullmatch(plain)
    if not fits:
        what = "is neither a mail address nor a domain: one looks like ada@bank.example, the other"
        raise Rejected("INVALID", f"{text!r} {what} like bank.example")
    return pattern


def in_ascii(domain: str) -> str:
    """Give the form in which a domain is compared: its labels as DNS has them (RFC 3490 4)."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def excluded_by(
    content: Content, mailbox: MailboxId, rules: Sequence[tuple[UUID, ExclusionAdded]]
) -> UUID | None:
    """Give the first rule that keeps a mail out of a mailbox; None if it may be taken in."""
    ours = [(id, rule) for id, rule in rules if rule.mailbox in (None, mailbox)]
    if not ours:
        return None
    senders, recipients = set(_senders(content)), set(_recipients(content))
    ends = {
        Side.SENDER: senders,
        Side.RECIPIENT: recipients,
        Side.EITHER: senders | recipients,
    }
    return next((id for id, rule in ours if _names(rule.pattern, ends[rule.side])), None)


def _senders(content: Content) -> Iterator[str]:
    """Give who wrote or sent a mail, also behind a certified envelope; not who is to be answered."""
    people: Iterable[Address | None] = (*content.authors, content.sender, content.pec_sender)
    yield from (one.key for one in people if one is not None)


def _recipients(content: Content) -> Iterator[str]:
    """Give whom a mail is for; a bounce is about the one it did not reach."""
    yield from (one.key for one in (*content.to, *content.cc, *content.bcc))
    yield from (
        value.strip("<> ").casefold() for name, value in content.trace if name in _DELIVERED
    )
    if content.notice is not None and content.notice.recipient:
        yield content.notice.recipient.casefold()


def _names(pattern: str, addresses: set[str]) -> bool:
    local, at, domain = pattern.rpartition("@")
    wanted, known = in_ascii(domain), [one.rpartition("@") for one in addresses]
    if at:
        return any(one == local and in_ascii(its) == wanted for one, _, its in known)
    return any(is_within(in_ascii(its), wanted) for _, _, its in known)


def is_within(domain: str, other: str) -> bool:
    """Tell whether a domain is another one, or below it."""
    return domain == other or domain.endswith(f".{other}")
