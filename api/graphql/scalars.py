"""Values that GraphQL has no word for: moments, positions, durations."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, NewType, TypeVar

import strawberry
from strawberry.types.scalar import ScalarDefinition

from domain.values import Rejected

Position = NewType("Position", int)
"""An event's place in the journal."""

Duration = NewType("Duration", timedelta)
"""A length of time."""

T = TypeVar("T")
_DIGITS: Final = 18


def _text(of: Callable[[str], T]) -> Callable[[object], T]:
    def parse(value: object) -> T:
        if not isinstance(value, str):
            raise Rejected("INVALID", f"{value!r} has to be text")
        return of(value)

    return parse


def parse_moment(text: str) -> datetime:
    """Read a moment (RFC 3339); without an offset it would be another one for everybody."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected("INVALID", f"{text!r} is no moment, as 2026-04-30T18:00:00Z is") from None
    if moment.tzinfo is None:
        raise Rejected("INVALID", f"{text!r} needs an offset: Z, or +02:00")
    return moment


def parse_day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Rejected("INVALID", f"{text!r} is no day, as 2026-04-30 is") from None


def parse_position(text: str) -> Position:
    """Read a position that was given out earlier."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Rejected("INVALID", f"{text[:60]!r} is no position; only given ones may be used")
    return Position(int(text))


def duration(length: timedelta) -> str:
    """Write a length of time (ISO 8601), in hours, minutes and seconds: PT26H5M."""
    seconds = max(0, int(length.total_seconds()))
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0S")


def _no_input(value: object) -> Duration:
    raise Rejected("INVALID", f"{value!r} is not taken")


SCALARS: Final[dict[object, ScalarDefinition]] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with its offset (RFC 3339): 2026-04-30T18:00:00+00:00.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=datetime.isoformat,
        parse_value=_text(parse_moment),
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day (RFC 3339 full-date): 2026-04-30.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
        serialize=date.isoformat,
        parse_value=_text(parse_day),
    ),
    Position: strawberry.scalar(
        name="Position",
        description=(
            "A place in the journal of all that happened. Opaque: keep it and give it back; "
            "what comes later only the server can tell."
        ),
        serialize=str,
        parse_value=_text(parse_position),
    ),
    Duration: strawberry.scalar(
        name="Duration",
        description="A length of time (ISO 8601) in hours, minutes and seconds: PT26H5M.",
        serialize=duration,
        parse_value=_no_input,
    ),
}
