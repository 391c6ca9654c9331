"""A PEC without a receipt is told after 12 and 24 hours, once each; an ordinary address never."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from api.work.deliveries import miss_receipts
from benchmarks.receiptmaker import Receipt, receipt
from domain.missing import Level, ReceiptMissed
from instances import events_of
from posting import PEC, Posting

ROSSI, BIANCHI, PLAIN = "rossi@pec.rossi.example", "b@pec.bianchi.example", "carla@verdi.example"
HOUR = timedelta(hours=1)


async def accepted(posting: Posting, number: int = 1, sender: str = PEC) -> datetime:
    """Let a mail leave to three, one of them no PEC; give when it was taken over."""
    sent = posting.queue(number, people=(ROSSI, BIANCHI, PLAIN), sender=sender)
    await posting.send(sender)
    rows = await posting.rows(sent)
    raw = receipt(sent, Receipt("accettazione"), (PLAIN,), number=number, at=rows[0].at)
    posting.capture(raw, box=sender)
    posting.carteggio.feed.catch_up()
    return rows[0].at


async def missed(posting: Posting, now: datetime) -> list[tuple[Level, tuple[int, ...]]]:
    before = len(events_of(posting.carteggio, "delivery.receipt_missed"))
    await miss_receipts(posting.carteggio, now)
    posting.carteggio.feed.catch_up()
    found: list[ReceiptMissed] = events_of(posting.carteggio, "delivery.receipt_missed")
    return [(one.level, one.recipients) for one in found[before:]]


async def test_a_receipt_that_does_not_come_is_told_twice_and_no_more(posting: Posting) -> None:
    since = await accepted(posting)
    assert await missed(posting, since + 11.9 * HOUR) == []
    assert await missed(posting, since + 12 * HOUR) == [(Level.WARNING, (0, 1))]
    assert await missed(posting, since + 13 * HOUR) == []
    assert await missed(posting, since + 24 * HOUR) == [(Level.ALARM, (0, 1))]
    assert await missed(posting, since + 25 * HOUR) == []
    rows = await posting.rows_of(UUID(int=901))
    assert [one.alarm for one in rows] == ["alarm", "alarm", ""]


async def test_who_has_his_receipt_is_not_missed_and_ordinary_mail_is_never(
    posting: Posting,
) -> None:
    since = await accepted(posting)
    await accepted(posting, 2, "info@firma.example")
    sent = posting.queue(3, people=(ROSSI,), sender=PEC)
    delivered = receipt(
        posting.sent(UUID(int=901)), Receipt("avvenuta-consegna", ROSSI), number=9, at=since
    )
    posting.capture(delivered, box=PEC)
    posting.carteggio.feed.catch_up()
    assert await missed(posting, since + 30 * HOUR) == [(Level.ALARM, (1,))]
    assert await posting.states(sent) == ["queued"]


async def test_nothing_is_missed_while_captured_mail_is_not_in_the_read_model(
    posting: Posting,
) -> None:
    since = await accepted(posting)
    raw = receipt(
        posting.sent(UUID(int=901)), Receipt("avvenuta-consegna", ROSSI), number=9, at=since
    )
    posting.capture(raw, box=PEC)
    assert await miss_receipts(posting.carteggio, since + 30 * HOUR) == 0


async def test_two_who_look_at_once_tell_it_once(posting: Posting) -> None:
    since = await accepted(posting)
    now = since + 12 * HOUR
    await asyncio.gather(*(miss_receipts(posting.carteggio, now) for _ in range(3)))
    assert len(events_of(posting.carteggio, "delivery.receipt_missed")) == 1
