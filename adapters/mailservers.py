"""What all mail servers share: the kinds of trouble, their own words, and a safe connection."""

import asyncio
import os
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, TypeVar

from adapters.certificates import Doubt, doubt_about, pin_of
from adapters.reach import OutOfReach

T = TypeVar("T")

# asyncio holds a buffer of 256 kB for every TLS connection; ours are many and mostly silent.
SSLProtocol.max_size = 32 * 1024


class TroubleKind(StrEnum):
    """What kind of trouble: it decides what is done next."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    LOGIN_REFUSED = "login refused"
    REFUSED = "refused"
    """The server says no to a command; the connection is good."""
    PROTOCOL = "protocol"
    TIMEOUT = "timeout"
    TOO_MUCH_DATA = "too much data"
    LOST = "lost"


class ServerTrouble(Exception):
    """Work with a server cannot go on: the kind for programs, the sentence with its own words."""

    def __init__(self, kind: TroubleKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


class Untrusted(ServerTrouble):
    """A server's certificate is not trusted."""

    def __init__(self, doubt: Doubt, sentence: str) -> None:
        super().__init__(TroubleKind.TLS, sentence)
        self.doubt = doubt


class Tokens(Protocol):
    """Where the access tokens of an account come from (OAuth 2.0)."""

    async def current(self) -> str:
        """Give a token that can be used now."""
        ...

    async def renewed(self, refused: str) -> str:
        """Give another token than one that the mail server refused."""
        ...

    async def gave_up(self, token: str, sentence: str) -> None:
        """Take note that the mail server refuses a fresh token too, and why; raise what follows."""


async def let_in(tokens: Tokens | None, login: Callable[[str], Awaitable[T]]) -> T:
    """Log in, with a token where there are some; where one is refused, with one more, once."""
    if tokens is None:
        return await login("")
    token = await tokens.current()
    try:
        return await login(token)
    except ServerTrouble as trouble:
        if trouble.kind is not TroubleKind.LOGIN_REFUSED:
            raise
    token = await tokens.renewed(token)
    try:
        return await login(token)
    except ServerTrouble as trouble:
        if trouble.kind is TroubleKind.LOGIN_REFUSED:
            await tokens.gave_up(token, trouble.sentence)
        raise


def xoauth2(user: str, token: str) -> bytes:
    """Say who we are with a token, as Google and Microsoft have it."""
    return f"user={_sayable(user)}\1auth=Bearer {token}\1\1".encode()


def oauthbearer(user: str, token: str, host: str, port: int) -> bytes:
    """Say who we are with a token, as the standard has it (RFC 7628 3.1, RFC 5801 4)."""
    name = _sayable(user).replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\1host={host}\1port={port}\1auth=Bearer {token}\1\1".encode()


def _sayable(user: str) -> str:
    if not user.isprintable():
        raise ServerTrouble(TroubleKind.LOGIN_REFUSED, "a user's name has no control characters")
    return user


def words(octets: bytes, most: int = 200) -> str:
    """Make what a server said fit to be shown: one line, printable, of so many characters."""
    text = octets[: 2 * most].decode("utf-8", "replace")
    shown = "".join(x if x.isprintable() else " " for x in text)
    return " ".join(shown.split())[:most] or "nothing"


def too_late(what: str, deadline: float) -> ServerTrouble:
    """Say that a deadline passed."""
    sentence = f"the server did not finish {what} within {deadline:g} seconds"
    return ServerTrouble(TroubleKind.TIMEOUT, sentence)


_NO_TLS: Final = "does not answer in TLS: is it another port, or is its security STARTTLS?"
_TOO_OLD: Final = "speaks only versions of TLS that are no longer safe: 1.2 is needed"
_TOO_WEAK: Final = "can secure the connection only by means that are no longer safe"
_TLS_TROUBLES: Final[Mapping[str, str]] = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _TOO_WEAK,
    "DH_KEY_TOO_SMALL": _TOO_WEAK,
}
"""What OpenSSL has a word for and people have not."""


_FOR_TLS: Final = ": is it a port for TLS? Then --security tls is meant"


async def greeted(greeting: Awaitable[T], security: str) -> T:
    """Wait for a server's first words; where it waits for ours in TLS, say that it may."""
    try:
        return await greeting
    except ServerTrouble as trouble:
        if trouble.kind is not TroubleKind.TIMEOUT or security == "tls":
            raise
        raise ServerTrouble(trouble.kind, f"{trouble.sentence}{_FOR_TLS}") from None


async def opening(step: Awaitable[T], where: str, seconds: float) -> T:
    """Wait for a step of opening a connection, and say in our words why it fails."""
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError:
        kind, why = TroubleKind.TIMEOUT, f"did not answer within {seconds:g} seconds"
    except ssl.SSLCertVerificationError as refusal:
        doubt, said = doubt_about(refusal, where.rpartition(":")[0])
        raise Untrusted(doubt, f"the certificate of {where} is not trusted: {said}") from None
    except ssl.SSLError as refusal:
        unsaid = f"gives no secure connection: {refusal.reason or refusal}"
        kind, why = TroubleKind.TLS, _TLS_TROUBLES.get(refusal.reason or "", unsaid)
    except UnicodeError:  # a label of the name is empty or longer than 63 (RFC 1035 2.3.4)
        kind, why = TroubleKind.UNREACHABLE, "cannot be reached: no server can have such a name"
    except OSError as refusal:
        kind, why = TroubleKind.UNREACHABLE, f"cannot be reached: {_reason(refusal)}"
    raise ServerTrouble(kind, f"{where} {why}")


def _reason(refusal: OSError) -> str:
    """Give the system's word for it, in whose place asyncio puts what it called with what."""
    if isinstance(refusal, OutOfReach):
        return str(refusal)
    if isinstance(refusal, socket.gaierror) or not refusal.errno:
        return refusal.strerror or str(refusal) or "it ended the connection"
    return os.strerror(refusal.errno)


def tls_context(ca_file: Path | str | None, pin: str = "") -> ssl.SSLContext:
    """Give what checks a server's certificate; `ca_file` replaces the system's authorities.

    It is a file, or the certificates themselves (PEM).

    A `pin` replaces them all. For asyncio's connections only: others do not heed it.
    """
    if pin:
        return _expecting(pin)
    if isinstance(ca_file, str):
        return _strict(ssl.create_default_context(cadata=ca_file))
    try:
        return _trusting(ca_file, ca_file.stat().st_mtime_ns if ca_file else 0)
    except OSError as trouble:
        sentence = f"the authorities in {ca_file} cannot be read: {trouble}"
        raise ServerTrouble(TroubleKind.TLS, sentence) from None


@lru_cache(maxsize=16)
def _trusting(authorities: Path | None, _changed_at: int) -> ssl.SSLContext:
    """Make the default context stricter: TLS 1.2 at least, names only from subjectAltName.

    One serves many connections: each would hold all the system's authorities for itself.
    """
    return _strict(ssl.create_default_context(cafile=authorities))


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    return context


@lru_cache(maxsize=64)
def _expecting(pin: str) -> ssl.SSLContext:
    """Trust one key, whoever vouches for it or does not; it is looked at before anything is said."""

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if pin_of(self.getpeercert(binary_form=True) or b"") != pin:
                raise _OtherKey

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = Pinned
    return context


class _OtherKey(ssl.SSLCertVerificationError):
    """The server has another key than the one that is pinned."""

    verify_code = 0
    verify_message = "another key"
