"""Comparing accounts with what was taken in of them: on demand, and daily by whoever works.

    the server's UIDs  ─▶  less those captured  ─▶  less those known as not fetched  ─▶  missing

It has a connection of its own, and changes nothing. What is noted here is read after the server
was asked, so that what comes meanwhile is not missing; the alarm is what still is, a look later.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapTrouble, RemoteFolder, Role, TroubleKind
from adapters.logs import log
from adapters.pop3.session import Pop3Session
from api.work.accounts import Account, accounts_of
from api.work.choosing import chosen
from api.work.cursors import folder_key
from api.work.instance import Carteggio
from api.work.ledger import Compared, Noted, Standing, begin, compared, keep, ledgers_of
from api.work.looks import states_of
from api.work.maildrop import FOLDER
from api.work.patience import LATER
from api.work.projector import where
from api.work.seen import SeenIds
from api.work.sync import Sync
from api.work.synced import Synced
from domain.values import Rejected

_DAY: Final = timedelta(days=1)
_AGAIN: Final = timedelta(hours=1)
_LOOK_S: Final = 60.0
_SLICE_S: Final = 0.25


@dataclass(slots=True)
class Checked:
    """How the comparison of one account went; `trouble` is a sentence, empty if all is well."""

    account: Account
    folders: list[Compared] = field(default_factory=list)
    trouble: str = ""
    warning: str = ""
    kind: str = ""

    @property
    def missing(self) -> int:
        """Count what is missing in all folders."""
        return sum(len(one.missing) for one in self.folders)


class Checking:
    """Compares the accounts of one company with what was taken in of them."""

    def __init__(self, carteggio: Carteggio, sync: Sync) -> None:
        """Connect as `sync` does."""
        self._carteggio = carteggio
        self._database = carteggio.database
        self._sync = sync
        self._told: dict[UUID, datetime] = {}

    async def all(self, addresses: Sequence[str] = ()) -> list[Checked]:
        """Compare every account that is not paused, or those of some mailboxes."""
        wanted = {address.strip().casefold() for address in addresses}
        known = await accounts_of(self._carteggio)
        if missing := wanted - {one.address.casefold() for one in known}:
            raise Rejected("NOT_FOUND", f"no account is configured for {', '.join(missing)}")
        these = [x for x in known if (x.address.casefold() in wanted if wanted else not x.paused)]
        found = []
        try:
            for account in these:
                await asyncio.to_thread(begin, self._database, account.id)
                found.append(await self.one(account))
        finally:
            await self._sync.close()
        return found

    async def one(self, account: Account) -> Checked:
        """Compare one account, and keep what is found."""
        checked, synced = Checked(account), Synced(account)
        async with self._sync.told(synced):
            if account.protocol == "pop3":
                async with self._sync.alone(synced), await self._sync.maildrop(account) as drop:
                    await self._maildrop(drop, checked)
            else:
                async with await self._sync.session(account) as session:
                    for folder in chosen(account, await session.folders(), synced):
                        await self._into(checked, session, folder, synced)
        checked.trouble = synced.trouble
        checked.warning = checked.warning or synced.warning
        checked.kind = synced.kind or checked.kind
        await asyncio.to_thread(keep, self._database, account.id, checked.folders, checked.kind)
        return checked

    async def _into(
        self, checked: Checked, session: ImapSession, folder: RemoteFolder, synced: Synced
    ) -> None:
        """Compare a folder; one that cannot be opened leaves the others alone."""
        try:
            checked.folders.append(await self._folder(session, checked.account.id, folder))
        except ImapTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED or folder.role is Role.INBOX:
                raise
            synced.leave_out(f"{folder.name} cannot be opened: {trouble.sentence}")

    async def _folder(self, session: ImapSession, account: UUID, folder: RemoteFolder) -> Compared:
        state = await session.select(folder)
        there = await session.uids()
        if len(there) < state.exists:  # some were deleted meanwhile, or it leaves some out
            state = await session.select(folder)
            there = await session.uids()
        if len(there) < state.exists:
            sentence = f"{folder.name} holds {state.exists} messages, and lists {len(there)}"
            raise ImapTrouble(TroubleKind.PROTOCOL, sentence)
        key = folder_key(self._carteggio.identity_key, account, folder)
        noted = await asyncio.to_thread(Noted.of, self._database, account, key, state.uidvalidity)
        return compared(key, (folder.name, folder.role.value), state.uidvalidity, there, noted)

    async def _maildrop(self, session: Pop3Session, checked: Checked) -> None:
        listing = await session.listing()
        ids = SeenIds(self._carteggio, checked.account.id)
        stored, left, there = await asyncio.to_thread(ids.standing, listing)
        noted = Noted(stored, left)
        checked.folders.append(compared(ids.folder, (FOLDER, "inbox"), 0, there, noted))
        if nameless := sum(one.uidl is None for one in listing):
            checked.kind = "no unique ids"
            checked.warning = f"{nameless} messages have no unique id and cannot be compared"

    async def run(self, stop: Event) -> None:
        """Compare each account daily until told to stop, and say what is missing."""
        try:
            while not stop.is_set():
                try:
                    await self.due()
                except LATER as trouble:
                    log("ledger").warning("waits, tries again", trouble=type(trouble).__name__)
                except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
                    log("ledger").error("fails and tries again", error=where(error))
                for _ in range(round(_LOOK_S / _SLICE_S)):
                    if stop.is_set():
                        return
                    await asyncio.sleep(_SLICE_S)
        finally:
            await self._sync.close()

    async def due(self) -> None:
        """Compare what was not compared for a day; whoever begins first does it.

        An account in trouble is left alone: another wrong password might lock it.
        """
        ledgers = await asyncio.to_thread(ledgers_of, self._database)
        states = await asyncio.to_thread(states_of, self._carteggio)
        self._tell(ledgers)
        fresh = datetime.now(UTC) - _DAY
        for account in await accounts_of(self._carteggio):
            state, ledger = states.get(account.id), ledgers.get(account.id)
            recent = ledger is not None and (ledger.checked_at or fresh) > fresh
            fetched = state is not None and state.fetched_at is not None and state.is_let_in
            if recent or not fetched or account.paused or account.needs_consent:
                continue
            if await asyncio.to_thread(begin, self._database, account.id, _AGAIN):
                await self.one(account)

    def _tell(self, ledgers: Mapping[UUID, Standing]) -> None:
        """Say once after each comparison what is missing, when what was new has come."""
        until = datetime.now(UTC) - timedelta(seconds=_LOOK_S)
        for account, one in ledgers.items():
            if one.checked_at is None or self._told.get(account) == one.checked_at:
                continue
            if one.checked_at <= until:
                self._told[account] = one.checked_at
                if one.missing:
                    log("ledger").error("mail is missing", account=account, missing=one.missing)
