"""Looking into accounts: the same for those who ask once and for those who stay connected."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapTrouble, Limits
from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from adapters.pop3 import values as pop3
from adapters.pop3.session import Pop3Session
from api.work.accounts import Account, accounts_of, password_of
from api.work.carrying import Carrying
from api.work.choosing import Choice
from api.work.consent import Consents
from api.work.fetching import Fetching
from api.work.instance import Carteggio
from api.work.leases import Locks
from api.work.looks import note_state
from api.work.maildrop import Maildrops
from api.work.pursuing import pursue
from api.work.reception import Reception
from api.work.synced import BUSY, Synced
from api.work.undone import give_up
from api.work.widelanes import WideLanes
from domain.values import Rejected

__all__ = ["Sync", "Synced"]

_AT_ONCE: Final = 4


class Sync:
    """Looks into the accounts of one company; one that fails leaves the others alone."""

    def __init__(
        self, carteggio: Carteggio, worker: ReadingWorker, limits: Limits | None = None
    ) -> None:
        """Read mail through `worker`."""
        self._carteggio = carteggio
        self._limits = limits or Limits(largest=carteggio.settings.max_fetch_bytes)
        self._locks = Locks(carteggio.database)
        self._consents = Consents(carteggio)
        lanes = WideLanes()

        def reception(channel: str) -> Reception:
            return Reception(carteggio.journal, carteggio.blobs, worker, channel, exact=False)

        self.carrying = Carrying(carteggio)
        self.fetching = Fetching(carteggio, reception("imap"), lanes, self._limits.largest)
        self._maildrops = Maildrops(carteggio, reception("pop3"), lanes, _for_pop3(self._limits))

    async def all(
        self, addresses: Sequence[str] = (), cut_off: datetime | None = None
    ) -> list[Synced]:
        """Look into every account that is not paused, or into those of some mailboxes.

        Raises Rejected: NOT_FOUND where one has no account, PAUSED where it is paused.
        """
        wanted = {address.strip().casefold() for address in addresses}
        known = await accounts_of(self._carteggio)
        if missing := wanted - {one.address.casefold() for one in known}:
            sentence = f"no account is configured for {', '.join(sorted(missing))}"
            raise Rejected("NOT_FOUND", f"{sentence}; add it with: carteggio account add")
        named = [one for one in known if one.address.casefold() in wanted]
        if paused := ", ".join(one.address for one in named if one.paused):
            do = "resume it first with: carteggio account resume --mailbox"
            raise Rejected("PAUSED", f"paused, so nothing is fetched: {paused}; {do}")
        these = named if wanted else [one for one in known if not one.paused]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def looked_into(account: Account) -> Synced:
            async with gate:
                return await self._once(account, cut_off)

        try:
            return list(await asyncio.gather(*map(looked_into, these)))
        finally:
            await self.close()

    async def close(self) -> None:
        """Give back what is held for all accounts."""
        await self._locks.close()

    async def _once(self, account: Account, cut_off: datetime | None) -> Synced:
        synced = Synced(account)
        async with self.told(synced), self.alone(synced):
            await self.visit(synced, cut_off)
        if synced.not_fetched and not synced.warning:
            said = (
                f"{synced.not_fetched} messages were not fetched whole; see which, and why, with"
            )
            synced.warning = f"{said}: carteggio account left {account.address}"
        await self.note(synced)
        return synced

    async def visit(self, synced: Synced, cut_off: datetime | None = None) -> None:
        """Connect, look into the account once, and leave."""
        if synced.account.protocol == "pop3":
            tokens = self._consents.of(synced.account)
            password = "" if tokens else await self._password(synced.account)
            await self._maildrops.visit(
                synced.account.pop3(password, tokens, self._carteggio.reach), synced, cut_off
            )
            return
        async with await self.session(synced.account) as session:
            choice = await self.fetching.choose(session, synced)
            await self.look(session, synced, choice, cut_off)

    async def look(
        self,
        session: ImapSession,
        synced: Synced,
        choice: Choice,
        cut_off: datetime | None = None,
    ) -> None:
        """Carry out what is ordered, fetch what is new; orders follow what others moved before."""
        lost = await self.carrying.carry_out(session, synced.account)
        await self.fetching.look(session, synced, choice, cut_off)
        if await asyncio.to_thread(pursue, self._carteggio, lost):
            for order, failure in await self.carrying.carry_out(session, synced.account):
                await asyncio.to_thread(give_up, self._carteggio, [order], failure)
            await self.fetching.look(session, synced, choice, cut_off)

    async def session(self, account: Account) -> ImapSession:
        """Give what connects to the account's server when it is entered."""
        tokens = self._consents.of(account)
        password = "" if tokens else await self._password(account)
        return ImapSession(account.imap(password, tokens, self._carteggio.reach), self._limits)

    async def maildrop(self, account: Account) -> Pop3Session:
        """Give what connects to the account's maildrop when it is entered."""
        tokens = self._consents.of(account)
        password = "" if tokens else await self._password(account)
        return Pop3Session(
            account.pop3(password, tokens, self._carteggio.reach), _for_pop3(self._limits)
        )

    async def _password(self, account: Account) -> str:
        return await asyncio.to_thread(password_of, self._carteggio, account.id)

    @asynccontextmanager
    async def alone(self, synced: Synced) -> AsyncIterator[None]:
        """Hold an account's lock while it is fetched; Rejected if another process has it."""
        async with self._locks.holding(synced.account.id) as ours:
            if not ours:
                raise Rejected(BUSY, "another process is fetching it")
            yield

    @asynccontextmanager
    async def told(self, synced: Synced) -> AsyncIterator[None]:
        """Turn the trouble of one account into words; any other goes on to whoever called."""
        try:
            yield
        except ImapTrouble as trouble:
            synced.kind, synced.trouble = trouble.kind.value, trouble.sentence
        except Rejected as trouble:
            synced.kind, synced.trouble = trouble.code.casefold(), trouble.sentence
        except OSError as trouble:
            synced.kind = "local"
            synced.trouble = trouble.strerror or type(trouble).__name__
        if synced.kind:
            log("sync").warning(
                "an account is in trouble", account=synced.account.id, kind=synced.kind
            )

    async def note(self, synced: Synced, pause: float | None = None) -> None:
        """Keep how it went, and for how long the account is left alone."""
        if synced.kind != BUSY:
            this, id = self._carteggio, synced.account.id
            await asyncio.to_thread(note_state, this, id, synced.kind, pause, sent=synced.sent)


def _for_pop3(limits: Limits) -> pop3.Limits:
    """Give what holds for both protocols."""
    return pop3.Limits(
        connect=limits.connect,
        command=limits.command,
        fetch=limits.fetch,
        largest=limits.largest,
    )
