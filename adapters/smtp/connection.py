"""One connection to a server that takes mail: opened safely, logged in, its abilities known."""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Self

from aiosmtplib import SMTPResponse
from aiosmtplib.esmtp import parse_esmtp_extensions

from adapters.mailservers import (
    ServerTrouble,
    TroubleKind,
    greeted,
    oauthbearer,
    opening,
    xoauth2,
)
from adapters.reach import open_to
from adapters.serveraccount import logged_in
from adapters.smtp.protocol import Protocol
from adapters.smtp.replies import reply_of
from adapters.smtp.values import Limits, SmtpAccount
from domain.replies import Fate, Ground, Reply, fate_of

_GOODBYE: Final = 2.0
_LONGEST_COMMAND: Final = 512
"""RFC 4954 4: a login that makes the command longer waits until the server asks for it."""
_GO_ON: Final = 334


class Connection:
    """A connection that is logged in; after any trouble it is dropped and useless."""

    def __init__(self, account: SmtpAccount, limits: Limits, protocol: Protocol) -> None:
        self.account = account
        self.limits = limits
        self.protocol = protocol
        self.extensions: Mapping[str, str] = {}
        """What the server can (RFC 5321 4.1.1.1), in capitals, each with what it adds to it."""
        self.mails = 0

    @classmethod
    async def open(cls, account: SmtpAccount, limits: Limits) -> Self:
        """Connect, secure and log in; leave nothing open where that fails with ServerTrouble."""

        async def connected(bearing: SmtpAccount) -> Self:
            return cls(bearing, limits, await _connect(bearing, limits))

        return await logged_in(account, connected)

    @property
    def is_spent(self) -> bool:
        """Say whether the next mail needs another connection."""
        spent = self.mails >= self.limits.mails
        return spent or self.protocol.trouble is not None or not self.protocol.is_connected

    async def close(self) -> None:
        """Take leave if the connection is good, and end it."""
        if self.protocol.trouble is None:
            with suppress(ServerTrouble):
                await self.ask(b"QUIT", min(_GOODBYE, self.limits.command))
        self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        closed = ServerTrouble(TroubleKind.LOST, "the connection was closed by us")
        self.protocol.fail(closed)

    async def ask(self, command: bytes, seconds: float = 0) -> Reply:
        """Give a command and wait for its end: a reply that it is done, or that it is not."""
        reply = reply_of(await self.protocol.ask(command, seconds or self.limits.command))
        if reply.code // 100 == 3:
            raise self.odd(reply)
        return reply

    async def ask_on(self, command: bytes, seconds: float = 0, name: str = "") -> Reply:
        """Give a command that may be answered by a question for more (3xx)."""
        said = await self.protocol.ask(command, seconds or self.limits.command, name)
        return reply_of(said)

    def odd(self, reply: Reply) -> ServerTrouble:
        """End a connection over which the wrong thing is said, and give the reason."""
        said = f"the server says what no server says: {_said(reply)}"
        trouble = ServerTrouble(TroubleKind.PROTOCOL, said)
        self.protocol.fail(trouble)
        return trouble

    async def reset(self) -> None:
        """Forget a mail that was begun; a server that cannot is left."""
        with suppress(ServerTrouble):
            waits = await self._waits_for_content()
            if waits or fate_of(await self.ask(b"RSET"))[0] is not Fate.ACCEPTED:
                self.drop()

    async def _waits_for_content(self) -> bool:
        """Hear the rest of what was said together; tell whether the server waits for a mail by that."""
        rest = [await self.ask_on(one, self.limits.envelope) for one in self.protocol.unheard]
        return any(reply.code // 100 == 3 for reply in rest)

    async def begin(self) -> None:
        """Secure it, and log in."""
        awaited = self.protocol.greeting(self.limits.command)
        _greeted(reply_of(await greeted(awaited, self.account.security)))
        await self._say_hello()
        if self.account.security == "starttls":
            await self._start_tls()
            await self._say_hello()  # RFC 3207 4.2: what was said before does not count
        if self.account.user:
            await self._log_in()
            await self._say_hello()  # some offer more to whom they know

    async def _say_hello(self) -> None:
        name = (self.account.called or self._literal()).encode("ascii", "replace")
        said = await self.protocol.ask(b"EHLO " + name, self.limits.command)
        if said.code // 100 == 5:  # RFC 5321 4.1.4
            said, self.extensions = (
                await self.protocol.ask(b"HELO " + name, self.limits.command),
                {},
            )
        else:
            self.extensions = _extensions(said)
        if said.code != 250:
            raise _turned_away(reply_of(said))

    def _literal(self) -> str:
        """Give the connection's own address as RFC 5321 4.1.3 writes it."""
        host = str(self.protocol.wire.get_extra_info("sockname")[0]).partition("%")[0]
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    async def _start_tls(self) -> None:
        if "STARTTLS" not in self.extensions:
            sentence = "no secure connection, so nothing was sent: the server offers no STARTTLS"
            raise ServerTrouble(TroubleKind.TLS, sentence)
        protocol = self.protocol
        protocol.upgrading = True
        reply = await self.ask(b"STARTTLS")
        if reply.code != 220:
            sentence = (
                f"no secure connection, so nothing was sent: the server says: {_said(reply)}"
            )
            raise ServerTrouble(TroubleKind.TLS, sentence)
        protocol.check()
        context = self.account.context()
        upgrade = asyncio.get_running_loop().start_tls(
            protocol.wire, protocol, context, server_hostname=self.account.host
        )
        protocol.secured(await opening(upgrade, self.account.where, self.limits.connect))

    async def _log_in(self) -> None:
        offered = set(self.extensions.get("AUTH", "").upper().split())
        user, token = self.account.user, self.account.token
        if token and "OAUTHBEARER" in offered:
            said = oauthbearer(user, token, self.account.host, self.account.port)
            reply = await self._authenticate(b"OAUTHBEARER", said, b"\1")  # RFC 7628 3.2.3
        elif token and "XOAUTH2" in offered:
            reply = await self._authenticate(b"XOAUTH2", xoauth2(user, token), b"")
        elif not token and "PLAIN" in offered:
            reply = await self._authenticate(b"PLAIN", self._plain(), b"")
        elif not token and "LOGIN" in offered:
            reply = await self._user_and_password()
        else:
            raise _no_way_in(token, offered)
        if reply.code != 235:
            raise _login_refused(reply)

    async def _authenticate(self, mechanism: bytes, secret: bytes, farewell: bytes) -> Reply:
        """Log in by SASL (RFC 4954), in one step where the command may be that long.

        A server may say in a challenge what is wrong, and waits for `farewell` before it says no.
        """
        encoded = base64.b64encode(secret)
        command = b"AUTH " + mechanism + b" " + encoded
        at_once = len(command) + 2 <= _LONGEST_COMMAND
        reply = await self.ask_on(command if at_once else b"AUTH " + mechanism, name="AUTH")
        if reply.code == _GO_ON and not at_once:
            reply = await self.ask_on(encoded, name="AUTH")
        if reply.code == _GO_ON:
            reply = await self.ask_on(base64.b64encode(farewell), name="AUTH")
        return reply

    async def _user_and_password(self) -> Reply:
        """Log in by LOGIN, which no standard has: it asks for the one, then for the other."""
        reply = await self.ask_on(b"AUTH LOGIN")
        for secret in (self.account.user, self.account.password):
            if reply.code != _GO_ON:
                break
            reply = await self.ask_on(base64.b64encode(secret.encode()), name="AUTH")
        return reply

    def _plain(self) -> bytes:
        """Give what SASL PLAIN says (RFC 4616)."""
        if "\0" in self.account.user + self.account.password:
            sentence = "user and password cannot contain NUL"
            raise ServerTrouble(TroubleKind.LOGIN_REFUSED, sentence)
        return f"\0{self.account.user}\0{self.account.password}".encode()


def _extensions(said: SMTPResponse) -> dict[str, str]:
    found, _ = parse_esmtp_extensions(said.message)
    return {name.upper(): more for name, more in found.items()}


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.enhanced} {reply.text}".replace("  ", " ")


def _greeted(greeting: Reply) -> None:
    if greeting.code != 220:
        raise _turned_away(greeting)


def _turned_away(reply: Reply) -> ServerTrouble:
    kind = TroubleKind.UNREACHABLE if reply.code // 100 in (4, 5) else TroubleKind.PROTOCOL
    return ServerTrouble(kind, f"the server turns us away: {_said(reply)}")


def _no_way_in(token: str, offered: set[str]) -> ServerTrouble:
    if not offered:
        sentence = "the server lets nobody log in on this connection (it offers no AUTH)"
    elif token:
        sentence = "the server takes no access token (neither OAUTHBEARER nor XOAUTH2)"
    else:
        sentence = "the server takes no password (neither PLAIN nor LOGIN)"
    return ServerTrouble(TroubleKind.PROTOCOL, sentence)


def _login_refused(reply: Reply) -> ServerTrouble:
    """Tell a login that is wrong from one that cannot be taken now (RFC 4954 4: 454, 432)."""
    fate, ground = fate_of(reply)
    not_now = fate is Fate.DEFERRED and ground is not Ground.LOGIN
    kind = TroubleKind.UNREACHABLE if not_now else TroubleKind.LOGIN_REFUSED
    return ServerTrouble(kind, f"the server refuses the login: {_said(reply)}")


async def _connect(account: SmtpAccount, limits: Limits) -> Protocol:
    context = account.from_the_start()
    connecting = open_to(Protocol, account.host, account.port, account.reach, context)
    _, protocol = await opening(connecting, account.where, limits.connect)
    return protocol
