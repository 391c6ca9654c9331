"""Calendars and targets as whoever manages mailboxes has them: saved, set, ended."""

from dataclasses import replace
from uuid import UUID

from adapters.daysoff import business_time
from api.work.instance import Carteggio
from domain import calendars as stream
from domain.calendars import (
    CalendarRetired,
    CalendarSaved,
    RetireCalendar,
    SaveCalendar,
    SetTarget,
    TargetScope,
    TargetSet,
    TargetWithdrawn,
    WithdrawTarget,
    check_calendar,
    check_target,
)
from domain.identity import calendar_id, target_id
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected

_LONGEST_REASON = 2_000


def save_calendar(
    carteggio: Carteggio, wanted: CalendarSaved, envelope: Envelope
) -> tuple[UUID, int | None]:
    """Save a calendar under its name; give its id and the event's position (None: it is so)."""
    id, clean = checked_calendar(carteggio, wanted)
    return id, carteggio.journal.record(id, stream, SaveCalendar(clean), envelope)


def checked_calendar(carteggio: Carteggio, wanted: CalendarSaved) -> tuple[UUID, CalendarSaved]:
    """Give a calendar's id, and the calendar as it is kept.

    Rejected (INVALID) where it cannot be one, or no holidays are known of its country or region.
    """
    _check_reason(wanted.reason)
    country, region = wanted.country.strip().upper(), wanted.region.strip().upper()
    mailboxes: tuple[MailboxId, ...] = tuple(sorted(set(wanted.mailboxes)))
    clean = replace(
        wanted,
        name=" ".join(wanted.name.split()),
        country=country,
        region=region,
        mailboxes=mailboxes,
        exceptions=tuple(sorted(wanted.exceptions)),
    )
    check_calendar(clean)
    business_time(clean.opening, country, region)  # refuses a country without known holidays
    return calendar_id(carteggio.identity_key, clean.name), clean


def retire_calendar(
    carteggio: Carteggio, id: UUID, retired: CalendarRetired, envelope: Envelope
) -> int | None:
    """Let a calendar hold for nothing; Rejected if there is none."""
    _check_reason(retired.reason)
    return carteggio.journal.record(id, stream, RetireCalendar(retired), envelope)


def set_target(
    carteggio: Carteggio, wanted: TargetSet, envelope: Envelope
) -> tuple[UUID, int | None]:
    """Set the target of a scope, whatever it was; give its id and the event's position."""
    id, clean = checked_target(carteggio, wanted)
    return id, carteggio.journal.record(id, stream, SetTarget(clean), envelope)


def checked_target(carteggio: Carteggio, wanted: TargetSet) -> tuple[UUID, TargetSet]:
    """Give a target's id, and the target as it is kept; Rejected (INVALID) if it cannot be one."""
    _check_reason(wanted.reason)
    clean = replace(wanted, scope=scope_of(wanted.scope))
    check_target(clean)
    return target_of(carteggio, clean.scope), clean


def withdraw_target(
    carteggio: Carteggio, id: UUID, withdrawn: TargetWithdrawn, envelope: Envelope
) -> int | None:
    """Withdraw a target; Rejected if there is none."""
    _check_reason(withdrawn.reason)
    return carteggio.journal.record(id, stream, WithdrawTarget(withdrawn), envelope)


def scope_of(scope: TargetScope) -> TargetScope:
    """Read a scope as people type it: words without case."""
    words = (
        " ".join(one.split()).casefold() for one in (scope.category, scope.kind, scope.priority)
    )
    return TargetScope(scope.mailbox, *words)


def target_of(carteggio: Carteggio, scope: TargetScope) -> UUID:
    """Give the id of a scope's target, set or not."""
    clean = scope_of(scope)
    words = clean.category, clean.kind, clean.priority
    return target_id(carteggio.identity_key, clean.mailbox, *words)


def _check_reason(reason: str) -> None:
    if len(reason) > _LONGEST_REASON:
        raise Rejected("INVALID", f"reason: {_LONGEST_REASON} characters is the most")
