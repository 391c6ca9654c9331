"""Where messages begin anew, by a rule or by people's word, and what people joined."""

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.message import MessageSetApart
from domain.recorded import Recorded
from domain.regrouping import ConversationRegrouped
from projections.conversations import Groups, Placing, RegroupingRow, extend_to
from projections.grouping import begin_anew, parts_of, regroup
from projections.projection import Names


def set_apart(groups: Groups, recorded: Recorded, event: MessageSetApart) -> None:
    """Let a message begin anew, though it refers to another; or let it reach back again."""
    member = groups.member(recorded.stream)
    if member is None:
        return
    ancestor = None if event.ancestor is None else groups.member(event.ancestor)
    member.ancestor = None if ancestor is None else ancestor.message
    member.beyond = [] if ancestor is None else ancestor.own
    groups.members.put(member)
    regroup(groups, {member.conversation}, recorded.position)


def place(groups: Groups, recorded: Recorded, event: ConversationRegrouped) -> None:
    """Take in what somebody said of the place of messages."""
    id, position = recorded.stream, recorded.position
    for message, name, apart in event.placings(id):
        groups.placings.put(Placing(id, message, name, apart, position))
    actor = recorded.envelope.actor
    at, by = recorded.envelope.at, (actor.kind.value, actor.id)
    groups.regroupings.put(RegroupingRow(id, event.kind.value, at, position, *by))
    _see_anew(groups, event.everybody, position)


def take_back(groups: Groups, recorded: Recorded) -> None:
    """Forget what was said by a regrouping; what was said before and after stands."""
    rows = [one for one in groups.placings if one.regrouping == recorded.stream]
    for one in rows:
        groups.placings.remove(one.regrouping, one.message)
    groups.regroupings.remove(recorded.stream)
    _see_anew(groups, [one.message for one in rows], recorded.position)


def _see_anew(groups: Groups, messages: Sequence[UUID], position: int) -> None:
    wanted = set(messages)
    said: dict[UUID, list[Placing]] = {one: [] for one in messages}
    for one in groups.placings:
        if one.message in wanted:
            said[one.message].append(one)
    for message in messages:
        _says_now(groups, message, sorted(said[message], key=lambda one: one.position))
    known = {groups.conversation_of[one] for one in messages if one in groups.conversation_of}
    regroup(groups, known, position)


def _says_now(groups: Groups, message: UUID, said: Sequence[Placing]) -> None:
    """In order: who was set apart leaves what was joined before."""
    member = groups.member(message)
    if member is None:
        return
    member.placed, member.joined = False, []
    for one in said:
        if one.apart:
            member.placed, member.joined = True, []
        member.joined = [*member.joined, one.name]
    groups.members.put(member)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What becomes of the other messages of their conversations when some are set apart.

    `follow` answer them, by what they refer to. `held` are those of these that people joined with
    others: they have to be set apart as well, if they are to follow.
    """

    follow: tuple[UUID, ...]
    stay: tuple[UUID, ...]
    held: tuple[UUID, ...] = ()


def foresee(
    connection: Connection[TupleRow], names: Names, messages: Collection[UUID]
) -> Foreseen:
    """Tell which others would follow messages that are set apart, by what they refer to."""
    groups = Groups()
    extend_to(connection, names, groups, messages)
    known = {groups.conversation_of[one] for one in messages if one in groups.conversation_of}
    members = [one for conversation in known for one in groups.members_of[conversation].values()]
    held = {one.message for one in members if one.joined and one.message not in messages}
    together = UUID(int=0)
    for one in members:
        one.joined = [together] if one.message in messages else []
        one.placed = one.placed or one.message in messages
    begin_anew(groups, known)
    parts = [part for part in parts_of(groups, members) if together in part.names]
    follow = {one.message for part in parts for one in part.members}
    others = [one.message for one in members if one.message not in messages]
    return Foreseen(
        follow=tuple(one for one in others if one in follow),
        stay=tuple(one for one in others if one not in follow),
        held=tuple(one for one in others if one in follow and one in held),
    )
