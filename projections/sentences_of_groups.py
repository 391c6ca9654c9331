"""What was said about groups of colleagues and approved recipients, in plain English."""

from domain.recipients import RecipientApproved, RecipientEvent, RecipientWithdrawn
from domain.staffgroup import GroupEvent, GroupRetired, GroupSaved

OfGroups = GroupEvent | RecipientEvent
"""What is told here."""


def of_groups(event: OfGroups) -> str:
    """Say what a group is now, or to whom rules may send."""
    match event:
        case GroupSaved(members, name):
            some = "a colleague" if len(members) == 1 else f"{len(members)} colleagues"
            return f"the group {name} was saved: {some}"
        case GroupRetired():
            return "the group was retired"
        case RecipientApproved(address, note):
            return f"rules may send to {address}{_why(note)}"
        case RecipientWithdrawn(note):
            return f"rules may not send there any more{_why(note)}"


def _why(note: str) -> str:
    return f": {' '.join(note.split())}" if note else ""
