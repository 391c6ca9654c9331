"""Addresses outside the company to which rules may send: nothing leaves to one that is not among them.

approved ─▶ withdrawn ─▶ approved
"""

from typing import Annotated, Final, assert_never

from domain.classes import dataclass
from domain.values import Address, Personal, Rejected

_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class RecipientApproved:
    """Rules may send to an address."""

    address: Annotated[str, Personal]
    note: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class RecipientWithdrawn:
    """Rules may send there no more."""

    note: Annotated[str, Personal] = ""


RecipientEvent = RecipientApproved | RecipientWithdrawn


@dataclass(frozen=True, slots=True)
class ApproveRecipient:
    """Let rules send to an address."""

    address: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawRecipient:
    """Let them send there no more."""

    note: str = ""


RecipientCommand = ApproveRecipient | WithdrawRecipient


@dataclass(frozen=True, slots=True)
class ApprovedRecipient:
    """What decisions ask: whether it is approved."""

    approved: bool = False


initial = ApprovedRecipient()


def evolve(recipient: ApprovedRecipient, event: object) -> ApprovedRecipient:
    """Give the state after an event."""
    match event:
        case RecipientApproved() | RecipientWithdrawn():
            return ApprovedRecipient(isinstance(event, RecipientApproved))
        case _:
            return recipient


def decide(recipient: ApprovedRecipient, command: RecipientCommand) -> list[RecipientEvent]:
    """Return what happens. An empty list means that it is so already."""
    if len(command.note) > _LONGEST:
        raise Rejected("INVALID", f"note: {_LONGEST:,} letters are the most")
    match command:
        case ApproveRecipient(address, note):
            parts = Address(address).spec.rpartition("@")
            if not parts[0] or "." not in parts[2] or len(address.split()) != 1:
                raise Rejected("INVALID", f"{address!r} is no mail address")
            return [] if recipient.approved else [RecipientApproved(address, note)]
        case WithdrawRecipient(note):
            if not recipient.approved:
                raise Rejected("NOT_FOUND", "it is not approved; see: recipient list")
            return [RecipientWithdrawn(note)]
        case _ as never:
            assert_never(never)
