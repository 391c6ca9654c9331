"""Samples for tests of the journal: envelopes, a keyring, and an example of every event."""

import dataclasses
import enum
import types
import typing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind

if TYPE_CHECKING:
    from adapters.database import Database
    from adapters.journal import Journal
    from adapters.keyring import Keyring

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPACE = UUID("3c4f1f7a-6b3f-5d0c-9b5e-0c2c4f1f7a11")


def stream(name: str) -> UUID:
    return uuid5(SPACE, name)


def envelope(
    event_id: UUID | None = None, command_id: str | None = None, address: str = ""
) -> Envelope:
    from adapters.ids import uuid7  # noqa: PLC0415

    actor = Actor(ActorKind.CLIENT, "the tests")
    return Envelope(event_id or uuid7(), NOON, actor, Origin("cli", address), None, command_id)


def keyring(database: "Database", folder: Path) -> "Keyring":
    """Give the company's keyring, made at its first use."""
    from adapters.keyring import FileRoot, Keyring  # noqa: PLC0415

    root = FileRoot(folder / "root.key")
    Keyring.initialise(database, root)
    return Keyring(database, root, database.company)


def journal(database: "Database", folder: Path) -> "Journal":
    from adapters.journal import Journal  # noqa: PLC0415

    return Journal(database, keyring(database, folder))


def example(hint: Any, name: str = "value") -> Any:
    """Make a value of a type, the same at every call; no field is empty, none personal in truth."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return example(inner[0], name)
    if origin in (typing.Union, types.UnionType):
        return example(next(arm for arm in inner if arm is not type(None)), name)
    if origin is tuple:
        kinds = inner[:1] if inner[-1] is Ellipsis else inner
        return tuple(example(kind, f"{name} {at}") for at, kind in enumerate(kinds, 1))
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        make: Any = hint
        return make(**{f.name: example(hints[f.name], f.name) for f in dataclasses.fields(hint)})
    if issubclass(hint, enum.Enum):
        return list(hint)[-1]
    return {
        str: f"an example of {name}.",
        int: 7,
        bool: True,
        datetime: NOON,
        date: NOON.date(),
        UUID: stream(name),
    }[hint]
