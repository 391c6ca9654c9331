"""Find the mail in a file or folder: which files hold it, and in which form."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath, PurePosixPath

from adapters import maildir, zipped
from adapters.mbox import FIELD, begins_like_mbox, holds_separator
from adapters.unpacking import Stream, open_stream
from adapters.zipped import Member

SNIFFED = 64 * 1024
_FOREIGN = {".msg": "Outlook's", ".pst": "Outlook's", ".ost": "Outlook's", ".emlx": "Apple Mail's"}
_MBOX_NAMES = (".mbox", ".mbx")
_KNOWN = re.compile(
    rb"(?im)^(from|to|date|subject|received|message-id|return-path|delivered-to|mime-version"
    rb"|reply-to|sender|cc|envelope-to|x-mozilla-status|x-gmail-labels)[ \t]*:"
)
_PACKED_NAMES = (".xz", ".gz", ".zst", ".bz2")


class Form(StrEnum):
    """How a file holds mail."""

    MAIL = "mail"
    MBOX = "mbox"
    MAILDIR = "maildir"
    NONE = "none"
    """No mail, though its name says so: `reason` says why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A file, or a member of a zip, that holds mail; `size` counts its octets on disk.

    It lies in `root` under `name`; where it is a member, `root` is the zip itself.
    """

    root: Path
    name: str
    form: Form
    size: int = 0
    stamp: int = 0
    folder: str | None = None
    member: Member | None = None
    reason: str = ""

    @property
    def path(self) -> Path:
        """Say which file to open."""
        return self.root if self.member else self.root / self.name

    def open(self) -> Stream:
        """Open it for reading, unpacked; raise OSError or ValueError if that cannot be."""
        if self.member is not None:
            return zipped.open_member(self.root, self.member)
        return open_stream(self.path)


@dataclass(frozen=True, slots=True)
class Found:
    """What a place holds: the units with mail, in a lasting order, and how many files do not."""

    kind: str
    units: tuple[Unit, ...]
    ignored: int

    @property
    def fingerprint(self) -> str:
        """Give a digest of names, sizes and times: the same as long as nothing changed."""
        digest = hashlib.sha256()
        for unit in self.units:
            crc = unit.member.crc if unit.member else None
            line = f"{unit.name}\0{unit.size}\0{unit.stamp}\0{crc}\0{unit.form}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def find(path: Path) -> Found:
    """Look through a file, a zip or a folder; raise OSError where the place itself fails."""
    if path.is_dir():
        kind = "Maildir" if maildir.is_maildir(path) else "folder"
        found = list(_folder(path))
    elif _is_zip(path):
        kind, found = "zip", list(_archive(path, path.name, PurePosixPath()))
    else:
        found = [_file(path.parent, PurePath(path.name), alone=True)]
        kind = "mbox" if found[0].form is Form.MBOX else "mail file"
    units = [x for x in found if x.form is not Form.NONE or x.reason]
    return Found(kind, tuple(sorted(units, key=lambda x: x.name)), len(found) - len(units))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _folder(root: Path) -> Iterator[Unit]:
    troubles: list[OSError] = []
    for place, folders, files in os.walk(root, onerror=troubles.append):
        folders.sort()
        try:
            yield from _in_place(root, Path(place), folders, files)
        except OSError as trouble:
            yield _unread(root, Path(place), trouble)
    yield from (_unread(root, Path(x.filename), x) for x in troubles)


def _in_place(root: Path, here: Path, folders: list[str], files: list[str]) -> Iterator[Unit]:
    if maildir.is_maildir(here):
        folders[:] = [x for x in folders if x not in {"cur", "new", "tmp"}]
        yield from _maildir(root, here)
        return
    for name in files:
        yield from _in_folder(root, (here / name).relative_to(root))


def _unread(root: Path, path: Path, trouble: OSError) -> Unit:
    reason = f"it cannot be read: {trouble.strerror or trouble}"
    return Unit(root, str(path.relative_to(root)), Form.NONE, reason=reason)


def _maildir(root: Path, here: Path) -> Iterator[Unit]:
    folder = maildir.folder_name(here.relative_to(root))
    for path in maildir.messages(here):
        name = str(path.relative_to(root))
        try:
            about = path.stat()
        except OSError:  # renamed since; it will be looked for when its turn comes
            yield Unit(root, name, Form.MAILDIR, folder=folder)
            continue
        yield Unit(root, name, Form.MAILDIR, about.st_size, about.st_mtime_ns, folder)


def _in_folder(root: Path, relative: Path) -> Iterator[Unit]:
    path = root / relative
    if not path.is_file():
        if path.is_symlink():
            yield Unit(root, str(relative), Form.NONE, reason="it points to nothing")
        return
    try:
        if _is_zip(path):
            inside = PurePosixPath(relative.with_suffix("").as_posix())
            yield from _archive(path, str(relative), inside)
            return
        yield _file(root, relative)
    except OSError as trouble:
        yield _unread(root, path, trouble)


def _file(root: Path, relative: PurePath, *, alone: bool = False) -> Unit:
    path = root / relative
    about = path.stat()
    form, reason = _form(relative.name, lambda: open_stream(path))
    folder = None if alone else _folder_of(form, relative)
    return Unit(root, str(relative), form, about.st_size, about.st_mtime_ns, folder, None, reason)


def _archive(path: Path, shown: str, inside: PurePosixPath) -> Iterator[Unit]:
    listed, trouble = zipped.members(path)
    if trouble:
        yield Unit(path.parent, shown, Form.NONE, reason=trouble)
    for member in listed:
        place = inside / member.name.replace("\\", "/").lstrip("/")
        form, reason = _member_form(path, place, member)
        folder, size = _folder_of(form, place), member.packed or 0
        yield Unit(path, f"{shown}: {member.name}", form, size, 0, folder, member, reason)


def _member_form(path: Path, place: PurePosixPath, member: Member) -> tuple[Form, str]:
    if "__MACOSX" in place.parts:
        return Form.NONE, ""
    if place.parent.name in {"cur", "new"}:
        return Form.MAILDIR, ""
    try:
        return _form(place.name, lambda: zipped.open_member(path, member))
    except (OSError, ValueError) as trouble:
        return Form.NONE, f"it cannot be read: {trouble}"


def _folder_of(form: Form, place: PurePath) -> str | None:
    """Name the folder: the one around a mail, and for an mbox, which is a folder, itself."""
    if form is Form.MAILDIR:
        return maildir.folder_name(place.parent.parent)
    if form is Form.MBOX:
        bare = _strip(place.name, (*_PACKED_NAMES, *_MBOX_NAMES))
        return str(place.with_name(bare or place.name))
    return None if place.parent == type(place)() else str(place.parent)


def _form(name: str, opener: Callable[[], Stream]) -> tuple[Form, str]:
    bare = _strip(name, _PACKED_NAMES).lower()
    if bare.endswith(".eml"):
        return Form.MAIL, ""
    for ending, whose in _FOREIGN.items():
        if bare.endswith(ending):
            return Form.NONE, f"{whose} form {ending} is not read; export it as .eml or mbox"
    stream = opener()
    try:
        head = stream.peek(SNIFFED)
    finally:
        stream.close()
    if _holds_mail(bare, head):
        return Form.MBOX, ""
    return Form.NONE, "" if head else stream.trouble


def _holds_mail(name: str, head: bytes) -> bool:
    """Say whether it is an mbox, or a single mail, which the reader of mboxes takes as well."""
    if begins_like_mbox(head) or name.endswith(_MBOX_NAMES):
        return True
    block = head.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return bool(FIELD.match(block) and _KNOWN.search(block)) or holds_separator(head)


def _strip(name: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name
