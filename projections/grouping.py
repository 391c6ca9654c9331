"""Messages are joined to conversations, and conversations part where nothing joins them any more."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from domain.classes import dataclass
from domain.message import Further, MessageReceived, MessageThreaded
from domain.recorded import Recorded
from projections.conversations import Groups, Member, Node, Says, names_of


def fold(groups: Groups, recorded: Recorded, said: Says | None) -> None:
    """Take a message into its conversation, or let it say something else than before.

    `said` is what it says from now on; nothing where that is as before.
    """
    event = recorded.event
    if isinstance(event, MessageReceived):
        member = Member(recorded.stream, recorded.stream, event.received_at, recorded.position)
        if said is not None:
            member.own, member.chain = list(said.own), list(said.chain)
        gather(groups, member, recorded.position)
        return
    member_now = groups.member(recorded.stream)
    if member_now is None:
        return
    if isinstance(event, Further):
        _seen_earlier(groups, member_now, recorded, event.received_at)
    if said is not None:
        _says_now(groups, recorded, said)


def _says_now(groups: Groups, recorded: Recorded, said: Says) -> None:
    member = groups.member(recorded.stream)
    if member is None or (member.own, member.chain) == (list(said.own), list(said.chain)):
        return
    before = names_of(groups, member)
    member.own, member.chain = list(said.own), list(said.chain)
    groups.members.put(member)
    if member.begins:
        regroup(groups, {member.conversation}, recorded.position)
        return
    now = gather(groups, member, recorded.position)
    if before - names_of(groups, member):
        part(groups, now, recorded.position)


def go_on(groups: Groups, recorded: Recorded, event: MessageThreaded) -> None:
    """Join a message with the one it was found to go on with, or with none any more."""
    member = groups.member(recorded.stream)
    parent = None if event.parent is None else groups.member(event.parent)
    if member is None:
        return
    if parent is not None:
        _found(groups, parent, {*parent.found, parent.message}, recorded)
        member = groups.member(recorded.stream) or member
    before = set(member.found)
    mine = before & {member.message}  # others go on with it
    now = mine | (set() if parent is None else {parent.message})
    conversation = _found(groups, member, now, recorded)
    if before - now:
        part(groups, conversation, recorded.position)


def _found(groups: Groups, member: Member, names: set[UUID], recorded: Recorded) -> UUID:
    member.found = sorted(names)
    groups.members.put(member)
    return gather(groups, member, recorded.position)


# ---- joining


def gather(groups: Groups, member: Member, position: int) -> UUID:
    """Join everything that a message names with it, under the message that came first."""
    named = names_of(groups, member)
    nodes = [groups.nodes.get(one) for one in named]
    joined = {node.conversation for node in nodes if node is not None}
    joined |= {member.conversation} & groups.members_of.keys()
    oldest = min((_first(groups, one) for one in joined), key=_order, default=member)
    conversation = min(oldest, member, key=_order).message
    for one in sorted(joined - {conversation}):
        _absorb(groups, one, conversation, position)
    if groups.member(member.message) is None:
        member.conversation = conversation
        groups.join(groups.members.put(member))
    for one in named:
        _name(groups, one, conversation)
    return conversation


def _name(groups: Groups, ref: UUID, conversation: UUID) -> None:
    node = groups.nodes.get(ref)
    groups.nodes.put(Node(ref, conversation, begins=node is not None and node.begins))
    groups.refs_of.setdefault(conversation, set()).add(ref)


def _seen_earlier(groups: Groups, member: Member, recorded: Recorded, at: datetime) -> None:
    """Move a message back in time when a copy of it was received earlier."""
    if at >= member.at:
        return
    moved = _renew(groups, member, member.conversation, recorded.position)
    moved.at = at
    first = _first(groups, moved.conversation)
    if first.message != moved.conversation:
        _absorb(groups, moved.conversation, first.message, recorded.position)


def _first(groups: Groups, conversation: UUID) -> Member:
    return min(groups.members_of[conversation].values(), key=_order)


def _order(member: Member) -> tuple[datetime, UUID]:
    return member.at, member.message


def _renew(groups: Groups, member: Member, conversation: UUID, position: int) -> Member:
    """End a membership at a position and begin another there."""
    groups.changed |= {member.conversation, conversation}
    if member.from_position == position:
        groups.members.remove(member.message, member.from_position)
    else:
        member.to_position = position
        groups.members.put(member)
    renewed = Member(
        member.message,
        conversation,
        member.at,
        position,
        own=member.own,
        chain=member.chain,
        found=member.found,
        ancestor=member.ancestor,
        beyond=member.beyond,
        placed=member.placed,
        joined=member.joined,
    )
    groups.join(groups.members.put(renewed))
    return renewed


def _absorb(groups: Groups, old: UUID, conversation: UUID, position: int) -> None:
    """Join a conversation to another."""
    for member in list(groups.members_of.pop(old, {}).values()):
        _renew(groups, member, conversation, position)
    for one in groups.refs_of.pop(old, set()):
        _name(groups, one, conversation)


# ---- parting


def regroup(groups: Groups, conversations: Iterable[UUID], position: int) -> None:
    """See conversations anew: which of their messages begin anew, what joins them, what does not."""
    known = {one for one in conversations if one in groups.members_of}
    messages = [one for conversation in sorted(known) for one in groups.members_of[conversation]]
    begin_anew(groups, known)
    for message in messages:
        if (member := groups.member(message)) is not None:
            gather(groups, member, position)
    for one in sorted({groups.conversation_of[message] for message in messages}):
        part(groups, one, position)


def begin_anew(groups: Groups, conversations: Collection[UUID]) -> None:
    """Note at the names of conversations which of their messages begin anew."""
    members = (one for each in conversations for one in groups.members_of[each].values())
    begins = {ref for one in members if one.begins for ref in one.own}
    for ref in {ref for each in conversations for ref in groups.refs_of[each]} | begins:
        node = groups.nodes.get(ref)
        if node is not None and node.begins is not (ref in begins):
            groups.nodes.put(Node(ref, node.conversation, begins=ref in begins))


def part(groups: Groups, conversation: UUID, position: int) -> None:
    """Part what nothing joins any more; each part bears the id of the message it begins with."""
    parts = parts_of(groups, groups.members_of[conversation].values())
    named = {name for one in parts for name in one.names}
    for name in groups.refs_of[conversation] - named:
        groups.nodes.remove(name)
        groups.refs_of[conversation].discard(name)
    for one in parts:
        first = min(one.members, key=_order).message
        if first != conversation:
            _part_off(groups, one, conversation, first, position)


@dataclass(slots=True)
class Part:
    """Messages that names join, and these names."""

    members: list[Member]
    names: set[UUID]


def parts_of(groups: Groups, members: Iterable[Member]) -> Sequence[Part]:
    """Give the messages that something joins, part by part."""
    parts: dict[UUID, Part] = {}
    of: dict[UUID, UUID] = {}
    for member in members:
        names = names_of(groups, member)
        joined = Part([member], names)
        for one in {of[name] for name in names if name in of}:
            other = parts.pop(one)
            if len(other.members) > len(joined.members):
                other, joined = joined, other
            joined.members += other.members
            joined.names |= other.names
        key = joined.members[0].message
        parts[key] = joined
        of.update(dict.fromkeys(joined.names, key))
    return list(parts.values())


def _part_off(groups: Groups, one: Part, old: UUID, new: UUID, position: int) -> None:
    for member in one.members:
        del groups.members_of[old][member.message]
        _renew(groups, member, new, position)
    for name in one.names:
        _name(groups, name, new)
        groups.refs_of[old].discard(name)
