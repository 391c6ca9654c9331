"""What would follow where a rule holds: a sentence for each action, and nothing done."""

import json
from collections.abc import Mapping

from api.work.instance import Carteggio
from domain.mailfacts import Facts
from domain.mailrules import Rule
from domain.values import MessageId


async def effects_of(
    carteggio: Carteggio, rule: Rule, messages: Mapping[MessageId, Facts]
) -> dict[MessageId, tuple[str, ...]]:
    """Give what would be done with messages for which the rule applies."""
    del carteggio
    said = tuple(json.dumps(one, ensure_ascii=False) for one in rule.then)
    return dict.fromkeys(messages, said)
