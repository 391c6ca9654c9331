"""Who asks: the bearer of a token (RFC 6750) and what it lets him see."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from psycopg import InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool

from adapters.keyring import Keyring
from api.work.generations import active_names_async
from api.work.tokens import Bearer, is_right, parsed, secret_hash
from domain.access import Scope
from domain.values import Rejected
from projections import access
from projections.access import TokenRow
from projections.reader import EVERYTHING, Reader

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
        row = self._let_in(presented) or await self._row(bearer.id)
        right = is_right(self._keyring, bearer, row.secret_hash if row else _NO_HASH)
        if row is None or not right or not _valid(row):
            raise Unknown
        self._seen.setdefault(presented, (time.monotonic(), row))
        mailboxes = None if row.mailboxes is None else tuple(row.mailboxes)
        scopes = frozenset(one for one in Scope if one.value in row.scopes)
        return Viewer(row.id, row.name, scopes, Reader(mailboxes))

    def _let_in(self, presented: tuple[UUID, str]) -> TokenRow | None:
        """Give the token of whoever was let in just now."""
        since, row = self._seen.get(presented, (0.0, None))
        if row is not None and time.monotonic() - since < _KEPT_S:
            return row
        self._seen.pop(presented, None)
        if len(self._seen) >= _KEPT_MOST:
            self._seen.clear()
        return None

    async def _row(self, id: UUID) -> TokenRow | None:
        try:
            return await self._look_up(id)
        except (OperationalError, InterfaceError):
            await self._pool.check()  # the server was restarted: what is idle is broken
            return await self._look_up(id)

    async def _look_up(self, id: UUID) -> TokenRow | None:
        async with self._pool.connection(_PATIENCE_S) as connection:
            names = await active_names_async(connection, (access.access,))
            return await access.token(connection, names, EVERYTHING, id)


def _valid(row: TokenRow) -> bool:
    ended = row.expires_at is not None and row.expires_at <= datetime.now(UTC)
    return row.revoked_at is None and not ended
