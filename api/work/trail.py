"""What happened to an object, for the command line: each entry with the words that name others."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from api.work.finding import Finder, Found
from api.work.instance import Carteggio
from domain.identity import account_id
from domain.values import MailboxId
from projections import company, documents, messages, parties
from projections.reader import EVERYTHING, AsOf, Page
from projections.trail import EntryRow
from projections.trails import trail_of

_NAMES_OTHERS: Final = ("target", "mailbox", "into", "party")


@dataclass(frozen=True, slots=True)
class TrailLine:
    """An entry of an object's trail, and the other objects that it is about, in words."""

    entry: EntryRow
    about: str

    def facts(self) -> dict[str, Any]:
        """Give the line's fields."""
        entry = {name: getattr(self.entry, name) for name in EntryRow.__slots__}
        return {**entry, "about": self.about}


async def trail_lines(
    carteggio: Carteggio, text: str, time: datetime | None, limit: int
) -> tuple[str, list[TrailLine], bool]:
    """Give what happened to an object, the oldest first: its title, and whether there is more."""
    async with carteggio.finding() as finder:
        found = await finder.anything(text)
        rows, more = await _entries(finder, found, Page(first=limit), AsOf(time=time))
        others = [tuple(_others(row, found.id)) for row in rows]
        words = await _words(finder, set(chain.from_iterable(others)))
    about = (", ".join(words[id] for id in one if id in words) for one in others)
    lines = [TrailLine(*pair) for pair in zip(rows, about, strict=True)]
    return f"{found.kind} {found.title}", lines, more


async def _entries(
    finder: Finder, found: Found, page: Page, as_of: AsOf
) -> tuple[Sequence[EntryRow], bool]:
    """Give the entries of an object; a mailbox's account is a stream of its own."""
    ids = [found.id]
    if found.kind == "mailbox":
        ids.append(account_id(finder.key, MailboxId(found.id)))
    asked = finder.connection, finder.names, EVERYTHING
    parts = [await trail_of(*asked, id, page, as_of, manager=EVERYTHING) for id in ids]
    every = {row.position: row for part in parts for row in part.rows}
    rows = [every[position] for position in sorted(every)]
    more = len(rows) > page.first or any(part.has_next for part in parts)
    return rows[: page.first], more


def _others(entry: EntryRow, own: UUID) -> Iterator[UUID]:
    """Give the objects besides `own` that an entry is about."""
    data = json.loads(entry.data or "{}")
    named = (UUID(data[name]) for name in _NAMES_OTHERS if data.get(name))
    yield from (id for id in (entry.stream, *named) if id != own)


async def _words(finder: Finder, ids: Collection[UUID]) -> dict[UUID, str]:
    asked = finder.connection, finder.names, EVERYTHING
    mails = await messages.by_ids(*asked, list(ids))
    partners = await parties.by_ids(*asked, list(ids))
    papers = await documents.by_ids(*asked, list(ids))
    boxes = await company.mailboxes(*asked)
    return {
        **{id: mail.subject or "(no subject)" for id, mail in mails.items()},
        **{id: f"{one.erp_id} {one.name}" for id, one in partners.items()},
        **{id: f"{one.kind} {one.called}" for id, one in papers.items()},
        **{one.id: one.address for one in boxes},
    }
