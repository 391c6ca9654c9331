"""When nobody is reached at an address: by evidence, for a while, until it is proven wrong."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from composed import composed
from domain.aliveness import EXPIRES, Evidence, invalid, undeliverable
from domain.values import Address

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def bounced(status="5.1.1", days=0):
    return Evidence(NOON + days * DAY, status, "550 no", UUID(int=days + 1), None)


def judged(*bounces, alive=None, now=NOON + 3 * DAY):
    return invalid(bounces, alive, now)


@pytest.mark.parametrize("status", ["4.1.1", "5.7.1", "5.2.2", "5.0.0", "", "5.4.4"])
def test_what_says_nothing_about_the_address_never_makes_it_invalid(status):
    assert judged(bounced(status), bounced(status, 1)) is None


def test_an_address_that_does_not_exist_is_invalid_and_surely_so_on_a_second_day():
    once, twice = judged(bounced()), judged(bounced(days=1), bounced())
    assert once is not None
    assert twice is not None
    assert (once.times, once.sure, once.expires_at) == (1, False, NOON + EXPIRES)
    assert (twice.times, twice.sure, twice.evidence) == (2, True, bounced(days=1))
    again = judged(bounced(), bounced())
    assert again is not None
    assert not again.sure


def test_a_mailbox_that_is_switched_off_counts_on_a_second_day_only():
    assert judged(bounced("5.2.1")) is None
    assert judged(bounced("5.2.1"), bounced("5.2.1", 1)) is not None


def test_it_expires_and_a_later_mail_proves_it_wrong():
    assert judged(bounced(), now=NOON + EXPIRES) is None
    assert judged(bounced(), alive=NOON + DAY) is None
    assert judged(bounced(days=1), alive=NOON) is not None


def test_who_writes_there_is_asked_whether_he_means_it():
    found = judged(bounced())
    assert found is not None
    mail = composed(cc=(Address("ANNA@rossi.example"),))
    told = undeliverable(mail, {"anna@rossi.example": found})
    assert [(one.field, one.code, one.blocks) for one in told] == [
        ("cc[0]", "UNDELIVERABLE", False)
    ]
    assert told[0].sentence == (
        "nobody is reached at ANNA@rossi.example, the last mail came back on 2026-03-02: 550 no"
    )
