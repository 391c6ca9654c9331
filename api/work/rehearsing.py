"""A rule is rehearsed: asked about mail that came, without acting.

    stretch of mail ──portions──▶ facts ──▶ earlier rules that stop, then the rule ──▶ what would follow

Nothing is recorded, and nothing kept in memory but the portion at hand. It rests on what was recorded up
to a position, so one that is cut off goes on as if it had not been.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from api.work.instance import Carteggio
from api.work.mailfacts import Knowledge, Known, knowledge
from api.work.mailrules import ready, rule_of
from api.work.rehearsedeffects import effects_of
from api.work.ruleactions import check_actions
from domain.mailfacts import Facts
from domain.mailrules import Asked, Rule, RuleSaved, asked
from domain.values import MessageId
from projections.mailrules import RuleRow, rules_now
from projections.reader import EVERYTHING, Reader
from projections.stretches import Place, Stretch, StretchRow, length_of, stretch_of

AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule, asked about a message: `effects` are what would follow, a sentence for each action.

    `told` is False where the evidence quotes what the reader may not see.
    """

    message: StretchRow
    asked: Asked
    effects: tuple[str, ...] = ()
    told: bool = True

    @property
    def explanation(self) -> tuple[str, ...]:
        """Give why each condition held or did not."""
        lines = self.asked.held.lines
        return tuple(str(one if self.told else replace(one, evidence="")) for one in lines)


@dataclass(slots=True)
class Tally:
    """What came of a rehearsal so far: of how many messages, and what would follow how often."""

    asked: int = 0
    held: int = 0
    applies: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    prevented: Counter[str] = field(default_factory=Counter)

    def add(self, trial: Trial) -> None:
        """Count one."""
        self.asked += 1
        self.held += trial.asked.held.holds
        self.applies += trial.asked.applies
        self.effects.update(trial.effects)
        if trial.asked.held.holds and trial.asked.prevented_by is not None:
            self.prevented[trial.asked.prevented_by.name] += 1


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rule with those that may stop before it, about to be asked about a stretch of mail."""

    carteggio: Carteggio
    rules: tuple[Rule, ...]
    stretch: Stretch
    known: Knowledge
    reader: Reader

    @property
    def rule(self) -> Rule:
        """Give the rule that is rehearsed."""
        return self.rules[-1]

    async def length(self) -> int:
        """Count the messages that are asked about."""
        async with self.carteggio.reading() as read:
            return await length_of(*read, self.reader, self.stretch, self.known.upto)

    async def portions(
        self, after: Place | None = None, at_once: int = AT_ONCE
    ) -> AsyncGenerator[list[Trial], None]:
        """Ask about the mail after a place, portion by portion, the oldest first."""
        place = after
        while rows := await self._next(place, at_once):
            place = rows[-1].place
            yield await self._asked(rows)
            if len(rows) < at_once:
                return

    async def _next(self, after: Place | None, limit: int) -> list[StretchRow]:
        async with self.carteggio.reading() as read:
            return await stretch_of(
                *read, self.reader, self.stretch, self.known.upto, after, limit
            )

    async def _asked(self, rows: Sequence[StretchRow]) -> list[Trial]:
        ids = [MessageId(row.id) for row in rows]
        facts = await asyncio.to_thread(self.known.facts_of, ids)
        answers = await asyncio.to_thread(self._answers, facts)
        applying = {id: facts[id] for id, one in answers.items() if one.applies}
        effects = await effects_of(self.carteggio, self.rule, applying)
        return [
            Trial(row, answers[id], effects.get(id, ()), told=self._told(row))
            for row, id in zip(rows, ids, strict=True)
            if id in answers
        ]

    def _answers(self, facts: dict[MessageId, Facts]) -> dict[MessageId, Asked]:
        return {id: asked(self.rules, one)[-1] for id, one in facts.items()}

    def _told(self, row: StretchRow) -> bool:
        """Say whether all copies may be seen: facts tell of all of them."""
        seen = self.reader.mailboxes
        return seen is None or set(row.mailboxes) <= set(seen)


async def rehearsal(
    carteggio: Carteggio,
    id: UUID | None,
    wanted: RuleSaved,
    stretch: Stretch,
    known: Known = Known.THEN,
    *,
    reader: Reader = EVERYTHING,
    upto: int | None = None,
) -> Rehearsal:
    """Prepare to ask a rule, saved (`id`) or not, about a stretch of mail that the reader sees.

    Rejected (INVALID) where it is no rule. Those that are in force now stand before it.
    """
    rule = rule_of(id or UUID(int=0), wanted)
    await asyncio.to_thread(check_actions, carteggio, rule)
    async with carteggio.reading() as read:
        rows = await rules_now(*read, EVERYTHING)
    earlier = (one for one in ready(_before(rows, id, wanted.order)) if one.stops)
    asked_of = await knowledge(carteggio, known, upto)
    return Rehearsal(carteggio, (*earlier, rule), stretch, asked_of, reader)


def _before(rows: Sequence[RuleRow], id: UUID | None, order: int) -> list[RuleRow]:
    """Give the rules that are asked before one of this order; a new one comes last in its place."""
    own = next((row.made for row in rows if row.rule == id), None)
    return [
        row
        for row in rows
        if row.rule != id
        and (row.place < order or (row.place == order and (own is None or row.made < own)))
    ]
