"""What was said about groups of colleagues, in plain English."""

from domain.staffgroup import GroupEvent, GroupRetired, GroupSaved


def of_groups(event: GroupEvent) -> str:
    """Say what a group is now."""
    match event:
        case GroupSaved(members, name):
            some = "a colleague" if len(members) == 1 else f"{len(members)} colleagues"
            return f"the group {name} was saved: {some}"
        case GroupRetired():
            return "the group was retired"
