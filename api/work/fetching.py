"""What is new in the folders of an IMAP account, each fetched from where it was left.

    select ─▶ what changed since ─▶ marks ─▶ what is new ─▶ known already? ─▶ else fetched ─▶
    stored, portion by portion ─▶ cursor ─▶ what was left out before, if it is due

The cursor (UIDVALIDITY, UID) moves in the transaction of the events. When a server renumbers a
folder, or gives it another name, it is listed from the beginning: what is known records nothing
new, and comes from our own store where it can be told without its body.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeGuard
from uuid import UUID

from psycopg import Connection

from adapters.imap.changes import Changes
from adapters.imap.session import ImapSession
from adapters.imap.values import (
    Fetched,
    FolderState,
    ImapTrouble,
    Oversize,
    RemoteFolder,
    Role,
    TroubleKind,
    Unfetchable,
)
from adapters.logs import log
from api.work import leftovers, recognising
from api.work.arrivals import EXCLUDED, NOT_STORED
from api.work.choosing import Choice, Choosing
from api.work.cursors import Cursor, Cursors, Known, first, from_the_beginning
from api.work.excluding import PassedOver
from api.work.instance import Carteggio
from api.work.leftovers import Leftovers
from api.work.marking import Folder, Marked, Marking, bits
from api.work.phases import awaiting, during
from api.work.reception import Arrival, Counts, Place, Reception
from api.work.recognising import Recognising
from api.work.synced import Synced
from api.work.widelanes import WideLanes
from domain.identity import identify
from domain.message import FolderRole

_ALL_FLAGS_S: Final = 300.0
"""So often all flags are listed where the server does not count changes."""
Item = Fetched | Oversize | Unfetchable


@dataclass(frozen=True, slots=True)
class _Listed:
    """How a folder was when it was last compared, by a server that does not tell what is gone."""

    spread: int
    """How many UIDs up to the next one are not there; it grows with what is deleted alone."""
    at: float


@dataclass(slots=True)
class _Look:
    """One look into an account; `moving`: a folder of it is gone, or numbered anew."""

    session: ImapSession
    synced: Synced
    choice: Choice
    cut_off: datetime | None
    moving: bool

    @property
    def account(self) -> UUID:
        return self.synced.account.id


class Fetching:
    """Fetches folders through sessions that others open, and stores what comes."""

    def __init__(
        self, carteggio: Carteggio, reception: Reception, lanes: WideLanes, largest: int
    ) -> None:
        """Fetch messages up to `largest` octets; of others the header, until they are wanted."""
        self._most = max(largest, carteggio.settings.max_message_bytes)
        self._identity_key = carteggio.identity_key
        self._reception = reception
        self._lanes = lanes
        self._marking = Marking(carteggio.journal)
        self._cursors = Cursors(carteggio.database, carteggio.keyring)
        self._recognising = Recognising(carteggio, reception.screening)
        self._choosing = Choosing(carteggio, self._cursors, self._recognising)
        self._leftovers = Leftovers(carteggio.database, largest)
        self._listed: dict[UUID, _Listed] = {}

    async def choose(self, session: ImapSession, synced: Synced) -> Choice:
        """Choose the account's folders, under the names that they have now."""
        return await self._choosing.choose(session, synced)

    async def look(
        self,
        session: ImapSession,
        synced: Synced,
        choice: Choice,
        cut_off: datetime | None = None,
    ) -> None:
        """Fetch what is new in these folders, the last one stays selected; close those that are gone.

        A folder that is not there any more leaves the others alone.
        """
        moving = bool(choice.gone) or await self._moves(session, synced, choice)
        look = _Look(session, synced, choice, cut_off, moving)
        if choice.not_there:
            synced.leave_out(choice.not_there)
            choice.stale = True
        renumbered = []
        for folder in choice.folders:
            try:
                state = await session.select(folder)
            except ImapTrouble as trouble:
                if trouble.kind is not TroubleKind.REFUSED or folder.role is Role.INBOX:
                    raise
                synced.leave_out(f"{folder.name} cannot be opened: {trouble.sentence}")
                choice.stale = True
                continue
            there, cursor = await self._folder(look, folder, state)
            if cursor.renumbered:
                renumbered.append(there)
        for there in renumbered:
            await asyncio.to_thread(self._marking.close_earlier, there)
            await asyncio.to_thread(self._leftovers.forget_earlier, look.account, there)
        while choice.gone:
            await asyncio.to_thread(self._close, synced, choice.gone[-1])
            choice.gone.pop()

    async def _moves(self, session: ImapSession, synced: Synced, choice: Choice) -> bool:
        """Say whether a folder was renumbered; asked only if one is looked into for the first time."""
        account = synced.account.id
        keys = [(self._cursors.key(account, one), one) for one in choice.folders]
        known = {key: await asyncio.to_thread(self._cursors.find, account, key) for key, _ in keys}
        if not any(known.values()):
            return False
        if await asyncio.to_thread(self._cursors.are_moving, account):
            return True
        if all(known.values()):
            return False
        states = await session.states(choice.folders)
        return any(
            cursor.uid_validity not in {0, state.uidvalidity}
            for key, one in keys
            if (cursor := known[key]) and (state := states.get(one.wire))
        )

    async def _folder(
        self, look: _Look, folder: RemoteFolder, state: FolderState
    ) -> tuple[Folder, Cursor]:
        key = self._cursors.key(look.account, folder)
        before = await asyncio.to_thread(self._cursors.find, look.account, key)
        cursor = replace(
            before or first(look.account, key, look.cut_off),
            role=folder.role.value,
            mailbox_id=self._cursors.mailbox_id(look.account, state),
        )
        if cursor.uid_validity != state.uidvalidity:
            cursor = from_the_beginning(cursor, state)
        place = Place(
            look.synced.account.mailbox, folder.name, FolderRole(folder.role.value), cursor.cut_off
        )
        there = Folder(key, cursor.uid_validity, place)
        await self._compare(look, there, state, cursor)
        with during("listing"):
            new = await look.session.uids_with_sizes(cursor.last_uid)
        by_header = look.moving or cursor.renumbered
        async with aclosing(self._lanes.portions(new)) as portions:
            async for portion in portions:
                cursor = await self._portion(look, portion, there, cursor, by_header=by_header)
        await self._try_again(look, there, cursor)
        cursor = replace(cursor, highest_modseq=state.highestmodseq)
        if cursor != before or not cursor.has_name:
            await asyncio.to_thread(self._cursors.settle, cursor, folder)
        look.synced.folders.append(folder.name)
        look.synced.sent |= folder.role is Role.SENT
        return there, cursor

    async def _compare(
        self, look: _Look, there: Folder, state: FolderState, cursor: Cursor
    ) -> None:
        """Record what was marked otherwise, or is gone, since the folder was last read."""
        session, now = look.session, _Listed(state.uidnext - state.exists, time.monotonic())
        if cursor.last_uid and self._is_due(session, state, cursor, now):
            modseq = cursor.highest_modseq if state.highestmodseq else 0
            changes = await session.changes(cursor.last_uid, modseq)
            async with self._lanes.storing:
                await asyncio.to_thread(self._marking.apply, there, changes)
                left = await asyncio.to_thread(self._leftovers.uids, look.account, there)
                gone = changes.gone(left)
                await asyncio.to_thread(self._leftovers.forget, look.account, there, gone)
        elif state.highestmodseq == 0:
            return
        self._listed[there.key] = now

    def _is_due(
        self, session: ImapSession, state: FolderState, cursor: Cursor, now: _Listed
    ) -> bool:
        last = self._listed.get(cursor.folder)
        if state.highestmodseq and cursor.highest_modseq:
            moved = state.highestmodseq != cursor.highest_modseq
            # Without QRESYNC the figure need not move when something is deleted.
            return moved or not (session.resyncs or (last and last.spread == now.spread))
        return last is None or last.spread != now.spread or now.at - last.at > _ALL_FLAGS_S

    async def _portion(
        self,
        look: _Look,
        portion: Sequence[tuple[int, int]],
        there: Folder,
        cursor: Cursor,
        *,
        by_header: bool,
    ) -> Cursor:
        """Store a portion: what lies here already first, as the cursor moves with what is fetched."""
        told = await self._recognising.recognise(
            look.session, look.account, portion, there.place, by_header=by_header
        )
        if told.out:
            await self._pass_over(look, told.out, there)
        if told.known:
            await self._store(look, told.known, there, cursor, told.server_ids)
        async with aclosing(look.session.fetch(told.rest)) as fetching:
            async for items in awaiting("fetching", fetching):
                cursor = replace(cursor, last_uid=max(item.uid for item in items))
                await self._store(look, items, there, cursor, told.server_ids)
        return replace(cursor, last_uid=max(uid for uid, _ in portion))

    async def _pass_over(self, look: _Look, out: Mapping[int, PassedOver], there: Folder) -> None:
        """Note what the do-not-capture list keeps out by its header: its body is not fetched."""

        def moved(connection: Connection[Any], _: Counts) -> None:
            for uid in out:
                item = Unfetchable(uid, EXCLUDED)
                leftovers.leave(connection, look.account, there, item, reason=EXCLUDED)

        async with self._lanes.storing:
            counts = await asyncio.to_thread(self._reception.pass_over, [*out.values()], moved)
        look.synced.counts.add(counts)

    async def _try_again(self, look: _Look, there: Folder, cursor: Cursor) -> None:
        """Fetch what was left out before and is due, or wanted in spite of its size."""
        due = await asyncio.to_thread(self._leftovers.due, look.account, there)
        for uid, size, wanted in due:
            shown = {} if size else await look.session.shown([uid])
            octets = size or (shown[uid].size if uid in shown else 0)
            largest = self._most if wanted else None
            async with aclosing(self._lanes.portions([(uid, octets)])) as portions:
                async for portion in portions:
                    async for items in look.session.fetch(portion, largest):
                        await self._store(look, items, there, cursor, {})
                        gone = [x.uid for x in items if isinstance(x, Unfetchable) and x.gone]
                        await asyncio.to_thread(self._leftovers.forget, look.account, there, gone)

    async def _store(
        self,
        look: _Look,
        items: Sequence[Item],
        there: Folder,
        cursor: Cursor,
        server_ids: Mapping[int, UUID],
    ) -> None:
        async with self._lanes.storing:
            counts = await asyncio.to_thread(self._take, items, there, cursor, server_ids)
        look.synced.counts.add(counts)
        look.synced.not_fetched += sum(_is_left(item) for item in items) + counts.failed

    def _take(
        self,
        items: Sequence[Item],
        there: Folder,
        cursor: Cursor,
        server_ids: Mapping[int, UUID],
    ) -> Counts:
        given = [item for item in items if self._is_taken(item)]
        batch = self._reception.read([_arrival(item, there.place) for item in given])
        taken = [
            (item, message, place)
            for item, message, place in zip(given, batch.messages, batch.places, strict=True)
            if message is not None
        ]
        messages = {item.uid: message for item, message, _ in taken}
        left = [item for item in items if _is_left(item) or _is_kept_out(item, messages)]
        marked = [Marked(item.uid, message, bits(item.flags)) for item, message, _ in taken]
        facts = [
            self._recognising.facts(cursor.account, item, place, server_ids.get(item.uid))
            for item, _, place in taken
            if isinstance(item, Fetched)
        ]
        fresh = {one.identity.message for one in batch.fresh}
        self._marking.found_again(there, [one for one in marked if one.message not in fresh])

        def moved(connection: Connection[Any], _: Counts) -> None:
            out = [item for item, _, place in taken if place in batch.failed]
            uids = {item.uid for item in out}
            came = [one for one in facts if one.uid not in uids]
            there.note(connection, [one for one in marked if one.uid not in uids])
            recognising.note(connection, there.key, there.uid_validity, came)
            cursor.move(connection)
            leftovers.come(connection, cursor.account, there, [one.uid for one in came])
            for one in out:
                leftovers.leave(connection, cursor.account, there, one, reason=NOT_STORED)
            for item in (one for one in left if one.uid not in uids):
                leftovers.leave(connection, cursor.account, there, item, messages.get(item.uid))

        return self._reception.store(batch, moved)

    def _is_taken(self, item: Item) -> TypeGuard[Fetched | Oversize]:
        """Say whether it tells what it is: a header alone does so by its Message-ID."""
        if isinstance(item, Oversize):
            return bool(identify(self._identity_key, item.header).header_key)
        return isinstance(item, Fetched)

    def _close(self, synced: Synced, gone: Known) -> None:
        """Record that a folder is not on the server any more, and nothing of it lies there."""
        account = synced.account
        place = Place(account.mailbox, gone.folder.name, FolderRole.OTHER)
        for numbering in self._cursors.numberings(account.id, gone.key):
            self._marking.apply(Folder(gone.key, numbering, place), Changes(there=set()))
        self._cursors.close(account.id, gone.key)
        log("sync").warning("a folder is gone", account=synced.account.id, folder=gone.key)


def _arrival(item: Fetched | Oversize, place: Place) -> Arrival:
    if isinstance(item, Fetched):
        return Arrival(item.raw, place, item.received_at, item.flags)
    return Arrival(item.header, place, item.received_at, item.flags, whole_size=item.size)


def _is_kept_out(item: Item, messages: Mapping[int, UUID]) -> bool:
    """Say whether the do-not-capture list keeps it out."""
    return isinstance(item, Fetched) and item.uid not in messages


def _is_left(item: Item) -> TypeGuard[Oversize | Unfetchable]:
    return isinstance(item, Oversize) or (isinstance(item, Unfetchable) and not item.gone)
