"""What would follow where a rule applies: a sentence for each action; nobody is drawn, nothing done.

Who is away, and who stands in, is told as of when the mail came; groups, whose conversations are and how
many somebody has are those of now.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from api.work.instance import Carteggio
from api.work.ruleactions import acts_of
from api.work.rulearound import House, house
from domain.mailfacts import Facts
from domain.mailrules import Rule
from domain.ruleactions import ASSIGNS, Act, Done
from domain.ruleplans import Around, planned
from domain.rulewords import may_be_given, told
from domain.values import MessageId
from projections.absences import in_force
from projections.reader import EVERYTHING


async def effects_of(
    carteggio: Carteggio, rule: Rule, messages: Mapping[MessageId, Facts]
) -> dict[MessageId, tuple[str, ...]]:
    """Give what would be done with messages for which the rule applies."""
    if not messages:
        return {}
    acts = await asyncio.to_thread(acts_of, carteggio, rule)
    if not any(one.kind in ASSIGNS for one in acts):
        return dict.fromkeys(messages, _said(acts, None, {}))
    known = await house(carteggio, list(messages), datetime.now(UTC))
    around = await _as_it_was(carteggio, known, messages)
    return {id: _said(acts, around[id], known.names) for id in messages}


async def _as_it_was(
    carteggio: Carteggio, known: House, messages: Mapping[MessageId, Facts]
) -> dict[MessageId, Around]:
    found: dict[MessageId, Around] = {}
    async with carteggio.reading() as (connection, names):
        for id, facts in messages.items():
            away = await in_force(connection, names, EVERYTHING, facts.at)
            absences = tuple(one.absence for one in away)
            found[id] = replace(known.around(facts), now=facts.at, absences=absences)
    return found


def _said(
    acts: Sequence[Act], around: Around | None, names: Mapping[UUID, str]
) -> tuple[str, ...]:
    return tuple(_effect(one, around, names) for one in acts)


def _effect(act: Act, around: Around | None, names: Mapping[UUID, str]) -> str:
    if act.kind not in ASSIGNS or around is None:
        return told(act, Done(act.kind), names)
    plan = planned(act, around)
    return told(act, plan.done, names) if plan.done else may_be_given(plan, names)
