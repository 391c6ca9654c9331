"""What the names in a Maildir say: when a message came, its flags, its folder (Maildir++)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePath

from adapters.imap.utf7 import decode_folder
from adapters.mbox import FLAGS

_SECONDS = re.compile(r"(\d{8,11})\.")
# Maildir says ":2,"; file systems and archives that allow no colon have ";" or "!" in its place.
_INFO = re.compile(r"[:;!]2,([A-Za-z]*)$")
_LETTERS = {"S": "seen", "F": "flagged", "R": "answered", "D": "draft"}
_IN = ("cur", "new")


def is_maildir(folder: Path) -> bool:
    """Say whether a folder is a Maildir, be it without the tmp that archives drop when empty."""
    return any((folder / name).is_dir() for name in _IN)


def messages(folder: Path) -> Iterator[Path]:
    """Give the files of a Maildir's cur and new."""
    for name in _IN:
        if (folder / name).is_dir():
            yield from (x for x in (folder / name).iterdir() if not x.name.startswith("."))


def came_at(name: str) -> datetime | None:
    """Read the second at which the message was delivered, with which its name begins."""
    found = _SECONDS.match(name)
    try:
        return datetime.fromtimestamp(int(found[1]), UTC) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def flags_of(name: str) -> tuple[str, ...]:
    """Read the flags at the end of a name."""
    found = _INFO.search(name)
    said = {_LETTERS.get(letter) for letter in found[1]} if found else set()
    return tuple(flag for flag in FLAGS if flag in said)


def folder_name(relative: PurePath) -> str | None:
    """Say a folder in words: `.Clienti.Rossi` is Clienti/Rossi, the Maildir itself is None."""
    parts = []
    for part in relative.parts:
        names = part[1:].split(".") if part.startswith(".") else [part]
        parts += [decode_folder(name) for name in names if name]
    return "/".join(parts) or None


def where_now(path: Path) -> Path | None:
    """Find a message that a mail program renamed (new to cur, other flags) since it was listed."""
    unique = _INFO.sub("", path.name)
    for name in _IN:
        folder = path.parent.parent / name
        if folder.is_dir():
            for file in folder.iterdir():
                if file.name == unique or _INFO.sub("", file.name) == unique:
                    return file
    return None
