"""Patterns of rules: RE2's, which are found in linear time whatever is written in them.

RE2 knows no look-around and no back references, which is what lets others hang; a pattern that
would need too much memory is refused when it is saved.
"""

from functools import lru_cache
from typing import Any, Final

import re2

from domain.conditions import Search
from domain.values import Rejected

_MEMORY: Final = 1 << 20
_MOST_STEPS: Final = 3_000
"""Instructions of a compiled pattern; what it costs is at most these times the length of a text.

Ordinary patterns have some dozens; `\\p{L}` has 1,200, `\\w{1,50}` 350."""
_SHOWN: Final = 200


@lru_cache(maxsize=500)
def pattern(written: str) -> Search:
    """Make a pattern searchable, without case; it gives what was found. Rejected says what is wrong."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        ready = re2.compile(written.encode(), options=options)
    except UnicodeEncodeError as wrong:
        raise Rejected("INVALID", "the pattern holds half a character; type it anew") from wrong
    except re2.error as wrong:
        said = wrong.args[0] if wrong.args else wrong
        told = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise Rejected("INVALID", f"{written[:60]!r} is no pattern of RE2: {told}") from wrong
    if ready.programsize > _MOST_STEPS:
        do = "repeat fewer times, as {1,50}, or name fewer letters, as \\w for \\p{L}"
        raise Rejected("INVALID", f"{written[:60]!r} is too large a pattern; {do}")

    def search(text: str) -> str | None:
        found = ready.search(text.encode("utf-8", "replace"))
        if found is None:
            return None
        hit: Any = found.group()
        return str(hit[:_SHOWN], "utf-8", "ignore")

    return search
