"""Receipts of certified mail that did not come: told once after 12 hours, and once after 24.

Plain hours, whatever day it is: providers promise delivery, or word of it, within them (RFC 6109
3.3.2). The stream is of one mail (`stream_of`), beside the one on which it leaves.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from domain.classes import dataclass
from domain.values import MailboxId, MessageId


class Level(StrEnum):
    """How long there is no receipt."""

    WARNING = "warning"
    ALARM = "alarm"


AFTER: Final = {Level.WARNING: timedelta(hours=12), Level.ALARM: timedelta(hours=24)}


# ---- events


@dataclass(frozen=True, slots=True)
class ReceiptMissed:
    """For some recipients of a PEC (by place) no receipt came; `since` its provider took it over."""

    mail: UUID
    message: MessageId
    mailbox: MailboxId
    level: Level
    recipients: tuple[int, ...]
    since: datetime


# ---- commands


@dataclass(frozen=True, slots=True)
class MissReceipts:
    """Say that no receipt came yet for these recipients, each since a moment."""

    mail: UUID
    message: MessageId
    mailbox: MailboxId
    since: Mapping[int, datetime]
    now: datetime


# ---- state


@dataclass(frozen=True, slots=True)
class Missing:
    """What was told of which recipients."""

    told: Mapping[Level, frozenset[int]] = field(default_factory=dict)


initial = Missing()


def evolve(missing: Missing, event: object) -> Missing:
    """Give what is told after an event."""
    match event:
        case ReceiptMissed(level=level, recipients=places):
            before = missing.told.get(level, frozenset())
            return Missing({**missing.told, level: before | set(places)})
        case _:
            return missing


# ---- decisions


def decide(missing: Missing, command: MissReceipts) -> list[ReceiptMissed]:
    """Return what is to be told. Of whom the alarm is due already, no warning comes before it."""
    found = []
    due = {place: level_of(since, command.now) for place, since in command.since.items()}
    for level in Level:
        told = missing.told.get(level, frozenset())
        places = tuple(sorted({place for place, one in due.items() if one is level} - told))
        if places:
            since = min(command.since[one] for one in places)
            one = (command.mail, command.message, command.mailbox)
            found.append(ReceiptMissed(*one, level, places, since))
    return found


def level_of(since: datetime, now: datetime) -> Level | None:
    """Give what is to be told by now; None before the time."""
    return next((one for one in reversed(Level) if now >= since + AFTER[one]), None)


def stream_of(mail: UUID) -> UUID:
    """Give the stream on which is told what became of a mail that left."""
    return uuid5(mail, "receipts")
