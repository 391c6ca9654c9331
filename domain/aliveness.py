"""Addresses at which nobody can be reached: by evidence, until it is old, or proven wrong.

A mailbox that is full, or mail that is not wanted, says nothing about an address.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.classes import dataclass
from domain.composing import Composed
from domain.objections import Objection
from domain.values import Address

EXPIRES: Final = timedelta(days=180)
"""So long a bounce counts: addresses are given anew, and servers are set up wrongly."""
AT_ONCE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""No such mailbox, host or address (RFC 3463 3.2; RFC 7505 4.2: the domain takes no mail)."""
IN_TIME: Final = frozenset({"5.2.1"})
"""A mailbox that is switched off may be so for an hour only: on two days it counts."""
HARD: Final = AT_ONCE | IN_TIME


@dataclass(frozen=True, slots=True)
class Evidence:
    """A mail that could not be delivered: our message, and the one that says so, if any did."""

    at: datetime
    status: str
    text: str
    message: UUID
    proof: UUID | None


@dataclass(frozen=True, slots=True)
class Invalid:
    """Nobody is reached there. `sure`: it was found on two days or more."""

    evidence: Evidence
    times: int
    sure: bool
    expires_at: datetime


def invalid(
    bounces: Iterable[Evidence], alive_at: datetime | None, now: datetime
) -> Invalid | None:
    """Judge an address. `alive_at` is when a mail from it came last, or one was delivered."""
    counted = sorted(
        (
            one
            for one in bounces
            if one.status in HARD
            and now < one.at + EXPIRES
            and (alive_at is None or one.at > alive_at)
        ),
        key=lambda one: (one.at, str(one.message)),
    )
    sure = len({one.at.date() for one in counted}) > 1
    if not counted or not (sure or any(one.status in AT_ONCE for one in counted)):
        return None
    last = counted[-1]
    return Invalid(last, len(counted), sure, last.at + EXPIRES)


def undeliverable(mail: Composed, found: Mapping[str, Invalid]) -> list[Objection]:
    """Ask whether to write to whom nobody was reached lately; `found` is by the address's key."""
    return [
        Objection(f"{field}[{place}]", "UNDELIVERABLE", _why(one, found[one.key]), blocks=False)
        for field in ("to", "cc", "bcc")
        for place, one in enumerate(getattr(mail, field))
        if one.key in found
    ]


def _why(address: Address, one: Invalid) -> str:
    often = "mail came back" if one.sure else "the last mail came back"
    said = f": {one.evidence.text[:200]}" if one.evidence.text else ""
    return f"nobody is reached at {address.spec}, {often} on {one.evidence.at:%Y-%m-%d}{said}"
