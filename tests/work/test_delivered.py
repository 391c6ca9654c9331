"""Who answered mail of ours, who cannot be reached, who has a PEC; each as far as one may see."""

from datetime import timedelta
from email.utils import format_datetime

from api.work.reached import reach_of
from benchmarks.receiptmaker import Receipt, Reported, Sent, bounce, receipt, transported
from composed import composed
from domain.values import Address
from posting import ANNA, BEPPE, CARLA, NOW, ORDER, PEC, UNKNOWN, Posting, later
from projections.delivered import (
    SentFilter,
    answers_to,
    certified_addresses,
    deliveries_of,
    invalid_addresses,
    sent_mail,
)
from projections.reader import EVERYTHING, Reader

ROSSI, PLAIN = "rossi@pec.rossi.example", "carla@verdi.example"
OTHER = "other@firma.example"


def reply(sent: Sent, sender: str, number: int, more: str = "") -> bytes:
    return (
        f"From: {sender}\r\nTo: {sent.sender}\r\nMessage-ID: <re{number}@x.example>\r\n"
        f"Date: {format_datetime(later(number))}\r\nSubject: Re: {sent.subject}\r\n"
        f"In-Reply-To: <{sent.message_id}>\r\n{more}\r\nVa bene, quando arriva?\r\n"
    ).encode()


async def answered(posting: Posting, sent: Sent, reader: Reader = EVERYTHING) -> set[str]:
    """Give which of the recipients answered."""
    keys = {one.address_key for one in await posting.rows(sent)}
    async with posting.carteggio.reading() as asked:
        found = await answers_to(*asked, reader, [posting.message(sent)])
    return {address for _, address in found if address in keys}


async def test_a_recipient_who_writes_back_has_answered_and_his_machine_has_not(
    posting: Posting,
) -> None:
    sent = posting.queue()
    await posting.send()
    assert await answered(posting, sent) == set()
    away = "Auto-Submitted: auto-replied\r\n"
    posting.capture(reply(sent, BEPPE, 1, away), at=later(1))
    posting.capture(bounce(sent, [Reported(CARLA)], at=later(1)), at=later(1))
    posting.capture(reply(sent, "somebody@else.example", 2), at=later(2))
    assert await answered(posting, sent) == set()
    posting.capture(reply(sent, ANNA, 3), at=later(3))
    assert await answered(posting, sent) == {ANNA}
    assert await answered(posting, sent, Reader((posting.box(OTHER),))) == set()
    assert await posting.states(sent) == ["accepted", "accepted", "bounced"]


async def test_a_pec_is_answered_under_the_id_that_its_provider_gave_it(posting: Posting) -> None:
    sent = posting.queue(people=(ROSSI,), sender=PEC)
    await posting.send(PEC)
    given = Receipt("accettazione").given_id
    posting.capture(
        transported(sent, ROSSI, "Accettiamo. Quando?", answers=given, at=later(5)),
        box=PEC,
        at=later(5),
    )
    assert await answered(posting, sent) == set()
    delivered = Receipt("avvenuta-consegna", ROSSI)
    posting.capture(receipt(sent, delivered, number=2, at=later(1)), box=PEC, at=later(1))
    assert await answered(posting, sent) == {ROSSI}
    assert await posting.states(sent) == ["pec_delivered"]


async def test_what_left_from_a_mailbox_is_told_to_its_readers_alone(posting: Posting) -> None:
    sent = posting.queue()
    posting.queue(2, sender=OTHER)
    await posting.send(answers={"RCPT": UNKNOWN})
    message = posting.message(sent)
    posting.carteggio.feed.catch_up()
    async with posting.carteggio.reading() as asked:
        for reader, count in (
            (EVERYTHING, 2),
            (Reader((posting.box(OTHER),)), 1),
            (Reader(()), 0),
        ):
            found = await sent_mail(*asked, reader, wanted=SentFilter(target=ORDER))
            assert (found.total, len(found.rows)) == (count, count)
        failed = await sent_mail(*asked, EVERYTHING, wanted=SentFilter(failed=True))
        assert [one.message for one in failed.rows] == [message]
        assert await deliveries_of(*asked, Reader((posting.box(OTHER),)), [message]) == {}


async def invalid(posting: Posting, reader: Reader = EVERYTHING, days: int = 1) -> set[str]:
    posting.carteggio.feed.catch_up()
    now = NOW + timedelta(days=days)
    async with posting.carteggio.reading() as asked:
        found = await invalid_addresses(*asked, reader, [ANNA.upper(), BEPPE, CARLA], now)
    return set(found)


async def test_an_address_that_bounced_is_invalid_until_it_writes_or_time_passes(
    posting: Posting,
) -> None:
    sent = posting.queue()
    await posting.send()
    full = Reported(BEPPE, status="5.2.2", text="552 5.2.2 mailbox full")
    spam = Reported(CARLA, status="5.7.1", text="550 5.7.1 we do not like it")
    posting.capture(bounce(sent, [Reported(ANNA), full, spam], at=later(1)), at=later(1))
    assert await invalid(posting) == {ANNA}
    assert await invalid(posting, Reader((posting.box(OTHER),))) == set()
    assert await invalid(posting, days=181) == set()
    posting.capture(reply(sent, ANNA, 2), at=later(2))
    assert await invalid(posting) == set()


async def test_which_addresses_are_certified_is_learnt_from_receipts(posting: Posting) -> None:
    sent = posting.queue(people=(ROSSI, PLAIN), sender=PEC)
    await posting.send(PEC)
    posting.capture(receipt(sent, Receipt("accettazione"), (PLAIN,), at=NOW), box=PEC)
    posting.carteggio.feed.catch_up()
    async with posting.carteggio.reading() as asked:
        known = await certified_addresses(*asked, EVERYTHING, [ROSSI.upper(), PLAIN, ANNA])
        unseen = await certified_addresses(*asked, Reader(()), [ROSSI, PLAIN])
    assert (known, unseen) == ({ROSSI: True, PLAIN: False}, {})


async def test_who_composes_is_told_where_nobody_is_reached_and_who_has_no_pec(
    posting: Posting,
) -> None:
    umlaut, wired = Address("j@straße.example"), "j@xn--strae-oqa.example"
    plain = posting.queue(people=(ANNA, wired))
    pec = posting.queue(2, people=(ROSSI, PLAIN), sender=PEC)
    await posting.send()
    await posting.send(PEC)
    posting.capture(bounce(plain, [Reported(ANNA), Reported(wired)], at=NOW))
    posting.capture(receipt(pec, Receipt("accettazione"), (PLAIN,), at=NOW), box=PEC)
    posting.carteggio.feed.catch_up()
    mail = composed(to=(umlaut, *map(Address, (ANNA, ROSSI, PLAIN))))
    found = await reach_of(posting.carteggio, EVERYTHING, mail)
    assert set(found.invalid) == {ANNA, umlaut.key}
    assert found.certified == {ROSSI: True, PLAIN: False}
    assert not (await reach_of(posting.carteggio, Reader(()), mail)).invalid
