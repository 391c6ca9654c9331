"""Tags of messages, as they stand and stood: told to whoever sees the message."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import Composed

from domain.recorded import Recorded
from domain.tagging import MessageTagged, MessageUntagged, key_of
from projections.projection import Names, Projection, Rows, Table
from projections.reader import NOW, AsOf, Reader, columns_of, rows_of


@dataclass(slots=True)
class TagRow:
    """A tag that a message had over an interval of positions and of times; None: it has it.

    `rule` None: a person gave it.
    """

    message: UUID
    key: str
    tag: str
    rule: UUID | None
    actor_kind: str
    actor_id: str
    from_position: int
    to_position: int | None
    from_time: datetime
    to_time: datetime | None


TAG = Table(
    "message_tag",
    TagRow,
    key=("message", "key", "from_position"),
    indexes=("(key, message)",),
)


@dataclass(slots=True)
class State:
    """What a batch touches."""

    rows: Rows[TagRow] = field(default_factory=lambda: Rows(TAG))
    standing: dict[tuple[UUID, str], TagRow] = field(default_factory=dict)


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the tags of the messages that the batch tells of."""
    state = State()
    now = "message = ANY(%b) AND to_position IS NULL"
    for row in state.rows.fetch(connection, names, now, list({one.stream for one in batch})):
        state.standing[row.message, row.key] = row
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    event, message = recorded.event, recorded.stream
    if not isinstance(event, MessageTagged | MessageUntagged):
        return
    place = message, key_of(event.tag)
    if isinstance(event, MessageTagged):
        if place not in state.standing:
            state.standing[place] = state.rows.put(_row(recorded, event))
    elif (row := state.standing.pop(place, None)) is not None:
        row.to_position, row.to_time = recorded.position, recorded.envelope.at
        state.rows.put(row)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


def _row(recorded: Recorded, event: MessageTagged) -> TagRow:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    return TagRow(
        message=recorded.stream,
        key=key_of(event.tag),
        tag=event.tag,
        rule=event.rule,
        actor_kind=by.kind.value,
        actor_id=by.id,
        from_position=recorded.position,
        to_position=None,
        from_time=recorded.envelope.at,
        to_time=None,
    )


tags = Projection(
    "tags",
    version=1,
    tables=(TAG,),
    hears=(MessageTagged, MessageUntagged),
    load=load,
    fold=fold,
    flush=flush,
    uses=("message", "conversation_member"),
)

# ---- reading

_TAGGED: Final[LiteralString] = (
    " EXISTS (SELECT FROM {message_tag} t WHERE t.message = m.id AND t.key = %(tag)s"
    " AND t.to_position IS NULL)"
)
_TALK_TAGGED: Final[LiteralString] = (
    " EXISTS (SELECT FROM {message_tag} t JOIN {message} m ON m.id = t.message"
    " JOIN {conversation_member} c ON c.message = t.message"
    " WHERE c.conversation = w.conversation AND t.key = %(tag)s AND {then} AND {sees})"
)


def tagged(names: Names) -> Composed:
    """Give the predicate that a message `m` has the tag of the value `tag`, a key of `key_of`."""
    return names.sql(_TAGGED)


def talk_tagged(names: Names, reader: Reader, as_of: AsOf = NOW) -> Composed:
    """Give the predicate that a message of a wait's conversation, seen by the reader, has it."""
    given = replace(as_of, time=None) if as_of.position is not None else as_of
    then = given.held("from_time", "to_time", "t.")
    return names.sql(_TALK_TAGGED, then=then, sees=reader.sees("m.mailboxes"))


async def tags_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, list[TagRow]]:
    """Give the tags of messages that the reader sees, by their names."""
    query = names.sql(
        "SELECT {columns} FROM {message_tag} t JOIN {message} m ON m.id = t.message"
        " WHERE t.message = ANY(%(ids)s) AND t.to_position IS NULL AND {sees} ORDER BY t.key",
        columns=columns_of(TagRow, "t"),
        sees=reader.sees("m.mailboxes"),
    )
    values = {**reader.params(), "ids": list(messages)}
    found: dict[UUID, list[TagRow]] = {}
    for row in await rows_of(connection, TagRow, query, values):
        found.setdefault(row.message, []).append(row)
    return found


async def tag_counts(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[tuple[str, int]]:
    """Give each tag that messages have which the reader sees, with how many, by name."""
    query = names.sql(
        "SELECT min(t.tag), count(*) FROM {message_tag} t JOIN {message} m ON m.id = t.message"
        " WHERE t.to_position IS NULL AND {sees} GROUP BY t.key ORDER BY t.key",
        sees=reader.sees("m.mailboxes"),
    )
    found = await connection.execute(query, reader.params())
    return [(str(tag), int(count)) for tag, count in await found.fetchall()]
