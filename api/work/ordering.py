"""What people order for messages on mail servers: an event at once, carried out afterwards.

The order waits (outward.py) from the transaction of its events on, so that neither is without the
other; whoever attends the account carries it out (carrying.py).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.blobs import BlobMissing, Damaged
from adapters.keyring import KeyDestroyed
from api.work import occurrences
from api.work.accounts import Account
from api.work.instance import Carteggio
from api.work.outward import give, reach_of
from api.work.undone import key_of
from domain import message
from domain.identity import account_id, occurrence_id
from domain.marking import MessageMarked, MessageMoved, OrderMarks, OrderMove, Place, Wish
from domain.message import FolderRole, Message, MessageCommand, MessageEvent
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected

INBOX: Final = "INBOX"
_LONGEST_NAME: Final = 250


@dataclass(frozen=True, slots=True)
class MarksWanted:
    """Flags to be added and removed, in one mailbox or folder alone if that is named."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    mailbox: UUID | None = None
    folder: str = ""


@dataclass(frozen=True, slots=True)
class MoveWanted:
    """A mailbox and the folder in it to move to; `source` where a message lies in several."""

    mailbox: UUID
    to: str
    source: str = ""


def folder_named(name: str) -> str:
    """Check a folder's name, of which spaces are a part; INBOX has no case (RFC 9051 5.1)."""
    if not (name.strip() and len(name) <= _LONGEST_NAME and name.isprintable()):
        raise Rejected("INVALID", "folder: its name as the mail program shows it is needed")
    return INBOX if name.upper() == INBOX else name


@dataclass(frozen=True, slots=True)
class _Decider:
    """Decides on a message what was ordered, in the places where that is possible."""

    command: Callable[[Message], MessageCommand]
    initial: Message = message.initial

    @staticmethod
    def evolve(state: Message, event: object) -> Message:
        """Give the message after an event."""
        return message.evolve(state, event)

    def decide(self, state: Message, _wanted: object) -> list[MessageEvent]:
        """Give what happens."""
        if not state.known:
            raise Rejected("NOT_FOUND", "there is no such message")
        return message.decide(state, self.command(state))


class Ordering:
    """Takes orders for messages, in the mailboxes that whoever orders may act on."""

    def __init__(
        self,
        carteggio: Carteggio,
        accounts: Sequence[Account],
        mailboxes: Collection[UUID] | None = None,
    ) -> None:
        """Know the accounts by which mailboxes are fetched; `mailboxes` None means all."""
        self._carteggio = carteggio
        self._accounts: Mapping[MailboxId, Account] = {one.mailbox: one for one in accounts}
        self._mailboxes = mailboxes

    def mark(self, id: UUID, wanted: MarksWanted, envelope: Envelope) -> int | None:
        """Mark a message wherever it lies; give the position, None if it is so already."""

        def command(state: Message) -> OrderMarks:
            places = self._places(id, state, wanted.mailbox, wanted.folder)
            added, removed = frozenset(wanted.added), frozenset(wanted.removed)
            return OrderMarks(tuple(places), added, removed)

        also = partial(self._wait, id, [])
        return self._carteggio.journal.record(id, _Decider(command), wanted, envelope, also)

    def move(self, id: UUID, wanted: MoveWanted, envelope: Envelope) -> int | None:
        """Move a message within a mailbox; give the position, None if it lies there already."""
        entered: list[occurrences.Row] = []

        def command(state: Message) -> OrderMove:
            places = self._places(id, state, wanted.mailbox, wanted.source)
            others = [one for one in places if one[1] != wanted.to] or places
            if len(others) > 1:
                names = ", ".join(sorted(one[1] for one in others))
                sentence = f"the message lies in {names}: say out of which one it is to be moved"
                raise Rejected("AMBIGUOUS", sentence)
            place = others[0]
            entered[:] = self._occurrence(id, state, place, wanted.to)
            return OrderMove(*place, wanted.to, self._role(place[0], wanted.to))

        also = partial(self._wait, id, entered)
        return self._carteggio.journal.record(id, _Decider(command), wanted, envelope, also)

    # ---- where it can be done

    def _places(self, id: UUID, state: Message, mailbox: UUID | None, folder: str) -> list[Place]:
        """Give the places where a message lies that can be reached; refuse if there is none."""
        lies = [
            place
            for place, marks in state.marks.items()
            if not marks.gone
            and (mailbox is None or place[0] == mailbox)
            and (self._mailboxes is None or place[0] in self._mailboxes)
            and (not folder or place[1] == folder)
        ]
        if not lies:
            raise Rejected("NOT_FOUND", "the message does not lie there, or no longer")
        reach = reach_of(self._carteggio.database, id)
        refusals = {place: self._refusal(place, reach) for place in lies}
        reached = [place for place, refusal in refusals.items() if refusal is None]
        if not reached:
            raise next(one for one in refusals.values() if one is not None)
        return reached

    def _refusal(self, place: Place, reach: Collection[UUID]) -> Rejected | None:
        """Say why nothing can be done in a place; None if something can."""
        account = self._accounts.get(place[0])
        if account is None:
            sentence = "no account fetches this mailbox: there is no mail server to do it on"
            return Rejected("NO_ACCOUNT", sentence)
        if account.protocol == "pop3":
            what = "is fetched by POP3, which knows neither marks nor folders"
            return Rejected("UNSUPPORTED", f"{account.address} {what}: use IMAP for it")
        if self._key(account.id, place[1]) not in reach:
            sentence = (
                f"in {place[1]} the message was not seen on the mail server: it is from a file"
            )
            return Rejected("NOT_ON_SERVER", sentence)
        return None

    def _key(self, account: UUID, folder: str) -> UUID:
        return key_of(self._carteggio.identity_key, account, folder)

    def _role(self, mailbox: MailboxId, folder: str) -> FolderRole:
        """Say what a folder is for: as the server said, if it was ever fetched."""
        if folder == INBOX:
            return FolderRole.INBOX
        key = self._key(account_id(self._carteggio.identity_key, mailbox), folder)
        with self._carteggio.database.pool.connection() as connection:
            query = "SELECT role FROM folder_cursor WHERE folder = %s"
            row = connection.execute(query, (key,)).fetchone()
        return FolderRole(row[0]) if row and row[0] else FolderRole.OTHER

    # ---- what goes with the events

    def _occurrence(
        self, id: UUID, state: Message, place: Place, to: str
    ) -> list[occurrences.Row]:
        """Give what lets reception know the message in its new folder: it is no new copy."""
        mailbox, copy = place[0], state.copies[place]
        try:
            raw = self._carteggio.blobs.get(copy.raw, id)
        except (BlobMissing, Damaged, KeyDestroyed) as trouble:
            sentence = "what is kept of the message cannot be read; carteggio doctor tells an administrator more"
            raise Rejected("UNREADABLE", sentence) from trouble
        key = self._carteggio.identity_key
        exact = occurrence_id(key, mailbox, f"{to}\0exact", bytes.fromhex(copy.raw_sha256))
        return [(exact, occurrence_id(key, mailbox, to, raw), id, copy.content_key)]

    def _wait(
        self,
        id: UUID,
        entered: Sequence[occurrences.Row],
        connection: Connection[Any],
        events: Sequence[object],
    ) -> None:
        """Let what is ordered wait, and know the new place."""
        for event in events:
            if not isinstance(event, MessageMarked | MessageMoved):
                continue
            account = account_id(self._carteggio.identity_key, event.mailbox)
            if isinstance(event, MessageMoved):
                what: Wish | UUID = self._key(account, event.moved_to)
            else:
                flags, before = frozenset(event.flags), frozenset(event.flags_before)
                what = Wish(flags - before, before - flags)
            give(connection, account, self._key(account, event.folder), id, what)
        known = occurrences.known(connection, [one[0] for one in entered], exact=True)
        occurrences.enter(connection, [one for one in entered if one[0] not in known])
