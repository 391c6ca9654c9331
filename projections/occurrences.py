"""Places in which messages were seen."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.classes import dataclass
from domain.message import CaptureEvent, MessageMoved
from domain.recorded import Recorded
from projections.projection import Table

MOVED: Final = "moved"
REFUSED: Final = "refused"


@dataclass(slots=True)
class OccurrenceRow:
    """One place where a message was seen, with that copy's own raw bytes.

    `flags` are those it has now, `gone` tells that it no longer lies there. With `whole_size` it is
    the header alone of a mail of so many octets; when the whole of it comes, that takes its place.
    `ordered` is empty for where it was seen; else how it is with the order that alone brought it
    here: MOVED, or REFUSED, and then it never lay here while it is `gone`. The rest never changes.
    """

    message: UUID
    position: int
    mailbox: UUID
    folder: str
    role: str
    received_at: datetime
    raw: str
    raw_sha256: str
    size: int
    content: str
    variant: bool
    flags: list[str]
    gone: bool
    ordered: str
    archived: bool
    whole_size: int | None
    recorded_at: datetime


OCCURRENCE = Table("occurrence", OccurrenceRow, key=("message", "position"), late_key=True)


def occurrence(recorded: Recorded, event: CaptureEvent, *, variant: bool) -> OccurrenceRow:
    """Give the place that an event tells of."""
    return OccurrenceRow(
        message=recorded.stream,
        position=recorded.position,
        mailbox=event.mailbox,
        folder=event.folder,
        role=event.role.value,
        received_at=event.received_at,
        raw=event.raw,
        raw_sha256=event.raw_sha256,
        size=event.size,
        content=event.content_key,
        variant=variant,
        flags=list(event.flags),
        gone=False,
        ordered="",
        archived=event.archived,
        whole_size=event.whole_size,
        recorded_at=recorded.recorded_at,
    )


def further(one: OccurrenceRow, recorded: Recorded, event: MessageMoved) -> OccurrenceRow:
    """Give the place into which a copy was moved."""
    return replace(
        one,
        position=recorded.position,
        folder=event.moved_to,
        role=event.role.value,
        variant=False,
        flags=list(event.flags),
        gone=False,
        ordered=MOVED,
        recorded_at=recorded.recorded_at,
    )
