"""Read stored mail as a stream: mbox (also packed), Maildir, .eml files, folders and zips of these.

    for item in open_mail(path):
        match item:
            case StoredMail(): ...    # item.next is where to resume after it
            case Problem(): ...       # told to the person; the rest goes on

Never more than one message is held in memory. What cannot be read becomes a Problem.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from adapters import maildir
from adapters.mailsources import Form, Found, Unit, find
from adapters.mbox import LARGEST_MESSAGE, Entry, entries, flags_of
from adapters.unpacking import Stream


class NoMail(Exception):
    """There is no mail at that place; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where reading goes on: in which file, at which of its octets, after how many messages."""

    file: int = 0
    offset: int = 0
    message: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}:{self.message}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read back what str() gave; raise ValueError for anything else."""
        file, offset, message = (int(part) for part in text.split(":"))
        return cls(file, offset, message)


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One message as stored: its exact octets, and what its place says of it.

    `received_at` is in UTC, None where the place does not tell. `place` is for people. `flags`
    are of seen, flagged, answered, draft. `next` is where to resume after this message.
    """

    raw: bytes
    received_at: datetime | None
    place: str
    folder: str | None
    flags: tuple[str, ...]
    next: Cursor


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read as it should; it never stops the rest."""

    place: str
    reason: str


class MailSource:
    """Stored mail, to be gone through once; `octets` is its size on disk, for a progress bar.

    `fingerprint` is equal as long as names, sizes and times are: only then is a cursor good.
    `ignored` counts files that are no mail.
    """

    def __init__(self, found: Found, after: Cursor | None) -> None:
        self.kind = found.kind
        self.files = len(found.units)
        self.octets = sum(unit.size for unit in found.units)
        self.fingerprint = found.fingerprint
        self.ignored = found.ignored
        self._units = found.units
        self._after = after or Cursor()
        self._passed = sum(unit.size for unit in found.units[: self._after.file])
        self._stream: Stream | None = None

    def progress(self) -> int:
        """Count the octets on disk that have been gone through."""
        return self._passed + (self._stream.consumed if self._stream else 0)

    def __iter__(self) -> Iterator[StoredMail | Problem]:
        for number in range(self._after.file, len(self._units)):
            unit = self._units[number]
            here = self._after if number == self._after.file else Cursor(number)
            yield from self._unit(unit, here)
            self._passed += unit.size

    def _unit(self, unit: Unit, here: Cursor) -> Iterator[StoredMail | Problem]:
        if unit.form is Form.NONE:
            yield Problem(unit.name, unit.reason)
            return
        try:
            stream = self._open(unit)
        except (OSError, ValueError) as trouble:
            reason = trouble.strerror if isinstance(trouble, OSError) else None
            yield Problem(unit.name, f"it cannot be read: {reason or trouble}")
            return
        self._stream = stream
        try:
            yield from (_mbox if unit.form is Form.MBOX else _single)(unit, stream, here)
        finally:
            stream.close()
            self._stream = None

    @staticmethod
    def _open(unit: Unit) -> Stream:
        try:
            return unit.open()
        except FileNotFoundError:
            moved = maildir.where_now(unit.path) if unit.form is Form.MAILDIR else None
            if moved is None:
                raise
            return Unit(moved.parent, moved.name, Form.MAILDIR).open()


def open_mail(path: Path, after: Cursor | None = None) -> MailSource:
    """Look what mail lies at `path`; raise NoMail with a sentence if there is none to read."""
    try:
        found = find(path)
    except FileNotFoundError:
        raise NoMail(f"{path}: there is no such file or folder") from None
    except OSError as trouble:
        raise NoMail(f"{path}: it cannot be read: {trouble.strerror or trouble}") from trouble
    if not found.units:
        raise NoMail(f"{path}: {_why_nothing(path, found)}")
    if found.kind == "mbox" and found.units[0].size == 0:
        raise NoMail(f"{path}: the file is empty")
    if all(unit.form is Form.NONE for unit in found.units):
        raise NoMail(f"{path}: {found.units[0].name}: {found.units[0].reason}")
    return MailSource(found, after)


def _why_nothing(path: Path, found: Found) -> str:
    if found.kind in {"folder", "Maildir", "zip"}:
        return "there is no mail in it (mbox, Maildir, .eml, or a .zip of those)"
    if path.stat().st_size == 0:
        return "the file is empty"
    return "this is no form of mail known here (mbox, Maildir, .eml, or a .zip of those)"


def _mbox(unit: Unit, stream: Stream, here: Cursor) -> Iterator[StoredMail | Problem]:
    stream.skip(here.offset)
    message = here.message
    for entry in entries(stream.read, here.offset):
        message += 1
        place = f"{unit.name}, message {message}, octet {entry.start}"
        if note := entry.note or _emptiness(entry.raw):
            yield Problem(place, note)
        if entry.raw is not None:
            after = Cursor(here.file, entry.end, message)
            yield _from_mbox(entry, entry.raw, place, unit.folder, after)
    if stream.trouble:
        yield Problem(unit.name, stream.trouble)


def _emptiness(raw: bytes | None) -> str:
    return "it is empty" if raw == b"" or (raw and raw.isspace()) else ""


def _from_mbox(
    entry: Entry, raw: bytes, place: str, folder: str | None, after: Cursor
) -> StoredMail:
    return StoredMail(raw, entry.received_at, place, folder, flags_of(raw), after)


def _single(unit: Unit, stream: Stream, here: Cursor) -> Iterator[StoredMail | Problem]:
    raw = stream.read(LARGEST_MESSAGE + 1)
    if note := stream.trouble or _emptiness(raw):
        yield Problem(unit.name, note)
    if len(raw) > LARGEST_MESSAGE:
        reason = f"a message of more than {LARGEST_MESSAGE // 1_000_000} MB is not read"
        yield Problem(unit.name, reason)
        return
    received_at, flags = None, flags_of(raw)
    if unit.form is Form.MAILDIR:
        name = unit.name.replace("\\", "/").rpartition("/")[2]
        received_at, flags = maildir.came_at(name), maildir.flags_of(name)
    place = unit.name
    yield StoredMail(raw, received_at, place, unit.folder, flags, Cursor(here.file + 1))
