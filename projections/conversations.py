"""Which messages belong to one conversation: those that are joined, directly or not.

Messages that name a common ancestor are joined, also when it was never seen (RFC 5256, REFERENCES);
so is one that was found to go on with another. A conversation bears the id of the message that it
began with; ids that were absorbed lead on to it. Grouping is a union of sets, so the order in which
mail was captured does not matter.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain.content import Content
from domain.matching import own_ids
from domain.message import Further, MessageReceived, MessageThreaded
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections.projection import Names, Rows, Table
from projections.reader import NOW, AsOf, Reader, columns_of, rows_of


@dataclass(slots=True)
class Node:
    """A Message-ID that was seen or named; `ref` is its hash."""

    ref: UUID
    conversation: UUID


@dataclass(slots=True)
class Member:
    """A message in its conversation, from a position on."""

    message: UUID
    conversation: UUID
    at: datetime
    from_position: int
    to_position: int | None = None
    refs: list[UUID] = field(default_factory=list)
    """What joins it to others by what it says."""
    found: list[UUID] = field(default_factory=list)
    """What joins it to others as they were found to go on with each other."""

    @property
    def names(self) -> set[UUID]:
        """Give all that joins it to others."""
        return {*self.refs, *self.found}


@dataclass(slots=True)
class Alias:
    """An id that a conversation had before it was joined to another, or began earlier."""

    id: UUID
    conversation: UUID


NODE = Table("conversation_node", Node, key=("ref",), indexes=("(conversation)",))
MEMBER = Table(
    "conversation_member",
    Member,
    key=("message", "from_position"),
    indexes=("(conversation, at)", "(message) WHERE to_position IS NULL"),
)
ALIAS = Table("conversation_alias", Alias, key=("id",), indexes=("(conversation)",))
TABLES = (NODE, MEMBER, ALIAS)


@dataclass(slots=True)
class Groups:
    """Conversations in memory; each of them is there with all its members, names and aliases."""

    nodes: Rows[Node] = field(default_factory=lambda: Rows(NODE))
    members: Rows[Member] = field(default_factory=lambda: Rows(MEMBER))
    aliases: Rows[Alias] = field(default_factory=lambda: Rows(ALIAS))
    refs_of: dict[UUID, set[UUID]] = field(default_factory=dict)
    members_of: dict[UUID, dict[UUID, Member]] = field(default_factory=dict)
    conversation_of: dict[UUID, UUID] = field(default_factory=dict)
    aliases_of: dict[UUID, set[UUID]] = field(default_factory=dict)

    def member(self, message: UUID) -> Member | None:
        """Give a message's present membership."""
        conversation = self.conversation_of.get(message)
        return None if conversation is None else self.members_of[conversation][message]


@lru_cache(maxsize=1 << 15)
def ref(message_id: str) -> UUID:
    """Give the hash under which a Message-ID is kept: ids of 15 KB exist, an index bears no such."""
    return UUID(bytes=hashlib.blake2b(message_id.encode(), digest_size=16).digest())


def refs(message: UUID, content: Content) -> set[UUID]:
    """Give what joins a message to others: its own id and those it refers to.

    RFC 5256 takes References, or else the first id of In-Reply-To. A machine's notice belongs to
    the message it concerns; certified mail has a second id, given by its sender (RFC 6109).
    """
    named = content.references or content.in_reply_to[:1]
    passed_on = content.forwarded.message_id if content.forwarded else ""
    concerned = content.notice.concerns if content.notice else ()
    ids = {ref(one) for one in (*own_ids(content), *named, passed_on, *concerned) if one}
    return ids or {message}


def refs_in(recorded: Recorded) -> set[UUID]:
    """Give what an event joins its message to: variants may name others, better readings too."""
    event = recorded.event
    if isinstance(event, MessageReread) and not event.content_key:
        return set()
    if isinstance(event, Saying) and event.content is not None:
        return refs(recorded.stream, event.content)
    return set()


def extend(
    connection: Connection[TupleRow],
    names: Names,
    groups: Groups,
    batch: Sequence[Recorded],
) -> set[UUID]:
    """Read the conversations that the batch's messages belong to; give those that were read."""
    wanted = {one for recorded in batch for one in refs_in(recorded)}
    missing = [one for one in wanted if groups.nodes.get(one) is None]
    nodes = groups.nodes.fetch(connection, names, "ref = ANY(%b)", missing) if missing else []
    read = _whole(connection, names, groups, {node.conversation for node in nodes})
    return read | extend_to(connection, names, groups, known_before(batch))


def known_before(batch: Sequence[Recorded]) -> set[UUID]:
    """Give the messages of a batch that it does not begin."""
    begun = {one.stream for one in batch if isinstance(one.event, MessageReceived)}
    parents = (one.event.parent for one in batch if isinstance(one.event, MessageThreaded))
    found: set[UUID] = {one for one in parents if one is not None}
    return ({one.stream for one in batch} | found) - begun


def extend_to(
    connection: Connection[TupleRow], names: Names, groups: Groups, messages: Iterable[UUID]
) -> set[UUID]:
    """Read the conversations of some messages; give those that were read."""
    missing = [one for one in messages if one not in groups.conversation_of]
    if not missing:
        return set()
    now = "message = ANY(%b) AND to_position IS NULL"
    members = groups.members.fetch(connection, names, now, missing)
    return _whole(connection, names, groups, {member.conversation for member in members})


def _whole(
    connection: Connection[TupleRow], names: Names, groups: Groups, found: set[UUID]
) -> set[UUID]:
    """Read whole conversations that are not in memory yet; give those."""
    missing = found - groups.members_of.keys()
    if not missing:
        return set()
    whole = "conversation = ANY(%b)"
    for node in groups.nodes.fetch(connection, names, whole, list(missing)):
        groups.refs_of.setdefault(node.conversation, set()).add(node.ref)
    present = "conversation = ANY(%b) AND to_position IS NULL"
    for member in groups.members.fetch(connection, names, present, list(missing)):
        _join(groups, member)
    for alias in groups.aliases.fetch(connection, names, whole, list(missing)):
        groups.aliases_of.setdefault(alias.conversation, set()).add(alias.id)
    return missing


def fold(groups: Groups, recorded: Recorded, named: set[UUID]) -> bool:
    """Take a message into its conversation; say whether something joins it to others no longer.

    `named` is all that joins it to others from now on; nothing where that is as before.
    """
    event = recorded.event
    if isinstance(event, MessageReceived):
        member = Member(recorded.stream, recorded.stream, event.received_at, recorded.position)
        member.refs = sorted(named)
        _gathered(groups, member, recorded, named)
        return False
    member_now = groups.member(recorded.stream)
    if member_now is None or not isinstance(event, Further | MessageReread):
        return False
    if isinstance(event, Further):
        _seen_earlier(groups, member_now, recorded, event.received_at)
        member_now = groups.member(recorded.stream) or member_now
    elif not named:
        return False
    before = set(member_now.refs)
    if named and named != before:
        member_now.refs = sorted(named)
        groups.members.put(member_now)
    _gathered(groups, member_now, recorded, named)
    return bool(named and before - named)


def go_on(groups: Groups, recorded: Recorded, event: MessageThreaded) -> bool:
    """Join a message with the one it was found to go on with; say whether it no longer is so."""
    member = groups.member(recorded.stream)
    parent = None if event.parent is None else groups.member(event.parent)
    if member is None:
        return False
    if parent is not None:
        _found(groups, parent, {*parent.found, parent.message}, recorded)
        member = groups.member(recorded.stream) or member
    before = set(member.found)
    mine = before & {member.message}  # others go on with it
    now = mine | (set() if parent is None else {parent.message})
    _found(groups, member, now, recorded)
    return bool(before - now)


def _found(groups: Groups, member: Member, names: set[UUID], recorded: Recorded) -> None:
    member.found = sorted(names)
    groups.members.put(member)
    _gathered(groups, member, recorded, names)


def flush(connection: Connection[TupleRow], names: Names, groups: Groups) -> None:
    """Write what changed."""
    for rows in (groups.nodes, groups.members, groups.aliases):
        rows.flush(connection, names)


def _gathered(groups: Groups, member: Member, recorded: Recorded, named: set[UUID]) -> UUID:
    """Join everything that a message names with it, under the message that came first."""
    nodes = [groups.nodes.get(one) for one in named]
    joined = {node.conversation for node in nodes if node is not None}
    joined |= {member.conversation} & groups.members_of.keys()
    oldest = min((_first(groups, one) for one in joined), key=order, default=member)
    conversation = min(oldest, member, key=order).message
    for one in sorted(joined - {conversation}):
        _absorb(groups, one, conversation, recorded.position)
    if groups.member(member.message) is None:
        member.conversation = conversation
        _join(groups, groups.members.put(member))
    for one in named:
        groups.nodes.put(Node(one, conversation))
        groups.refs_of.setdefault(conversation, set()).add(one)
    return conversation


def _seen_earlier(groups: Groups, member: Member, recorded: Recorded, at: datetime) -> None:
    """Move a message back in time when a copy of it was received earlier."""
    if at >= member.at:
        return
    moved = renew(groups, member, member.conversation, recorded.position)
    moved.at = at
    first = _first(groups, moved.conversation)
    if first.message != moved.conversation:
        _absorb(groups, moved.conversation, first.message, recorded.position)


def _first(groups: Groups, conversation: UUID) -> Member:
    return min(groups.members_of[conversation].values(), key=order)


def order(member: Member) -> tuple[datetime, UUID]:
    """Give what members are sorted by."""
    return member.at, member.message


def _join(groups: Groups, member: Member) -> None:
    groups.members_of.setdefault(member.conversation, {})[member.message] = member
    groups.conversation_of[member.message] = member.conversation


def renew(groups: Groups, member: Member, conversation: UUID, position: int) -> Member:
    """End a membership at a position and begin another there."""
    if member.from_position == position:
        groups.members.remove(member.message, member.from_position)
    else:
        member.to_position = position
        groups.members.put(member)
    renewed = Member(
        member.message, conversation, member.at, position, refs=member.refs, found=member.found
    )
    _join(groups, groups.members.put(renewed))
    return renewed


def _absorb(groups: Groups, old: UUID, conversation: UUID, position: int) -> None:
    """Join a conversation to another; its id becomes an alias."""
    for member in list(groups.members_of.pop(old, {}).values()):
        renew(groups, member, conversation, position)
    for one in groups.refs_of.pop(old, set()):
        groups.nodes.put(Node(one, conversation))
        groups.refs_of.setdefault(conversation, set()).add(one)
    groups.aliases.remove(conversation)
    for alias in (groups.aliases_of.pop(old, set()) | {old}) - {conversation}:
        groups.aliases.put(Alias(alias, conversation))
        groups.aliases_of.setdefault(conversation, set()).add(alias)


async def conversations_of(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    messages: Sequence[UUID],
    as_of: AsOf = NOW,
) -> dict[UUID, UUID]:
    """Give the conversation of each message. What `reader` may see of it is asked elsewhere."""
    del reader
    query = names.sql(
        "SELECT message, conversation FROM {conversation_member}"
        " WHERE message = ANY(%(messages)s) AND {known}",
        known=_known(as_of),
    )
    values = {"messages": list(messages), "position": as_of.position}
    rows = await (await connection.execute(query, values)).fetchall()
    return {row[0]: row[1] for row in rows}


def _known(as_of: AsOf) -> SQL:
    if as_of.position is None:
        return SQL("to_position IS NULL")
    return SQL(
        "from_position <= %(position)s AND (to_position IS NULL OR to_position > %(position)s)"
    )


async def conversation_named(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, conversation: UUID
) -> UUID:
    """Lead an absorbed id on to the conversation that it belongs to now."""
    del reader
    query = names.sql("SELECT conversation FROM {conversation_alias} WHERE id = %s")
    row = await (await connection.execute(query, (conversation,))).fetchone()
    return row[0] if row else conversation


async def members_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, conversation: UUID
) -> list[Member]:
    """Give a conversation's messages in the order received; the caller asks what may be seen."""
    del reader
    query = names.sql(
        "SELECT {columns} FROM {conversation_member}"
        " WHERE conversation = %(conversation)s AND to_position IS NULL ORDER BY at, message",
        columns=columns_of(Member),
    )
    return await rows_of(connection, Member, query, {"conversation": conversation})
