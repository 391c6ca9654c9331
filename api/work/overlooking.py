"""What a mailbox's server has: its folders, which of them are fetched, and what was left there."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.imap.values import FolderState, RemoteFolder
from api.work.accounts import Account, accounts_of
from api.work.choosing import chosen
from api.work.cursors import Cursors
from api.work.instance import Carteggio
from api.work.leftovers import TRIED_AGAIN, Leftover, leftovers_of
from api.work.sync import Sync
from api.work.synced import Synced
from domain.values import Rejected
from projections import messages
from projections.messagerows import MessageRow
from projections.reader import EVERYTHING


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on the server; `messages` None where the server does not tell."""

    folder: RemoteFolder
    messages: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Left:
    """A message that was not fetched, with what its header tells where that is known."""

    account: Account
    folder: str
    leftover: Leftover
    sender: str
    subject: str

    @property
    def next_at(self) -> datetime | None:
        """Give when it is tried again; None for what waits until it is asked for."""
        later = self.leftover.reason in TRIED_AGAIN and self.leftover.wanted_at is None
        return self.leftover.next_at if later else self.leftover.wanted_at


async def account_named(carteggio: Carteggio, address: str) -> Account:
    """Give the account of a mailbox; raise Rejected(NOT_FOUND) if there is none."""
    wanted = address.strip().casefold()
    for one in await accounts_of(carteggio):
        if one.address.casefold() == wanted:
            return one
    sentence = f"no account is configured for {address.strip()}"
    raise Rejected("NOT_FOUND", f"{sentence}; add it with: carteggio account add")


async def folders_of(sync: Sync, account: Account) -> tuple[list[Folder], str]:
    """Ask the server for its folders; also give what is missing of those that are chosen.

    Raises ServerTrouble, and Rejected for what has no folders.
    """
    if account.protocol != "imap":
        raise Rejected("NO_FOLDERS", "POP3 knows no folders: all mail lies in one maildrop")
    synced = Synced(account)
    async with await sync.session(account) as session:
        there = await session.folders()
        states = await session.states(there)
    wanted = chosen(account, there, synced)
    found = [Folder(one, _count(states.get(one.wire)), one in wanted) for one in there]
    return sorted(found, key=lambda one: (one.folder.namespace, one.folder.name)), (
        synced.trouble or synced.warning
    )


def _count(state: FolderState | None) -> int | None:
    return state.exists if state and state.uidvalidity else None


async def left_of(carteggio: Carteggio, address: str = "") -> list[Left]:
    """Give what was not fetched, of one mailbox or of all; mail that nobody wants is not told."""
    known = await accounts_of(carteggio)
    accounts = {one.id: one for one in known}
    if address:
        one = await account_named(carteggio, address)
        accounts = {one.id: one}
    found = await asyncio.to_thread(leftovers_of, carteggio.database, list(accounts))
    wanted = [one for one in found if one.reason != "excluded"]
    names = await asyncio.to_thread(_names, carteggio, {one.account for one in wanted})
    async with carteggio.reading() as asked:
        ids = list({one.message for one in wanted if one.message is not None})
        rows = await messages.by_ids(*asked, EVERYTHING, ids)
    return [_left(accounts[one.account], one, names, rows) for one in wanted]


def _left(
    account: Account,
    one: Leftover,
    names: dict[UUID, str],
    rows: dict[UUID, MessageRow],
) -> Left:
    row = rows.get(one.message) if one.message else None
    folder = names.get(one.folder, "" if account.protocol == "imap" else "INBOX")
    return Left(
        account=account,
        folder=folder,
        leftover=one,
        sender=row.sender if row else "",
        subject=row.subject if row else "",
    )


def _names(carteggio: Carteggio, accounts: set[UUID]) -> dict[UUID, str]:
    cursors = Cursors(carteggio.database, carteggio.keyring)
    return {known.key: known.folder.name for id in accounts for known in cursors.beside(id, ())}
