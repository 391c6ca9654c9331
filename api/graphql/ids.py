"""Ids as clients see them, in the API's own types."""

from uuid import UUID

from strawberry import ID

from api.ids import Kind, decoded, shown
from domain.values import Rejected

__all__ = ["Kind", "decoded", "encoded", "of_kind"]


def encoded(kind: Kind, id: UUID) -> ID:
    """Write an id as clients see it."""
    return ID(shown(kind, id))


def of_kind(kind: Kind, text: str) -> UUID:
    """Read an id that has to name something of this kind."""
    found, id = decoded(text)
    if found is not kind:
        raise Rejected("INVALID", f"{text} names something else: an id {kind.value}_… is needed")
    return id
