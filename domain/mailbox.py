"""A mailbox that is shared: which colleagues see its mail, and as what."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Final, assert_never

from domain.classes import dataclass
from domain.company import MailboxRegistered
from domain.values import ColleagueId, Rejected


class Role(StrEnum):
    """As what a colleague has a mailbox; each one may what those before it may."""

    OBSERVER = "observer"
    """Sees its mail, and is told of nothing that happens to it: managers who look in."""
    READER = "reader"
    """Sees its mail."""
    MEMBER = "member"
    """Acts on its mail too: closes it, reopens it."""
    SUPERVISOR = "supervisor"
    """Answers for how it is worked on."""


ACTING: Final = frozenset({Role.MEMBER, Role.SUPERVISOR})
"""As what he may act on its mail, and send from it."""
ALERTED: Final = frozenset(Role) - {Role.OBSERVER}
"""As what he is told that something waits for somebody there."""


@dataclass(frozen=True, slots=True)
class MailboxShared:
    """A colleague sees the mailbox's mail from now on, or has another role there."""

    colleague: ColleagueId
    role: Role


@dataclass(frozen=True, slots=True)
class MailboxShareRevoked:
    """A colleague sees the mailbox's mail no more."""

    colleague: ColleagueId


MailboxEvent = MailboxShared | MailboxShareRevoked


@dataclass(frozen=True, slots=True)
class ShareMailbox:
    """Let a colleague see a mailbox."""

    colleague: ColleagueId
    role: Role


@dataclass(frozen=True, slots=True)
class RevokeShare:
    """Let him see it no more."""

    colleague: ColleagueId


MailboxCommand = ShareMailbox | RevokeShare


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What decisions ask of a mailbox."""

    known: bool = False
    members: Mapping[ColleagueId, Role] = field(default_factory=dict)


initial = Mailbox()


def evolve(mailbox: Mailbox, event: object) -> Mailbox:
    """Give the mailbox after an event."""
    match event:
        case MailboxRegistered():
            return replace(mailbox, known=True)
        case MailboxShared(colleague, role):
            return replace(mailbox, members={**mailbox.members, colleague: role})
        case MailboxShareRevoked(colleague):
            left = {one: role for one, role in mailbox.members.items() if one != colleague}
            return replace(mailbox, members=left)
        case _:
            return mailbox


def decide(mailbox: Mailbox, command: MailboxCommand) -> list[MailboxEvent]:
    """Return what happens. An empty list means that it has happened already."""
    if not mailbox.known:
        raise Rejected(
            "NOT_FOUND", "there is no such mailbox; see which are (mailbox list, managedMailboxes)"
        )
    match command:
        case ShareMailbox(colleague, role):
            shared = mailbox.members.get(colleague)
            return [] if shared is role else [MailboxShared(colleague, role)]
        case RevokeShare(colleague):
            return [MailboxShareRevoked(colleague)] if colleague in mailbox.members else []
        case _ as never:
            assert_never(never)
