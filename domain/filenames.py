"""Names of files and people as others may see them: display text, never a path.

What a name may hold is what Windows, macOS and mail programs take alike; letters of every script
are kept. Attachments of ours are named by a pattern, and keep their extension.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from domain.values import Rejected

MOST_OCTETS: Final = 120
_LONGEST_EXTENSION: Final = 16
_INVISIBLE: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_RESERVED: Final = re.compile(
    r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?"
)
_SEPARATORS: Final = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
_IN_VALUES: Final = str.maketrans({"/": "-", "\\": "-", ":": "-", "_": "-"})
_RUNS: Final = re.compile(r"([_-])(?:\s*[_-])+")
_EXTENSION: Final = re.compile(r"\.([^\W_]{1,15})$")
_FITTING: Final = {
    "application/pdf": ("pdf",),
    "application/msword": ("doc", "dot"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.ms-excel": ("xls", "xlt", "csv"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.ms-powerpoint": ("ppt", "pps"),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/zip": ("zip",),
    "application/json": ("json",),
    "application/pkcs7-mime": ("p7m", "p7c"),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/tiff": ("tif", "tiff"),
    "image/svg+xml": ("svg",),
    "message/rfc822": ("eml",),
    "text/html": ("html", "htm"),
    "text/calendar": ("ics",),
    "text/csv": ("csv", "txt"),
}
"""Extensions by media type; a type that is not here goes with any."""
_REFUSED: Final = frozenset((
    "ade", "adp", "apk", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg",
    "exe", "hta", "ins", "isp", "iso", "jar", "js", "jse", "lib", "lnk", "mde", "msc", "msi",
    "msix", "msp", "mst", "nsh", "pif", "ps1", "reg", "scr", "sct", "shb", "sys", "vb", "vbe",
    "vbs", "vhd", "vxd", "wsc", "wsf", "wsh",
))  # fmt: skip
"""What the large providers send back to the sender, also inside archives."""
_KNOWN: Final = _REFUSED.union({"txt", "xml"}, *_FITTING.values())
"""What is an extension at the end of a name, rather than a number or a word after a dot."""


def shown(name: str) -> str:
    """Give a name as people may see it: NFC, one line, nothing invisible."""
    if name.isascii() and name.isprintable():
        return name.strip()
    visible = "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE)
    return unicodedata.normalize("NFC", visible).strip()


def safe_name(name: str) -> str:
    """Give a file name for a download: no path, no reserved name, at most 120 octets."""
    return _safe(name) or "attachment"


def _safe(name: str) -> str:
    plain = shown(name).translate(_SEPARATORS).strip(". ")
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, ending = plain.rpartition(".")
    if not stem or len(ending.encode()) > _LONGEST_EXTENSION:
        return _at_most(plain, MOST_OCTETS).rstrip(". ")
    return f"{_at_most(stem, MOST_OCTETS - len(ending.encode()) - 1)}{dot}{ending}"


def _at_most(text: str, octets: int) -> str:
    return text.encode()[:octets].decode("utf-8", "ignore")


def extension(name: str) -> str:
    """Give a name's extension in lower case, without its dot; empty if it has none."""
    found = _EXTENSION.search(name.strip())
    return found[1].lower() if found else ""


def extensions_for(media_type: str) -> tuple[str, ...]:
    """Give the extensions that go with a media type, the usual one first; none: any does."""
    return _FITTING.get(media_type.lower(), ())


def is_refused(name: str) -> bool:
    """Tell whether receivers' servers send back a file for what its name ends with."""
    return extension(name) in _REFUSED


def named_by(pattern: str, values: Mapping[str, str], ending: str) -> str:
    """Name an attachment by a pattern such as `{kind}_{number}_{customer}_{date}`, and its ending.

    A value that is empty leaves no separator behind; `/` in numbers becomes `-`. At most 120
    octets. Raises Rejected (UNKNOWN_FIELD, BAD_PATTERN, EMPTY_NAME).
    """
    for name in _fields_in(pattern):
        if name not in values:
            raise Rejected(
                "UNKNOWN_FIELD",
                f"the pattern names {{{name}}}; there are {', '.join(sorted(values))}",
            )
    given = {name: _within(value) for name, value in values.items()}
    stem = _RUNS.sub(r"\1", pattern.format_map(given)).strip("_- .")
    if not stem:
        raise Rejected("EMPTY_NAME", "every field of the pattern is empty; name the file by hand")
    return safe_name(f"{stem}.{ending}" if ending else stem)


def _fields_in(pattern: str) -> list[str]:
    try:
        parsed = list(string.Formatter().parse(pattern))
    except ValueError as fault:
        raise Rejected("BAD_PATTERN", f"the pattern cannot be read: {fault}") from fault
    if any(form or convert for _, _, form, convert in parsed):
        raise Rejected("BAD_PATTERN", "a pattern holds names in braces and nothing else in them")
    names = [name for _, name, _, _ in parsed if name is not None]
    if any(not name.isidentifier() for name in names):
        raise Rejected("BAD_PATTERN", "a pattern holds names in braces and nothing else in them")
    return names


def _within(value: str) -> str:
    """Write a value so that the pattern's own separators are told from it."""
    return " ".join(shown(value).translate(_IN_VALUES).translate(_SEPARATORS).split())


def renamed(before: str, wanted: str) -> str:
    """Give a file the name that a person wants, with the extension that it had.

    Raises Rejected (OTHER_EXTENSION, EMPTY_NAME).
    """
    had, has = extension(before), extension(wanted)
    plain = _safe(wanted)
    if not plain:
        raise Rejected("EMPTY_NAME", "a file needs a name")
    if not had or has == had:
        return plain
    if has in _KNOWN:
        raise Rejected("OTHER_EXTENSION", f"the file is a .{had}; its name has to end with .{had}")
    return safe_name(f"{plain}.{had}")


def distinct(names: Iterable[str]) -> list[str]:
    """Tell files of one name apart as people do: `a.pdf`, `a (2).pdf`; case makes no difference."""
    taken: set[str] = set()
    given = []
    for name in names:
        free, count = name, 1
        while free.casefold() in taken:
            count += 1
            stem, dot, ending = name.rpartition(".") if extension(name) else (name, "", "")
            tail = f" ({count}){dot}{ending}"
            free = _at_most(stem, MOST_OCTETS - len(tail.encode())).rstrip() + tail
        taken.add(free.casefold())
        given.append(free)
    return given
