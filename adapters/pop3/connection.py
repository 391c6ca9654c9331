"""One connection to a POP3 server: opened safely, logged in, each command with a deadline."""

import asyncio
import base64
from contextlib import suppress
from typing import Self

from adapters.mailservers import (
    ServerTrouble,
    TroubleKind,
    greeted,
    opening,
    too_late,
    words,
    xoauth2,
)
from adapters.pop3.protocol import Pending, Protocol
from adapters.pop3.reader import Answer
from adapters.pop3.values import Limits, Pop3Account
from adapters.reach import open_to
from adapters.serveraccount import logged_in

# RFC 2449 8, RFC 3206: the login is not wrong, the server cannot take it now.
_NOT_NOW = ("[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]")
_GOODBYE = 2.0
_LONGEST_COMMAND = 255
"""RFC 5034 4: a login that makes the command longer waits until the server asks for it."""


class Connection:
    """A connection that is logged in; after any timeout it is dropped and useless."""

    def __init__(self, account: Pop3Account, limits: Limits, protocol: Protocol) -> None:
        self.account = account
        self.limits = limits
        self.protocol = protocol
        self.capabilities: dict[str, frozenset[str]] = {}

    @classmethod
    async def open(cls, account: Pop3Account, limits: Limits) -> Self:
        """Connect, secure and log in; leave nothing open where that fails with ServerTrouble."""

        async def connected(bearing: Pop3Account) -> Self:
            return cls(bearing, limits, await _connect(bearing, limits))

        return await logged_in(account, connected)

    async def quit(self) -> None:
        """Take leave: only now does the server remove what was deleted (RFC 1939 6)."""
        try:
            await self.run(b"QUIT")
        finally:
            self.drop()

    async def close(self) -> None:
        """Take leave if the connection is good, and end it."""
        if self.protocol.trouble is None:
            with suppress(ServerTrouble):
                await self.run(b"QUIT", deadline=min(_GOODBYE, self.limits.command))
        self.drop()

    def drop(self) -> None:
        """End the connection at once; what was deleted in it stays on the server."""
        self.protocol.fail(ServerTrouble(TroubleKind.LOST, "the connection was closed by us"))

    async def run(
        self, command: bytes, *, allowed: int = 0, deadline: float | None = None
    ) -> Answer:
        """Give a command and wait for its answer; raise ServerTrouble(REFUSED) if it is -ERR."""
        pending = self.protocol.begin(command, allowed)
        return granted(await self.finish(pending, deadline), pending.name)

    async def finish(self, pending: Pending, deadline: float | None = None) -> Answer:
        """Wait for the answer to a command, until the deadline and not a moment longer."""
        seconds = deadline or self.limits.command
        try:
            async with asyncio.timeout(seconds):
                answer = await pending.done
        except TimeoutError:
            trouble = too_late(pending.name, seconds)
            self.protocol.fail(trouble)
            raise trouble from None
        self.protocol.taken(answer)
        return answer

    def can(self, name: str) -> bool:
        """Say whether the server announces a capability."""
        return name in self.capabilities

    async def begin(self) -> None:
        """Secure it, and log in."""
        awaited = self.finish(self.protocol.greeting)
        _greeted(await greeted(awaited, self.account.security))
        if self.account.security == "starttls":
            await self._start_tls()
        await self._ask_capabilities()
        await self._log_in()
        await self._ask_capabilities()  # RFC 2449 5: they may be others after the login

    async def _ask_capabilities(self) -> None:
        pending = self.protocol.begin(b"CAPA", self.limits.answer)
        answer = await self.finish(pending)
        if answer.ok:
            lines = answer.body.decode("ascii", "replace").upper().split("\r\n")
            named = [line.split() for line in lines if line.strip()]
            self.capabilities = {first: frozenset(rest) for first, *rest in named}

    async def _start_tls(self) -> None:
        try:
            await self.run(b"STLS")
        except ServerTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED:
                raise
            sentence = f"no secure connection, so nothing was sent: {trouble.sentence}"
            raise ServerTrouble(TroubleKind.TLS, sentence) from trouble
        if self.protocol.trouble is not None:
            raise self.protocol.trouble
        context = self.account.context()
        upgrade = asyncio.get_running_loop().start_tls(
            self.protocol.wire, self.protocol, context, server_hostname=self.account.host
        )
        secured = await opening(upgrade, self.account.where, self.limits.connect)
        self.protocol.secured(secured)

    async def _log_in(self) -> None:
        mechanisms = self.capabilities.get("SASL", frozenset())
        try:
            if self.account.token:
                said = xoauth2(self.account.user, self.account.token)
                await self._authenticate(b"XOAUTH2", base64.b64encode(said))
            elif "PLAIN" in mechanisms:
                await self._authenticate(b"PLAIN", _plain(self.account))
            else:
                await self._user_and_password()
        except ServerTrouble as trouble:
            if trouble.kind is not TroubleKind.REFUSED:
                raise
            raise _login_refused(trouble) from None

    async def _authenticate(self, mechanism: bytes, secret: bytes) -> None:
        """Log in by SASL (RFC 5034), in one step where the command may be that long."""
        command = b"AUTH " + mechanism + b" " + secret
        at_once = len(command) + 2 <= _LONGEST_COMMAND
        answer = await self._ask(command if at_once else b"AUTH " + mechanism)
        if answer.asks and not answer.text.strip():
            answer = await self._ask(secret, name="AUTH")
        if answer.asks:  # XOAUTH2 says what is wrong, and waits for an empty line
            said = words(_decoded(answer.text))
            answer = await self._ask(b"", name="AUTH")
            if not answer.ok:
                answer = Answer(answer.status, answer.text + b" " + said.encode())
        granted(answer, "AUTH")

    async def _ask(self, line: bytes, name: str = "") -> Answer:
        return await self.finish(self.protocol.begin(line, name=name))

    async def _user_and_password(self) -> None:
        secrets = self.account.user.encode(), self.account.password.encode()
        if any(set(secret) & set(b"\r\n\0") for secret in secrets):
            raise _unsayable()
        await self.run(b"USER " + secrets[0])
        await self.run(b"PASS " + secrets[1])


def granted(answer: Answer, name: str) -> Answer:
    """Give the answer if it is +OK; else raise what the server says."""
    if answer.ok:
        return answer
    kind = TroubleKind.PROTOCOL if answer.asks else TroubleKind.REFUSED
    raise ServerTrouble(kind, f"the server refuses {name}: {words(answer.text)}")


def _login_refused(trouble: ServerTrouble) -> ServerTrouble:
    not_now = any(code in trouble.sentence.upper() for code in _NOT_NOW)
    kind = TroubleKind.UNREACHABLE if not_now else TroubleKind.LOGIN_REFUSED
    return ServerTrouble(kind, trouble.sentence)


def _unsayable() -> ServerTrouble:
    sentence = "user and password cannot contain a line end or NUL"
    return ServerTrouble(TroubleKind.LOGIN_REFUSED, sentence)


def _plain(account: Pop3Account) -> bytes:
    """Give what SASL PLAIN says (RFC 4616)."""
    if "\0" in account.user + account.password:
        raise _unsayable()
    return base64.b64encode(f"\0{account.user}\0{account.password}".encode())


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return text


def _greeted(greeting: Answer) -> None:
    if greeting.ok:
        return
    said = words(greeting.text)
    if greeting.asks:
        raise ServerTrouble(TroubleKind.PROTOCOL, f"this is no POP3 server; it says: {said}")
    raise ServerTrouble(TroubleKind.UNREACHABLE, f"the server turns us away: {said}")


async def _connect(account: Pop3Account, limits: Limits) -> Protocol:
    context = account.from_the_start()
    connecting = open_to(
        lambda: Protocol(limits), account.host, account.port, account.reach, context
    )
    _, protocol = await opening(connecting, account.where, limits.connect)
    return protocol
