"""Groups of colleagues, among whom rules choose: the name, and who is in it.

saved ─▶ saved … ─▶ retired ─▶ saved
"""

from dataclasses import replace
from typing import Annotated, Final, assert_never

from domain.classes import dataclass
from domain.values import ColleagueId, Personal, Rejected

MOST_NAME: Final = 120
MOST_MEMBERS: Final = 200


@dataclass(frozen=True, slots=True)
class GroupSaved:
    """A group as it is from now on; `members` take their turns in this order."""

    members: tuple[ColleagueId, ...]
    name: Annotated[str, Personal]


@dataclass(frozen=True, slots=True)
class GroupRetired:
    """Nobody is chosen from it any more, until it is saved again."""


GroupEvent = GroupSaved | GroupRetired


@dataclass(frozen=True, slots=True)
class SaveGroup:
    """Let a group have these members."""

    members: tuple[ColleagueId, ...]
    name: str


@dataclass(frozen=True, slots=True)
class RetireGroup:
    """Let nobody be chosen from it."""


GroupCommand = SaveGroup | RetireGroup


@dataclass(frozen=True, slots=True)
class Group:
    """What decisions ask: who is in it; None: it was never saved."""

    saved: GroupSaved | None = None
    retired: bool = False


initial = Group()


def evolve(group: Group, event: object) -> Group:
    """Give the group after an event."""
    match event:
        case GroupSaved():
            return Group(event)
        case GroupRetired():
            return replace(group, retired=True)
        case _:
            return group


def decide(group: Group, command: GroupCommand) -> list[GroupEvent]:
    """Return what happens. An empty list means that it is so already."""
    match command:
        case SaveGroup(members, name):
            saved = GroupSaved(members, " ".join(name.split()))
            _check(saved)
            return [] if group == Group(saved) else [saved]
        case RetireGroup():
            if group.saved is None:
                raise Rejected("NOT_FOUND", "there is no such group; see: group list")
            return [] if group.retired else [GroupRetired()]
        case _ as never:
            assert_never(never)


def _check(saved: GroupSaved) -> None:
    if not saved.name or len(saved.name) > MOST_NAME:
        raise Rejected("INVALID", f"name: 1 to {MOST_NAME} letters are needed")
    if not 1 <= len(saved.members) <= MOST_MEMBERS:
        raise Rejected("INVALID", f"members: 1 to {MOST_MEMBERS} colleagues are needed")
    if len(set(saved.members)) < len(saved.members):
        raise Rejected("INVALID", "members: name each colleague once")
