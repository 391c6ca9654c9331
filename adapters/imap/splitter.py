"""Cut what a server sends into responses, without recursion and without looking twice.

A response (RFC 3501 2.2.2) is one line, or lines with literals between them; it is given as
[line, literal, line, literal, …, line], without the line ends.
"""

import re

from adapters.imap.values import ImapTrouble, Limits, TroubleKind

_LITERAL = re.compile(rb"~?\{(\d{1,12})\+?\}$")
# Status responses end in free text, which may look like a literal (RFC 3501 7.1).
_STATUS = re.compile(rb"\S+ (?:OK|NO|BAD|BYE|PREAUTH)\b|\+", re.IGNORECASE)

MOST_PARTS = 1_000

Response = list[bytes]


class Splitter:
    """Fed with what arrives; gives the responses that are complete; refuses what has no measure."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = bytearray()
        self._searched = 0
        self._parts: Response = []
        self._size = 0
        self._literal = bytearray()
        self._missing: int | None = None
        """How much of the literal is still to come; None outside a literal."""

    @property
    def pending(self) -> bool:
        """Say whether something has come that is not yet a whole response."""
        return bool(self._held or self._parts)

    def feed(self, data: bytes) -> list[Response]:
        """Take what arrived and give the responses that it completes."""
        complete: list[Response] = []
        if self._missing is not None:
            data = self._fill(data)
        self._held += data
        while self._missing is None and (line := self._line()) is not None:
            self._parts.append(line)
            if size := self._announced(line):
                self._begin_literal(int(size[1]))
            else:
                complete.append(self._parts)
                self._parts, self._size = [], 0
        return complete

    def _line(self) -> bytes | None:
        end = self._held.find(b"\r\n", self._searched)
        if (len(self._held) if end < 0 else end) > self._limits.line:
            raise _beyond(f"a line of more than {self._limits.line} octets")
        if end < 0:
            self._searched = max(len(self._held) - 1, 0)
            return None
        line = bytes(self._held[:end])
        del self._held[: end + 2]
        self._searched = 0
        return line

    def _announced(self, line: bytes) -> re.Match[bytes] | None:
        if not line.endswith(b"}") or (len(self._parts) == 1 and _STATUS.match(line)):
            return None
        return _LITERAL.search(line)

    def _begin_literal(self, size: int) -> None:
        self._size += size
        if self._size > self._limits.literal:
            raise _beyond(f"{self._size} octets in one response")
        if len(self._parts) > MOST_PARTS:
            raise _beyond(f"more than {MOST_PARTS // 2} literals in one response")
        self._literal = self._held[:size]
        del self._held[:size]
        self._missing = size - len(self._literal)
        self._end_literal()

    def _fill(self, data: bytes) -> bytes:
        """Put `data` into the literal that is being read; give what is left over."""
        missing = self._missing or 0
        self._literal += data[:missing]
        self._missing = max(missing - len(data), 0)
        self._end_literal()
        return data[missing:]

    def _end_literal(self) -> None:
        if self._missing == 0:
            self._parts.append(bytes(self._literal))
            self._literal, self._missing = bytearray(), None


def _beyond(what: str) -> ImapTrouble:
    return ImapTrouble(TroubleKind.TOO_MUCH_DATA, f"the server sends {what}; that is not read")
