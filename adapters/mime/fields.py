"""Header sections and their fields, under limits."""

import re
from dataclasses import dataclass, field

from adapters.mime.words import unstructured

MOST_HEADER_OCTETS = 1_000_000
MOST_FIELD_OCTETS = 64_000

# RFC 5322 4.5 (obsolete syntax) has blanks before the colon.
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")


@dataclass(slots=True)
class Fields:
    """The fields of one header section by lower-case name, each in the order of the mail."""

    named: dict[str, list[bytes]]
    defects: list[str] = field(default_factory=list)

    def first(self, name: str) -> bytes:
        """Give the first value of a field, or nothing."""
        values = self.named.get(name)
        return values[0] if values else b""

    def every(self, name: str) -> list[bytes]:
        """Give all the values of a field."""
        return self.named.get(name, [])

    def text(self, name: str) -> str:
        """Give the first value of a field as text."""
        values = self.named.get(name)
        return unstructured(values[0]) if values else ""


def section_end(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Find where a header section ends and where its body begins."""
    if raw.startswith(b"\n", start, end):
        return start, start + 1
    if raw.startswith(b"\r\n", start, end):
        return start, start + 2
    stop = raw.find(b"\n\n", start, end)
    limit = end if stop < 0 else stop + 1
    # Some gateways double the CR of every line.
    for blank in (b"\n\r\n", b"\n\r\r\n"):
        found = raw.find(blank, start, limit)
        if found >= 0:
            stop, limit = found, found + 1
            length = len(blank)
            break
    else:
        length = 2
    return (end, end) if stop < 0 else (stop + 1, stop + length)


def looks_like_fields(raw: bytes, start: int, end: int) -> bool:
    """Tell whether a header section stands here rather than text that lacks one."""
    return _NAME.match(raw, start, min(end, start + 300)) is not None


def read_fields(section: bytes) -> Fields:
    """Read a header section; lines that are no field are passed over."""
    fields = Fields({})
    if len(section) > MOST_HEADER_OCTETS:
        section = section[:MOST_HEADER_OCTETS]
        fields.defects.append("header section cut")
    lines = section.split(b"\n") if b"\n" in section else section.splitlines()
    name = ""
    value: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            value.append(line)
        elif line.strip():
            _keep(fields, name, value)
            found = _NAME.match(line)
            if found is None:
                fields.defects.append("no field")
                name, value = "", []
                continue
            name, value = found[1].decode("ascii").lower(), [line[found.end() :]]
    _keep(fields, name, value)
    fields.defects = sorted(set(fields.defects))
    return fields


def _keep(fields: Fields, name: str, lines: list[bytes]) -> None:
    if not name:
        return
    value = b"\n".join(lines) if len(lines) > 1 else lines[0]
    if len(value) > MOST_FIELD_OCTETS:
        value = value[:MOST_FIELD_OCTETS]
        fields.defects.append("field cut")
    fields.named.setdefault(name, []).append(value.strip())
