"""Fetch known messages in bounded batches, two under way, and single out what cannot be fetched."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.imap.connection import Connection, granted
from adapters.imap.grammar import Value, fetch_items, flags, internal_date, number, uid_set
from adapters.imap.protocol import Pending
from adapters.imap.splitter import Response
from adapters.imap.values import Fetched, Limits, Oversize, Unfetchable

ROOM = 2_000
"""What an answer may hold per message beside the message."""
SLACK = 1_000_000
LONGEST_HEADER = 1_000_000

Item = Fetched | Oversize | Unfetchable


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages, as (UID, size), that are asked for together; `tries` counts what failed before.

    Of one with more than `largest` octets only the header is asked for.
    """

    messages: tuple[tuple[int, int], ...]
    largest: int
    tries: int = 0

    @property
    def uids(self) -> tuple[int, ...]:
        """Give the UIDs, in rising order."""
        return tuple(uid for uid, _ in self.messages)

    def halves(self) -> list["Batch"]:
        """Split it, or if it is a single message, count another try."""
        if len(self.messages) == 1:
            return [replace(self, tries=self.tries + 1)]
        middle = len(self.messages) // 2
        return [
            replace(self, messages=self.messages[:middle], tries=0),
            replace(self, messages=self.messages[middle:], tries=0),
        ]

    def after(self, done: int) -> "Batch":
        """Give what remains after the first `done` messages."""
        return replace(self, messages=self.messages[done:], tries=0 if done else self.tries)


def batches(
    messages: Iterable[tuple[int, int]], limits: Limits, largest: int | None = None
) -> Iterator[Batch]:
    """Put messages together, in rising order of their UIDs; a large one goes alone.

    `largest` goes before what the limits say.
    """
    most = limits.largest if largest is None else largest
    gathered: list[tuple[int, int]] = []
    octets = 0
    for uid, size in sorted(set(messages)):
        alone = size > min(limits.whole, most)
        full = len(gathered) >= limits.batch_count or octets + size > limits.batch_octets
        if gathered and (alone or full):
            yield Batch(tuple(gathered), most)
            gathered, octets = [], 0
        gathered.append((uid, size))
        octets += size
        if alone:
            yield Batch(tuple(gathered), most)
            gathered, octets = [], 0
    if gathered:
        yield Batch(tuple(gathered), most)


class Flight:
    """A batch that was asked for: it gathers what comes, until `finish` says that all is there."""

    def __init__(self, connection: Connection, batch: Batch) -> None:
        self.batch = batch
        self._connection = connection
        self._limits = connection.limits
        self._got: dict[int, Item] = {}
        self._wanted = set(batch.uids)
        self._body = bytearray()
        self._last: bytes | None = None
        self._about: tuple[tuple[str, ...], datetime | None] = ((), None)
        self._alone = len(batch.messages) == 1 and self._in_pieces(batch)
        self._pending = self._ask()

    def missing(self) -> set[int]:
        """Give the UIDs of which nothing came."""
        return self._wanted - self._got.keys()

    def given(self, uid: int) -> Item:
        """Give a message that came."""
        return self._got[uid]

    def landed(self) -> list[Item]:
        """Give the messages that came before the first that did not, in rising order."""
        landed: list[Item] = []
        for uid in self.batch.uids:
            if uid not in self._got:
                break
            landed.append(self._got[uid])
        return landed

    async def finish(self) -> None:
        """Wait until the server has said all; raise ImapTrouble where it does not."""
        while True:
            answer = await self._connection.finish(self._pending, self._limits.fetch)
            granted(answer, "UID FETCH")
            if not (self._alone and self._more()):
                return

    def _in_pieces(self, batch: Batch) -> bool:
        """A large message comes in pieces, and so does one that failed: its size may be a lie."""
        return batch.messages[0][1] > min(self._limits.whole, batch.largest) or batch.tries > 0

    def _ask(self) -> Pending:
        what, allowed = "BODY.PEEK[]", SLACK
        if not self._alone:
            allowed += sum(2 * size + ROOM for _, size in self.batch.messages)
        elif self._oversize:
            what, allowed = f"BODY.PEEK[HEADER]<0.{LONGEST_HEADER}>", SLACK + LONGEST_HEADER
        else:
            what += f"<{len(self._body)}.{self._limits.piece}>"
            allowed += self._limits.piece
        command = b"UID FETCH %s (UID FLAGS INTERNALDATE %s)"
        octets = command % (uid_set(self._wanted), what.encode())
        return self._connection.start(octets, take=self._take, allowed=allowed)

    @property
    def _oversize(self) -> bool:
        return self.batch.messages[0][1] > self.batch.largest

    def _more(self) -> bool:
        """Put a piece to the others and ask for the next; False if there is none."""
        uid, size = self.batch.messages[0]
        piece, self._last = self._last, None
        if piece is None and not self._body:
            return False
        self._body += piece or b""
        said, received_at = self._about
        if self._oversize:
            self._got[uid] = Oversize(uid, size, bytes(self._body), received_at, said)
        elif len(self._body) > self.batch.largest:
            header = bytes(self._body[:LONGEST_HEADER]).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            self._got[uid] = Oversize(uid, len(self._body), header, received_at, said)
        elif len(piece or b"") < self._limits.piece:
            self._got[uid] = Fetched(uid, said, received_at, bytes(self._body))
        else:
            self._pending = self._ask()
            return True
        return False

    def _take(self, response: Response) -> bool:
        """Take an answer that holds a message of this batch; others are somebody else's."""
        items = fetch_items(response)
        if items is None or (uid := number(items.get(b"UID"))) not in self._wanted:
            return False
        body = _body(items)
        if body is None or uid is None:
            return False
        self._about = flags(items.get(b"FLAGS")), internal_date(items.get(b"INTERNALDATE"))
        if self._alone:
            self._last = body
        else:
            self._got[uid] = Fetched(uid, *self._about, body)
        return True


def _body(items: dict[bytes, Value]) -> bytes | None:
    for name, value in items.items():
        if name.startswith(b"BODY[") and isinstance(value, bytes):
            return value
    return None
