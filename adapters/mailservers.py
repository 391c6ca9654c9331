"""What all mail servers share: the kinds of trouble, their own words, and a safe connection."""

import asyncio
import os
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

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


def words(octets: bytes) -> str:
    """Make what a server said fit to be shown: one line, printable, not long."""
    text = octets[:400].decode("utf-8", "replace")
    shown = "".join(x if x.isprintable() else " " for x in text)
    return " ".join(shown.split())[:200] or "nothing"


def too_late(what: str, deadline: float) -> ServerTrouble:
    """Say that a deadline passed."""
    sentence = f"the server did not finish {what} within {deadline:g} seconds"
    return ServerTrouble(TroubleKind.TIMEOUT, sentence)


async def opening(step: Awaitable[T], where: str, seconds: float) -> T:
    """Wait for a step of opening a connection, and say in our words why it fails."""
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError:
        kind, why = TroubleKind.TIMEOUT, f"did not answer within {seconds:g} seconds"
    except ssl.SSLCertVerificationError as refusal:
        kind, why = TroubleKind.TLS, f"is not trusted: {refusal.verify_message}"
    except ssl.SSLError as refusal:
        kind, why = TroubleKind.TLS, f"gives no secure connection: {refusal.reason or refusal}"
    except OSError as refusal:
        kind, why = TroubleKind.UNREACHABLE, f"cannot be reached: {_reason(refusal)}"
    raise ServerTrouble(kind, f"{where} {why}")


def _reason(refusal: OSError) -> str:
    """Give the system's word for it, in whose place asyncio puts what it called with what."""
    if isinstance(refusal, socket.gaierror) or not refusal.errno:
        return refusal.strerror or str(refusal)
    return os.strerror(refusal.errno)


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Give what checks a server's certificate; `ca_file` replaces the system's authorities."""
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
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    return context
