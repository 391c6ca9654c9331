"""Rules about mail: every version, and until when each rule was asked."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.classes import dataclass
from domain.mailrules import RuleRetired, RuleSaved
from domain.recorded import Recorded
from domain.values import MailboxId
from projections.projection import Names, Projection, Rows, Table
from projections.reader import NOW, AsOf, Reader, columns_of, rows_of, text_key


@dataclass(slots=True)
class RuleRow:
    """A version of a rule, as it held from `position` until before `until` (None: it holds).

    `at` and `ended` are the recorded times of that; `retired`: it ended since the rule was retired.
    `made` is the position of the rule's first version; `condition` and `actions` are JSON.
    """

    rule: UUID
    version: int
    position: int
    until: int | None
    at: datetime
    ended: datetime | None
    retired: bool
    made: int
    actor_kind: str
    actor_id: str
    place: int
    enabled: bool
    mailbox: UUID | None
    name: str
    name_key: str
    condition: str
    actions: str
    note: str

    @property
    def saved(self) -> RuleSaved:
        """Give what it says."""
        return RuleSaved(
            version=self.version,
            order=self.place,
            enabled=self.enabled,
            mailbox=None if self.mailbox is None else MailboxId(self.mailbox),
            name=self.name,
            when=self.condition,
            then=self.actions,
            note=self.note,
        )


RULE = Table("rule_version", RuleRow, key=("rule", "version"))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    versions: Rows[RuleRow] = field(default_factory=lambda: Rows(RULE))
    last: dict[UUID, RuleRow] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the versions of the rules that the batch changes."""
    state = State()
    streams = list({one.stream for one in batch})
    for row in state.versions.fetch(connection, names, "rule = ANY(%b)", streams):
        if row.rule not in state.last or state.last[row.rule].version < row.version:
            state.last[row.rule] = row
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    before = state.last.get(recorded.stream)
    match recorded.event:
        case RuleSaved() as event:
            row = _row(recorded, event, before)
            if before is not None:
                _end(state, before, recorded)
            state.last[recorded.stream] = state.versions.put(row)
        case RuleRetired() if before is not None:
            before.retired = True
            _end(state, before, recorded)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.versions.flush(connection, names)


def _end(state: State, row: RuleRow, recorded: Recorded) -> None:
    row.until, row.ended = recorded.position, recorded.recorded_at
    state.versions.put(row)


def _row(recorded: Recorded, event: RuleSaved, before: RuleRow | None) -> RuleRow:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return RuleRow(
        rule=recorded.stream,
        version=event.version,
        position=recorded.position,
        until=None,
        at=recorded.recorded_at,
        ended=None,
        retired=False,
        made=before.made if before else recorded.position,
        actor_kind=by.kind.value,
        actor_id=by.id,
        place=event.order,
        enabled=event.enabled,
        mailbox=event.mailbox,
        name=event.name,
        name_key=text_key(event.name),
        condition=event.when,
        actions=event.then,
        note=event.note,
    )


mailrules = Projection(
    "mailrules",
    version=1,
    tables=(RULE,),
    hears=(RuleSaved, RuleRetired),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def rules_now(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    as_of: AsOf = NOW,
    *,
    retired: bool = False,
) -> list[RuleRow]:
    """Give the rules in the order in which they are asked, now or by what was known at a position.

    Of those of one mailbox only who sees that is told. On wish with those that are retired.
    """
    query = names.sql(
        "SELECT {columns} FROM {rule_version} r WHERE {began} AND ({holds}"
        " OR (r.retired AND %(retired)s)) AND (r.mailbox IS NULL OR {sees})"
        " ORDER BY r.place, r.made, r.rule",
        columns=columns_of(RuleRow, "r"),
        began=SQL(
            "coalesce(r.position <= %(position)s::int8, true)"
            " AND coalesce(r.at <= %(time)s::timestamptz, true)"
        ),
        holds=SQL(
            "r.until IS NULL OR r.until > %(position)s::int8 OR r.ended > %(time)s::timestamptz"
        ),
        sees=reader.sees("ARRAY[r.mailbox]"),
    )
    values = {"position": as_of.position, "time": as_of.time, "retired": retired}
    return await rows_of(connection, RuleRow, query, {**reader.params(), **values})


async def versions_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, rules: Sequence[UUID]
) -> dict[UUID, list[RuleRow]]:
    """Give every version of rules, the newest first."""
    query = names.sql(
        "SELECT {columns} FROM {rule_version} r WHERE r.rule = ANY(%(ids)s)"
        " AND (r.mailbox IS NULL OR {sees}) ORDER BY r.rule, r.version DESC",
        columns=columns_of(RuleRow, "r"),
        sees=reader.sees("ARRAY[r.mailbox]"),
    )
    found: dict[UUID, list[RuleRow]] = {}
    values = {**reader.params(), "ids": list(rules)}
    for row in await rows_of(connection, RuleRow, query, values):
        found.setdefault(row.rule, []).append(row)
    return found
