"""Rules about mail as people and programs have them: saved, ordered, retired; and ready to be asked."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from adapters.patterns import pattern
from api.work.instance import Carteggio
from api.work.ruleactions import check_actions, check_circles
from api.work.standingrules import refuse_taken, rules_said
from domain import mailrules as stream
from domain.conditions import Condition
from domain.conditiontrees import read_condition, refuse_vain
from domain.identity import rule_id
from domain.labels import label
from domain.mailrules import Action, OrderRule, RetireRule, Rule, RuleSaved, SaveRule
from domain.recorded import Envelope
from domain.values import Rejected
from projections.mailrules import RuleRow, rules_now
from projections.projection import Names
from projections.reader import EVERYTHING, NOW, AsOf, Reader

MOST_ACTIONS: Final = 20
STEP: Final = 10
"""So far apart new rules are placed."""
Asked = tuple[AsyncConnection[TupleRow], Names]


def new_rule(carteggio: Carteggio, command_id: str) -> UUID:
    """Give the id of the rule that a command saves first: the same for the same command."""
    return rule_id(carteggio.company, command_id)


def written(tree: object) -> str:
    """Write a condition's tree, or a list of actions, as it is kept."""
    try:
        text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except (ValueError, RecursionError) as wrong:
        raise Rejected("INVALID", "a rule is too deep, or holds half a character") from wrong
    return text


def check_rule(wanted: RuleSaved) -> None:
    """Refuse what is no rule: Rejected (INVALID), with the place in condition or actions."""
    stream.check(replace(wanted, name=label(wanted.name)))
    refuse_vain(condition_in(wanted.when))
    actions_in(wanted.then)


def places(orders: Sequence[int]) -> list[int]:
    """Give the places of some rules in ascending order, all different."""
    found: list[int] = []
    for one in sorted(orders):
        found.append(max(one, found[-1] + 1) if found else one)
    return found


async def next_order(asked: Asked) -> int:
    """Give the place after all rules, with room between."""
    rows = await rules_now(*asked, EVERYTHING)
    return min(max((row.place for row in rows), default=0) + STEP, stream.MOST_ORDER)


def first_order(carteggio: Carteggio, id: UUID) -> int | None:
    """Give the order with which a rule was first saved, whatever read models know; None: never."""
    said = (one.event for one in carteggio.journal.stream(id))
    return next((one.order for one in said if isinstance(one, RuleSaved)), None)


def save_rule(
    carteggio: Carteggio,
    id: UUID,
    wanted: RuleSaved,
    envelope: Envelope,
    based_on: int | None = None,
    *,
    keeps_place: bool = False,
    reader: Reader = EVERYTHING,
) -> int | None:
    """Save a rule's next version; give the position, None if it says the same already.

    If it `keeps_place`, the order counts of a new rule alone. Raises Rejected: INVALID with the place
    of what is wrong; CONFLICT: another rule has its name; CIRCLE, which names the rules by which mail
    would go round as far as the `reader` manages them.
    """
    wanted = replace(wanted, name=label(wanted.name))
    check_rule(wanted)
    rule = rule_of(id, wanted)
    check_actions(carteggio, rule)

    def still(_connection: Connection[TupleRow], _events: Sequence[object]) -> None:
        # Nobody else records now: of two with one name, or by which mail would go round, one is refused.
        rules = rules_said(carteggio)
        refuse_taken(rules, id, wanted.name)
        if wanted.enabled:
            others = [rule_of(one, said) for one, said in rules.items() if said.enabled]
            check_circles(carteggio, rule, others, reader)

    command = SaveRule(wanted, based_on, keeps_place)
    return carteggio.journal.record(id, stream, command, envelope, also=still)


def order_rule(carteggio: Carteggio, id: UUID, order: int, envelope: Envelope) -> int | None:
    """Let a rule be asked at another place; give the position, None if it is there."""
    return carteggio.journal.record(id, stream, OrderRule(order), envelope)


def retire_rule(carteggio: Carteggio, id: UUID, note: str, envelope: Envelope) -> int | None:
    """Ask a rule no more; give the position, None if it is retired already."""
    return carteggio.journal.record(id, stream, RetireRule(note), envelope)


# ---- rules that are asked


def condition_in(text: str) -> Condition:
    """Read a condition as it is kept; Rejected (INVALID) says what is wrong, and where."""
    return _condition(text)


@lru_cache(maxsize=1_000)
def _condition(text: str) -> Condition:
    return read_condition(_json(text, "when"), pattern)


def actions_in(text: str) -> tuple[Action, ...]:
    """Read the actions as they are kept; Rejected (INVALID) says what is wrong, and where."""
    said = _json(text, "then")
    if not isinstance(said, list) or not 1 <= len(said) <= MOST_ACTIONS:
        raise Rejected("INVALID", f"then: a list of 1 to {MOST_ACTIONS} actions is needed")
    for at, one in enumerate(said):
        if not isinstance(one, dict) or not isinstance(one.get("kind"), str):
            raise Rejected("INVALID", f'then[{at}]: an action is needed, as {{"kind": "stop"}}')
    return tuple(said)


def _json(text: str, place: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Rejected("INVALID", f"{place}: it is no JSON: {wrong}") from wrong


def standing(carteggio: Carteggio) -> list[Rule]:
    """Give the rules that are switched on by the last word in the log, whatever read models know."""
    said = rules_said(carteggio).items()
    return [rule_of(id, saved) for id, saved in said if saved.enabled]


def rule_of(id: UUID, saved: RuleSaved) -> Rule:
    """Make a version of a rule ready to be asked."""
    return Rule(
        id=id,
        version=saved.version,
        order=saved.order,
        mailbox=saved.mailbox,
        name=saved.name,
        when=condition_in(saved.when),
        then=actions_in(saved.then),
    )


async def rules_in_force(
    carteggio: Carteggio, reader: Reader = EVERYTHING, as_of: AsOf = NOW
) -> list[Rule]:
    """Give the rules that are asked, in their order."""
    async with carteggio.reading() as asked:
        rows = await rules_now(*asked, reader, as_of)
    return ready(rows)


def ready(rows: Sequence[RuleRow]) -> list[Rule]:
    """Make the rules that are switched on ready to be asked, in the order of the rows."""
    return [rule_of(row.rule, row.saved) for row in rows if row.enabled]
