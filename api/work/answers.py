"""Questions that the command line asks, put together from the reading functions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.work.dues import dues
from api.work.instance import Carteggio
from domain.values import Rejected
from projections import company, documents, links, messages, parties, timelines
from projections.history import LinkRow
from projections.mail import MessageRow
from projections.projection import Names
from projections.reader import EVERYTHING, AsOf, Page
from projections.unanswered import Waiting
from projections.waits import waiting_in

Asked = tuple[AsyncConnection[TupleRow], Names]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A message in a history, and why it stands there."""

    at: datetime
    direction: str | None
    who: str
    subject: str
    documents: tuple[str, ...]
    because: str
    message: UUID
    message_id: str

    def facts(self) -> dict[str, Any]:
        """Give the line's fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A message that waits for an answer."""

    since: datetime
    sender: str
    subject: str
    parties: tuple[str, ...]
    mailboxes: tuple[str, ...]
    message: UUID
    message_id: str
    conversation: UUID
    business_seconds: int
    due: datetime | None
    sla: str
    owner: str = ""

    def facts(self) -> dict[str, Any]:
        """Give the line's fields."""
        return asdict(self)


async def history_of(
    carteggio: Carteggio, text: str, time: datetime | None, limit: int
) -> tuple[str, list[HistoryLine], bool]:
    """Give the history of a party or document: its title, lines, and whether there are more."""
    async with carteggio.finding() as finder:
        asked = finder.connection, finder.names
        found = await finder.anything(text)
        if found.kind not in ("party", "document"):
            raise Rejected("NOT_FOUND", f"{text!r} is no party and no document")
        counted = await finder.counted(found.id)
        page = await timelines.timeline(
            *asked, EVERYTHING, counted, at=Page(first=limit), as_of=AsOf(time=time)
        )
        if counted != found.id:
            other = await finder.party(str(counted))
            found = replace(found, title=f"{found.title}, merged into {other.erp_id} {other.name}")
        lines = await _history_lines(asked, page.rows)
    return found.title, lines, page.has_next


async def _history_lines(asked: Asked, rows: Sequence[LinkRow]) -> list[HistoryLine]:
    ids = [row.message for row in rows]
    mails = await messages.by_ids(*asked, EVERYTHING, ids)
    to = await _readers_of(asked, ids)
    numbers = await _documents_of(asked, ids)
    return [
        HistoryLine(
            at=row.at,
            direction=row.direction,
            who=to.get(row.message, "") if row.direction == "outbound" else _writer(mail),
            subject=mail.subject,
            documents=numbers.get(row.message, ()),
            because=f"{row.rule or 'a person'} {row.place}".strip(),
            message=row.message,
            message_id=mail.header_id,
        )
        for row in rows
        if (mail := mails.get(row.message)) is not None
    ]


def _writer(mail: MessageRow) -> str:
    return mail.sender_name or mail.sender


async def _readers_of(asked: Asked, ids: Sequence[UUID]) -> dict[UUID, str]:
    people = await messages.participants_of(*asked, EVERYTHING, ids)
    return {
        id: ", ".join(one.name or one.address for one in found if one.role == "to")
        for id, found in people.items()
    }


async def _documents_of(asked: Asked, ids: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    linked = await links.documents_of(*asked, EVERYTHING, ids)
    every = {one for found in linked.values() for one in found}
    rows = await documents.by_ids(*asked, EVERYTHING, list(every))
    return {
        id: tuple(rows[one].called for one in found if one in rows) for id, found in linked.items()
    }


async def unanswered_lines(
    carteggio: Carteggio, time: datetime | None, limit: int
) -> tuple[list[WaitingLine], bool]:
    """Give what waits for an answer now, or at a time, the longest wait first."""
    async with carteggio.reading() as asked:
        page = await waiting_in(*asked, EVERYTHING, Page(first=limit), AsOf(time=time))
        lines = await waiting_lines(asked, page.rows, AsOf(time=time))
    return lines, page.has_next


async def waiting_lines(
    asked: Asked,
    rows: Sequence[Waiting],
    as_of: AsOf,
    owners: Mapping[UUID, str] = MappingProxyType({}),
) -> list[WaitingLine]:
    """Tell waits in lines, in their order; `owners` by the messages they began with."""
    ids = [row.message for row in rows]
    mails = await messages.by_ids(*asked, EVERYTHING, ids)
    boxes = {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
    partners = await _parties_of(asked, ids)
    due = await dues(asked, EVERYTHING, rows, as_of)
    return [
        WaitingLine(
            since=row.since,
            sender=_writer(mail),
            subject=mail.subject,
            parties=partners.get(row.message, ()),
            mailboxes=tuple(boxes.get(one, str(one)) for one in row.mailboxes),
            message=row.message,
            message_id=mail.header_id,
            conversation=row.conversation,
            business_seconds=int(due[row.message].age.total_seconds()),
            due=due[row.message].due,
            sla=due[row.message].standing.value,
            owner=owners.get(row.message, ""),
        )
        for row in rows
        if (mail := mails.get(row.message)) is not None
    ]


async def _parties_of(asked: Asked, ids: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    linked = await links.parties_of(*asked, EVERYTHING, ids)
    every = {one for found in linked.values() for one in found}
    rows = await parties.by_ids(*asked, EVERYTHING, list(every))
    return {
        id: tuple(f"{rows[one].erp_id} {rows[one].name}" for one in found if one in rows)
        for id, found in linked.items()
    }
