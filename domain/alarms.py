"""Targets that are at risk or missed: a warning and a breach of each wait, once each, and who was told.

    the clock of a wait ─▶ at risk: message.wait_warned ─▶ too late: message.wait_breached
                           told in service hours: message.alarm_told

They lie in the stream of the message with which the wait began, and stay when targets change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from domain.businesstime import BusinessTime
from domain.calendars import Clock
from domain.classes import dataclass
from domain.values import ColleagueId, MailboxId

_TICK: Final = timedelta(microseconds=1)


class Stage(StrEnum):
    """How far it has come."""

    WARNING = "warning"
    BREACH = "breach"


# ---- events


@dataclass(frozen=True, slots=True)
class MessageWaitWarned:
    """From `held` on a wait was at risk; the event's own time is when that was noticed.

    `since` is when its clock began, `due` the moment that the target leaves it, `seconds` its time
    by `target` in its word at `target_position`, in the hours of `calendar` at
    `calendar_position` (None: always open). `tell`: when it is to be told; None: it is not, as by
    then it is too late, which is told instead.
    """

    mailbox: MailboxId
    clock: Clock
    since: datetime
    due: datetime
    held: datetime
    tell: datetime | None
    seconds: int
    target: UUID
    target_position: int
    calendar: UUID | None
    calendar_position: int | None


@dataclass(frozen=True, slots=True)
class MessageWaitBreached:
    """From `held` on a wait was too late; the rest is as in `message.wait_warned`."""

    mailbox: MailboxId
    clock: Clock
    since: datetime
    due: datetime
    held: datetime
    tell: datetime | None
    seconds: int
    target: UUID
    target_position: int
    calendar: UUID | None
    calendar_position: int | None


@dataclass(frozen=True, slots=True)
class MessageAlarmTold:
    """Somebody was told of it: its owner, and of a breach those to whom the target escalates it.

    `mails` are in the outbox; who has no mail is in neither.
    """

    mailbox: MailboxId
    clock: Clock
    stage: Stage
    told: tuple[ColleagueId, ...]
    escalated_to: tuple[ColleagueId, ...]
    mails: tuple[UUID, ...]


Alarm = MessageWaitWarned | MessageWaitBreached
AlarmEvent = Alarm | MessageAlarmTold

# ---- commands


@dataclass(frozen=True, slots=True)
class NoticeAlarms:
    """Keep what holds of a wait."""

    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True)
class TellAlarm:
    """Keep that somebody was told."""

    told: MessageAlarmTold


AlarmCommand = NoticeAlarms | TellAlarm


@dataclass(frozen=True, slots=True)
class Alarms:
    """What was noticed of a wait, and told."""

    noticed: frozenset[Stage] = frozenset()
    told: frozenset[Stage] = frozenset()


initial = Alarms()


def stage_of(alarm: Alarm) -> Stage:
    """Give how far it has come."""
    return Stage.WARNING if isinstance(alarm, MessageWaitWarned) else Stage.BREACH


def evolve(state: Alarms, event: object) -> Alarms:
    """Give the state after an event."""
    match event:
        case MessageWaitWarned() | MessageWaitBreached():
            return replace(state, noticed=state.noticed | {stage_of(event)})
        case MessageAlarmTold(stage=stage):
            return replace(state, told=state.told | {stage})
        case _:
            return state


def decide(state: Alarms, command: AlarmCommand) -> Sequence[AlarmEvent]:
    """Return what happens. An empty list means that it was noticed, or told, already.

    A wait is warned once, whether a first or a next answer was due then.
    """
    match command:
        case NoticeAlarms(alarms):
            return [one for one in alarms if stage_of(one) not in state.noticed]
        case TellAlarm(told):
            return [] if told.stage in state.told else [told]
        case _ as never:
            assert_never(never)


# ---- when


@dataclass(frozen=True, slots=True)
class Held:
    """A stage of a wait: from when on it holds, and when that is to be told."""

    stage: Stage
    held: datetime
    tell: datetime | None

    @property
    def looked_at(self) -> datetime:
        """Give when that can be seen: an answer at the very moment is in time."""
        return self.held + (_TICK if self.stage is Stage.BREACH else timedelta(0))


def stages(
    warns: datetime | None, due: datetime | None, since: datetime, service: BusinessTime
) -> Iterator[Held]:
    """Give what will hold of a wait, in order; of both together the breach alone is told.

    `since`: from when on calendar and target are in force: before, nothing held. `service` are the
    hours in which alarms are told; one without any is not told.
    """
    breach = None if due is None else max(due, since)
    if warns is not None:
        held = max(warns, since)
        tell = service.next_open(held)
        late = tell is not None and breach is not None and breach <= tell
        yield Held(Stage.WARNING, held, None if late else tell)
    if breach is not None:
        yield Held(Stage.BREACH, breach, service.next_open(breach))
