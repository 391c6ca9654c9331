"""To whom outside the company rules may send: approved, withdrawn, listed."""

from collections.abc import Iterable
from uuid import UUID

from api.work.instance import Carteggio
from domain import recipients as stream
from domain.identity import recipient_id
from domain.recipients import ApproveRecipient, RecipientApproved, WithdrawRecipient
from domain.recorded import Envelope
from domain.values import Address


def recipient_of(carteggio: Carteggio, address: str) -> UUID:
    """Give the stream of an address, approved or not."""
    return recipient_id(carteggio.identity_key, address.strip())


def approve(carteggio: Carteggio, address: str, note: str, envelope: Envelope) -> int | None:
    """Let rules send to an address; give the position, None if they may already."""
    command = ApproveRecipient(address.strip(), note)
    return carteggio.journal.record(recipient_of(carteggio, address), stream, command, envelope)


def withdraw(carteggio: Carteggio, id: UUID, note: str, envelope: Envelope) -> int | None:
    """Let them send there no more; Rejected if they may not."""
    return carteggio.journal.record(id, stream, WithdrawRecipient(note), envelope)


def approved_now(carteggio: Carteggio, addresses: Iterable[Address]) -> frozenset[str]:
    """Give which of some addresses (keys) are approved by the last word in the log."""
    keys = {recipient_of(carteggio, one.spec): one.key for one in addresses}
    states = dict.fromkeys(keys, stream.initial)
    for one in carteggio.journal.streams(keys):
        states[one.stream] = stream.evolve(states[one.stream], one.event)
    return frozenset(keys[id] for id, state in states.items() if state.approved)


def recipients(carteggio: Carteggio) -> list[tuple[UUID, RecipientApproved]]:
    """Give all that are approved, by address; they are few, so they are read from the log."""
    found: dict[UUID, RecipientApproved] = {}
    after = 0
    names = ("recipient.approved", "recipient.withdrawn")
    while batch := carteggio.journal.read(after, names=names):
        for one in batch:
            found.pop(one.stream, None)
            if isinstance(one.event, RecipientApproved):
                found[one.stream] = one.event
        after = batch[-1].position
    return sorted(found.items(), key=lambda one: one[1].address.casefold())
