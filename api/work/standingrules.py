"""The rules that stand by the last word in the log, whatever read models know."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from api.work.instance import Carteggio
from domain import mailrules
from domain.mailrules import RuleSaved, RuleState
from domain.values import Rejected
from projections.reader import text_key

# By an index of its own, on these names alone: however long the journal is, it is no search.
_STREAMS: Final = (
    "SELECT originator_id FROM stored_events WHERE topic IN ('rule.saved', 'rule.retired')"
    " GROUP BY originator_id ORDER BY min(notification_id)"
)


def rules_said(carteggio: Carteggio) -> dict[UUID, RuleSaved]:
    """Give what each rule says that is not retired, in the order in which they were first saved."""
    with carteggio.database.pool.connection() as connection:
        ids = [one for (one,) in connection.execute(_STREAMS)]
    rules = dict.fromkeys(ids, mailrules.initial)
    for one in carteggio.journal.streams(ids):
        rules[one.stream] = mailrules.evolve(rules[one.stream], one.event)
    return dict(_standing(rules))


def refuse_taken(rules: dict[UUID, RuleSaved], id: UUID, name: str) -> None:
    """Refuse a name that another rule has: people choose by it. Rejected (CONFLICT)."""
    key = text_key(" ".join(name.split()))
    if any(one != id and text_key(said.name) == key for one, said in rules.items()):
        do = "save it as a version of that one, or name it otherwise"
        raise Rejected("CONFLICT", f"name: there is a rule {name!r} already; {do}")


def _standing(rules: dict[UUID, RuleState]) -> Iterator[tuple[UUID, RuleSaved]]:
    for id, state in rules.items():
        if state.saved is not None and not state.retired:
            yield id, state.saved
