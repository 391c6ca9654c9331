"""NUL in texts of events: PostgreSQL's texts cannot hold it, so no read model could.

A command with it is refused. Where something else says it, or an event has it already, it is read
as U+FFFD: one event stops no read model.
"""

import re
from typing import Final

_ESCAPED: Final = rb"\u0000"
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""NUL as JSON has it (RFC 8259 7): not behind a backslash that is one itself."""


def holds_nul(json: bytes) -> bool:
    """Tell whether a text in JSON holds it."""
    return _ESCAPED in json and _NUL.search(json) is not None


def without_nul(json: bytes) -> bytes:
    """Put U+FFFD into its place."""
    return _NUL.sub(rb"\1\\ufffd", json) if _ESCAPED in json else json
