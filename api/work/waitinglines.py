"""What waits, as the command line tells it: line by line, or by groups."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api.work.answers import WaitingLine, waiting_lines
from api.work.instance import Carteggio
from api.work.supervising import Asked, summary, waits
from domain.waitgroups import ANY_WAIT, Group, GroupBy, Key, Wait, WaitsWanted
from projections import company, parties
from projections.reader import EVERYTHING, NOW, AsOf
from projections.waits import ALL_THAT_WAITS, WaitingFilter, waiting_of

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Question:
    """Which waits are asked for, as of when."""

    as_of: AsOf = NOW
    within: WaitingFilter = ALL_THAT_WAITS
    wanted: WaitsWanted = ANY_WAIT


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of waits; `id` is that of the colleague, mailbox or party, ages are in seconds."""

    name: str
    id: UUID | None
    waiting: int
    breached: int
    at_risk: int
    oldest: datetime
    median_seconds: int
    median_business_seconds: int

    def facts(self) -> dict[str, Any]:
        """Give the line's fields."""
        return asdict(self)


async def chosen_lines(
    carteggio: Carteggio, question: Question, order: str, limit: int
) -> tuple[list[WaitingLine], int]:
    """Give what waits in an order (oldest, newest, due), and how many there are in all."""
    async with carteggio.reading() as asked:
        as_of = question.as_of
        found = await waits(asked, EVERYTHING, as_of, question.within, question.wanted)
        found.sort(key=_due if order == "due" else _since, reverse=order == "newest")
        ids = [one.message for one in found[:limit]]
        rows = await waiting_of(*asked, EVERYTHING, ids, as_of)
        owners = await _people(asked)
        named = {one.message: owners.get(one.owner, "") for one in found[:limit] if one.owner}
        lines = await waiting_lines(asked, [rows[id] for id in ids if id in rows], as_of, named)
    return lines, len(found)


def _since(wait: Wait) -> tuple[object, ...]:
    return wait.since, wait.message


def _due(wait: Wait) -> tuple[object, ...]:
    return wait.due.due or _NEVER, wait.since, wait.message


async def group_lines(carteggio: Carteggio, question: Question, by: GroupBy) -> list[GroupLine]:
    """Give what waits by groups."""
    async with carteggio.reading() as asked:
        found = await summary(
            asked, EVERYTHING, by, question.as_of, question.within, question.wanted
        )
        named = await called(asked, by, [one.key for one in found])
    return [_group_line(one, named) for one in found]


def _group_line(group: Group, names: Mapping[Key, str]) -> GroupLine:
    key = group.key
    return GroupLine(
        name=names.get(key, "" if key is None else str(key)),
        id=key if isinstance(key, UUID) else None,
        waiting=group.count,
        breached=group.breached,
        at_risk=group.at_risk,
        oldest=group.oldest,
        median_seconds=int(group.median.total_seconds()),
        median_business_seconds=int((group.business_median or timedelta(0)).total_seconds()),
    )


async def _people(asked: Asked) -> dict[UUID, str]:
    return {
        one.id: one.name or one.address for one in await company.colleagues(*asked, EVERYTHING)
    }


async def called(asked: Asked, by: GroupBy, keys: Sequence[Key]) -> dict[Key, str]:
    """Give what the keys of groups are called."""
    match by:
        case GroupBy.OWNER | GroupBy.SALES_MANAGER:
            return dict((await _people(asked)).items())
        case GroupBy.MAILBOX:
            boxes = await company.mailboxes(*asked, EVERYTHING)
            return {one.id: one.address for one in boxes}
        case GroupBy.PARTY:
            ids = [one for one in keys if isinstance(one, UUID)]
            rows = await parties.by_ids(*asked, EVERYTHING, ids)
            return {id: f"{row.erp_id} {row.name}" for id, row in rows.items()}
        case _:
            return {key: str(key).replace("_", " ") for key in keys if key}
