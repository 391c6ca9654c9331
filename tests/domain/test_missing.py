"""Receipts that did not come are told once after 12 hours, and once after 24."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.missing import Level, Missing, MissReceipts, ReceiptMissed, decide, evolve, initial
from domain.values import MailboxId, MessageId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE = (UUID(int=1), MessageId(UUID(int=2)), MailboxId(UUID(int=3)))


def told(hours, *since, before: Missing = initial):
    given = {place: NOON + one * HOUR for place, one in enumerate(since)}
    return decide(before, MissReceipts(*ONE, given, NOON + hours * HOUR))


@pytest.mark.parametrize(("hours", "level"), [(12, Level.WARNING), (24, Level.ALARM)])
def test_it_is_told_once_for_all_who_have_none(hours, level):
    assert told(hours - 0.1, 0, 0) == ([] if level is Level.WARNING else told(12, 0, 0))
    happened = told(hours, 0, 0)
    assert happened == [ReceiptMissed(*ONE, level, (0, 1), NOON)]
    after = evolve(initial, happened[0])
    assert told(hours + 1, 0, 0, before=after) == []


def test_the_alarm_follows_the_warning_and_each_recipient_has_his_own_clock():
    warned = evolve(initial, told(12, 0)[0])
    found = told(24, 0, 12, before=warned)
    assert [(one.level, one.recipients) for one in found] == [
        (Level.WARNING, (1,)),
        (Level.ALARM, (0,)),
    ]
    assert evolve(warned, object()) == warned
