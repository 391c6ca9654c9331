"""The tree of parts (RFC 2046): offsets into the raw mail, nothing copied until a part is read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.mime import transfer
from adapters.mime.fields import Fields, looks_like_fields, read_fields, section_end
from adapters.mime.parameters import structured
from adapters.mime.words import raw_text
from domain.filenames import shown

DEEPEST = 50
MOST_PARTS = 1_000

BODY_TYPES = frozenset(
    ("text/plain", "text/html", "text/enriched", "text/richtext", "text/x-amp-html")
)
MESSAGE_TYPES = frozenset(("message/rfc822", "message/global", "message/news"))

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+*-]+")
_SOME_BOUNDARY = re.compile(rb"(?m)^--([^\s-][^\s]{3,69}|-{2,60}[^\s-][^\s]{3,60})[ \t]*\r?$")


@dataclass(slots=True)
class Part:
    """One part: its fields, what it says it is, and where its body lies."""

    raw: bytes
    fields: Fields
    start: int
    body: int
    end: int
    media_type: str
    parameters: dict[str, str]
    disposition: str
    disposition_parameters: dict[str, str]
    children: list["Part"] = field(default_factory=list)

    def encoded(self) -> bytes:
        """Give the body as it travels."""
        return self.raw[self.body : self.end]

    def octets(self) -> bytes:
        """Give the body with its transfer encoding undone."""
        encoding = self.fields.first("content-transfer-encoding")
        if transfer.encoding_of(encoding) == "base64":  # of a large file no second copy
            return transfer.base64(memoryview(self.raw)[self.body : self.end])
        body = self.encoded()
        return transfer.decoded(body, transfer.encoding_of(encoding)) if encoding else body

    @property
    def name(self) -> str:
        """Give the file name, for people to see; empty if there is none."""
        name = self.disposition_parameters.get("filename") or self.parameters.get("name") or ""
        return shown(name)

    @property
    def content_id(self) -> str:
        """Give Content-ID without its brackets."""
        return raw_text(self.fields.first("content-id")).strip("<> ")

    @property
    def is_body(self) -> bool:
        """Tell whether this is text for reading rather than a file."""
        if self.disposition == "attachment" or self.name:
            return False
        return self.media_type in BODY_TYPES or self.media_type.startswith("multipart/")

    def leaves(self) -> Iterator["Part"]:
        """Give the parts that hold no others, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(slots=True)
class Tree:
    """A mail taken apart."""

    root: Part
    defects: list[str]
    complete: bool = True
    """False when a limit left some of it unread."""
    parts: int = 0


def parse(raw: bytes) -> Tree:
    """Take a mail apart; whatever its octets are, there is a root."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    start = _after_from_line(raw)
    tree = Tree(_part(raw, start, len(raw), "text/plain"), [])
    if start:
        tree.defects.append("lines before the header")
    _grow(tree, tree.root, 0)
    return tree


def _after_from_line(raw: bytes) -> int:
    """Pass over the line that an mbox puts before a mail, and blank lines before any field."""
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0  # a BOM by an editor of the file
    while raw.startswith((b"From ", b">From "), start) or raw.startswith((b"\n", b"\r\n"), start):
        following = raw.find(b"\n", start) + 1
        if not following or following > 10_000:
            break
        start = following
    return start if start and looks_like_fields(raw, start, len(raw)) else 0


def _part(raw: bytes, start: int, end: int, default: str) -> Part:
    header_end, body = section_end(raw, start, end)
    if (
        header_end > start
        and not looks_like_fields(raw, start, end)
        and default != "message/rfc822"
    ):
        header_end, body = start, start  # a part that begins with its text
    fields = read_fields(raw[start:header_end])
    content_type = fields.first("content-type")
    media_type, parameters = structured(content_type) if content_type else (default, {})
    if not _TYPE.fullmatch(media_type):
        if content_type:
            fields.defects.append("media type")
        media_type = "text/plain"
    disposition = fields.first("content-disposition")
    kind, named = structured(disposition) if disposition else ("", {})
    return Part(raw, fields, start, body, end, media_type, parameters, kind, named)


def _grow(tree: Tree, part: Part, depth: int) -> None:
    tree.parts += 1
    tree.defects += part.fields.defects
    if not part.media_type.startswith("multipart/"):
        return
    if depth >= DEEPEST:
        tree.defects.append("nested too deep")
        tree.complete = False
        part.media_type = "application/octet-stream"  # kept as a file, so that nothing is lost
        return
    default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    for start, end in _pieces(tree, part):
        if tree.parts >= MOST_PARTS:
            tree.defects.append("too many parts")
            tree.complete = False
            return
        child = _part(part.raw, start, end, default)
        part.children.append(child)
        _grow(tree, child, depth + 1)


def _pieces(tree: Tree, part: Part) -> list[tuple[int, int]]:
    boundary = part.parameters.get("boundary", "").rstrip()
    if boundary:
        pieces, closed = _split(part, boundary.encode("utf-8", "replace"))
        if pieces:
            if not closed:
                tree.defects.append("boundary not closed")
            return pieces
    guessed = _SOME_BOUNDARY.search(part.raw, part.body, part.end)
    tree.defects.append("no boundary" if not boundary else "boundary not found")
    if guessed is None or (boundary and guessed[1].startswith(b"-----BEGIN")):
        return []
    return _split(part, guessed[1])[0]


def _split(part: Part, boundary: bytes) -> tuple[list[tuple[int, int]], bool]:
    """Cut a body at its delimiter lines (RFC 2046 5.1.1); True if the closing one was seen."""
    raw, end = part.raw, part.end
    delimiter = b"--" + boundary
    pieces: list[tuple[int, int]] = []
    opened = -1
    position = part.body
    while len(pieces) <= MOST_PARTS and (found := raw.find(delimiter, position, end)) >= 0:
        after = found + len(delimiter)
        position = after
        if found > part.body and raw[found - 1] not in b"\n\r":
            continue
        line_end = raw.find(b"\n", after, end)
        line_end = end if line_end < 0 else line_end + 1
        rest = raw[after : min(line_end, after + 1_000)].strip()
        if rest not in (b"", b"--"):
            continue
        if opened >= 0:
            pieces.append((opened, max(opened, _before_line_end(raw, found, part.body))))
        if rest:
            return pieces, True
        opened = position = line_end
    if opened >= 0:
        pieces.append((opened, end))
    return pieces, False


def _before_line_end(raw: bytes, position: int, start: int) -> int:
    """Step over the line end that belongs to the delimiter, not to the part."""
    if position > start and raw[position - 1 : position] == b"\n":
        position -= 1
    if position > start and raw[position - 1 : position] == b"\r":
        position -= 1
    return position
