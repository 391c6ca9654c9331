"""Where files are downloaded: the paths that the API names and serves."""

from uuid import UUID

RAW = "/messages/{id}/raw"
ATTACHMENT = "/attachments/{id}"
UPLOAD = "/uploads/{name}"
APPROVAL = "/approvals/{id}/raw"


def raw_path(message: UUID) -> str:
    """Give the path of a message's octets."""
    return f"/messages/msg_{message.hex}/raw"


def attachment_path(message: UUID, place: int) -> str:
    """Give the path of the attachment at a place in a message, counted from 0."""
    return f"/attachments/att_{message.hex}-{place}"


def approval_path(approval: UUID) -> str:
    """Give the path of what would leave under an approval."""
    return f"/approvals/apr_{approval.hex}/raw"


def approval_of(id: str) -> UUID | None:
    """Read an approval's id; None if it is none."""
    return _uuid(id.removeprefix("apr_"))


def message_of(id: str) -> UUID | None:
    """Read a message's id, with its prefix or as a bare UUID; None if it is none."""
    return _uuid(id.removeprefix("msg_"))


def attachment_of(id: str) -> tuple[UUID, int] | None:
    """Read an attachment's id; None if it is none."""
    message, _, place = id.removeprefix("att_").rpartition("-")
    found = _uuid(message)
    if found is None or not (place.isascii() and place.isdigit() and len(place) < 6):
        return None
    return found, int(place)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
