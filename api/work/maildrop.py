"""Maildrops are fetched (POP3): what the server lists and we have not seen, by its unique ids.

    list ─▶ fetch what is not seen ─▶ store, the ids with the events ─▶ delete what is long stored

A server may give a known id to another message, after it was moved: when a known id has another
size, no id is trusted, all is fetched, and what is known by its bytes records nothing new. Nothing
is deleted that is not stored, and whose header is not the one that was stored.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeGuard

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.pop3.session import Pop3Session
from adapters.pop3.values import Fetched, Item, Limits, Listed, Oversize, Pop3Account, Unfetchable
from api.work.cursors import ARCHIVE
from api.work.instance import Carteggio
from api.work.reception import Arrival, Counts, Place, Reception
from api.work.seen import SeenIds
from api.work.synced import Synced
from api.work.widelanes import WideLanes
from domain.identity import identify
from domain.message import FolderRole

FOLDER: Final = "INBOX"
"""A maildrop is what IMAP calls INBOX: what was fetched there is known here."""

_AGAIN: Final = timedelta(hours=1)
_HEADER_ALONE: Final = 10_000


class Maildrops:
    """Fetches maildrops of one company, and stores what comes."""

    def __init__(
        self, carteggio: Carteggio, reception: Reception, lanes: WideLanes, limits: Limits
    ) -> None:
        self._carteggio = carteggio
        self._reception = reception
        self._lanes = lanes
        self._limits = limits

    async def visit(
        self, account: Pop3Account, synced: Synced, cut_off: datetime | None = None
    ) -> None:
        """Connect, fetch what is not seen, delete what the account says, and leave."""
        ids = SeenIds(self._carteggio, synced.account.id)
        before = await asyncio.to_thread(ids.cut_off, cut_off or datetime.now(UTC) - ARCHIVE)
        place = Place(synced.account.mailbox, FOLDER, FolderRole.INBOX, before)
        async with Pop3Session(account, self._limits) as session:
            listing = await session.listing()
            again = datetime.now(UTC) - _AGAIN
            new = await asyncio.to_thread(ids.unseen, listing, self._limits.largest, again)
            async with aclosing(self._lanes.portions(self._sizes(new))) as portions:
                async for portion in portions:
                    wanted = [new[at] for at, _ in portion]
                    kept = await self._screened(session, ids, wanted, place, synced)
                    await self._portion(session, ids, kept, place, synced)
            await asyncio.to_thread(ids.forget_all_but, listing)
            if synced.account.delete_after_days is not None:
                await self._delete(session, ids, listing, {one.key for one in new}, synced)
        if asked := await asyncio.to_thread(ids.wanted):
            await self._fetch_wanted(account, ids, asked, place, synced)
        synced.folders.append(FOLDER)

    async def _fetch_wanted(
        self,
        account: Pop3Account,
        ids: SeenIds,
        wanted: Collection[int],
        place: Place,
        synced: Synced,
    ) -> None:
        """Fetch what is too large to be fetched unasked, and was asked for."""
        most = max(self._limits.largest, self._carteggio.settings.max_message_bytes)
        async with Pop3Session(account, replace(self._limits, largest=most)) as session:
            these = [one for one in await session.listing() if ids.number_of(one) in wanted]
            sizes = list(enumerate(one.size for one in these))
            async with aclosing(self._lanes.portions(sizes)) as portions:
                async for portion in portions:
                    await self._portion(
                        session, ids, [these[at] for at, _ in portion], place, synced
                    )

    def _sizes(self, new: Sequence[Listed]) -> list[tuple[int, int]]:
        sizes = (one.size if one.size <= self._limits.largest else _HEADER_ALONE for one in new)
        return list(enumerate(sizes))

    async def _portion(
        self,
        session: Pop3Session,
        ids: SeenIds,
        wanted: Sequence[Listed],
        place: Place,
        synced: Synced,
    ) -> None:
        async with aclosing(session.fetch(wanted)) as fetching:
            async for items in fetching:
                async with self._lanes.storing:
                    counts = await asyncio.to_thread(self._take, ids, items, place)
                synced.counts.add(counts)
                synced.not_fetched += sum(_is_left(item) for item in items) + counts.failed

    async def _screened(
        self,
        session: Pop3Session,
        ids: SeenIds,
        wanted: Sequence[Listed],
        place: Place,
        synced: Synced,
    ) -> Sequence[Listed]:
        """Pass over what the do-not-capture list keeps out by its header (TOP); give the rest."""
        screening = self._reception.screening
        if not await asyncio.to_thread(screening.minds, place.mailbox):
            return wanted
        out: set[tuple[bytes, int]] = set()
        async with aclosing(session.fetch(wanted, header_only=True)) as showing:
            async for items in showing:
                shown = [one for one in items if isinstance(one, Oversize) and one.header]
                headers = [one.header for one in shown]
                found = await asyncio.to_thread(screening.by_header, place, headers)
                over = [pair for pair in zip(shown, found, strict=True) if pair[1] is not None]
                passed = [one for _, one in over if one is not None]
                keys = [item.listed.key for item, _ in over]
                noting = ids.noting([item for item, _ in over], dict.fromkeys(keys), tuple)
                async with self._lanes.storing:
                    counts = await asyncio.to_thread(self._reception.pass_over, passed, noting)
                synced.counts.add(counts)
                out.update(keys)
        return [one for one in wanted if one.key not in out]

    def _take(self, ids: SeenIds, items: Sequence[Item], place: Place) -> Counts:
        given = [item for item in items if self._is_taken(item)]
        batch = self._reception.read([_arrival(item, place) for item in given])
        messages = {
            item.listed.key: message for item, message in zip(given, batch.messages, strict=True)
        }

        def failed() -> set[tuple[bytes, int]]:
            pairs = zip(given, batch.places, strict=True)
            return {item.listed.key for item, place in pairs if place in batch.failed}

        return self._reception.store(batch, ids.noting(items, messages, failed))

    def _is_taken(self, item: Item) -> TypeGuard[Fetched | Oversize]:
        """Say whether it tells what it is: a header alone does so by its Message-ID."""
        if isinstance(item, Oversize):
            return bool(identify(self._carteggio.identity_key, item.header).header_key)
        return isinstance(item, Fetched)

    async def _delete(
        self,
        session: Pop3Session,
        ids: SeenIds,
        listing: Sequence[Listed],
        fetched: Collection[tuple[bytes, int]],
        synced: Synced,
    ) -> None:
        """Delete what has been stored for long enough; only the end of the session makes it so."""
        until = datetime.now(UTC) - timedelta(days=synced.account.delete_after_days or 0)
        stored = await asyncio.to_thread(ids.stored_before, until, listing)
        due = [one for one in stored if one.key in fetched]
        before = [one for one in stored if one.key not in fetched]
        due += await self._proved(session, ids, before, synced)
        if any(one.uidl is None for one in listing):
            synced.warning = "the server gives its messages no unique ids: they are not deleted"
        if due:
            await session.delete(due)
            await _quit(session, synced)

    async def _proved(
        self, session: Pop3Session, ids: SeenIds, before: Sequence[Listed], synced: Synced
    ) -> list[Listed]:
        """Keep of what earlier sessions stored that whose header is still the same."""
        proved: list[Listed] = []
        async with aclosing(session.fetch(before, header_only=True)) as showing:
            async for shown in showing:
                proved += await asyncio.to_thread(ids.proved, shown)
        if left := len(before) - len(proved):
            synced.warning = f"{left} messages are not deleted: the server shows others, or none"
        return proved


def _arrival(item: Fetched | Oversize, place: Place) -> Arrival:
    if isinstance(item, Fetched):
        return Arrival(item.raw, place)
    return Arrival(item.header, place, whole_size=item.size)


def _is_left(item: Item) -> bool:
    return isinstance(item, Oversize) or (isinstance(item, Unfetchable) and not item.gone)


async def _quit(session: Pop3Session, synced: Synced) -> None:
    try:
        await session.quit()
    except ServerTrouble as trouble:
        if trouble.kind is not TroubleKind.REFUSED:
            raise
        synced.warning = f"not all was deleted: {trouble.sentence}"
