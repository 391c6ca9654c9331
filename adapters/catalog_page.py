"""The catalogue of events as a page: `python -m adapters.catalog_page > docs/events.md`."""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

from adapters.codec import is_personal
from domain.catalog import CATALOG, EventType

HEAD = """# Events

Generated from `domain/catalog.py`; do not edit. Make it anew with
`python -m adapters.catalog_page > docs/events.md`.

An event is a row of `stored_events`: stream (`originator_id`), version in its stream, name
(`topic`), content (`state`), position (`notification_id`), time of recording (`recorded_at`).
The content is one JSON object:

| key | holds |
| --- | --- |
| `id`, `at` | the event's id, and the time on the clock of who recorded it (UTC) |
| `by`, `for` | who made it happen, and on whose behalf |
| `command`, `via` | the command's id, and the channel by which it came |
| `correlation`, `causation` | what it belongs to, and what caused it |
| `v` | the event's version, when it is not 1 |
| `data` | the fields that are not personal |
| `key`, `box` | the id of the key, and the personal fields sealed under it (base64) |

The key belongs to the stream. When it is destroyed, the name, the envelope and `data` stay, and
what was personal cannot be read again. Names never change; older versions are read for ever.
"""


def page() -> str:
    """Give the whole page."""
    return "\n".join([HEAD, *(line for kind in CATALOG for line in _section(kind))])


def _section(kind: EventType) -> Iterator[str]:
    hints = get_type_hints(kind.event, include_extras=True)
    version = f" (version {kind.version})" if kind.version > 1 else ""
    yield f"## {kind.name}{version}\n"
    yield inspect.cleandoc(kind.event.__doc__ or "") + "\n"
    specs = fields(kind.event)
    if not specs:
        yield "No fields.\n"
        return
    yield "| field | type | | |"
    yield "| --- | --- | --- | --- |"
    for spec in specs:
        hint = hints[spec.name]
        sealed = "sealed" if is_personal(hint) else ""
        given = spec.default is MISSING and spec.default_factory is MISSING
        yield f"| `{spec.name}` | {_type(hint)} | {'' if given else 'optional'} | {sealed} |"
    yield ""


def _type(hint: Any) -> str:
    plain = get_args(hint)[0] if is_personal(hint) else hint
    text = plain.__name__ if isinstance(plain, type) and not get_args(plain) else str(plain)
    short = re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)
    return re.sub(r"Optional\[(\w+)\]", r"\1 or None", short).replace("|", "or")


if __name__ == "__main__":
    sys.stdout.write(page())
