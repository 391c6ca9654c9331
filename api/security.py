"""Who asks: the bearer of a token (RFC 6750) and what it lets him see."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from adapters.keyring import Keyring
from api.work.generations import active_names_async
from api.work.tokens import Bearer, is_right, parsed, secret_hash
from domain.access import Scope
from domain.mailbox import ACTING
from domain.values import Rejected
from projections import access, company
from projections.access import MemberRow, TokenRow
from projections.clearance import clearance_of
from projections.projection import Names
from projections.reader import EVERYTHING, Reader

T = TypeVar("T")
_Read = Callable[[AsyncConnection[TupleRow], Names, Reader, UUID], Awaitable[T]]
_KEPT_S: Final = 0.5
_KEPT_MOST: Final = 1_000
_PATIENCE_S: Final = 3.0
_NOBODY: Final = Bearer(UUID(int=0), "nobody")
_NO_HASH: Final = "0" * 64


class Unknown(Exception):
    """Nobody who is let in; the same for every reason, so that none can be told apart."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and what he may see and do."""

    token: UUID
    name: str
    scopes: frozenset[Scope]
    reader: Reader
    colleague: UUID | None = None
    member_of: tuple[UUID, ...] = ()
    """A colleague's mailboxes on whose mail he may act, too."""

    @property
    def acts(self) -> Reader:
        """Give on which mail he may act, of what his scopes allow."""
        if self.colleague is None:
            return self.reader
        return replace(self.reader, mailboxes=self.member_of)

    @property
    def manages(self) -> Reader:
        """Give which mailboxes he manages, if he has that scope: not whose mail he sees.

        A colleague manages all: his own mailboxes are those whose mail he reads.
        """
        return self.reader if self.colleague is None else EVERYTHING

    @property
    def knows(self) -> Reader:
        """Give of which mailboxes he is told that they are there, and how they are."""
        return self.manager or self.reader

    @property
    def manager(self) -> Reader | None:
        """Give which mailboxes he may manage; None without that scope."""
        return self.manages if Scope.MANAGE_MAILBOXES in self.scopes else None

    def require(self, scope: Scope) -> None:
        """Refuse who may not do this."""
        if scope not in self.scopes:
            raise Rejected("FORBIDDEN", f"this token has not the scope {scope.value}")


class Doorkeeper:
    """Lets bearers of tokens in; a revoked one is out within a second."""

    def __init__(self, keyring: Keyring, pool: AsyncConnectionPool) -> None:
        """Look tokens up by this pool, check them with this keyring."""
        self._keyring = keyring
        self._pool = pool
        self._seen: dict[tuple[UUID, str], tuple[float, TokenRow]] = {}

    async def viewer(self, authorization: str | None) -> Viewer:
        """Say who a request with this header is from; raise Unknown for whoever is not let in."""
        scheme, _, text = (authorization or "").strip().partition(" ")
        bearer = (parsed(text) if scheme.lower() == "bearer" else None) or _NOBODY
        # Known or unknown, the same is done: the time taken tells nothing about ids.
        presented = bearer.id, secret_hash(self._keyring, bearer.secret)
        row = self._let_in(presented) or await self._asked(access.token, bearer.id)
        right = is_right(self._keyring, bearer, row.secret_hash if row else _NO_HASH)
        if row is None or not right or not _valid(row):
            raise Unknown
        self._seen.setdefault(presented, (time.monotonic(), row))
        scopes = frozenset(one for one in Scope if one.value in row.scopes)
        level = await self._clearance(row.colleague, scopes)
        if row.colleague is not None:
            shares = await self._asked(access.shared_with, row.colleague)
            return _for_colleague(row, row.colleague, scopes, shares, level)
        mailboxes = None if row.mailboxes is None else tuple(row.mailboxes)
        return Viewer(row.id, row.name, scopes, Reader(mailboxes, level))

    async def _clearance(self, colleague: UUID | None, scopes: frozenset[Scope]) -> int | None:
        """Give up to which privacy level a viewer is cleared; None: all."""
        if Scope.READ_CONFIDENTIAL in scopes:
            return None
        return 0 if colleague is None else await self._asked(clearance_of, colleague)

    def _let_in(self, presented: tuple[UUID, str]) -> TokenRow | None:
        """Give the token of whoever was let in just now."""
        since, row = self._seen.get(presented, (0.0, None))
        if row is not None and time.monotonic() - since < _KEPT_S:
            return row
        self._seen.pop(presented, None)
        if len(self._seen) >= _KEPT_MOST:
            self._seen.clear()
        return None

    async def _asked(self, read: _Read[T], id: UUID) -> T:
        try:
            return await self._read(read, id)
        except (OperationalError, InterfaceError):
            await self._pool.check()  # the server was restarted: what is idle is broken
            return await self._read(read, id)

    async def _read(self, read: _Read[T], id: UUID) -> T:
        async with self._pool.connection(_PATIENCE_S) as connection:
            names = await active_names_async(connection, (access.access, company.company))
            return await read(connection, names, EVERYTHING, id)


def _for_colleague(
    row: TokenRow,
    colleague: UUID,
    scopes: frozenset[Scope],
    shares: Sequence[MemberRow],
    level: int | None,
) -> Viewer:
    """Give the viewer that a colleague is now: what is shared with him is asked each time."""
    mailboxes = tuple(one.mailbox for one in shares)
    own = tuple(one.mailbox for one in shares if one.role in ACTING)
    return Viewer(row.id, row.name, scopes, Reader(mailboxes, level), colleague, own)


def _valid(row: TokenRow) -> bool:
    ended = row.expires_at is not None and row.expires_at <= datetime.now(UTC)
    return row.revoked_at is None and not ended
