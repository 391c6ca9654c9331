"""An account on a mail server, whatever it speaks, and how a connection to it becomes one of ours."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from adapters.mailservers import Tokens, let_in, tls_context
from adapters.reach import USUAL, Reach


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Where a server is, and how it lets us in.

    `starttls` is STLS in POP3 (RFC 2595). `plain` sends the password in clear: only where the
    account says so. `ca_file` replaces the system's authorities, as a file or as the certificates
    themselves (PEM); a `pin` (sha256:…) is the key that the server must have, in the place of all
    of them. A `token` is used in place of the password; `tokens` gives it.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "plain"]
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | str | None = None
    pin: str = ""
    tokens: Tokens | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    reach: Reach = USUAL
    """Where the server may be."""

    @property
    def where(self) -> str:
        """Name the server in a sentence."""
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """Give what checks the server's certificate."""
        return tls_context(self.ca_file, self.pin)

    def from_the_start(self) -> ssl.SSLContext | None:
        """Give what a connection is secured by before the first word; None: it is not."""
        return self.context() if self.security == "tls" else None


class Begun(Protocol):
    """A connection that is open, and not yet logged in."""

    async def begin(self) -> None:
        """Secure it, and log in."""
        ...

    def drop(self) -> None:
        """End it at once."""
        ...


A = TypeVar("A", bound=ServerAccount)
C = TypeVar("C", bound=Begun)


async def logged_in(account: A, connected: Callable[[A], Awaitable[C]]) -> C:
    """Connect, secure and log in; leave nothing open where that fails with ServerTrouble."""

    async def opened(token: str) -> C:
        connection = await connected(replace(account, token=token or account.token))
        try:
            await connection.begin()
        except BaseException:
            connection.drop()
            raise
        return connection

    return await let_in(account.tokens, opened)
