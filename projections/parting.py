"""A conversation parts where nothing joins its messages any more, as one of them was read anew, or what was found is taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from projections.conversations import Alias, Groups, Member, Node, order, renew


def part(groups: Groups, conversation: UUID, position: int) -> set[UUID]:
    """Part what nothing joins any more; each part bears the id of the message it begins with."""
    parts = _parts(groups.members_of[conversation].values())
    named = {name for one in parts for name in one.names}
    for name in groups.refs_of[conversation] - named:
        groups.nodes.remove(name)
        groups.refs_of[conversation].discard(name)
    found: set[UUID] = set()
    for one in parts:
        first = min(one.members, key=order).message
        found.add(first)
        if first != conversation:
            _part_off(groups, one, conversation, first, position)
    return found if len(parts) > 1 else set()


@dataclass(slots=True)
class _Part:
    """Messages that names join, and these names."""

    members: list[Member]
    names: set[UUID]


def _parts(members: Iterable[Member]) -> list[_Part]:
    parts: list[_Part] = []
    for member in members:
        joined = _Part([member], member.names)
        apart = []
        for part in parts:
            if part.names & joined.names:
                joined = _Part([*part.members, *joined.members], part.names | joined.names)
            else:
                apart.append(part)
        parts = [*apart, joined]
    return parts


def _part_off(groups: Groups, one: _Part, old: UUID, new: UUID, position: int) -> None:
    aliases = groups.aliases_of.get(old, set())
    for member in one.members:
        del groups.members_of[old][member.message]
        renew(groups, member, new, position)
        if member.message in aliases:
            aliases.discard(member.message)
            groups.aliases.remove(member.message)
            if member.message != new:
                groups.aliases.put(Alias(member.message, new))
                groups.aliases_of.setdefault(new, set()).add(member.message)
    for name in one.names:
        groups.nodes.put(Node(name, new))
        groups.refs_of[old].discard(name)
        groups.refs_of.setdefault(new, set()).add(name)
