"""Which messages belong to one conversation: those that are tied together, directly or not.

Messages that name a common ancestor are tied, also when it was never seen (RFC 5256, REFERENCES);
so is one that was found to go on with another. A conversation bears the id of the message that it
began with; ids that were absorbed lead on to it. Conversations are the connected groups of ties, so
the order in which mail was captured does not matter, and a tie that is taken back parts them again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.content import Content
from domain.message import MessageCopyFound, MessageReceived, MessageThreaded
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections.projection import Names, Rows, Table


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


@dataclass(slots=True)
class Alias:
    """An id that a conversation had before it was joined to another, or began earlier."""

    id: UUID
    conversation: UUID


@dataclass(slots=True)
class Tie:
    """The ids that tie a message to others, by what they stem from: a content, or a finding."""

    message: UUID
    source: str
    refs: list[UUID]


NODE = Table("conversation_node", Node, key=("ref",), indexes=("(conversation)",))
MEMBER = Table(
    "conversation_member",
    Member,
    key=("message", "from_position"),
    indexes=("(conversation, at)", "(message) WHERE to_position IS NULL"),
)
ALIAS = Table("conversation_alias", Alias, key=("id",), indexes=("(conversation)",))
TIE = Table("conversation_tie", Tie, key=("message", "source"))
TABLES = (NODE, MEMBER, ALIAS, TIE)
_FOLLOWED = "followed"
"""What ties a message to those that were found to go on with it."""
_GOES_ON = "goes_on"


@dataclass(slots=True)
class Groups:
    """Conversations in memory; each of them is there with all its members, names and aliases."""

    nodes: Rows[Node] = field(default_factory=lambda: Rows(NODE))
    members: Rows[Member] = field(default_factory=lambda: Rows(MEMBER))
    aliases: Rows[Alias] = field(default_factory=lambda: Rows(ALIAS))
    ties: Rows[Tie] = field(default_factory=lambda: Rows(TIE))
    ties_of: dict[UUID, dict[str, Tie]] = field(default_factory=dict)
    refs_of: dict[UUID, set[UUID]] = field(default_factory=dict)
    members_of: dict[UUID, dict[UUID, Member]] = field(default_factory=dict)
    conversation_of: dict[UUID, UUID] = field(default_factory=dict)
    aliases_of: dict[UUID, set[UUID]] = field(default_factory=dict)

    def member(self, message: UUID) -> Member | None:
        """Give a message's present membership."""
        conversation = self.conversation_of.get(message)
        return None if conversation is None else self.members_of[conversation][message]

    def refs_of_message(self, message: UUID) -> set[UUID]:
        """Give everything that ties a message to others now."""
        return {one for tie in self.ties_of.get(message, {}).values() for one in tie.refs}


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
    others = (content.pec_message_id, passed_on, *concerned)
    ids = {ref(one) for one in (content.message_id, *named, *others) if one}
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
    found = (one.event.parent for one in batch if isinstance(one.event, MessageThreaded))
    gone_on: set[UUID] = {one for one in found if one is not None}
    return ({one.stream for one in batch} | gone_on) - begun


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
    messages = [message for one in missing for message in groups.members_of.get(one, ())]
    for tie in groups.ties.fetch(connection, names, "message = ANY(%b)", messages):
        groups.ties_of.setdefault(tie.message, {})[tie.source] = tie
    return missing


def fold(groups: Groups, recorded: Recorded) -> set[UUID]:
    """Take a message into its conversation; give the conversations that have changed by that."""
    event, message, position = recorded.event, recorded.stream, recorded.position
    if isinstance(event, MessageReceived):
        new = Member(message, message, event.received_at, position)
        return _tied(groups, new, event.content_key, refs_in(recorded), position)
    member = groups.member(message)
    if member is None:
        return set()
    match event:
        case MessageCopyFound():
            changed = _seen_earlier(groups, member, position, event.received_at)
            if event.content is None:
                return changed
            member = groups.member(message) or member
            return changed | _tied(groups, member, event.content_key, refs_in(recorded), position)
        case MessageReread(content_key=key) if refs_in(recorded):
            return _tied(groups, member, key, refs_in(recorded), position)
        case MessageThreaded(parent=parent):
            return _gone_on(groups, member, parent, position)
        case _:
            return set()


def flush(connection: Connection[TupleRow], names: Names, groups: Groups) -> None:
    """Write what changed."""
    for rows in (groups.nodes, groups.members, groups.aliases, groups.ties):
        rows.flush(connection, names)


def _gone_on(groups: Groups, member: Member, parent: UUID | None, position: int) -> set[UUID]:
    before = None if parent is None else groups.member(parent)
    if before is None:
        return _tied(groups, member, _GOES_ON, set(), position)
    changed = _tied(groups, before, _FOLLOWED, {before.message}, position)
    return changed | _tied(groups, member, _GOES_ON, {before.message}, position)


def _tied(groups: Groups, member: Member, source: str, now: set[UUID], position: int) -> set[UUID]:
    """Tie a message to others by what a source tells now, in place of what it told before."""
    message = member.message
    before = groups.refs_of_message(message)
    ties = groups.ties_of.setdefault(message, {})
    if now:
        ties[source] = groups.ties.put(Tie(message, source, sorted(now)))
    elif ties.pop(source, None) is not None:
        groups.ties.remove(message, source)
    left = groups.refs_of_message(message)
    changed = _gathered(groups, member, left - before, position) if left - before else set()
    return changed | _parted(groups, message, position) if before - left else changed


def _gathered(groups: Groups, member: Member, named: set[UUID], position: int) -> set[UUID]:
    """Join everything that a message names with it, under the message that came first."""
    nodes = [groups.nodes.get(one) for one in named]
    joined = {node.conversation for node in nodes if node is not None}
    present = groups.conversation_of.get(member.message)
    joined |= set() if present is None else {present}
    oldest = min((_first(groups, one) for one in joined), key=_order, default=member)
    conversation = min(oldest, member, key=_order).message
    for one in sorted(joined - {conversation}):
        _absorb(groups, one, conversation, position)
    if present is None:
        member.conversation = conversation
        _join(groups, groups.members.put(member))
    for one in named:
        groups.nodes.put(Node(one, conversation))
        groups.refs_of.setdefault(conversation, set()).add(one)
    return joined | {conversation}


def _parted(groups: Groups, message: UUID, position: int) -> set[UUID]:
    """Part a conversation into the groups that are left when a tie was taken back."""
    conversation = groups.conversation_of[message]
    members = groups.members_of[conversation]
    parts = {
        min((members[one] for one in part), key=_order).message: part
        for part in _components({one: groups.refs_of_message(one) for one in members})
    }
    unheld = groups.refs_of.pop(conversation, set())
    for name, part in parts.items():
        for one in part if name != conversation else ():
            _renew(groups, members.pop(one), name, position)
        refs = groups.refs_of[name] = {ref for one in part for ref in groups.refs_of_message(one)}
        unheld -= refs
        for one in refs:
            groups.nodes.put(Node(one, name))
    for one in unheld:
        groups.nodes.remove(one)
    _lead_on(groups, conversation)
    return {conversation, *parts}


def _components(refs: Mapping[UUID, set[UUID]]) -> list[set[UUID]]:
    """Give the groups of messages that share ids, directly or not."""
    holders: dict[UUID, list[UUID]] = {}
    for message, held in refs.items():
        for one in held:
            holders.setdefault(one, []).append(message)
    left, parts = set(refs), []
    while left:
        part, reached = set[UUID](), [left.pop()]
        while reached:
            part.add(message := reached.pop())
            near = {other for one in refs[message] for other in holders[one]} & left
            left -= near
            reached.extend(near)
        parts.append(part)
    return parts


def _lead_on(groups: Groups, parted: UUID) -> None:
    """Let ids that a parted conversation had absorbed lead to where their messages are now."""
    for alias in groups.aliases_of.pop(parted, set()):
        conversation = groups.conversation_of.get(alias, parted)
        if conversation == alias:
            groups.aliases.remove(alias)
            continue
        groups.aliases.put(Alias(alias, conversation))
        groups.aliases_of.setdefault(conversation, set()).add(alias)


def _seen_earlier(groups: Groups, member: Member, position: int, at: datetime) -> set[UUID]:
    """Move a message back in time when a copy of it was received earlier."""
    if at >= member.at:
        return set()
    moved = _renew(groups, member, member.conversation, position)
    moved.at = at
    first = _first(groups, moved.conversation)
    changed = {moved.conversation, first.message}
    if first.message != moved.conversation:
        _absorb(groups, moved.conversation, first.message, position)
    return changed


def _first(groups: Groups, conversation: UUID) -> Member:
    return min(groups.members_of[conversation].values(), key=_order)


def _order(member: Member) -> tuple[datetime, UUID]:
    return member.at, member.message


def _join(groups: Groups, member: Member) -> None:
    groups.members_of.setdefault(member.conversation, {})[member.message] = member
    groups.conversation_of[member.message] = member.conversation


def _renew(groups: Groups, member: Member, conversation: UUID, position: int) -> Member:
    """End a membership at a position and begin another there."""
    if member.from_position == position:
        groups.members.remove(member.message, member.from_position)
    else:
        member.to_position = position
        groups.members.put(member)
    renewed = Member(member.message, conversation, member.at, position)
    _join(groups, groups.members.put(renewed))
    return renewed


def _absorb(groups: Groups, old: UUID, conversation: UUID, position: int) -> None:
    """Join a conversation to another; its id becomes an alias."""
    for member in list(groups.members_of.pop(old, {}).values()):
        _renew(groups, member, conversation, position)
    for one in groups.refs_of.pop(old, set()):
        groups.nodes.put(Node(one, conversation))
        groups.refs_of.setdefault(conversation, set()).add(one)
    groups.aliases.remove(conversation)
    for alias in (groups.aliases_of.pop(old, set()) | {old}) - {conversation}:
        groups.aliases.put(Alias(alias, conversation))
        groups.aliases_of.setdefault(conversation, set()).add(alias)
