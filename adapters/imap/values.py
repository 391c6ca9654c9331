"""The words of fetching: the account, its folders, what comes from the server, and the trouble."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adapters.mailservers import ServerTrouble, TroubleKind, words
from adapters.serveraccount import ServerAccount

__all__ = [
    "MB",
    "Fetched",
    "FolderState",
    "ImapAccount",
    "ImapTrouble",
    "Limits",
    "Namespace",
    "Oversize",
    "RemoteFolder",
    "Role",
    "Shown",
    "TroubleKind",
    "Unfetchable",
    "words",
]

MB = 1_000_000


class ImapAccount(ServerAccount):
    """Where a mailbox is fetched from, and how."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server may ask of us, in seconds and octets."""

    connect: float = 20
    command: float = 60
    """The longest that any command may take, however lively the server is meanwhile."""
    fetch: float = 180
    line: int = 1_000_000
    literal: int = 16 * MB
    answer: int = 8 * MB
    """The most that the answer to an ordinary command may hold."""
    capabilities: int = 64 << 10
    folders: int = 50_000
    messages: int = 2_000_000
    """The most that one folder may hold."""
    batch_count: int = 200
    batch_octets: int = 8 * MB
    piece: int = 1 << 20
    whole: int = 4 * MB
    """Messages above are fetched in pieces."""
    largest: int = 50 * MB
    """Of messages above only the header is fetched."""
    patience: int = 12
    """How often a lost connection is opened anew while nothing new comes of it."""


class Role(StrEnum):
    """What a folder is for."""

    INBOX = "inbox"
    SENT = "sent"
    OTHER = "other"


class Namespace(StrEnum):
    """Whose folder it is (RFC 2342): ours, another person's that is shared with us, everybody's."""

    PERSONAL = "personal"
    OTHERS = "others"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder on the server; `wire` is its name as the server writes it.

    `uses` is what the server says that it is for (RFC 6154), as sent, drafts, junk, all.
    """

    name: str
    role: Role
    wire: bytes
    namespace: Namespace = Namespace.PERSONAL
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderState:
    """What the server says of a folder; 0 stands for a figure that it does not tell.

    `mailbox_id` is the server's own for it (RFC 8474), which outlives its name; empty without one.
    """

    uidvalidity: int
    uidnext: int
    exists: int
    highestmodseq: int
    mailbox_id: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole message; `flags` are of seen, flagged, answered, draft.

    `received_at` is INTERNALDATE in UTC; None where the server gives no date that exists.
    """

    uid: int
    flags: tuple[str, ...]
    received_at: datetime | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Oversize:
    """A message too large to fetch now, with its header (the first megabyte of it)."""

    uid: int
    size: int
    header: bytes
    received_at: datetime | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfetchable:
    """A message that the server does not give; `gone` if it is no longer in the folder."""

    uid: int
    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What tells a message without its body.

    `header` is as it stands, empty where it was not asked for. `server_id` is the server's own for
    the message, the same in each of its folders (RFC 8474, X-GM-MSGID); empty if it has none.
    """

    uid: int
    size: int
    received_at: datetime | None
    flags: tuple[str, ...]
    header: bytes = b""
    server_id: str = ""


ImapTrouble = ServerTrouble
