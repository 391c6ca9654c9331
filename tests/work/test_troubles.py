"""What is wrong with what leaves is told by the doctor, each with what to do about it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.work.queued import addresses_of
from api.work.troubles import Trouble, troubles
from benchmarks.receiptmaker import Receipt, receipt
from domain.leaving import BeginSending
from domain.webhook import PauseReason, WebhookChanged
from events import envelope
from outgoing import Office
from postbox import BOX, Postbox
from posting import PEC, Posting

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from dovecot import MailAccount

ROSSI, BIANCHI = "rossi@pec.rossi.example", "b@pec.bianchi.example"
HOUR = timedelta(hours=1)


def found(carteggio: "Carteggio", now: datetime | None = None) -> list[Trouble]:
    return list(troubles(carteggio, addresses_of(carteggio), now or datetime.now(UTC)))


def test_mail_that_a_process_left_behind_is_told_but_not_while_somebody_sends(
    carteggio: "Carteggio",
) -> None:
    from api.work.leases import Locks  # noqa: PLC0415

    office = Office(carteggio)
    office.outbox.record(office.queue(), BeginSending(datetime.now(UTC)), envelope())
    ((part, said, do),) = found(carteggio)
    assert (part, said) == ("outbox", "1 mails were being sent when their process died")
    assert do.startswith("run: carteggio work")

    async def while_it_is_held() -> list[Trouble]:
        locks = Locks(carteggio.database)
        async with locks.holding(office.box):
            told = await asyncio.to_thread(found, carteggio)
        await locks.close()
        return told

    assert asyncio.run(while_it_is_held()) == []


async def test_certified_mail_without_receipts_is_told_after_twelve_hours_and_otherwise_after_a_day(
    posting: Posting,
) -> None:
    sent = posting.queue(people=(ROSSI, BIANCHI), sender=PEC)
    await posting.send(PEC)
    since = (await posting.rows(sent))[0].at
    posting.capture(receipt(sent, Receipt("accettazione"), number=1, at=since), box=PEC)
    await posting.rows(sent)

    async def told(hours: float) -> list[Trouble]:
        return await asyncio.to_thread(found, posting.carteggio, since + hours * HOUR)

    assert await told(11.9) == []
    for hours, said in ((12, 12), (24, 24), (100, 24)):
        ((part, wrong, do),) = await told(hours)
        assert part.startswith("certified mail of")
        assert wrong == f"1 mails have no receipt after {said} hours, for {ROSSI}, {BIANCHI}"
        assert "carteggio deliveries" in do
    delivered = receipt(sent, Receipt("avvenuta-consegna", ROSSI), number=2, at=since)
    posting.capture(delivered, box=PEC)
    await posting.rows(sent)
    assert [one[1] for one in await told(24)] == [
        f"1 mails have no receipt after 24 hours, for {BIANCHI}"
    ]


def test_webhooks_that_take_nothing_or_are_paused_are_told(carteggio: "Carteggio") -> None:
    from api.work import webhooks  # noqa: PLC0415

    wanted = WebhookChanged(
        name="erp", url="https://erp.example/", events=("document.sent",),
        mailboxes=None, plain=False,
    )  # fmt: skip
    id = webhooks.save(carteggio, wanted, envelope()).id
    assert found(carteggio) == []
    with carteggio.database.pool.connection() as connection:
        connection.execute("UPDATE webhook SET failures = 4, failing_since = now()")
    ((part, said, do),) = found(carteggio)
    assert (part, do) == ("webhook erp", "see why: carteggio webhook log erp")
    assert "tried 4 times" in said
    webhooks.pause(carteggio, id, envelope(), PauseReason.FAILING)
    assert [one[1:] for one in found(carteggio)] == [
        (
            "it is paused: it took nothing for 3 days",
            "mend it, then: carteggio webhook resume erp",
        )
    ]
    webhooks.resume(carteggio, id, envelope())
    assert found(carteggio) == []


async def test_jobs_that_failed_for_good_are_told_for_a_week(carteggio: "Carteggio") -> None:
    from adapters.jobs import Jobs, defer  # noqa: PLC0415

    async def fails(_: Mapping[str, Any]) -> None:
        raise OSError

    with carteggio.database.pool.connection() as connection:
        defer(connection, "send", {}, once="one")
    await Jobs(carteggio.database, {"send": fails}).run(wait=False)
    ((part, said, do),) = await asyncio.to_thread(found, carteggio)
    assert part == "jobs send"
    assert said.startswith("1 failed for good")
    assert do.endswith("carteggio work")
    later = datetime.now(UTC) + timedelta(days=8)
    assert await asyncio.to_thread(found, carteggio, later) == []


async def test_copies_that_cannot_be_filed_are_told(
    carteggio: "Carteggio", worker: "ReadingWorker", mail_account: "MailAccount"
) -> None:
    postbox = Postbox(carteggio, worker, mail_account)
    await asyncio.to_thread(postbox.enter)
    await asyncio.to_thread(postbox.queue)
    await postbox.drain()
    postbox.account = replace(mail_account, password="changed")
    await asyncio.to_thread(postbox.enter)
    await postbox.look_after(3)
    ((part, said, do),) = await asyncio.to_thread(found, carteggio)
    assert part == f"sent mail of {BOX}"
    assert said.startswith("1 copies are not filed in its folder of sent mail, the first since 20")
    assert do == f"see what is wrong: carteggio account test {BOX}"
