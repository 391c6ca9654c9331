"""The fields of events as bounded JSON."""

from typing import Final

import msgspec

from domain.rereading import Saying

DATA_LIMIT: Final = 8 * 1024
TEXT_LIMIT: Final = 300
_TIGHTER: Final = ((200, 10), (40, 3))
"""How long texts and lists may be, where all of an event is too long."""


def data_of(event: object) -> str:
    """Give the fields of an event, sealed ones too, as a JSON object of 8 KB at most."""
    octets = _encoded(event)
    for texts, lists in _TIGHTER:
        if len(octets) <= DATA_LIMIT:
            break
        octets = msgspec.json.encode(_shortened(msgspec.to_builtins(event), texts, lists))
    return octets.decode() if len(octets) <= DATA_LIMIT else "{}"


def _encoded(event: object) -> bytes:
    """Cut the text of a mail after encoding: copying its frozen parts costs ten times as much."""
    octets = msgspec.json.encode(event)
    if isinstance(event, Saying) and event.content is not None:
        text = event.content.text
        if len(text) > TEXT_LIMIT:
            cut = msgspec.json.encode(text[:TEXT_LIMIT] + "…")
            octets = octets.replace(msgspec.json.encode(text), cut)
    return octets


def _shortened(value: object, texts: int, lists: int) -> object:
    match value:
        case str():
            return value if len(value) <= texts else value[:texts] + "…"
        case list() | tuple():
            return [_shortened(one, texts, lists) for one in value[:lists]]
        case dict():
            return {key: _shortened(one, texts, lists) for key, one in value.items()}
        case _:
            return value
