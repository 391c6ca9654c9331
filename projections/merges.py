"""Which parties count as another one, because somebody merged them."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg import Connection as Filling
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.merging import PartyMerged, PartyMergeUndone
from domain.recorded import Recorded
from projections.projection import Names, Projection, Rows, Table
from projections.reader import (
    FIRST_PAGE,
    NOW,
    AsOf,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    slice_of,
)


@dataclass(slots=True)
class MergeRow:
    """A party is merged into another over an interval of positions, and by whose word."""

    party: UUID
    into_party: UUID
    note: str
    actor_kind: str
    actor_id: str
    at: datetime
    from_position: int
    to_position: int | None = None


_STANDING: LiteralString = "to_position IS NULL"
MERGE = Table(
    "merge",
    MergeRow,
    key=("party", "from_position"),
    indexes=(f"(party) WHERE {_STANDING}",),
    late=("(into_party)",),
)


@dataclass(slots=True)
class State:
    """What stands of the merges that a batch touches, by party."""

    rows: Rows[MergeRow] = field(default_factory=lambda: Rows(MERGE))
    standing: dict[UUID, MergeRow] = field(default_factory=dict)


def load(connection: Filling[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read what stands of the batch's parties."""
    state, query = State(), f"party = ANY(%b) AND {_STANDING}"
    found = state.rows.fetch(connection, names, query, list({one.stream for one in batch}))
    state.standing = {row.party: row for row in found}
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    standing = state.standing.pop(recorded.stream, None)
    if standing is not None:
        standing.to_position = recorded.position
        state.rows.put(standing)
    if isinstance(recorded.event, PartyMerged):
        by = recorded.envelope.on_behalf_of or recorded.envelope.actor
        row = MergeRow(
            party=recorded.stream,
            into_party=recorded.event.into,
            note=recorded.event.note,
            actor_kind=by.kind.value,
            actor_id=by.id,
            at=recorded.recorded_at,
            from_position=recorded.position,
        )
        state.standing[row.party] = state.rows.put(row)


def flush(connection: Filling[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


merges = Projection(
    "merges",
    version=1,
    tables=(MERGE,),
    hears=(PartyMerged, PartyMergeUndone),
    load=load,
    fold=fold,
    flush=flush,
    uses=("party",),
)

# ---- reading

Connection = AsyncConnection[TupleRow]
NEWEST_FIRST = Order("merges.newest", ("m.at", "m.party"))

_LEADS: LiteralString = (
    "WITH RECURSIVE way (asked, party) AS (SELECT id, id FROM unnest(%(ids)s::uuid[]) AS id"
    " UNION SELECT way.asked, m.into_party FROM way JOIN {merge} m ON m.party = way.party"
    " WHERE {known}) SELECT way.asked, way.party FROM way JOIN {party} p ON p.id = way.party"
    " WHERE way.asked <> way.party AND {cleared} AND NOT EXISTS"
    " (SELECT FROM {merge} m WHERE m.party = way.party AND {known})"
)
_COUNT_AS: LiteralString = (
    "WITH RECURSIVE way (asked, party) AS (SELECT id, id FROM unnest(%(ids)s::uuid[]) AS id"
    " UNION SELECT way.asked, m.party FROM way JOIN {merge} m ON m.into_party = way.party"
    " WHERE {known}) SELECT way.asked, way.party FROM way JOIN {party} p ON p.id = way.party"
    ' WHERE way.asked <> way.party AND {cleared} ORDER BY p.name_key COLLATE "C", p.id'
)


async def survivors_of(
    connection: Connection,
    names: Names,
    reader: Reader,
    parties: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, UUID]:
    """Give of each merged party the one it counts as, now or by what was known at a position."""
    query = names.sql(
        _LEADS, known=as_of.known_of("m."), cleared=reader.cleared("p.privacy_level")
    )
    values = {**reader.params(), "ids": list(parties), "position": as_of.position}
    return dict(await (await connection.execute(query, values)).fetchall())


async def survivor_of(
    connection: Connection, names: Names, reader: Reader, party: UUID, as_of: AsOf = NOW
) -> UUID:
    """Give the party as which one counts: itself, unless it is merged; anything else as it is."""
    found = await survivors_of(connection, names, reader, [party], as_of)
    return found.get(party, party)


async def duplicates_of(
    connection: Connection, names: Names, reader: Reader, parties: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Give the parties that count as each of these, by name; those merged into them in turn, too."""
    query = names.sql(
        _COUNT_AS, known=NOW.known_of("m."), cleared=reader.cleared("p.privacy_level")
    )
    cursor = await connection.execute(query, {**reader.params(), "ids": list(parties)})
    found: dict[UUID, list[UUID]] = {}
    async for party, duplicate in cursor:
        found.setdefault(party, []).append(duplicate)
    return found


async def page(
    connection: Connection, names: Names, reader: Reader, at: Page = FIRST_PAGE
) -> Slice[MergeRow]:
    """Give what is merged into what, the newest first, as far as both parties may be seen."""
    hidden = names.sql(
        "EXISTS (SELECT FROM {party} p WHERE p.id IN (m.party, m.into_party) AND NOT {cleared})",
        cleared=reader.cleared("p.privacy_level"),
    )
    source = names.sql(
        "FROM {merge} m WHERE {known} AND NOT {hidden}", known=NOW.known_of("m."), hidden=hidden
    )
    columns = columns_of(MergeRow, "m")
    return await slice_of(connection, MergeRow, columns, source, NEWEST_FIRST, at, reader.params())
