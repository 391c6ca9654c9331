"""Where the mail of a mailbox lies that it sent: looked into, and filed into.

Each use connects at the first question, and leaves at the end; nothing else is at that connection.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from adapters.imap import filing
from adapters.imap.session import ImapSession
from adapters.imap.values import Limits
from api.work.accounts import Account, password_of
from api.work.consent import Consents
from api.work.instance import Carteggio

LIMITS: Final = Limits()


class SentFolder:
    """The folder of sent mail of one account that is fetched by IMAP."""

    def __init__(
        self, carteggio: Carteggio, consents: Consents, account: Account, limits: Limits = LIMITS
    ) -> None:
        """Connect to nothing yet."""
        self._carteggio = carteggio
        self._consents = consents
        self._account = account
        self._limits = limits
        self._left = AsyncExitStack()
        self._session: ImapSession | None = None
        self._wires: list[bytes] = []

    async def __aenter__(self) -> Self:
        await self._left.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._left.__aexit__(kind, exc, tb)

    @property
    def host(self) -> str:
        """Give the name of its server."""
        return self._account.host

    async def holds(self, header_id: str, since: datetime) -> bool:
        """Say whether a mail of ours lies there; raises ImapTrouble, Refused, Rejected."""
        session = await self._opened()
        for wire in self._wires:
            if await filing.lies_in(session.connection, wire, header_id, since):
                return True
        return False

    async def file(self, raw: bytes, at: datetime) -> None:
        """Put a mail there, as it is; raises ImapTrouble, Refused, Rejected."""
        session = await self._opened()
        if not self._wires:
            self._wires = [await filing.create_sent(session.connection)]
        await filing.append(session.connection, self._wires[0], raw, at)

    async def _opened(self) -> ImapSession:
        if self._session is None:
            tokens = self._consents.of(self._account)
            secret = await asyncio.to_thread(self._secret) if tokens is None else ""
            account = self._account.imap(secret, tokens, self._carteggio.reach)
            session = await self._left.enter_async_context(ImapSession(account, self._limits))
            found = filing.sent_folders(await session.folders(), self._account.sent)
            self._wires = [one.wire for one in found]
            self._session = session
        return self._session

    def _secret(self) -> str:
        return password_of(self._carteggio, self._account.id)
