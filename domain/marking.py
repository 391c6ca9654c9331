"""How a message is marked in a folder, by whichever mail program: read, flagged, moved away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from domain.values import MailboxId, Personal, Rejected


@dataclass(frozen=True, slots=True)
class MessageMarked:
    """In one folder a message was marked otherwise (read, flagged, …), left it, or came back.

    `flags` are those that it has now (of seen, flagged, answered, draft; RFC 9051 2.3.2),
    `flags_before` those it had; `gone`: it no longer lies there, though its raw bytes are kept.
    """

    mailbox: MailboxId
    folder: Annotated[str, Personal]
    flags: tuple[str, ...] = ()
    flags_before: tuple[str, ...] = ()
    gone: bool = False
    gone_before: bool = False


@dataclass(frozen=True, slots=True)
class MarkMessage:
    """Say how a message is marked in a folder now; `gone`: it no longer lies there."""

    mailbox: MailboxId
    folder: str
    flags: tuple[str, ...] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """How a message is marked in one folder."""

    flags: tuple[str, ...]
    gone: bool = False


Place = tuple[MailboxId, str]


def marked(marks: Mapping[Place, Marks], command: MarkMessage) -> Sequence[MessageMarked]:
    """Compare flags as sets; what is gone has none that anybody could see."""
    before = marks.get((command.mailbox, command.folder))
    if before is None:
        raise Rejected("NOT_FOUND", "the message was never seen in this folder")
    flags = before.flags if command.gone else command.flags
    if (before.gone, set(before.flags)) == (command.gone, set(flags)):
        return []
    return [
        MessageMarked(
            mailbox=command.mailbox,
            folder=command.folder,
            flags=flags,
            flags_before=before.flags,
            gone=command.gone,
            gone_before=before.gone,
        )
    ]
