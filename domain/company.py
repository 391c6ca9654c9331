"""The company itself: its own domains, addresses, colleagues and mailboxes."""

from typing import Annotated, assert_never

from domain.classes import dataclass
from domain.values import Personal


@dataclass(frozen=True, slots=True)
class CompanyDescribed:
    """What the company calls its own: the whole of it as it is now. Domains are lower case.

    `aliases` are pairs of alias and address; `lists` pairs of a distribution list and its members.
    """

    name: Annotated[str, Personal]
    domains: Annotated[tuple[str, ...], Personal]
    aliases: Annotated[tuple[tuple[str, str], ...], Personal] = ()
    lists: Annotated[tuple[tuple[str, tuple[str, ...]], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class ColleagueRegistered:
    """A person of the company, as the source has the record now."""

    role: str
    collected: bool
    address: Annotated[str, Personal]
    name: Annotated[str, Personal] = ""
    attributes: Annotated[tuple[tuple[str, str], ...], Personal] = ()


@dataclass(frozen=True, slots=True)
class MailboxRegistered:
    """A mailbox whose mail is collected; `certified` if it is a PEC mailbox (RFC 6109)."""

    certified: bool
    address: Annotated[str, Personal]
    name: Annotated[str, Personal] = ""


CompanyEvent = CompanyDescribed | ColleagueRegistered | MailboxRegistered


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Record a description, a colleague or a mailbox as the source has it now."""

    record: CompanyEvent


CompanyCommand = TakeOver


@dataclass(frozen=True, slots=True)
class Own:
    """What decisions ask: the record as it stands."""

    record: CompanyEvent | None = None


initial = Own()


def evolve(own: Own, event: object) -> Own:
    """Give the record after an event."""
    if isinstance(event, CompanyDescribed | ColleagueRegistered | MailboxRegistered):
        return Own(event)
    return own


def decide(own: Own, command: CompanyCommand) -> list[CompanyEvent]:
    """Return what changes. An empty list means that the record is as it was."""
    match command:
        case TakeOver(record):
            return [] if own.record == record else [record]
        case _ as never:
            assert_never(never)
