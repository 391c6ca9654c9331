"""How what waits stands to its targets: judged for a page of waits, now or as of a moment."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.daysoff import business_time
from domain.businesstime import DAY, Opening
from domain.dueness import Dueness, dueness
from domain.inforce import Case, InForce, calendar_for, in_force, target_for
from domain.values import MailboxId
from projections import documents, links, parties
from projections.answeredbefore import answered_before
from projections.calendars import said
from projections.projection import Names
from projections.reader import NOW, AsOf, Reader
from projections.unanswered import Waiting

ALWAYS: Final = Opening("UTC", (((0, DAY),),) * 7)
"""Holds where no calendar does."""
Asked = tuple[AsyncConnection[TupleRow], Names]


async def dues(
    asked: Asked, reader: Reader, waits: Sequence[Waiting], as_of: AsOf = NOW
) -> dict[UUID, Dueness]:
    """Judge waits by what was in force then, by the messages they began with.

    A wait in several mailboxes is judged by the one in which it is due first.
    """
    at = as_of.time or datetime.now(UTC)
    now = in_force(await said(*asked, reader, as_of), at)
    again = await answered_before(*asked, reader, waits, as_of) if now.targets else set()
    cases = await _cases(asked, reader, waits, as_of) if now.targets else {}
    seen = None if reader.mailboxes is None else frozenset(reader.mailboxes)
    return {
        one.message: min(
            (
                _judged(now, one, case, at, first=one.message not in again)
                for case in cases.get(one.message) or [Case(MailboxId(x)) for x in one.mailboxes]
                if seen is None or case.mailbox in seen
            ),
            key=lambda found: (found.due is None, found.due),
        )
        for one in waits
    }


def _judged(now: InForce, wait: Waiting, case: Case, at: datetime, *, first: bool) -> Dueness:
    calendar, target = calendar_for(now, case.mailbox), target_for(now, case, first=first)
    time = business_time(ALWAYS, "", "")
    if calendar is not None:
        time = business_time(calendar.event.opening, calendar.event.country, calendar.event.region)
    if target is None:
        return dueness(time, wait.since, at, None, 0)
    seconds = (target.event.first if first else target.event.next) or 0
    return dueness(time, wait.since, at, timedelta(seconds=seconds), target.event.risk)


async def _cases(
    asked: Asked, reader: Reader, waits: Sequence[Waiting], as_of: AsOf
) -> dict[UUID, list[Case]]:
    """Tell what each wait is about, in each of its mailboxes."""
    ids = [one.message for one in waits]
    whose = await links.parties_of(*asked, reader, ids, as_of)
    about = await links.documents_of(*asked, reader, ids, as_of)
    people = await parties.by_ids(*asked, reader, _all(whose))
    papers = await documents.by_ids(*asked, reader, _all(about))
    found: dict[UUID, list[Case]] = {}
    for one in waits:
        said_of = [
            json.loads(people[id].attributes) for id in whose.get(one.message, ()) if id in people
        ]
        kinds = (papers[id].kind for id in about.get(one.message, ()) if id in papers)
        words = _words(said_of, "category"), frozenset(kind.casefold() for kind in kinds)
        priorities = _words(said_of, "priority")
        found[one.message] = [Case(MailboxId(x), *words, priorities) for x in one.mailboxes]
    return found


def _all(found: Mapping[UUID, Sequence[UUID]]) -> list[UUID]:
    return list({id for some in found.values() for id in some})


def _words(said_of: Sequence[Mapping[str, str]], name: str) -> frozenset[str]:
    words = (" ".join(one.get(name, "").split()).casefold() for one in said_of)
    return frozenset(filter(None, words))
