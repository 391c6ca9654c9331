"""What is known around messages when rules act on them: who is away, whose what is, who does how much."""

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from api.work.instance import Carteggio
from domain.absence import Absence
from domain.attention import MessageHandedOver, MessageTaken
from domain.mailfacts import Facts, PartyFacts
from domain.permission import COLLEAGUE_ID, names_one_of
from domain.ruleplans import Around
from domain.values import ColleagueId, PartyId
from projections import company
from projections.absences import in_force
from projections.attention import attention_of
from projections.company import ColleagueRow, CompanyRow
from projections.projection import Names
from projections.reader import EVERYTHING
from projections.staffgroups import groups_now
from projections.threads import conversations_of
from projections.workload import answered_last, open_conversations

MANAGER: Final = "sales_manager"
"""The attribute of a party that names its sales manager, by address or ERP id."""
_SAYS_WHOSE: Final = ("message.handed_over", "message.taken")


@dataclass(frozen=True, slots=True)
class House:
    """What is known of the company for a stretch of work.

    `called` is what colleagues are called by in master data, `names` are those that are shown.
    """

    now: datetime
    called: Mapping[ColleagueId, Collection[str]]
    names: Mapping[UUID, str]
    absences: tuple[Absence, ...]
    groups: Mapping[UUID, tuple[ColleagueId, ...]]
    conversations: Mapping[UUID, UUID]
    owners: Mapping[UUID, ColleagueId]
    answered: Mapping[UUID, ColleagueId]
    owns: Mapping[ColleagueId, int]
    since: int
    """The position up to which all this is known; what rules did later is asked of the log."""
    later: dict[UUID, ColleagueId | None] = field(default_factory=dict)
    """Whose conversations became since then."""

    def around(self, facts: Facts) -> Around:
        """Give what is known around one message."""
        conversation = self.conversations.get(facts.message, facts.message)
        owner = self.owners.get(conversation)
        return Around(
            now=self.now,
            absences=self.absences,
            groups=self.groups,
            owns=self._owns(),
            parties=tuple(PartyId(one.id) for one in facts.parties),
            managers=tuple(dict.fromkeys(self._managers(facts.parties))),
            answered=self.answered.get(conversation),
            owner=self.later.get(conversation, owner),
        )

    def became(self, message: UUID, owner: ColleagueId | None) -> None:
        """Note whose a conversation is now."""
        self.later[self.conversations.get(message, message)] = owner

    def _owns(self) -> Mapping[ColleagueId, int]:
        counts = dict(self.owns)
        for conversation, owner in self.later.items():
            before = self.owners.get(conversation)
            for who, more in ((before, -1), (owner, 1)):
                if who is not None:
                    counts[who] = max(0, counts.get(who, 0) + more)
        return counts

    def _managers(self, parties: Iterable[PartyFacts]) -> Iterable[ColleagueId]:
        for party in parties:
            named = party.told(MANAGER).strip()
            if named:
                yield from (id for id, by in self.called.items() if names_one_of(named, by))


async def house(carteggio: Carteggio, messages: Sequence[UUID], now: datetime) -> House:
    """Look up what rules that act on these messages may ask."""
    since, taken = await asyncio.to_thread(_given_since, carteggio)
    async with carteggio.reading() as (connection, names):
        asked = connection, names, EVERYTHING
        people = await company.colleagues(*asked)
        firm = await company.description(*asked)
        conversations = await conversations_of(*asked, [*messages, *taken])
        found = _House(connection, names, list(dict.fromkeys(conversations.values())))
        called = {ColleagueId(one.id): _called(one, firm) for one in people}
        known = House(
            now=now,
            called=called,
            names={one.id: one.name or one.address for one in people},
            absences=tuple(one.absence for one in await in_force(*asked, now)),
            groups={
                one.id: tuple(map(ColleagueId, one.members)) for one in await groups_now(*asked)
            },
            conversations=conversations,
            owners=await found.owners(),
            answered=await found.answered(called),
            owns=await found.owns(called),
            since=since,
        )
    for message, owner in taken.items():
        known.became(message, owner)
    return known


@dataclass(frozen=True, slots=True)
class _House:
    connection: AsyncConnection[Any]
    names: Names
    conversations: list[UUID]

    async def owners(self) -> dict[UUID, ColleagueId]:
        asked = self.connection, self.names, EVERYTHING
        found = await attention_of(*asked, self.conversations)
        return {id: ColleagueId(one.owner) for id, one in found.items() if one.owner}

    async def answered(
        self, called: Mapping[ColleagueId, Collection[str]]
    ) -> dict[UUID, ColleagueId]:
        asked = self.connection, self.names, EVERYTHING
        found = await answered_last(*asked, self.conversations)
        whose = {name: id for id, names in called.items() for name in names if name}
        writers = (
            (id, next((whose[one] for one in keys if one in whose), None))
            for id, keys in found.items()
        )
        return {id: who for id, who in writers if who is not None}

    async def owns(self, people: Collection[ColleagueId]) -> dict[ColleagueId, int]:
        asked = self.connection, self.names, EVERYTHING
        found = await open_conversations(*asked, people)
        return {ColleagueId(id): count for id, count in found.items()}


def _called(one: ColleagueRow, firm: CompanyRow | None) -> Collection[str]:
    """Give what a colleague is called by, in lower case: address, aliases, ERP id."""
    own = firm.names_of(one.address_key) if firm else frozenset((one.address_key,))
    erp = str(json.loads(one.attributes or "{}").get(COLLEAGUE_ID, "")).casefold()
    return own | {erp} if erp else own


def _given_since(carteggio: Carteggio) -> tuple[int, dict[UUID, ColleagueId | None]]:
    """Give to whom messages were given that the read model does not know yet, and what it knows."""
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT position FROM projection WHERE active AND name = 'correspondence'"
        ).fetchone()
    since = int(row[0] or 0) if row else 0
    taken: dict[UUID, ColleagueId | None] = {}
    for one in carteggio.journal.read(since, names=_SAYS_WHOSE):
        if isinstance(one.event, MessageHandedOver):
            taken[one.stream] = one.event.to
        elif isinstance(one.event, MessageTaken):
            taken[one.stream] = one.event.colleague
    return since, taken
