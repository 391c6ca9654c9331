"""Other people's mail is read only with a trace: before its content is given, an event is kept."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from adapters.ids import uuid7
from adapters.journal import NewEvent
from api.ids import Kind, shown
from api.work.instance import Carteggio
from api.work.staffgroups import group_named, groups
from domain import reading
from domain.identity import reading_id
from domain.reading import OthersMailRead, RecordReading
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, ColleagueId, MailboxId, MessageId, Rejected
from projections.others import others_mail, own_mailboxes
from projections.projection import Names
from projections.reader import EVERYTHING, Reader

Boxes = Mapping[UUID, Sequence[UUID]]
"""The mailboxes through which messages are seen."""


async def keep_reading(
    carteggio: Carteggio,
    asked: tuple[object, Names, Reader],
    colleague: UUID | None,
    messages: Sequence[UUID],
    channel: str,
) -> None:
    """Keep that a colleague reads the content of messages, as far as they are other people's.

    Programs and the operator are no persons who read; what they may is said by their tokens.
    """
    if colleague is None or not messages:
        return
    connection, names, reader = asked
    found = await others_mail(connection, names, reader, colleague, messages)  # type: ignore[arg-type]
    if found:
        await asyncio.to_thread(_keep, carteggio, ColleagueId(colleague), found, channel)


def keep_reason(
    carteggio: Carteggio, colleague: UUID, seen: Boxes, reason: str, envelope: Envelope
) -> int | None:
    """Keep why a colleague reads a message; None: that is kept already. Rejected: it is his own."""
    if not seen:
        sentence = "there is no such message of somebody else that you see; yours needs no reason"
        raise Rejected("NOT_FOUND", sentence)
    ((message, boxes),) = seen.items()
    read = _read(carteggio, ColleagueId(colleague), message, boxes, reason)
    return carteggio.journal.record(
        _stream(carteggio, read), reading, RecordReading(read), envelope
    )


async def team_of(
    carteggio: Carteggio, named: Sequence[UUID], group: str = "", reader: Reader = EVERYTHING
) -> dict[UUID, UUID]:
    """Give the own mailboxes of colleagues and of a group's members, by whose each is.

    Raises Rejected where there is no such group, or nobody of them has a mailbox here.
    """
    members = list(named)
    if group:
        id = group_named(carteggio, group)
        found = {one.id: one.members for one in await groups(carteggio)}
        if id not in found:
            raise Rejected("NOT_FOUND", f"there is no group {group!r}; see: group list")
        members += found[id]
    async with carteggio.reading() as (connection, names):
        team = await own_mailboxes(connection, names, reader, members)
    if not team:
        raise Rejected("NOT_FOUND", "nobody of them has a mailbox of his own here; name others")
    return team


def _keep(carteggio: Carteggio, colleague: ColleagueId, found: Boxes, channel: str) -> None:
    reads = [_read(carteggio, colleague, id, boxes) for id, boxes in found.items()]
    by = {_stream(carteggio, one): one for one in reads}
    kept = {one.stream for one in carteggio.journal.streams(list(by))}
    if not (new := {stream: one for stream, one in by.items() if stream not in kept}):
        return
    actor = Actor(ActorKind.USER, shown(Kind.COLLEAGUE, colleague))
    at, work = carteggio.clock(), uuid7()
    with carteggio.journal.writing() as writing:
        writing.prepare(new)
        known = writing.versions(new)
        events = [
            NewEvent(
                stream, read, Envelope(uuid7(), at, actor, Origin(channel), correlation=work), 1
            )
            for stream, read in new.items()
            if not known[stream]  # he may have opened it twice at once
        ]
        writing.append(events)


def _read(
    carteggio: Carteggio,
    colleague: ColleagueId,
    message: UUID,
    boxes: Sequence[UUID],
    reason: str = "",
) -> OthersMailRead:
    day = carteggio.clock().astimezone(carteggio.settings.zone).date()
    seen = tuple(MailboxId(one) for one in boxes)
    return OthersMailRead(MessageId(message), colleague, seen, day, reason)


def _stream(carteggio: Carteggio, read: OthersMailRead) -> UUID:
    return reading_id(carteggio.identity_key, read.message, read.reader, read.day)
