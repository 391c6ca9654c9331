"""What lies inside attachments: winmail.dat, attached mails, signed files and signed mails.

Each is kept as it came, and what it holds stands behind all the mail's own attachments, with the
place of the one that it came out of. Bounded in number, depth and octets.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from adapters.mime import cms, tnef
from adapters.mime.fields import looks_like_fields
from adapters.mime.text import text_of
from adapters.mime.tree import MESSAGE_TYPES, Part, parse
from domain.content import Attachment

MOST_FILES = 500
DEEPEST = 3
ROOM = 2
"""What comes out may have so many times the octets of the mail itself."""

SIGNED_TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_TNEF_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_UNKNOWN_TYPE = "application/octet-stream"
_TYPES = {"xml": "application/xml", "pdf": "application/pdf", "txt": "text/plain"}


@dataclass(slots=True)
class Opened:
    """A mail's attachments, those inside others too, and what text and parts came to light."""

    files: list[Attachment] = field(default_factory=list)
    octets: list[bytes] = field(default_factory=list)
    text: str = ""
    leaves: list[Part] = field(default_factory=list)
    """Parts of signed mails that were opened: they belong to the mail like its own."""
    complete: bool = True
    room: int = 0
    depths: list[int] = field(default_factory=list)


def opened(root: Part, *, messages: bool) -> Opened:
    """Give all attachments; `messages`: attached mails are opened too."""
    found = Opened(room=ROOM * (root.end - root.start))
    for part in root.leaves():
        if not part.is_body:
            _take(found, attachment_of(part), part.octets(), 0)
    place = 0
    while place < len(found.files):
        if found.depths[place] < DEEPEST:
            _open(found, place, messages=messages)
        place += 1
    return found


def attachment_of(part: Part, inside: int | None = None) -> Attachment:
    """Describe a part; its size is told when its octets are known."""
    content_id = part.content_id
    inline = part.disposition == "inline" or (bool(content_id) and not part.disposition)
    return Attachment(part.name, part.media_type, 0, content_id, inline, inside)


def _take(found: Opened, file: Attachment, octets: bytes, depth: int) -> None:
    if file.inside is not None:
        found.room -= len(octets)
        if found.room < 0 or len(found.files) >= MOST_FILES:
            found.complete = False
            return
    found.files.append(replace(file, size=len(octets)))
    found.octets.append(octets)
    found.depths.append(depth)


def _open(found: Opened, place: int, *, messages: bool) -> None:
    file, octets = found.files[place], found.octets[place]
    name = file.name.lower()
    if file.media_type in _TNEF_TYPES or name == "winmail.dat":
        _open_tnef(found, place)
    elif file.media_type in SIGNED_TYPES or name.endswith(".p7m"):
        _open_signed(found, place)
    elif messages and _is_message(file, name, octets):
        inner = parse(octets).root
        found.files[place] = replace(file, title=inner.fields.text("subject")[:500])
        _take_parts(found, inner.leaves(), place)


def _is_message(file: Attachment, name: str, octets: bytes) -> bool:
    if file.media_type in MESSAGE_TYPES:
        return True
    sent_as_file = name.endswith(".eml") and file.media_type == _UNKNOWN_TYPE
    return sent_as_file and looks_like_fields(octets, 0, len(octets))


def _take_parts(found: Opened, leaves: Iterable[Part], place: int) -> None:
    for part in leaves:
        if not part.is_body:
            _take(found, attachment_of(part, place), part.octets(), found.depths[place] + 1)


def _open_tnef(found: Opened, place: int) -> None:
    unpacked = tnef.unpack(found.octets[place])
    if unpacked is None:
        return
    found.complete = found.complete and unpacked.complete
    if found.depths[place] == 0:
        found.text = found.text or unpacked.text
    for file in unpacked.files:
        media_type = file.media_type or _type_of(file.name)
        one = Attachment(
            file.name, media_type, 0, file.content_id, bool(file.content_id), inside=place
        )
        _take(found, one, file.octets, found.depths[place] + 1)


def _open_signed(found: Opened, place: int) -> None:
    """Open an opaque signed mail, or a signed document such as an invoice, fattura.xml.p7m."""
    file = found.files[place]
    signed = cms.signed_data(found.octets[place])
    if signed is None or not signed.content:
        return
    stem = file.name[:-4] if file.name.lower().endswith(".p7m") else ""
    if stem and stem.lower() != "smime":
        inner = Attachment(stem, _type_of(stem), 0, inside=place)
        _take(found, inner, signed.content, found.depths[place] + 1)
    elif looks_like_fields(signed.content, 0, len(signed.content)):
        root = parse(signed.content).root
        found.leaves += root.leaves()
        found.text = found.text or text_of(root)
        _take_parts(found, root.leaves(), place)


def _type_of(name: str) -> str:
    return _TYPES.get(name.rpartition(".")[2].lower(), _UNKNOWN_TYPE)
