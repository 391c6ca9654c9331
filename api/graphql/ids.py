"""Ids as clients see them: opaque text whose prefix tells what it names."""

from enum import StrEnum
from uuid import UUID

from strawberry import ID

from domain.values import Rejected

__all__ = ["Kind", "decoded", "encoded", "of_kind"]


class Kind(StrEnum):
    """What an id names; the value is its prefix."""

    MESSAGE = "msg"
    PARTY = "pty"
    DOCUMENT = "doc"
    CONTACT = "cnt"
    MAILBOX = "mbx"
    CONVERSATION = "cnv"
    LINK = "lnk"
    COLLEAGUE = "col"
    ACCOUNT = "acc"
    TOKEN = "tok"  # noqa: S105  a prefix
    EXCLUSION = "exc"
    WEB_FORM = "frm"
    SERVER = "srv"
    OBJECT = "obj"


def encoded(kind: Kind, id: UUID) -> ID:
    """Write an id as clients see it."""
    return ID(f"{kind.value}_{id.hex}")


def decoded(text: str) -> tuple[Kind, UUID]:
    """Read such an id; refuse what has not the form of one."""
    prefix, _, digits = text.partition("_")
    try:
        kind, id = Kind(prefix), UUID(hex=digits)
    except ValueError:
        raise _no_id(text) from None
    if digits != id.hex:
        raise _no_id(text)
    return kind, id


def of_kind(kind: Kind, text: str) -> UUID:
    """Read an id that has to name something of this kind."""
    found, id = decoded(text)
    if found is not kind:
        raise Rejected("INVALID", f"{text} names something else: an id {kind.value}_… is needed")
    return id


def _no_id(text: str) -> Rejected:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return Rejected("INVALID", f"{shown!r} is no id")
