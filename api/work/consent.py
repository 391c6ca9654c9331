"""Accounts that are let in by consent: their tokens, sealed, renewed in time, by one at a time.

fresh?  ─▶ used as it is
else    ─▶ row locked ─▶ another renewed it? ─▶ used
                      ─▶ provider asked ─▶ sealed and committed ─▶ used
                                       └▶ refused: consent is lost, an event; nobody asks again
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString, NoReturn
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from adapters.clock import Clock, utc
from adapters.ids import uuid7
from adapters.logs import log
from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.oauth.providers import client_of
from adapters.oauth.values import Client, Grant, OAuthTrouble, OAuthTroubleKind
from api.work.accounts import Account, accounts_of, password_of
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain import account as stream
from domain.account import AccountCommand, GiveConsent, LoseConsent, OAuth
from domain.recorded import Envelope, Origin
from domain.sendingside import SAME
from domain.values import Actor, ActorKind, Rejected

SOON: Final = timedelta(days=7)
"""So long before something ends it is told."""

NEEDS: Final = "needs consent"
_AT_ONCE: Final = 8
_TOKENS: Final = "oauth"
_LOOK: Final = "SELECT asked, sealed, lost FROM account_consent WHERE account = %s"
_HOLD: Final = "SELECT asked, sealed, lost FROM account_consent WHERE account = %s FOR UPDATE"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a consent."""

    grant: Grant
    lost: bool


class Consents:
    """Gives what lets accounts in; one for each loop."""

    def __init__(self, carteggio: Carteggio, clock: Clock = utc) -> None:
        """Ask nobody yet."""
        self.carteggio = carteggio
        self.clock = clock
        self.gate = asyncio.Semaphore(_AT_ONCE)

    def of(self, account: Account) -> "AccountTokens | None":
        """Give the tokens of an account; None where it has a password."""
        return AccountTokens(self, account, account.oauth) if account.oauth else None


class AccountTokens:
    """The access tokens of one account (adapters.mailservers.Tokens)."""

    def __init__(self, consents: Consents, account: Account, oauth: OAuth) -> None:
        self._carteggio = consents.carteggio
        self._clock = consents.clock
        self._gate = consents.gate
        self._account = account
        self._oauth = oauth

    async def current(self) -> str:
        """Give a token that can be used now."""
        connection = await self._carteggio.database.connect_async()
        async with connection:
            kept = await self._kept(connection)
        if kept.grant.is_fresh(self._clock()):
            return kept.grant.access
        return await self._whole(lambda grant: grant.is_fresh(self._clock()), spare=True)

    async def renewed(self, refused: str) -> str:
        """Give another token than one that the mail server refused."""
        return await self._whole(lambda grant: grant.access != refused, spare=False)

    async def gave_up(self, token: str, sentence: str) -> None:
        """Take note that the mail server refuses a fresh token too: consent is lost."""
        async with self._held() as (connection, kept):
            if kept.grant.access == token:
                await self._lose(connection, "login_refused")
                raise self._asks_for_a_person(sentence)

    async def _whole(self, is_good: Callable[[Grant], bool], *, spare: bool) -> str:
        """Renew to the end even if nobody waits any more: what came is stored, or it is gone."""
        renewing = asyncio.ensure_future(self._renew(is_good, spare=spare))
        try:
            return await asyncio.shield(renewing)
        except asyncio.CancelledError:
            await asyncio.wait([renewing])
            raise

    async def _renew(self, is_good: Callable[[Grant], bool], *, spare: bool) -> str:
        async with self._gate, self._held() as (connection, kept):
            if is_good(kept.grant):
                return kept.grant.access
            try:
                grant = await self._ask(kept.grant)
            except OAuthTrouble as trouble:
                if spare and trouble.kind is OAuthTroubleKind.LATER and self._lasts(kept.grant):
                    return kept.grant.access
                await self._give_way(connection, trouble)
            sealed = await asyncio.to_thread(seal_grant, self._carteggio, self._account.id, grant)
            await connection.execute(
                "UPDATE account_consent SET sealed = %s, ends_at = %s,"
                " renewed_at = clock_timestamp() WHERE account = %s",
                (sealed, grant.ends_at, self._account.id),
            )
        self._warn(grant)
        return grant.access

    async def _ask(self, before: Grant) -> Grant:
        # Whoever lets nobody in by consent does not wait for these.
        from adapters.oauth import grants  # noqa: PLC0415

        client = await asyncio.to_thread(self._client)
        if self._oauth.unattended:
            return await grants.by_itself(client, self._clock)
        if not before.refresh:
            sentence = "the provider gave nothing to go on with after an hour"
            raise OAuthTrouble(OAuthTroubleKind.CONSENT, "no_refresh_token", sentence)
        grant = await grants.renewed(client, before.refresh, self._clock)
        if grant.ends_at is None and grant.refresh == before.refresh:
            return replace(grant, ends_at=before.ends_at)
        return grant

    async def _give_way(self, connection: AsyncConnection, trouble: OAuthTrouble) -> NoReturn:
        """Turn a provider's refusal into ours."""
        match trouble.kind:
            case OAuthTroubleKind.CONSENT:
                await self._lose(connection, trouble.code)
                raise self._asks_for_a_person(trouble.sentence) from None
            case OAuthTroubleKind.CLIENT:
                what = "give the right client with: carteggio account add"
                raise Rejected("CLIENT_REFUSED", f"{trouble.sentence}; {what}") from None
            case OAuthTroubleKind.LATER:
                raise ServerTrouble(TroubleKind.UNREACHABLE, trouble.sentence) from None

    async def _lose(self, connection: AsyncConnection, reason: str) -> None:
        """Record the event, then note it where everybody looks first."""
        actor, origin = Actor(ActorKind.SYSTEM, "reception"), Origin(self._account.protocol)
        envelope = Envelope(uuid7(), self._clock(), actor, origin)
        await asyncio.to_thread(self._record, LoseConsent(reason), envelope)
        await connection.execute(
            "UPDATE account_consent SET lost = true WHERE account = %s", (self._account.id,)
        )
        await connection.commit()
        log("oauth").warning("consent is lost", account=self._account.id, reason=reason)

    def _record(self, command: AccountCommand, envelope: Envelope) -> None:
        self._carteggio.journal.record(self._account.id, stream, command, envelope)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[tuple[AsyncConnection, _Kept]]:
        """Hold the consent's row until the block is left; what was done in it is committed then."""
        connection = await self._carteggio.database.connect_async(autocommit=False)
        async with connection:
            yield connection, await self._kept(connection, _HOLD)

    async def _kept(self, connection: AsyncConnection, query: LiteralString = _LOOK) -> _Kept:
        cursor = await connection.execute(query, (self._account.id,))
        row = await cursor.fetchone()
        if row is None or bytes(row[0]) != digest_of(self._oauth) or row[2]:
            raise self._asks_for_a_person("nobody has consented, or no longer")
        grant = await asyncio.to_thread(open_grant, self._carteggio, self._account.id, row[1])
        return _Kept(grant, row[2])

    def _client(self) -> Client:
        return client_for(self._carteggio, self._account, self._oauth)

    def _lasts(self, grant: Grant) -> bool:
        return self._clock() < grant.granted_at + grant.lasting

    def _asks_for_a_person(self, why: str) -> Rejected:
        own = f"carteggio account consent {self._account.address}"
        do = f"consent with: {own}, or over the API accountConsentBegin"
        return Rejected("NEEDS_CONSENT", f"{why}; {do}")

    def _warn(self, grant: Grant) -> None:
        if endings(self._account, grant.ends_at, self._clock()):
            log("oauth").warning("access ends soon", account=self._account.id)


def give_consent(
    carteggio: Carteggio,
    account: Account,
    oauth: OAuth,
    grant: Grant,
    envelope: Envelope | None = None,
) -> int | None:
    """Keep what a person consented to; whoever attends the account begins anew."""
    sealed = seal_grant(carteggio, account.id, grant)
    secret = password_of(carteggio, account.id).encode()
    with carteggio.database.pool.connection() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO account_consent (account, asked, sealed, ends_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (account) DO UPDATE SET asked = excluded.asked,"
            " sealed = excluded.sealed, ends_at = excluded.ends_at, lost = false,"
            " renewed_at = excluded.renewed_at",
            (account.id, digest_of(oauth), sealed, grant.ends_at),
        )
        # Sealed anew it has another mark, by which an account's task is begun anew.
        connection.execute(
            "UPDATE account_secret SET sealed = %s WHERE account = %s",
            (carteggio.keyring.seal_secret(account.id, secret), account.id),
        )
        connection.execute(
            "UPDATE account_state SET next_at = NULL WHERE account = %s", (account.id,)
        )
    given = GiveConsent(grant.ends_at)
    return carteggio.journal.record(account.id, stream, given, envelope or by_operator())


def client_for(carteggio: Carteggio, account: Account, oauth: OAuth) -> Client:
    """Give who we are to an account's provider; consent is asked for sending where it is used so."""
    secret, state = password_of(carteggio, account.id), stream.initial
    for one in carteggio.journal.stream(account.id):
        state = stream.evolve(state, one.event)
    sends = state.sending is not None and state.sending.login == SAME
    trust = account.vouching, carteggio.reach
    return client_of(oauth, account.protocol, secret, *trust, sends=sends)


def ends_of(carteggio: Carteggio) -> dict[UUID, datetime]:
    """Give when consents run out, as far as providers tell it."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT account, ends_at FROM account_consent WHERE ends_at IS NOT NULL"
        )
        return dict(rows.fetchall())


def endings(account: Account, consent_ends_at: datetime | None, now: datetime) -> list[str]:
    """Say what of an account ends within a week, or has ended, and what to do."""
    said: list[str] = []
    if account.oauth is None:
        return said
    if consent_ends_at is not None and consent_ends_at - now <= SOON:
        do = f"carteggio account consent {account.address}"
        said.append(f"consent ends on {consent_ends_at:%Y-%m-%d}: {do}")
    secret = account.oauth.secret_ends_on
    if (
        secret is not None
        and datetime(secret.year, secret.month, secret.day, tzinfo=UTC) - now <= SOON
    ):
        do = "make a new one at the provider, and run: carteggio account add"
        said.append(f"the client's secret ends on {secret}: {do}")
    return said


async def to_do(carteggio: Carteggio, now: datetime) -> list[tuple[str, str]]:
    """Say of each account that asks for a person, by its address, why and what to do."""
    ends = await asyncio.to_thread(ends_of, carteggio)
    said: list[tuple[str, str]] = []
    for one in await accounts_of(carteggio):
        if one.needs_consent:
            said.append((one.address, f"{NEEDS}: carteggio account consent {one.address}"))
        else:
            said += [(one.address, ending) for ending in endings(one, ends.get(one.id), now)]
    return said


def digest_of(oauth: OAuth) -> bytes:
    """Give what tells one thing that is asked for from another."""
    asked = msgspec.json.encode(replace(oauth, secret_ends_on=None))
    return hashlib.sha256(asked).digest()


def seal_grant(carteggio: Carteggio, account: UUID, grant: Grant) -> bytes:
    """Seal what was granted under the account's key."""
    return carteggio.keyring.seal_secret(account, msgspec.json.encode(grant), _TOKENS)


def open_grant(carteggio: Carteggio, account: UUID, sealed: bytes) -> Grant:
    """Open what `seal_grant` gave for this account."""
    opened = carteggio.keyring.open_secret(account, sealed, _TOKENS)
    return msgspec.json.decode(opened, type=Grant)
