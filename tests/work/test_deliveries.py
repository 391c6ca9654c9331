"""What became of mail that left: for each recipient, by proofs, in whatever order they come."""

from itertools import permutations
from uuid import UUID

import pytest

from benchmarks.receiptmaker import Receipt, Reported, bounce, receipt
from posting import ACCEPTED, ANNA, BEPPE, CARLA, LATER, NOW, OFFICE, PEC, UNKNOWN, Posting, later

ROSSI, BIANCHI, PLAIN = "rossi@pec.rossi.example", "b@pec.bianchi.example", "carla@verdi.example"


async def test_what_our_server_says_of_each_recipient_is_told(posting: Posting) -> None:
    sent = posting.queue()
    assert await posting.states(sent) == ["queued"] * 3
    await posting.send(answers={"RCPT": [ACCEPTED, LATER, UNKNOWN]})
    rows = await posting.rows(sent)
    assert [one.state for one in rows] == ["accepted", "deferred", "refused"]
    assert [(one.code, one.status) for one in rows[1:]] == [(451, "4.2.1"), (550, "5.1.1")]
    assert [one.hard for one in rows] == [False, False, True]


async def test_one_of_three_recipients_comes_back(posting: Posting) -> None:
    sent = posting.queue()
    await posting.send()
    posting.capture(bounce(sent, [Reported(BEPPE)], at=later(1)), at=later(1))
    rows = await posting.rows(sent)
    assert [one.state for one in rows] == ["accepted", "bounced", "accepted"]
    (beppe,) = (one for one in rows if one.address == BEPPE)
    assert (beppe.code, beppe.status, beppe.at) == (550, "5.1.1", later(1))
    assert beppe.text == "550 5.1.1 No such user here"
    assert beppe.proof is not None
    assert beppe.hard


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
async def test_whatever_comes_last_the_worst_report_stands(
    posting: Posting, order: tuple[int, ...]
) -> None:
    sent = posting.queue(people=[ANNA])
    reports = [
        bounce(sent, [Reported(ANNA, action, status, text)], number=at, at=later(at))
        for at, (action, status, text) in enumerate(
            [("delayed", "4.4.1", "450 later"), ("delivered", "2.0.0", "250 ok"),
             ("failed", "5.2.2", "552 5.2.2 mailbox full")]
        )
    ]  # fmt: skip
    for place in order[:2]:
        posting.capture(reports[place], at=later(place))
    await posting.send()
    posting.capture(reports[order[2]], at=later(order[2]))
    (row,) = await posting.rows(sent)
    assert (row.state, row.code, row.at, row.hard) == ("bounced", 552, later(2), False)
    assert row.said_state == "accepted"


async def test_a_report_counts_only_for_whom_the_mail_went_to(posting: Posting) -> None:
    sent, other = posting.queue(), posting.queue(2)
    await posting.send()
    unknown = bounce(sent, [Reported("mallory@evil.example")], number=1, at=NOW)
    forged = "Authentication-Results: mx.firma.example; dmarc=fail header.from=mx.example\n"
    doubted = bounce(sent, [Reported(ANNA)], number=2, at=NOW, more=forged)
    elsewhere = bounce(sent, [Reported("x@y.example", original="o@y.example")], number=3, at=NOW)
    posting.capture(unknown, doubted, elsewhere)
    assert await posting.states(sent) == await posting.states(other) == ["accepted"] * 3


async def test_mail_that_was_passed_on_fails_for_whom_it_was_written_to(posting: Posting) -> None:
    sent = posting.queue(people=[ANNA, BEPPE])
    alone = posting.queue(2, people=[CARLA])
    await posting.send()
    behind = Reported("anna@private.example", original=ANNA)
    posting.capture(bounce(sent, [behind], number=1, at=NOW))
    posting.capture(bounce(alone, [Reported("carla@private.example")], number=2, at=NOW))
    found = [*await posting.rows(sent), *await posting.rows(alone)]
    assert [one.state for one in found] == ["bounced", "accepted", "bounced"]
    assert not any(one.hard for one in found)


async def test_a_mail_is_known_by_its_envelopes_id_or_our_own_where_its_id_was_changed(
    posting: Posting,
) -> None:
    one, two = posting.queue(1, people=[ANNA]), posting.queue(2, people=[BEPPE])
    await posting.send()
    changed = "Message-ID: <0102@ses.example>\nTo: x@y.example\n"
    posting.capture(bounce(one, [Reported(ANNA)], number=1, at=NOW, header=changed))
    own = f"{changed}X-Carteggio-Id: <{two.message_id}>\n"
    without = type(two)(two.message_id, two.sender, two.recipients)
    posting.capture(bounce(without, [Reported(BEPPE)], number=2, at=NOW, header=own))
    assert [await posting.states(one), await posting.states(two)] == [["bounced"], ["bounced"]]


async def test_of_mails_that_a_server_calls_the_same_each_is_read_without_the_others(
    posting: Posting,
) -> None:
    from api.work.feed import active_names  # noqa: PLC0415
    from projections.deliveries import deliveries  # noqa: PLC0415
    from projections.deliverystate import load  # noqa: PLC0415

    sent = [posting.queue(one) for one in range(1, 6)]
    await posting.send()
    assert await posting.states(sent[4]) == ["accepted"] * 3
    mail = UUID(hex=sent[4].envid)
    with posting.carteggio.database.pool.connection() as connection:
        names = active_names(connection, [deliveries])
        state = load(connection, names, posting.carteggio.journal.stream(mail))
    assert [one.mail for one in state.mails] == [mail]
    assert len(state.deliveries) == 3


async def test_a_pec_has_the_state_that_its_receipts_prove(posting: Posting) -> None:
    people = (ROSSI, BIANCHI, PLAIN)
    sent = posting.queue(people=people, sender=PEC)
    await posting.send(PEC)
    made = [
        Receipt("accettazione"),
        Receipt("presa-in-carico", ROSSI),
        Receipt("avvenuta-consegna", ROSSI),
        Receipt("preavviso-errore-consegna", BIANCHI),
    ]
    for at, one in enumerate(made):
        raw = receipt(sent, one, (PLAIN,), number=at, at=later(at))
        posting.capture(raw, box=PEC, at=later(at))
    rows = await posting.rows(sent)
    assert [one.state for one in rows] == ["pec_delivered", "pec_late", "pec_accepted"]
    assert [one.certified for one in rows] == [True, True, False]
    assert [one.waits_since is not None for one in rows] == [False, True, False]
    failed = Receipt("errore-consegna", BIANCHI, "altro", "5.1.1 - indirizzo non valido")
    posting.capture(receipt(sent, failed, (PLAIN,), number=9, at=later(5)), box=PEC)
    rows = await posting.rows(sent)
    assert [(one.state, one.status, one.hard) for one in rows][1] == ("pec_failed", "5.1.1", True)


@pytest.mark.parametrize("kind", ["non-accettazione", "rilevazione-virus"])
async def test_a_pec_that_a_provider_does_not_take_failed_for_everybody(
    posting: Posting, kind: str
) -> None:
    sent = posting.queue(people=(ROSSI, BIANCHI), sender=PEC)
    posting.capture(receipt(sent, Receipt(kind, error="virus"), at=NOW), box=PEC)
    await posting.send(PEC)
    assert await posting.states(sent) == ["pec_failed"] * 2


async def test_a_receipt_that_is_not_its_providers_proves_nothing(posting: Posting) -> None:
    sent = posting.queue(people=(ROSSI,), sender=PEC)
    plain = posting.queue(2, people=(ROSSI,))
    await posting.send(PEC)
    await posting.send()
    delivered = Receipt("avvenuta-consegna", ROSSI)
    posting.capture(receipt(sent, delivered, number=1, at=NOW, signed=False), box=PEC)
    posting.capture(receipt(sent, delivered, number=2, at=NOW), box=OFFICE)
    altered = receipt(sent, delivered, number=3, at=NOW).replace(b"CONSEGNA:", b"CONSEGNE:")
    posting.capture(altered, box=PEC)
    header = {"X-Ricevuta": "errore-consegna"}
    posting.capture(receipt(sent, delivered, number=4, at=NOW, more=header), box=PEC)
    posting.capture(receipt(plain, delivered, number=5, at=NOW), box=OFFICE)
    assert [await posting.states(sent), await posting.states(plain)] == [["accepted"]] * 2


async def test_filled_anew_in_whatever_batches_it_reads_the_same(posting: Posting) -> None:
    from api.work.models import PROJECTIONS  # noqa: PLC0415
    from api.work.replay import Replay  # noqa: PLC0415
    from projections.deliveries import deliveries  # noqa: PLC0415
    from worlds import content_of, create, fill, names_for  # noqa: PLC0415

    sent = posting.queue()
    posting.capture(bounce(sent, [Reported(ANNA, "delayed", "4.4.1", "450 x")], number=1, at=NOW))
    await posting.send(answers={"RCPT": [ACCEPTED, LATER, UNKNOWN]})
    again = bounce(sent, [Reported(ANNA)], number=2, at=later(2))
    posting.capture(again, at=later(2))
    posting.capture(again, box="other@firma.example", at=later(1))
    before = posting.content()
    assert len(before["delivery_report"]) == 2
    carteggio = posting.carteggio
    assert Replay(carteggio.journal, PROJECTIONS).verify(["deliveries"]) == []
    events = carteggio.journal.read(0, limit=10_000)
    with carteggio.database.connect() as connection:
        for at, sizes in enumerate(([1], [2, 1, 3], [1000])):
            names = names_for(deliveries, generation=100 + at)
            create(connection, names, deliveries)
            fill(connection, names, deliveries, events, sizes)
            assert content_of(connection, names, deliveries) == before
