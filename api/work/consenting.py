"""Consent over the API: begun by one request, waited for by whoever works, looked at by others.

    begin ─▶ provider gives a code, or a page ─▶ account.consent_asked, and a row that waits
    device:  whoever works asks the provider ─▶ tried at the mail server ─▶ account.consent_given
    browser: the client brings the provider's answer (finish) ─▶ the same

What came of it stands in the row, also when it is no. A process that is killed between the
provider's yes and ours leaves a code that is used up: the provider then says so.
"""

import asyncio
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from adapters.clock import utc
from adapters.ids import uuid7
from adapters.imap.session import ImapSession
from adapters.logs import log
from adapters.mailservers import ServerTrouble
from adapters.oauth.browser import page_of
from adapters.oauth.grants import by_code, by_device_now, by_itself, device
from adapters.oauth.values import Client, Grant, OAuthTrouble, OAuthTroubleKind
from adapters.pop3.session import Pop3Session
from adapters.reach import Reach
from api.work.accounts import Account, accounts_of
from api.work.consent import client_for, digest_of, give_consent
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.projector import where
from domain import account as stream
from domain.account import AskConsent, OAuth
from domain.recorded import Envelope
from domain.values import Rejected

_PURPOSE: Final = "oauth asking"
_BROWSER_LASTS: Final = timedelta(minutes=15)
_TAKEN_S: Final = 120.0
"""Who asks the provider has so long until another believes that it was cut off."""
_LOOK_S: Final = 1.0
_SLICE_S: Final = 0.25
_READ: Final[LiteralString] = (
    "SELECT account, asked, way, shown, sealed, begun_by, begun_at, ends_at, state, said"
    " FROM consent_asking"
)
_DUE: Final[LiteralString] = (
    "UPDATE consent_asking SET due_at = clock_timestamp() + %s * interval '1 s'"
    " WHERE account IN (SELECT account FROM consent_asking WHERE state = 'waiting'"
    " AND due_at <= clock_timestamp() LIMIT 8 FOR UPDATE SKIP LOCKED) RETURNING account"
)


@dataclass(frozen=True, slots=True)
class _Secret:
    """What only we know of it: the device's code, or what proves that a browser's answer is ours."""

    code: str = ""
    state: str = ""
    verifier: str = ""
    redirect: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """Consent that was begun; `shown` holds page, page_with_code and code."""

    account: UUID
    asked: bytes
    way: str
    shown: dict[str, str]
    sealed: bytes
    begun_by: Envelope
    begun_at: datetime
    ends_at: datetime
    state: str
    said: str


# ---- begun


async def begin(
    carteggio: Carteggio, account: Account, way: str, redirect: str, envelope: Envelope
) -> int | None:
    """Ask the provider for a code or a page; give the position of the event.

    `way` is device, browser, or empty for what the provider offers, a code first. A client that
    needs no person is let in at once.
    """
    oauth = _oauth(account)
    client = await asyncio.to_thread(client_for, carteggio, account, oauth)
    if oauth.unattended:
        return await _kept(carteggio, account, oauth, await by_itself(client), envelope)
    way = way or ("device" if client.device else "browser")
    shown, secret, lasting, pause = (
        await _by_device(client) if way == "device" else _by_browser(client, redirect)
    )
    sealed = _seal(carteggio, account.id, secret)
    values = (
        account.id, digest_of(oauth), way, Jsonb(shown), sealed,
        Jsonb(msgspec.to_builtins(envelope)), utc() + lasting,
        utc() + timedelta(seconds=pause) if way == "device" else None, pause,
    )  # fmt: skip

    def wait(connection: Connection[TupleRow], _events: object) -> None:
        connection.execute("DELETE FROM consent_asking WHERE account = %s", (account.id,))
        connection.execute(
            "INSERT INTO consent_asking (account, asked, way, shown, sealed, begun_by, ends_at,"
            " due_at, pause_s) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            values,
        )

    return await asyncio.to_thread(
        carteggio.journal.record, account.id, stream, AskConsent(way), envelope, wait
    )


def _oauth(account: Account) -> OAuth:
    if account.oauth is None:
        sentence = f"the account of {account.address} has a password: nobody has to consent"
        raise Rejected("NO_OAUTH", sentence)
    return account.oauth


_Begun = tuple[dict[str, str], _Secret, timedelta, float]


async def _by_device(client: Client) -> _Begun:
    asked = await device(client)
    shown = {"page": asked.page, "page_with_code": asked.page_with_code, "code": asked.shown}
    return shown, _Secret(code=asked.code), timedelta(seconds=asked.lasting), asked.interval


def _by_browser(client: Client, redirect: str) -> _Begun:
    if not client.authorize:
        raise Rejected("NO_BROWSER", "this provider has no page for a browser: ask by device")
    if not redirect:
        sentence = "redirectUri: where the browser comes back to, as registered at the provider"
        raise Rejected("INVALID", sentence)
    secret = _Secret(
        state=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(64), redirect=redirect
    )
    page = page_of(client, redirect, secret.state, secret.verifier)
    return {"page": page, "page_with_code": page, "code": ""}, secret, _BROWSER_LASTS, 0.0


# ---- finished


async def finish(
    carteggio: Carteggio, account: Account, state: str, code: str, envelope: Envelope
) -> int | None:
    """Take what the browser brought back; give the position of account.consent_given."""
    one = (await asyncio.to_thread(askings, carteggio)).get(account.id)
    if one is None or one.way != "browser" or one.state != "waiting" or one.ends_at <= utc():
        raise Rejected("NOT_ASKED", "nobody waits for this answer any more: begin again")
    secret = _open(carteggio, one)
    if not secrets.compare_digest(secret.state.encode(), state.encode()):
        raise Rejected("NOT_ASKED", "this is the answer to another question: begin again")
    oauth = _oauth(account)
    client = await asyncio.to_thread(client_for, carteggio, account, oauth)
    return await _settled(
        carteggio, account, one, by_code(client, code, secret.verifier, secret.redirect), envelope
    )


async def _settled(
    carteggio: Carteggio, account: Account, one: Asking, granting: Any, envelope: Envelope
) -> int | None:
    """Keep what was granted, or note why nothing was; Rejected says the same."""
    try:
        if digest_of(_oauth(account)) != one.asked:
            raise Rejected("NOT_ASKED", "the account was changed meanwhile: begin again")
        position = await _kept(carteggio, account, _oauth(account), await granting, envelope)
    except (OAuthTrouble, ServerTrouble, Rejected) as trouble:
        if isinstance(trouble, OAuthTrouble) and trouble.kind is OAuthTroubleKind.LATER:
            raise Rejected("LATER", f"{trouble.sentence}; try again") from None
        await asyncio.to_thread(_end, carteggio, one, "refused", trouble.sentence)
        raise Rejected("NO_CONSENT", f"{trouble.sentence}; nothing was kept") from None
    await asyncio.to_thread(_end, carteggio, one, "given", "")
    return position


async def _kept(
    carteggio: Carteggio, account: Account, oauth: OAuth, grant: Grant, envelope: Envelope
) -> int | None:
    await log_in(account, grant, carteggio.reach)
    return await asyncio.to_thread(give_consent, carteggio, account, oauth, grant, envelope)


async def log_in(account: Account, grant: Grant, reach: Reach) -> None:
    """Look whether the mail server takes what was granted: it may be somebody else's."""
    if account.protocol == "pop3":
        async with Pop3Session(replace(account.pop3("", reach=reach), token=grant.access)):
            return
    async with ImapSession(replace(account.imap("", reach=reach), token=grant.access)):
        return


# ---- looked at


def askings(carteggio: Carteggio) -> dict[UUID, Asking]:
    """Give how far consent is that was begun, by account."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(_READ).fetchall()
    found: dict[UUID, Asking] = {}
    for account, asked, way, shown, sealed, begun_by, *rest in rows:
        begun = msgspec.convert(begun_by, Envelope)
        found[account] = Asking(account, asked, way, shown, sealed, begun, *rest)
    return found


# ---- waited for


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Ask providers whether persons have entered their codes, until told to stop."""
    while not stop.is_set():
        try:
            await ask_due(carteggio)
        except LATER as trouble:
            log("oauth").warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
            log("oauth").error("fails and tries again", error=where(error))
        for _ in range(round(_LOOK_S / _SLICE_S)):
            if stop.is_set():
                return
            await asyncio.sleep(_SLICE_S)


async def ask_due(carteggio: Carteggio) -> None:
    """Ask for each code whose time has come once."""
    taken = await asyncio.to_thread(_take, carteggio)
    if not taken:
        return
    known = {one.id: one for one in await accounts_of(carteggio)}
    found = await asyncio.to_thread(askings, carteggio)
    for id in taken:
        if id in known and id in found:
            await _ask(carteggio, known[id], found[id])


async def _ask(carteggio: Carteggio, account: Account, one: Asking) -> None:
    if one.ends_at <= utc():
        await asyncio.to_thread(
            _end, carteggio, one, "refused", "the code was not entered in time"
        )
        return
    secret = _open(carteggio, one)
    client = await asyncio.to_thread(client_for, carteggio, account, _oauth(account))

    async def granted() -> Grant:
        found = await by_device_now(client, secret.code)
        if isinstance(found, Grant):
            return found
        raise _NotYet(found)

    begun = one.begun_by
    envelope = replace(
        begun, event_id=uuid7(), at=utc(), command_id=None, causation=begun.event_id
    )
    try:
        await _settled(carteggio, account, one, granted(), envelope)
    except _NotYet as later:
        await asyncio.to_thread(_put_off, carteggio, one, later.longer)
    except Rejected as refusal:
        log("oauth").warning("no consent", account=account.id, reason=refusal.code)


class _NotYet(Exception):
    """The person is not ready; the next question waits so many seconds longer."""

    def __init__(self, longer: float) -> None:
        super().__init__()
        self.longer = longer


def _take(carteggio: Carteggio) -> list[UUID]:
    with carteggio.database.pool.connection() as connection:
        return [row[0] for row in connection.execute(_DUE, (_TAKEN_S,))]


def _put_off(carteggio: Carteggio, one: Asking, longer: float) -> None:
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "UPDATE consent_asking SET pause_s = pause_s + %s,"
            " due_at = clock_timestamp() + (pause_s + %s) * interval '1 s'"
            " WHERE account = %s AND begun_at = %s",
            (longer, longer, one.account, one.begun_at),
        )


def _end(carteggio: Carteggio, one: Asking, state: str, said: str) -> None:
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "UPDATE consent_asking SET state = %s, said = %s, sealed = '', due_at = NULL"
            " WHERE account = %s AND begun_at = %s",
            (state, said, one.account, one.begun_at),
        )


def _seal(carteggio: Carteggio, account: UUID, secret: _Secret) -> bytes:
    return carteggio.keyring.seal_secret(account, msgspec.json.encode(secret), _PURPOSE)


def _open(carteggio: Carteggio, one: Asking) -> _Secret:
    opened = carteggio.keyring.open_secret(one.account, one.sealed, _PURPOSE)
    return msgspec.json.decode(opened, type=_Secret)
