"""Reading of other people's mail, in plain English."""

from domain.reading import OthersMailRead


def of_reading(event: OthersMailRead) -> str:
    """Say when it was read, and why."""
    said = f"read by a colleague whose mail it is not, on {event.day}"
    return f"{said}: {' '.join(event.reason.split())}" if event.reason else said
