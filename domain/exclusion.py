"""The do-not-capture list: whose mail is never taken in, so that nothing of it is kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import UUID

from domain.content import Content
from domain.values import Address, MailboxId, Personal, Rejected

_DELIVERED = frozenset(
    ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
)
"""Trace fields in which servers write for whom a copy was, Bcc or not."""


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
    """Read an address or a domain (firm.example, @firm.example, *@firm.example) as people type it."""
    pattern = text.strip().casefold().removeprefix("*").removeprefix("@")
    local, at, domain = pattern.rpartition("@")
    labels = domain.split(".")
    if len(labels) < 2 or not all(labels) or bool(at) != bool(local) or "@" in local:
        raise Rejected("INVALID", f"{text!r} is neither a mail address nor a domain")
    if len(pattern.split()) != 1:
        raise Rejected("INVALID", f"{text!r} has blanks in it; give one address or domain")
    return pattern


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
    people: Iterable[Address | None] = (
        *content.authors, content.sender, *content.reply_to, content.pec_sender
    )  # fmt: skip
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
    if "@" in pattern:
        return pattern in addresses
    domains = {one.rpartition("@")[2] for one in addresses}
    return any(one == pattern or one.endswith(f".{pattern}") for one in domains)
