"""Which messages belong to one conversation: those that are joined, directly or not.

Messages that name a common ancestor are joined, also when it was never seen (RFC 5256, REFERENCES);
so is one that was found to go on with another. A message that begins anew reaches no further back,
and neither does what refers to it. What people say about their place stands above that. A
conversation bears the id of the message that it began with; any message of it leads there.
Grouping is a union of sets, so the order in which mail was captured does not matter.

Here is what is kept, and what joins messages; projections/grouping.py joins and parts them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.content import Content
from domain.facts import own_ids
from domain.message import MessageReceived, MessageSetApart, MessageThreaded
from domain.recorded import Recorded
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone
from domain.rereading import MessageReread, Saying
from projections import sides
from projections.projection import Names, Rows, Table
from projections.refs import ref


@dataclass(slots=True)
class Node:
    """A Message-ID that was seen or named; `ref` is its hash.

    `begins`: the message with this id begins anew, so what refers to it reaches no further back.
    """

    ref: UUID
    conversation: UUID
    begins: bool = False


@dataclass(slots=True)
class Member:
    """A message in its conversation, from a position on; all refs are hashes of Message-IDs."""

    message: UUID
    conversation: UUID
    at: datetime
    from_position: int
    to_position: int | None = None
    own: list[UUID] = field(default_factory=list)
    """Under which ids it is known."""
    chain: list[UUID] = field(default_factory=list)
    """What it refers to, the nearest last."""
    found: list[UUID] = field(default_factory=list)
    """What joins it to others as they were found to go on with each other: ids of messages."""
    ancestor: UUID | None = None
    """The message that it refers to, and from which it was found to be apart."""
    beyond: list[UUID] = field(default_factory=list)
    """The ids of that: it does not reach back to them."""
    placed: bool = False
    """People said where it belongs: what it refers to does not count."""
    joined: list[UUID] = field(default_factory=list)
    """With what people joined it: ids of regroupings."""

    @property
    def begins(self) -> bool:
        """Tell whether it begins anew, though it may refer to others."""
        return self.placed or self.ancestor is not None


@dataclass(slots=True)
class Placing:
    """What a regrouping that stands says of one message: `apart` from others, joined by `name`."""

    regrouping: UUID
    message: UUID
    name: UUID
    apart: bool
    position: int


@dataclass(slots=True)
class RegroupingRow:
    """A regrouping that stands: what was done, when and by whom."""

    id: UUID
    kind: str
    at: datetime
    position: int
    actor_kind: str
    actor_id: str


NODE = Table("conversation_node", Node, key=("ref",), indexes=("(conversation)",))
MEMBER = Table(
    "conversation_member",
    Member,
    key=("message", "from_position"),
    indexes=("(conversation, at)", "(message) WHERE to_position IS NULL"),
)
PLACING = Table(
    "conversation_placing", Placing, key=("regrouping", "message"), indexes=("(message)",)
)
REGROUPING = Table("conversation_regrouping", RegroupingRow, key=("id",))
TABLES = (NODE, MEMBER, PLACING, REGROUPING)


@dataclass(slots=True)
class Groups:
    """Conversations in memory; each of them is there with all its members and names."""

    nodes: Rows[Node] = field(default_factory=lambda: Rows(NODE))
    members: Rows[Member] = field(default_factory=lambda: Rows(MEMBER))
    placings: Rows[Placing] = field(default_factory=lambda: Rows(PLACING))
    regroupings: Rows[RegroupingRow] = field(default_factory=lambda: Rows(REGROUPING))
    refs_of: dict[UUID, set[UUID]] = field(default_factory=dict)
    members_of: dict[UUID, dict[UUID, Member]] = field(default_factory=dict)
    conversation_of: dict[UUID, UUID] = field(default_factory=dict)
    changed: set[UUID] = field(default_factory=set)
    """Conversations that messages left, or came into from others, since this was asked last."""

    def member(self, message: UUID) -> Member | None:
        """Give a message's present membership."""
        conversation = self.conversation_of.get(message)
        return None if conversation is None else self.members_of[conversation][message]

    def join(self, member: Member) -> None:
        """Take a membership in."""
        self.members_of.setdefault(member.conversation, {})[member.message] = member
        self.conversation_of[member.message] = member.conversation

    def take_changed(self) -> set[UUID]:
        """Give the conversations that changed since, and begin anew."""
        changed, self.changed = self.changed, set()
        return changed


# ---- what joins


@dataclass(frozen=True, slots=True)
class Says:
    """What a mail says by its headers, as hashes: its own ids, and what it refers to, nearest last.

    `writers` and `readers` are keys (projections/sides.py), `reached` the readers' addresses.
    """

    own: tuple[UUID, ...]
    chain: tuple[UUID, ...]
    writers: tuple[UUID, ...] = ()
    readers: tuple[UUID, ...] = ()
    reached: tuple[UUID, ...] = ()


def says(message: UUID, content: Content) -> Says:
    """Give what joins a message to others: its own ids and those it refers to.

    RFC 5256 takes References, or else the first id of In-Reply-To. A machine's notice belongs to
    the message it concerns; certified mail has a second id, given by its sender (RFC 6109).
    """
    named = content.references or content.in_reply_to[:1]
    passed_on = content.forwarded.message_id if content.forwarded else ""
    concerned = content.notice.concerns if content.notice else ()
    own = [ref(one) for one in own_ids(content)]
    chain = dict.fromkeys(ref(one) for one in (*named, passed_on, *reversed(concerned)) if one)
    return Says(
        tuple(own) or (message,),
        tuple(one for one in chain if one not in own),
        sides.writers(content),
        sides.readers(content),
        sides.reached(content),
    )


def said_in(recorded: Recorded) -> Says | None:
    """Give what an event tells of that: variants may name others, better readings too."""
    event = recorded.event
    if isinstance(event, MessageReread) and not event.content_key:
        return None
    if isinstance(event, Saying) and event.content is not None:
        return says(recorded.stream, event.content)
    return None


def names_of(groups: Groups, member: Member) -> set[UUID]:
    """Give all that joins a message to others now."""
    names = {*member.own, *member.joined}
    if member.placed:
        return names | ({member.message} & set(member.found))
    names.update(member.found)
    for one in reversed(member.chain):
        if one in member.beyond:
            return names
        names.add(one)
        node = groups.nodes.get(one)
        if node is not None and node.begins:
            return names
    if member.beyond:  # it is not there by its ids, so nothing that it refers to may lead there
        names.difference_update(member.chain)
    return names


def refers(member: Member, other: Member) -> bool:
    """Tell whether a message goes on with another of its conversation, by whatever joins them."""
    names = other.own if not member.placed else ()
    return (
        not set(member.chain).isdisjoint(names)
        or (other.message in member.found and other.message != member.message)
        or not set(member.joined).isdisjoint(other.joined)
    )


# ---- loading


def extend(
    connection: Connection[TupleRow],
    names: Names,
    groups: Groups,
    batch: Sequence[Recorded],
) -> set[UUID]:
    """Read the conversations that the batch's messages belong to; give those that were read."""
    said = (one for one in map(said_in, batch) if one is not None)
    read = _named(connection, names, groups, {id for one in said for id in (*one.own, *one.chain)})
    read |= extend_to(connection, names, groups, known_before(batch))
    moved = [one for one in batch if isinstance(one.event, _MOVING)]
    if moved:
        concerned = {one.stream for one in moved} | _placed(connection, names, groups, moved)
        read |= extend_to(connection, names, groups, concerned)
        read |= _named(connection, names, groups, _may_reach(groups, concerned))
    return read


_MOVING = (MessageSetApart, ConversationRegrouped, ConversationRegroupingUndone)
"""Events after which messages may reach further back than before."""


def known_before(batch: Sequence[Recorded]) -> set[UUID]:
    """Give the messages of a batch that it does not begin."""
    begun = {one.stream for one in batch if isinstance(one.event, MessageReceived)}
    others = {other for one in batch for other in _others(one)}
    return ({one.stream for one in batch} | others) - begun


def _others(recorded: Recorded) -> Iterator[UUID]:
    match recorded.event:
        case MessageThreaded(parent=other) | MessageSetApart(ancestor=other) if other is not None:
            yield other
        case _:
            pass


def _placed(
    connection: Connection[TupleRow], names: Names, groups: Groups, batch: Sequence[Recorded]
) -> set[UUID]:
    """Read all that people said of the messages that are regrouped; give these messages."""
    undone = [one.stream for one in batch if isinstance(one.event, ConversationRegroupingUndone)]
    messages: set[UUID] = {
        message
        for one in batch
        if isinstance(one.event, ConversationRegrouped)
        for message in one.event.everybody
    }
    if undone:
        groups.regroupings.fetch(connection, names, "id = ANY(%b)", undone)
        rows = groups.placings.fetch(connection, names, "regrouping = ANY(%b)", undone)
        messages |= {row.message for row in rows}
    groups.placings.fetch(connection, names, "message = ANY(%b)", list(messages))
    return messages


def _may_reach(groups: Groups, messages: set[UUID]) -> set[UUID]:
    """Give all that could join the conversations of these messages to others."""
    found = {groups.conversation_of[one] for one in messages if one in groups.conversation_of}
    members = [one for conversation in found for one in groups.members_of[conversation].values()]
    placed = {one.name for one in groups.placings if one.message in messages}
    return {ref for one in members for ref in one.chain} | placed


def _named(
    connection: Connection[TupleRow], names: Names, groups: Groups, refs: set[UUID]
) -> set[UUID]:
    missing = [one for one in refs if groups.nodes.get(one) is None]
    nodes = groups.nodes.fetch(connection, names, "ref = ANY(%b)", missing) if missing else []
    return _whole(connection, names, groups, {node.conversation for node in nodes})


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
        groups.join(member)
    return missing


def flush(connection: Connection[TupleRow], names: Names, groups: Groups) -> None:
    """Write what changed."""
    for rows in (groups.nodes, groups.members, groups.placings, groups.regroupings):
        rows.flush(connection, names)
