"""How soon mail was answered, by person, mailbox, party and month."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.daysoff import business_time
from api.work.attention import staff
from api.work.dues import ALWAYS
from domain.businesstime import BusinessTime
from domain.calendars import CalendarsEvent
from domain.inforce import Said, calendar_for, in_force
from domain.responsetimes import Episode, Responses, ResponsesBy, Span, statistics
from domain.values import MailboxId
from projections import company, links, parties
from projections.calendars import said
from projections.projection import Names
from projections.reader import EVERYTHING, NOW, AsOf, Reader
from projections.responsetimes import Responded, waits_between

Asked = tuple[AsyncConnection[TupleRow], Names]


async def response_times(
    asked: Asked, reader: Reader, by: ResponsesBy, span: Span, as_of: AsOf = NOW
) -> list[Responses]:
    """Give the figures of a span, of the mail that the reader sees; raises Rejected (`Span.until`)."""
    span = span.until(as_of.time or datetime.now(UTC))
    rows = await waits_between(*asked, reader, span.begins, span.ends, as_of)
    offices = _Offices(await said(*asked, reader, as_of), as_of.time or datetime.now(UTC))
    ids = [row.message for row in rows]
    whose = await links.parties_of(*asked, reader, ids, as_of) if by is ResponsesBy.PARTY else {}
    seen = await parties.by_ids(*asked, reader, list({id for x in whose.values() for id in x}))
    there, addresses = await staff(asked, as_of), await _addresses(asked)

    def figures() -> list[Responses]:
        episodes = []
        for row in rows:
            boxes = tuple(
                one for one in row.mailboxes if reader.mailboxes is None or one in reader.mailboxes
            )
            people = tuple(one for one in whose.get(row.message, ()) if one in seen)
            who = addresses.get(row.by.casefold()) if row.answered else there.person(boxes)
            episodes.append(_episode(row, boxes, who, people, offices))
        return statistics(episodes, by, span)

    return await asyncio.to_thread(figures)


def _episode(
    row: Responded,
    boxes: tuple[UUID, ...],
    who: UUID | None,
    people: tuple[UUID, ...],
    offices: "_Offices",
) -> Episode:
    took = offices.of(boxes[0], row.until).business_between(row.since, row.until or row.since)
    return Episode(row.since, row.until, row.answered, row.first, took, boxes, who, people)


class _Offices:
    """Which calendar held for a mailbox when something was answered."""

    def __init__(self, words: Sequence[Said[CalendarsEvent]], now: datetime) -> None:
        self._words, self._now = words, now

    def of(self, mailbox: UUID, at: datetime | None) -> BusinessTime:
        """Give what counts the time there."""
        held = calendar_for(in_force(self._words, at or self._now), MailboxId(mailbox))
        if held is None:
            return business_time(ALWAYS, "", "")
        return business_time(held.event.opening, held.event.country, held.event.region)


async def _addresses(asked: Asked) -> Mapping[str, UUID]:
    """Give whose addresses and aliases these are."""
    people = {one.address_key: one.id for one in await company.colleagues(*asked, EVERYTHING)}
    firm = await company.description(*asked, EVERYTHING)
    aliases: dict[str, str] = json.loads(firm.aliases) if firm else {}
    named = {of.casefold(): one.casefold() for of, one in aliases.items()}
    return {of: people[one] for of, one in named.items() if one in people} | people
