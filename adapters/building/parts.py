"""Parts of a mail (RFC 2045, RFC 2046) as octets: what is in them decides how they travel."""

import binascii
import re
from base64 import encodebytes
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

LONGEST_LINE: Final = 998
_SHORT: Final = 76
_LONG: Final = re.compile(rb"[^\n]{%d}" % (_SHORT + 1))
_TOO_LONG: Final = re.compile(rb"[^\r\n]{%d}" % (LONGEST_LINE + 1))
_ALTERED: Final = re.compile(rb"(?m)^From |[ \t]$|^\.$")
"""What mailboxes and servers on the way are known to change in lines that are not encoded."""
_LONE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


@dataclass(frozen=True, slots=True)
class Part:
    """Header fields without the last line end, the body in pieces, and whether it has 8-bit octets."""

    fields: tuple[str, ...]
    body: tuple[bytes, ...]
    eight_bit: bool = False

    def octets(self) -> tuple[bytes, ...]:
        """Give header and body in pieces, an empty line between."""
        return ("\r\n".join((*self.fields, "", "")).encode(), *self.body)


def text(kind: str, written: str) -> Part:
    """Make a text part; `written` has LF line ends, the last one too."""
    octets = written.encode()
    encoding, body = _travelling(octets)
    fields = (
        f"Content-Type: text/{kind}; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
    )
    return Part(fields, (body,))


def _travelling(octets: bytes) -> tuple[str, bytes]:
    if octets.isascii() and not _LONG.search(octets) and not _ALTERED.search(octets):
        return "7bit", octets.replace(b"\n", b"\r\n")
    foreign = len(octets) - len(octets.translate(None, _HIGH))
    if 3 * foreign > len(octets):
        return "base64", base64(octets.replace(b"\n", b"\r\n"))
    return "quoted-printable", _quoted(octets)


_HIGH: Final = bytes(range(128, 256))


def _quoted(octets: bytes) -> bytes:
    body = binascii.b2a_qp(octets, istext=True)
    # A line that begins so is marked by mailboxes, and then its signature fails (RFC 4155).
    return re.sub(rb"(?m)^From ", b"=46rom=20=\n", body).replace(b"\n", b"\r\n")


def base64(octets: bytes) -> bytes:
    """Write octets in base64, in lines of 76."""
    return encodebytes(octets).replace(b"\n", b"\r\n")


def file(octets: bytes, fields: Sequence[str]) -> Part:
    """Make a part of any octets, which arrive as they are."""
    return Part((*fields, "Content-Transfer-Encoding: base64"), (base64(octets),))


def carried(octets: bytes) -> bytes | None:
    """Give a mail as it can travel within another one unencoded (RFC 2046 5.2.1).

    Lines end with CRLF then, and are the same beside that; None where octets would be changed.
    """
    if b"\r" not in octets:
        octets = octets.replace(b"\n", b"\r\n")
    return None if _LONE.search(octets) or _TOO_LONG.search(octets) else octets


def message(octets: bytes, fields: Sequence[str]) -> Part:
    """Make a part of what `carried` gave."""
    encoding = "7bit" if octets.isascii() else "8bit"
    body = (*fields, f"Content-Transfer-Encoding: {encoding}")
    return Part(body, (octets,), eight_bit=encoding == "8bit")


def multipart(kind: str, parts: Sequence[Part], seed: str) -> Part:
    """Put parts together; the boundary follows from `seed`, and occurs in none of them."""
    pieces = [part.octets() for part in parts]
    boundary = _boundary(pieces, seed)
    delimiter = f"--{boundary}\r\n".encode()
    body: list[bytes] = []
    for octets in pieces:
        body += [delimiter, *octets, b"\r\n"]
    body.append(f"--{boundary}--\r\n".encode())
    eight_bit = any(part.eight_bit for part in parts)
    fields = [f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"']
    if eight_bit:
        fields.append("Content-Transfer-Encoding: 8bit")
    return Part(tuple(fields), tuple(body), eight_bit)


def _boundary(pieces: Sequence[Sequence[bytes]], seed: str) -> str:
    """Derive a boundary. `=_` stands in no base64 or quoted-printable line (RFC 2045 6.7)."""
    count = 0
    while True:
        boundary = f"=_{sha256(f'{seed} {count}'.encode()).hexdigest()[:32]}"
        if not any(boundary.encode() in octets for piece in pieces for octets in piece):
            return boundary
        count += 1
