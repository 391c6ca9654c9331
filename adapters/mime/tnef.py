"""Outlook's winmail.dat (MS-OXTNEF): its attachments, and its text where it is not compressed."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.mime.charsets import clean, decode
from adapters.mime.text import html_to_text
from domain.filenames import shown

SIGNATURE = b"\x78\x9f\x3e\x22"
MOST_FILES = 500
MOST_PROPERTIES = 20_000

_ATTRIBUTE = struct.Struct("<BII")
_PROPERTY = struct.Struct("<HH")
_NUMBER = struct.Struct("<I")
_BODY, _TITLE, _DATA = 0x0002800C, 0x00018010, 0x0006800F
_BEGINS_FILE, _OF_FILE, _OF_MESSAGE, _CODE_PAGE = 0x00069002, 0x00069005, 0x00069003, 0x00069007
_FILE_NAME, _LONG_NAME, _MEDIA_TYPE, _CONTENT_ID = 0x3704, 0x3707, 0x370E, 0x3712
_FILE_DATA, _SHOWN_NAME, _TEXT, _HTML = 0x3701, 0x3001, 0x1000, 0x1013
_INTERNET_CODE_PAGE = 0x3FDE
_WANTED = (_TEXT, _HTML, _INTERNET_CODE_PAGE)
_PAGES = {65001: "utf-8", 20866: "koi8-r", 21866: "koi8-u", 20127: "ascii", 50220: "iso-2022-jp"}
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_TEXT8, _TEXT16, _OBJECT, _BINARY, _MANY = 0x1E, 0x1F, 0x0D, 0x102, 0x1000
_NAMED = 0x8000
_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")
"""An object that is a message: a TNEF stream of its own follows."""


@dataclass(slots=True)
class File:
    """A file in the stream."""

    name: str = ""
    media_type: str = ""
    octets: bytes = b""
    content_id: str = ""


@dataclass(slots=True)
class Unpacked:
    """What a stream holds; `complete` is False when it ends too early."""

    files: list[File] = field(default_factory=list)
    text: str = ""
    complete: bool = True


def unpack(data: bytes) -> Unpacked | None:
    """Take a stream apart as far as it goes; None for anything else."""
    if not data.startswith(SIGNATURE):
        return None
    found, reading = Unpacked(), _Reading()
    try:
        for attribute, value in _attributes(data):
            reading.count()
            if attribute == _CODE_PAGE:
                reading.charset = _charset(_NUMBER.unpack_from(value)[0])
            elif attribute == _BEGINS_FILE:
                if len(found.files) >= MOST_FILES:
                    break
                found.files.append(File())
            elif attribute == _OF_MESSAGE:
                found.text = _said(value, reading) or found.text
            elif attribute == _BODY:
                found.text = found.text or _string(value, reading.charset)
            elif found.files:
                _fill(found.files[-1], attribute, value, reading)
    except (struct.error, _Cut):
        found.complete = False
    return found


class _Cut(Exception):
    """A length points behind the end, or there is more than any program writes."""


@dataclass(slots=True)
class _Reading:
    """The charset of 8-bit texts, and how much was read."""

    charset: str = "cp1252"
    read: int = 0

    def count(self) -> None:
        self.read += 1
        if self.read > MOST_PROPERTIES:
            raise _Cut


def _attributes(data: bytes) -> Iterator[tuple[int, memoryview]]:
    view, position = memoryview(data), 6
    while position + _ATTRIBUTE.size <= len(data):
        level, attribute, length = _ATTRIBUTE.unpack_from(data, position)
        position += _ATTRIBUTE.size
        if level not in (1, 2):
            return  # garbage behind the last attribute is common
        yield attribute, _slice(view, position, length)
        position += length + 2  # a checksum, which many programs get wrong


def _slice(view: memoryview, start: int, length: int) -> memoryview:
    if start + length > len(view):
        raise _Cut
    return view[start : start + length]


def _fill(file: File, attribute: int, value: memoryview, reading: _Reading) -> None:
    if attribute == _TITLE:
        file.name = file.name or shown(_string(value, reading.charset))
    elif attribute == _DATA:
        file.octets = bytes(value)
    elif attribute == _OF_FILE:
        names: dict[int, str] = {}
        for id, kind, octets in _properties(value, reading):
            if id == _FILE_DATA:
                file.octets = _object(file, octets) if kind == _OBJECT else bytes(octets)
            elif kind in (_TEXT8, _TEXT16):
                names[id] = _text(octets, kind, reading.charset)
        # The title is cut to 8.3 by old programs; the long name is the one that people know.
        best = names.get(_LONG_NAME) or file.name or names.get(_FILE_NAME)
        file.name = shown(best or names.get(_SHOWN_NAME, ""))
        file.media_type = names.get(_MEDIA_TYPE, "").lower() or file.media_type
        file.content_id = names.get(_CONTENT_ID, "").strip("<> ")


def _object(file: File, octets: memoryview) -> bytes:
    """Give an embedded object; a message is the TNEF stream behind its interface's id."""
    if octets[:16] == _MESSAGE:
        file.media_type = "application/ms-tnef"
        return bytes(octets[16:])
    return file.octets or bytes(octets[16:])  # an OLE storage; its rendering came before


def _said(value: memoryview, reading: _Reading) -> str:
    """Give the text among a message's properties: the plain one, or else of the HTML."""
    every = _properties(value, reading)
    found = {id: (octets, kind) for id, kind, octets in every if id in _WANTED}
    charset = reading.charset
    page = found.get(_INTERNET_CODE_PAGE)
    if page is not None and len(page[0]) == 4:
        charset = _charset(_NUMBER.unpack(page[0])[0])
    if _TEXT in found:
        return _text(*found[_TEXT], charset)
    return html_to_text(_text(*found[_HTML], charset)) if _HTML in found else ""


def _charset(page: int) -> str:
    """Name the charset of a Windows code page."""
    if 28590 < page <= 28606:
        return f"iso-8859-{page - 28590}"
    return _PAGES.get(page, f"cp{page}")


def _text(octets: memoryview, kind: int, charset: str) -> str:
    return _string(octets, "utf-16-le" if kind == _TEXT16 else charset)


def _string(octets: memoryview, charset: str) -> str:
    return clean(decode(bytes(octets), charset).rstrip("\0")).replace("\r\n", "\n")


def _properties(value: memoryview, reading: _Reading) -> Iterator[tuple[int, int, memoryview]]:
    """Give the MAPI properties (MS-OXTNEF 2.1.3.4): id, type, octets."""
    count = _NUMBER.unpack_from(value)[0]
    position = 4
    for _ in range(min(count, MOST_PROPERTIES)):
        kind, id = _PROPERTY.unpack_from(value, position)
        position += 4
        if id >= _NAMED:
            position = _after_name(value, position)
        for octets, after in _values(value, position, kind):
            position = after
            reading.count()
            if octets is not None:
                yield id, kind, octets


def _after_name(value: memoryview, position: int) -> int:
    by_name = _NUMBER.unpack_from(value, position + 16)[0]
    length = _NUMBER.unpack_from(value, position + 20)[0] if by_name else 0
    return position + 24 + _padded(length)


def _values(
    value: memoryview, position: int, kind: int
) -> Iterator[tuple[memoryview | None, int]]:
    """Give each value with the place behind it; a property of many values has a count first."""
    single = kind & ~_MANY
    size = _FIXED.get(single)
    counted = size is None or kind != single
    count = _NUMBER.unpack_from(value, position)[0] if counted else 1
    position += 4 if counted else 0
    if not count:
        yield None, position
    for _ in range(min(count, MOST_PROPERTIES)):
        if size is None:
            if single not in (_TEXT8, _TEXT16, _OBJECT, _BINARY):
                raise _Cut  # of unknown length, so nothing behind it can be found
            length = _NUMBER.unpack_from(value, position)[0]
            position += 4
        else:
            length = size
        octets = _slice(value, position, length)
        position += _padded(length)
        yield octets, position


def _padded(length: int) -> int:
    return -(-length // 4) * 4
