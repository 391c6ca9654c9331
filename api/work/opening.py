"""Folders of a mail server opened for changes, and where in them the messages of orders lie."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.imap import commands, facts
from adapters.imap.commands import Opened, Refused, Shown
from adapters.imap.connection import Connection
from adapters.imap.values import RemoteFolder
from api.work.accounts import Account
from api.work.cursors import folder_key
from api.work.instance import Carteggio
from api.work.marking import Folder, Marked, bits
from api.work.outward import Order
from api.work.reception import Place
from api.work.undone import Failure
from domain.identity import identify
from domain.message import FolderRole, MessageReceived


@dataclass(frozen=True, slots=True)
class Here:
    """A folder that is open for changes, and under which UIDs messages lie in it."""

    connection: Connection
    wire: bytes
    opened: Opened
    folder: Folder
    uids: Mapping[UUID, Collection[int]]

    def all(self, orders: Iterable[Order]) -> set[int]:
        """Give the UIDs that orders are about."""
        return {uid for one in orders for uid in self.uids.get(one.message, ())}

    def lies(self, order: Order, shown: Shown) -> bool:
        """Say whether an order's message is there."""
        return any(uid in shown.flags for uid in self.uids.get(order.message, ()))

    def marked(self, shown: Shown) -> list[Marked]:
        """Give the messages that are there, as they are marked."""
        return [
            Marked(uid, message, bits(shown.flags[uid]))
            for message, uids in self.uids.items()
            for uid in uids
            if uid in shown.flags
        ]

    async def shown(self, orders: Iterable[Order]) -> Shown:
        """Ask how messages are marked now; those that are gone are absent."""
        return await commands.shown(self.connection, self.opened, self.all(orders))

    async def again(self) -> None:
        """Open it once more, after another one."""
        await commands.open_folder(self.connection, self.wire)


class Opening:
    """Opens folders of one account, through a connection that somebody else holds."""

    def __init__(
        self,
        carteggio: Carteggio,
        account: Account,
        connection: Connection,
        lost: list[tuple[Order, Failure]],
    ) -> None:
        """Note in `lost` the orders of which the message is not in the folder."""
        self.connection = connection
        self._lost = lost
        self._carteggio = carteggio
        self._account = account

    def lose(self, orders: Iterable[Order], failure: Failure) -> None:
        """Note orders as such, with what is told if their messages are nowhere else."""
        self._lost += [(one, failure) for one in orders]

    def key(self, folder: RemoteFolder) -> UUID:
        """Give the key under which a folder is known here."""
        return folder_key(self._carteggio.identity_key, self._account.id, folder)

    def folder(self, folder: RemoteFolder, uid_validity: int) -> Folder:
        """Give a folder in one numbering, to be noted."""
        role = FolderRole(folder.role.value)
        place = Place(self._account.mailbox, folder.name, role, None)
        return Folder(self.key(folder), uid_validity, place)

    async def source(self, folder: RemoteFolder, orders: Sequence[Order]) -> Here:
        """Open a folder and find messages: by what is noted, else by their Message-IDs."""
        opened = await commands.open_folder(self.connection, folder.wire)
        if not opened.writable:
            raise Refused("READ-ONLY", "the folder can only be read")
        noted = self.folder(folder, opened.uid_validity)
        messages = {one.message for one in orders}
        uids: dict[UUID, Collection[int]] = {}
        uids |= await asyncio.to_thread(noted.uids_of, self._carteggio.database, messages)
        for id in messages - uids.keys():
            uids[id] = await self._searched(id, 1)
        return Here(self.connection, folder.wire, opened, noted, uids)

    async def target(self, folder: RemoteFolder, moves: Sequence[Order]) -> Here:
        """Open a folder and find what was moved into it since it was first to be."""
        opened = await commands.open_folder(self.connection, folder.wire)
        noted = self.folder(folder, opened.uid_validity)
        uids = {one.message: await self._searched(one.message, one.target_next) for one in moves}
        return Here(self.connection, folder.wire, opened, noted, uids)

    async def _searched(self, id: UUID, from_uid: int | None) -> set[int]:
        """Find a message by its Message-ID; a search finds longer ones too, and other messages."""
        header_id = await asyncio.to_thread(self.header_id, id)
        if not header_id:
            return set()
        found = await commands.find(self.connection, header_id, from_uid or 1)
        heads = await facts.shown(self.connection, found, header=True)
        key = self._carteggio.identity_key
        return {uid for uid, one in heads.items() if identify(key, one.header).message == id}

    def header_id(self, id: UUID) -> str:
        """Give a message's Message-ID; empty if it has none, or was erased."""
        events = (one.event for one in self._carteggio.journal.stream(id))
        received = next((one for one in events if isinstance(one, MessageReceived)), None)
        return received.content.message_id if received else ""
