"""Content-Transfer-Encoding undone (RFC 2045 6), damage and all."""

import binascii
import re

_TOKEN = re.compile(rb"[^\s;()\"']+")
_BLANKS = b" \t\r\n"
_NOT_BASE64 = bytes(
    sorted(
        set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    )
)


def encoding_of(value: bytes) -> str:
    """Give the encoding's name out of its header field, lower case."""
    found = _TOKEN.search(value[:200])
    return found[0].decode("ascii", "replace").lower() if found else ""


def decoded(data: bytes, encoding: str) -> bytes:
    """Give the octets behind an encoding; an unknown one leaves them as they are."""
    if encoding == "base64":
        return base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return uudecoded(data)
    return data


def base64(data: bytes | memoryview) -> bytes:
    """Decode base64 up to its padding; foreign characters are passed over (RFC 2045 6.8)."""
    try:
        return binascii.a2b_base64(data)
    except ValueError:
        # Cut in the middle of a group: keep what is whole.
        letters = bytes(data).translate(None, _NOT_BASE64)
        whole = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def uudecoded(data: bytes) -> bytes:
    """Decode the first uuencoded file; empty when there is none."""
    found: list[bytes] = []
    inside = False
    for line in data.splitlines():
        if not inside:
            inside = line.startswith(b"begin ")
        elif line.strip(_BLANKS) in (b"end", b"`"):
            break
        else:
            found.append(_uu_line(line))
    return b"".join(found)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except ValueError:
        # Some encoders pad with garbage: trust the length octet.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
    try:
        return binascii.a2b_uu(line[:length])
    except ValueError:
        return b""
