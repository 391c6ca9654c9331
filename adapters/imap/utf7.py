"""Modified UTF-7, in which IMAP and Maildir++ write folder names (RFC 3501 5.1.3)."""

import binascii
import re

_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_WIDE = re.compile(r"[^\x20-\x7e]+|&")


def encode_folder(name: str) -> str:
    """Write a folder's name for the wire."""
    return _WIDE.sub(lambda found: _shifted(found[0]), name)


def decode_folder(wire: str) -> str:
    """Read a folder's name; what is no valid modified UTF-7 stays as it is."""
    return _SHIFTED.sub(_plain, wire)


def _shifted(text: str) -> str:
    if text == "&":
        return "&-"
    octets = binascii.b2a_base64(text.encode("utf-16-be", "surrogatepass"), newline=False)
    return "&" + octets.rstrip(b"=").replace(b"/", b",").decode() + "-"


def _plain(found: re.Match[str]) -> str:
    if not found[1]:
        return "&"
    coded = found[1].replace(",", "/")
    try:
        octets = binascii.a2b_base64(coded + "=" * (-len(coded) % 4))
        return octets.decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return found[0]
