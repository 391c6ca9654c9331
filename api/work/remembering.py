"""Remembered choices as people have them: to whom mail with an address belongs, from now on."""

from dataclasses import dataclass
from uuid import UUID

from api.work.addressing import check_not_ours
from api.work.instance import Carteggio
from api.work.records import is_address
from domain import remembering
from domain.identity import choice_id
from domain.recorded import Envelope
from domain.remembering import (
    MOST_WORDS,
    ChoiceRemembered,
    ForgetChoice,
    RememberChoice,
    words_in,
)
from domain.values import MailboxId, PartyId, Rejected

_LONGEST = 200
Said = tuple[UUID, ChoiceRemembered]
"""A choice, with the id of its stream."""


@dataclass(frozen=True, slots=True)
class Context:
    """An address, and of which of its mail something is said; `id` is the stream of that."""

    id: UUID
    address: str
    mailbox: MailboxId | None
    words: str

    def belongs_to(self, party: UUID) -> Said:
        """Give the choice that such mail belongs to a party."""
        choice = ChoiceRemembered(PartyId(party), self.mailbox, self.address, self.words)
        return self.id, choice


def context_of(
    carteggio: Carteggio, address: str, mailbox: UUID | None = None, words: str = ""
) -> Context:
    """Read what people type; Rejected for no address, and words that no subject could hold."""
    clean, said = address.strip().casefold(), " ".join(words.split())
    if not is_address(clean) or len(clean) > _LONGEST:
        raise Rejected("INVALID", f"{address!r} is no mail address")
    alone = words_in(said)
    if len(said) > _LONGEST or len(alone) > MOST_WORDS:
        raise Rejected("INVALID", f"of the subject {MOST_WORDS} words are the most; name fewer")
    if said and not alone:
        raise Rejected("INVALID", f"{said!r} has no word in it that a subject can be told by")
    box = None if mailbox is None else MailboxId(mailbox)
    return Context(choice_id(carteggio.identity_key, clean, box, alone), clean, box, said)


def remember(
    carteggio: Carteggio, id: UUID, choice: ChoiceRemembered, envelope: Envelope
) -> int | None:
    """Remember it, for earlier mail too; give the position, None if it is so already.

    Rejected for an address of the company's own.
    """
    check_not_ours(carteggio, choice.address)
    return carteggio.journal.record(id, remembering, RememberChoice(choice), envelope)


def forget(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Let the other rules link such mail again; Rejected if nothing is remembered there."""
    return carteggio.journal.record(id, remembering, ForgetChoice(), envelope)
