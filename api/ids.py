"""Ids as people and programs are shown them: opaque text whose prefix tells what it names."""

from enum import StrEnum
from uuid import UUID

from domain.values import Rejected


class Kind(StrEnum):
    """What an id names; the value is its prefix."""

    MESSAGE = "msg"
    PARTY = "pty"
    DOCUMENT = "doc"
    CONTACT = "cnt"
    MAILBOX = "mbx"
    CONVERSATION = "cnv"
    REGROUPING = "rgp"
    LINK = "lnk"
    COLLEAGUE = "col"
    ACCOUNT = "acc"
    TOKEN = "tok"  # noqa: S105  a prefix
    EXCLUSION = "exc"
    WEB_FORM = "frm"
    SERVER = "srv"
    CHOICE = "cho"
    TEMPLATE = "tpl"
    DRAFT = "dft"
    UPLOAD = "upl"
    MAIL = "out"
    WEBHOOK = "whk"
    NOTE = "nte"
    CALENDAR = "cal"
    TARGET = "tgt"
    ABSENCE = "abs"
    STAFF_GROUP = "grp"
    RECIPIENT = "rcp"
    RULE = "rul"
    APPROVAL = "apr"
    APPROVAL_RULE = "apl"
    READING = "rdg"
    OBJECT = "obj"


def shown(kind: Kind, id: UUID) -> str:
    """Write an id as people and programs are shown it."""
    return f"{kind.value}_{id.hex}"


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


def id_in(text: str) -> UUID | None:
    """Read an id as the API gives it (msg_…) or as the command line does; None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        pass
    try:
        return decoded(text.strip())[1]
    except Rejected:
        return None


def _no_id(text: str) -> Rejected:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return Rejected("INVALID", f"{shown!r} is no id")
