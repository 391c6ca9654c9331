"""The words of POP3: the account, what lies in its maildrop, and what comes of it."""

from dataclasses import dataclass

from adapters.serveraccount import ServerAccount

MB = 1_000_000


class Pop3Account(ServerAccount):
    """Where a maildrop is fetched from, and how."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server may ask of us, in seconds and octets."""

    connect: float = 20
    command: float = 60
    """The longest that any command may take, however lively the server is meanwhile."""
    fetch: float = 180
    line: int = 4_096
    """The longest status line; RFC 2449 allows 512."""
    answer: int = 64 * 1024
    """The most that the answer to an ordinary command may hold."""
    messages: int = 500_000
    header: int = MB
    largest: int = 50 * MB
    """Of messages above only the header is fetched."""
    depth: int = 50
    """Commands under way at once, where the server announces PIPELINING (RFC 2449)."""
    ahead: int = 8 * MB
    """How much is taken in while the one who reads is busy; then the server has to wait."""
    batch_count: int = 200
    batch_octets: int = 8 * MB
    patience: int = 3
    """How often a lost connection is opened anew while nothing new comes of it."""
    pause: float = 1.0
    """How long to wait before that: a server holds the maildrop's lock for a while."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in the maildrop.

    Its number holds for one session only. `uidl` is None where the server tells none; `ordinal`
    tells apart messages to which it gives the same.
    """

    number: int
    size: int
    uidl: bytes | None = None
    ordinal: int = 0

    @property
    def key(self) -> tuple[bytes, int]:
        """Give what names the message in the next session too, as far as the server allows."""
        if self.uidl is None:
            return b"", self.number
        return self.uidl, self.ordinal


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole message."""

    listed: Listed
    raw: bytes

    @property
    def octets(self) -> bytes:
        """Give what came."""
        return self.raw


@dataclass(frozen=True, slots=True)
class Oversize:
    """A message too large to fetch now, with its header; that is empty where there is no TOP."""

    listed: Listed
    size: int
    header: bytes

    @property
    def octets(self) -> bytes:
        """Give what came."""
        return self.header


@dataclass(frozen=True, slots=True)
class Unfetchable:
    """A message that the server does not give; `gone` if it is no longer in the maildrop."""

    listed: Listed
    reason: str
    gone: bool = False


Item = Fetched | Oversize | Unfetchable
