"""Which files may stand as pictures within the text of a mail; any other goes as a file."""

from typing import Final

_BEGINS: Final = {
    "image/png": (b"\x89PNG",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF8",),
    "image/webp": (b"RIFF",),
}
"""What every mail program shows, by media type, and how its octets begin."""


def may_be_shown(media_type: str) -> bool:
    """Tell whether mail programs show such a file within the text."""
    return media_type in _BEGINS


def is_picture(media_type: str, octets: bytes) -> bool:
    """Tell whether octets are what their media type says, and a picture that is shown."""
    return octets.startswith(_BEGINS.get(media_type, ()))
