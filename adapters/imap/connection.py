"""One connection to an IMAP server: opened safely, logged in, each command with a deadline."""

import asyncio
import base64
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self, TypeVar

import aioimaplib

from adapters.imap.grammar import quoted
from adapters.imap.protocol import Answer, Client, Pending, Protocol, Taker
from adapters.imap.splitter import Response
from adapters.imap.values import ImapAccount, ImapTrouble, Limits, TroubleKind, words
from adapters.mailservers import (
    greeted,
    oauthbearer,
    opening,
    too_late,
    xoauth2,
)
from adapters.serveraccount import logged_in

T = TypeVar("T")

# RFC 5530: what was asked is not wrong, the server cannot do it now.
NOT_NOW = (b"[UNAVAILABLE]", b"[INUSE]", b"[SERVERBUG]", b"[LIMIT]")
_GOODBYE = 2.0
_CHALLENGES = 3


class Connection:
    """A connection that is logged in; after any timeout it is dropped and useless."""

    def __init__(self, account: ImapAccount, limits: Limits, protocol: Protocol) -> None:
        self.account = account
        self.limits = limits
        self.protocol = protocol
        self.capabilities: frozenset[str] = frozenset()
        self.resyncs = False
        """Whether the server tells what vanished since a point (QRESYNC, RFC 7162 3.2)."""

    @classmethod
    async def open(cls, account: ImapAccount, limits: Limits) -> Self:
        """Connect, secure and log in; raise ImapTrouble, and leave nothing open, where that fails."""

        async def connected(bearing: ImapAccount) -> Self:
            return cls(bearing, limits, await _connect(bearing, limits))

        return await logged_in(account, connected)

    async def close(self) -> None:
        """Take leave if the connection is good, and end it."""
        if self.protocol.trouble is None:
            with suppress(ImapTrouble):
                await self.run(b"LOGOUT", deadline=min(_GOODBYE, self.limits.command))
        self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        self.protocol.fail(ImapTrouble(TroubleKind.LOST, "the connection was closed by us"))

    async def run(
        self,
        command: bytes,
        *,
        take: Taker | None = None,
        allowed: int = 0,
        deadline: float | None = None,
    ) -> Answer:
        """Give a command and wait for its end; raise ImapTrouble(REFUSED) if it is NO or BAD."""
        pending = self.start(command, take=take, allowed=allowed)
        return granted(await self.finish(pending, deadline), pending.name)

    def start(self, command: bytes, *, take: Taker | None = None, allowed: int = 0) -> Pending:
        """Send a command without waiting; several may be under way."""
        return self.protocol.begin(command, take or _nothing, allowed or self.limits.answer)

    async def finish(self, pending: Pending, deadline: float | None = None) -> Answer:
        """Wait for the end of a command."""
        return await self.within(pending.done, deadline or self.limits.command, pending.name)

    async def within(self, waited: Awaitable[T], deadline: float, what: str) -> T:
        """Wait until the deadline and not a moment longer; then the connection is useless."""
        try:
            async with asyncio.timeout(deadline):
                return await waited
        except TimeoutError:
            self.protocol.fail(too_late(what, deadline))
            raise too_late(what, deadline) from None

    async def begin(self) -> None:
        """Secure it, and log in."""
        awaited = self.within(self.protocol.greeting, self.limits.command, "the greeting")
        ready = _greeted(await greeted(awaited, self.account.security))
        if self.account.security == "starttls":
            if ready:
                # A server that lets everybody in before TLS is not the one we want to talk to.
                raise ImapTrouble(TroubleKind.TLS, "the server skips TLS (PREAUTH)")
            await self._start_tls()
        await self._ask_capabilities()
        if not ready:
            await self._log_in()
            await self._ask_capabilities()
        await self._enable_resync()
        self.protocol.state = aioimaplib.AUTH

    async def _enable_resync(self) -> None:
        """Ask for QRESYNC where it is offered; a server that does not mean it goes without."""
        if {"ENABLE", "QRESYNC"} <= self.capabilities:
            try:
                await self.run(b"ENABLE QRESYNC")
                self.resyncs = True
            except ImapTrouble as trouble:
                if trouble.kind is not TroubleKind.REFUSED:
                    raise

    async def _ask_capabilities(self) -> None:
        found: set[str] = set()

        def take(response: Response) -> bool:
            names = response[0].decode("ascii", "replace").upper().split()
            if names[1:2] == ["CAPABILITY"]:
                found.update(names[2:])
            return True

        await self.run(b"CAPABILITY", take=take, allowed=self.limits.capabilities)
        self.capabilities = frozenset(found)
        self.protocol.capabilities = found

    async def _start_tls(self) -> None:
        try:
            await self.run(b"STARTTLS")
        except ImapTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED:
                raise
            sentence = f"no secure connection, so nothing was sent: {trouble.sentence}"
            raise ImapTrouble(TroubleKind.TLS, sentence) from trouble
        if self.protocol.trouble is not None:
            raise self.protocol.trouble
        upgrade = asyncio.get_running_loop().start_tls(
            self.protocol.wire,
            self.protocol,
            self.account.context(),
            server_hostname=self.account.host,
        )
        self.protocol.transport = await _opening(upgrade, self.account, self.limits)
        self.protocol.upgrading = False

    async def _log_in(self) -> None:
        try:
            if self.account.token:
                await self._authenticate_by_token()
            elif "AUTH=PLAIN" in self.capabilities:
                await self._authenticate_plain()
            elif "LOGINDISABLED" in self.capabilities:
                raise ImapTrouble(
                    TroubleKind.LOGIN_REFUSED,
                    "the server takes no password on this connection (LOGINDISABLED)",
                )
            else:
                await self._login()
        except ImapTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED:
                raise
            raise _login_refused(trouble) from None

    async def _authenticate_by_token(self) -> None:
        """Log in by what the server offers: the standard (RFC 7628), or what was there before it."""
        account = self.account
        if "AUTH=OAUTHBEARER" in self.capabilities:
            said = oauthbearer(account.user, account.token, account.host, account.port)
            await self._authenticate(b"OAUTHBEARER", said, b"\1")  # RFC 7628 3.2.3
        elif "AUTH=XOAUTH2" in self.capabilities:
            await self._authenticate(b"XOAUTH2", xoauth2(account.user, account.token), b"")
        else:
            sentence = "the server takes no access token (neither OAUTHBEARER nor XOAUTH2)"
            raise ImapTrouble(TroubleKind.PROTOCOL, sentence)

    async def _authenticate_plain(self) -> None:
        """Log in by SASL PLAIN (RFC 4616)."""
        user, password = self.account.user.encode(), self.account.password.encode()
        if b"\0" in user + password:
            raise ImapTrouble(TroubleKind.LOGIN_REFUSED, "user and password cannot contain NUL")
        await self._authenticate(b"PLAIN", b"\0" + user + b"\0" + password, b"")

    async def _authenticate(self, mechanism: bytes, secret: bytes, farewell: bytes) -> None:
        """Log in by SASL, in one step where the server allows that (RFC 4959).

        A server may say in a challenge what is wrong, and waits for `farewell` before it says NO.
        """
        encoded = base64.b64encode(secret)
        owed, said = "SASL-IR" not in self.capabilities, b""
        asked = self.protocol.challenge()
        command = b"AUTHENTICATE " + mechanism
        pending = self.start(command if owed else command + b" " + encoded)
        for _ in range(_CHALLENGES):
            either: set[asyncio.Future[Any]] = {asked, pending.done}
            going = asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await self.within(going, self.limits.command, pending.name)
            if pending.done.done() or not asked.done():
                break
            challenge, asked = asked.result(), self.protocol.challenge()
            if owed or not challenge:
                line = encoded
            else:
                line, said = base64.b64encode(farewell), b" " + _decoded(challenge)
            owed = False
            self.protocol.wire.write(line + b"\r\n")
        answer = await self.finish(pending)
        granted(replace(answer, text=answer.text + said), pending.name)

    async def _login(self) -> None:
        try:
            user, password = (
                quoted(x.encode()) for x in (self.account.user, self.account.password)
            )
        except ValueError as trouble:
            raise ImapTrouble(TroubleKind.LOGIN_REFUSED, str(trouble)) from None
        await self.run(b"LOGIN " + user + b" " + password)


def granted(answer: Answer, name: str) -> Answer:
    """Give the answer if it is OK; else raise what the server says."""
    if answer.ok:
        return answer
    said = words(answer.text)
    raise ImapTrouble(TroubleKind.REFUSED, f"the server refuses {name}: {said}")


def _decoded(challenge: bytes) -> bytes:
    try:
        return base64.b64decode(challenge)
    except ValueError:
        return challenge


def _nothing(_: Response) -> bool:
    return False


def _login_refused(trouble: ImapTrouble) -> ImapTrouble:
    if any(x.decode() in trouble.sentence.upper() for x in NOT_NOW):
        return ImapTrouble(TroubleKind.UNREACHABLE, trouble.sentence)
    return ImapTrouble(TroubleKind.LOGIN_REFUSED, trouble.sentence)


def _greeted(greeting: Response) -> bool:
    """Read the greeting (RFC 3501 7.1); True if the server needs no login."""
    status = greeting[0][:10].upper()
    if status.startswith(b"* PREAUTH"):
        return True
    if status.startswith(b"* OK"):
        return False
    said = words(greeting[0])
    if status.startswith(b"* BYE"):
        raise ImapTrouble(TroubleKind.UNREACHABLE, f"the server turns us away: {said}")
    raise ImapTrouble(TroubleKind.PROTOCOL, f"this is no IMAP server; it says: {said}")


async def _connect(account: ImapAccount, limits: Limits) -> Protocol:
    context = account.from_the_start()
    client = Client(account.host, account.port, limits, context, account.reach)
    return await _opening(client.connected(), account, limits)


async def _opening(step: Awaitable[T], account: ImapAccount, limits: Limits) -> T:
    return await opening(step, account.where, limits.connect)
