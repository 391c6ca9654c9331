"""A message that cannot be stored for its own sake is set apart; the rest of its batch is stored.

    a batch fails ─▶ its halves are stored, and their halves ─▶ what fails alone is at fault ─▶
    its octets are kept with nothing read out of them, or it is left, and tried again later

What concerns everything (the database away, the disk full) is nobody's fault and stops as before.
"""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from psycopg import DataError, InterfaceError, OperationalError
from psycopg import Error as DatabaseError

from adapters.blobs import BlobReleased
from adapters.blobstores import StorageFull, StorageUnavailable
from adapters.logs import log
from adapters.mime.reader import READER, Reading, unread
from api.work.arrivals import Counts
from api.work.capturing import Seen
from domain.content import Content

Store = Callable[[Sequence[Seen]], Counts]

_OF_ALL: Final = (OperationalError, InterfaceError, StorageFull, BlobReleased, MemoryError)
_OF_THE_MACHINE: Final = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
}  # fmt: skip
_OUTSIDE: Final = (OSError, StorageUnavailable, DatabaseError)
"""What may be anybody's fault: it is a message's own only if something else can be stored."""


@dataclass(slots=True)
class Apart:
    """What was stored of a batch, and by their places the messages that could not be, with why."""

    counts: Counts = field(default_factory=Counts)
    failed: dict[UUID, str] = field(default_factory=dict)


def concerns_all(error: Exception) -> bool:
    """Say whether an error has nothing to do with a single message."""
    return isinstance(error, _OF_ALL) or (
        isinstance(error, OSError) and error.errno in _OF_THE_MACHINE
    )


def set_apart(
    seen: Sequence[Seen], store: Store, error: Exception, probe: Callable[[], None]
) -> Apart:
    """Store what can be; raises the error where it is not the fault of single messages.

    `probe` stores something else, and raises where that is not possible either.
    """
    apart = Apart()
    poison: list[tuple[Seen, Exception]] = []
    _halve(seen, store, error, apart.counts, poison)
    if len(poison) == len(seen):
        if _is_outside(error):
            probe()
        elif len(seen) > 1:
            raise error
    for one, trouble in poison:
        why = type(trouble).__name__
        if _is_outside(trouble) or not _is_kept(one, store, why, apart.counts):
            apart.failed[one.place] = why
        log("reception").error("a message cannot be stored", message=one.identity.message, why=why)
    return apart


def _halve(
    seen: Sequence[Seen],
    store: Store,
    error: Exception,
    counts: Counts,
    poison: list[tuple[Seen, Exception]],
) -> None:
    if concerns_all(error):
        raise error
    if len(seen) == 1:
        poison.append((seen[0], error))
        return
    for half in (seen[: len(seen) // 2], seen[len(seen) // 2 :]):
        try:
            counts.add(store(half))
        except Exception as trouble:  # noqa: BLE001  whatever it is, it may be one message's
            _halve(half, store, trouble, counts, poison)


def _is_outside(error: Exception) -> bool:
    return isinstance(error, _OUTSIDE) and not isinstance(error, DataError)


def _is_kept(one: Seen, store: Store, why: str, counts: Counts) -> bool:
    """Keep the octets of a message of which what was read cannot be: it is in quarantine."""
    defect = f"cannot be stored: {why}"
    bare = Reading(Content(reader=READER, degraded=True, defects=(defect,)))
    for reading in (unread(one.arrival.raw, defect), bare):
        try:
            counts.add(store([replace(one, reading=reading)]))
        except Exception as trouble:
            if concerns_all(trouble):
                raise
        else:
            return True
    return False
