"""How an event is stored: one JSON object, readable in psql, with what is personal in a sealed box.

The keys are short: `id`, `at`, `by`, `for` (on behalf of), `command`, `via` (channel),
`correlation`, `causation`, `v` (version, omitted when 1), `key` (key id), `data` (the clear
fields) and `box` (the personal fields and the origin's address, sealed, base64). The stream is the
sealing subject; the box is bound to company, stream, event id and key id.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, Protocol, cast, get_args, get_origin
from typing import get_type_hints as hints_of
from uuid import UUID

import msgspec

from adapters.nul import holds_nul, without_nul
from adapters.sealing import Key, open_box, seal
from domain.catalog import BY_CLASS, BY_NAME, EventType
from domain.recorded import Envelope, Erased, Origin, Recorded
from domain.values import Actor, Personal, Rejected


class Keys(Protocol):
    """Where keys are looked up for reading."""

    def find(self, key_ids: Collection[UUID], /) -> dict[UUID, Key]:
        """Give the keys with these ids; unknown and destroyed ones are absent."""
        ...


class Row(NamedTuple):
    """An event as it is stored."""

    position: int
    recorded_at: datetime
    stream: UUID
    version: int
    name: str
    state: bytes


class UnknownEvent(Exception):
    """An event has a name or a version that this version of Carteggio does not know."""


class Stored(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The stored object. Only its data depends on the kind of event."""

    id: UUID
    at: datetime
    by: Actor
    on_behalf_of: Actor | None = msgspec.field(name="for", default=None)
    command: str | None = None
    via: str
    correlation: UUID | None = None
    causation: UUID | None = None
    v: int = 1
    key: UUID | None = None
    data: msgspec.Raw
    box: bytes | None = None


class _Loose(msgspec.Struct):
    """A box of an older version, whose fields are brought up to date before they get types."""

    data: dict[str, Any]
    address: str = ""


_stored: Final = msgspec.json.Decoder(Stored)
_loose: Final = msgspec.json.Decoder(_Loose)
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Shape:
    """What was derived once from an event's class: its clear and its personal half."""

    kind: EventType
    personal: bool
    clear_of: Callable[[object], msgspec.Struct]
    personal_of: Callable[[object], msgspec.Struct]
    clear: msgspec.json.Decoder[msgspec.Struct]
    boxed: Callable[..., msgspec.Struct]
    box: msgspec.json.Decoder[Any]


def encode(event: object, envelope: Envelope, stream: UUID, key: Key | None) -> bytes:
    """Give the stored form of an event; `key` belongs to its stream, None if that was erased."""
    shape = _shape(type(event))
    box = _sealed(shape, event, envelope, stream, key)
    return _encode(
        Stored(
            id=envelope.event_id,
            at=envelope.at,
            by=envelope.actor,
            on_behalf_of=envelope.on_behalf_of,
            command=envelope.command_id,
            via=envelope.origin.channel,
            correlation=envelope.correlation,
            causation=envelope.causation,
            v=shape.kind.version,
            key=key.id if key and box else None,
            data=msgspec.Raw(_storable(_encode(shape.clear_of(event)), envelope)),
            box=box,
        )
    )


def needs_key(event: object, envelope: Envelope) -> bool:
    """Tell whether storing this event needs the key of its stream."""
    return _shape(type(event)).personal or bool(envelope.origin.address)


def name_of(event: object) -> str:
    """Give the name under which an event is stored."""
    return _shape(type(event)).kind.name


def decode_many(rows: Sequence[Row], keys: Keys) -> list[Recorded]:
    """Read stored events; their keys are looked up together."""
    stored = [_stored.decode(without_nul(row.state)) for row in rows]
    found = keys.find({one.key for one in stored if one.key is not None})
    return [_recorded(row, one, found) for row, one in zip(rows, stored, strict=True)]


def _recorded(row: Row, stored: Stored, found: Mapping[UUID, Key]) -> Recorded:
    kind = BY_NAME.get(row.name)
    if kind is None or stored.v > kind.version:
        raise UnknownEvent(f"{row.name}, version {stored.v}, is not known to this version")
    shape = shape_of(kind)
    key = None if stored.key is None else found.get(stored.key)
    opened = None
    if stored.box is not None and key is not None:
        bound = row.stream.bytes + stored.id.bytes
        opened = without_nul(open_box(key, stored.box, "event", bound))
    event, address = _read(shape, stored, opened)
    origin = Origin(stored.via, address)
    envelope = Envelope(
        stored.id, stored.at, stored.by, origin,
        stored.on_behalf_of, stored.command, stored.correlation, stored.causation,
    )  # fmt: skip
    return Recorded(
        row.position, row.recorded_at, row.stream, row.version, row.name, envelope, event
    )


def _read(shape: Shape, stored: Stored, opened: bytes | None) -> tuple[object, str]:
    """Give the event, and the address from which it came."""
    if opened is None and stored.box is not None and shape.personal:
        return Erased(shape.kind.name), ""
    if stored.v < shape.kind.version:
        return _brought_up(shape.kind, stored, opened)
    event, clear = shape.kind.event, msgspec.structs.asdict(shape.clear.decode(stored.data))
    if opened is None:
        return event(**clear), ""
    box = shape.box.decode(opened)
    return event(**clear, **msgspec.structs.asdict(box.data)), box.address


def _brought_up(kind: EventType, stored: Stored, opened: bytes | None) -> tuple[object, str]:
    box = _loose.decode(opened) if opened is not None else _Loose({})
    written: dict[str, object] = msgspec.json.decode(stored.data) | box.data
    for version in range(stored.v, kind.version):
        written = kind.upcasts[version](written)
    return msgspec.convert(written, kind.event), box.address


def _sealed(
    shape: Shape, event: object, envelope: Envelope, stream: UUID, key: Key | None
) -> bytes | None:
    address = envelope.origin.address
    if not shape.personal and (key is None or not address):
        return None  # an address alone is let go where the stream was erased
    if key is None:
        raise Rejected("ERASED", "this was erased; nothing personal can be recorded about it")
    plain = _storable(_encode(shape.boxed(shape.personal_of(event), address)), envelope)
    return seal(key, plain, "event", stream.bytes + envelope.event_id.bytes)


def _storable(json: bytes, envelope: Envelope) -> bytes:
    """Refuse NUL in a command; what happens otherwise is recorded without it."""
    if envelope.command_id is not None and holds_nul(json):
        raise Rejected("INVALID", "a text holds NUL, which cannot be stored")
    return without_nul(json)


def _shape(event: type) -> Shape:
    kind = BY_CLASS.get(event)
    if kind is None:
        raise UnknownEvent(f"{event.__name__} is not in the catalogue of events")
    return shape_of(kind)


# ---- derived once, when an event of the kind is first stored or read


@cache
def shape_of(kind: EventType) -> Shape:
    """Derive from an event's class how it is stored."""
    hints = hints_of(kind.event, include_extras=True)
    specs = fields(kind.event)
    personal = [spec for spec in specs if is_personal(hints[spec.name])]
    clear = [spec for spec in specs if not is_personal(hints[spec.name])]
    clear_half = _half("Clear", clear, hints)
    personal_half = _half("Personal", personal, hints)
    box = msgspec.defstruct("Box", [("data", personal_half), ("address", str, "")])
    return Shape(
        kind,
        bool(personal),
        _taker(clear_half, clear),
        _taker(personal_half, personal),
        msgspec.json.Decoder(clear_half),
        box,
        msgspec.json.Decoder(box),
    )


def is_personal(hint: Any) -> bool:
    """Tell whether an annotation marks a personal field."""
    return get_origin(hint) is Annotated and Personal in get_args(hint)[1:]


def _half(
    name: str, specs: Iterable[Field[Any]], hints: Mapping[str, Any]
) -> type[msgspec.Struct]:
    """Make a struct of some fields. Defaults serve reading only: what is stored is complete."""
    return msgspec.defstruct(name, [_field(spec, _plain(hints[spec.name])) for spec in specs])


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if is_personal(hint) else hint


def _field(spec: Field[Any], hint: Any) -> Any:
    if spec.default is not MISSING:
        return spec.name, hint, spec.default
    if spec.default_factory is not MISSING:
        return spec.name, hint, msgspec.field(default_factory=spec.default_factory)
    return spec.name, hint


def _taker(
    half: type[msgspec.Struct], specs: Sequence[Field[Any]]
) -> Callable[[object], msgspec.Struct]:
    """Make the function that takes one half of the fields out of an event."""
    names = [spec.name for spec in specs]
    make = cast("Callable[..., msgspec.Struct]", half)
    match names:
        case []:
            return lambda _event: make()
        case [name]:
            take_one = attrgetter(name)
            return lambda event: make(take_one(event))
        case _:
            take = attrgetter(*names)
            return lambda event: make(*take(event))
