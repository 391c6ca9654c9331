"""What became of a mail for a recipient: by what our server said, and by what others report."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content import NoticeKind
from domain.delivery import DeliveryState, Standing, Standings, Told, about, counts, sent, standing
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
    Recipient,
    RecipientRole,
    Resolution,
    Result,
    Said,
)
from domain.values import Address, BlobName, MailboxId, MessageId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PEOPLE = ("anna@rossi.example", "beppe@bianchi.example")
QUEUED = MailQueued(
    MailboxId(UUID(int=1)), MessageId(UUID(int=2)), BlobName("x"), "", 1, NOON, "1@firma.example",
    Address("info@firma.example"),
    tuple(Recipient(Address(one), RecipientRole.TO) for one in PEOPLE),
)  # fmt: skip
OK, LATER, NO = (
    Result(0, Said.ACCEPTED, 250),
    Result(1, Said.DEFERRED, 451),
    Result(1, Said.REFUSED),
)
SENDING = MailSendingBegun(1, (0, 1))
BASE = Standing(DeliveryState.ACCEPTED, NOON)
TOLD = Told(
    MessageId(UUID(int=9)), NOON, NoticeKind.DELIVERY, "failed", "5.1.1", "550 no", PEOPLE[0]
)


def states(*events):
    found: Standings = ()
    for at, event in enumerate((QUEUED, *events)):
        found = sent(found, event, NOON + timedelta(minutes=at))
    return [one.state.value for one in found]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((SENDING,), ["sending", "sending"]),
        ((SENDING, MailAccepted(1, (OK, LATER), NOON)), ["accepted", "deferred"]),
        ((SENDING, MailAccepted(1, (OK, NO))), ["accepted", "refused"]),
        (
            (MailAccepted(1, (OK, LATER)), MailRefused(1, (), given_up=True)),
            ["accepted", "given_up"],
        ),
        ((MailDeferred(1, (replace(OK, said=Said.DEFERRED), LATER), NOON),), ["deferred"] * 2),
        ((MailRefused(1, (replace(OK, said=Said.REFUSED), NO)),), ["refused"] * 2),
        ((SENDING, MailUncertain(1, "lost")), ["uncertain"] * 2),
        (
            (SENDING, MailUncertain(1, "lost"), MailResolved(1, Resolution.SENT, "x")),
            ["accepted"] * 2,
        ),
        (
            (SENDING, MailUncertain(1, "lost"), MailResolved(1, Resolution.SEND_AGAIN, "x")),
            ["queued"] * 2,
        ),
        (
            (SENDING, MailUncertain(1, "lost"), MailResolved(1, Resolution.GIVEN_UP, "x")),
            ["given_up"] * 2,
        ),
        (
            (
                MailAccepted(1, (OK, LATER), NOON),
                MailSendingBegun(2, (1,)),
                MailUncertain(2, "lost"),
                MailResolved(2, Resolution.GIVEN_UP, "x"),
                MailResolved(2, Resolution.SENT, "x", recipients=(1,)),
            ),
            ["accepted", "accepted"],
        ),
        ((MailAccepted(1, (OK, LATER), NOON), MailCancelled()), ["accepted", "cancelled"]),
    ],
)
def test_each_recipient_stands_as_our_server_said_last(events, expected):
    assert states(*events) == expected


def test_what_is_said_to_the_whole_is_told_of_whom_nothing_else_was_said():
    found = sent(sent((), QUEUED, NOON), MailAccepted(1, (OK, LATER), NOON, (), "queued"), NOON)
    assert [one.text for one in found] == ["queued", "queued"]
    told = MailAccepted(1, (OK, LATER), NOON, ("", "451 later"), "queued")
    assert [one.text for one in sent(found, told, NOON)] == ["queued", "451 later"]


KINDS = (
    [(NoticeKind.DELIVERY, x) for x in ("failed", "delayed", "delivered", "expanded", "odd")]
    + [(NoticeKind.PEC, x) for x in ("accettazione", "avvenuta-consegna", "errore-consegna")]
    + [(NoticeKind.DISPOSITION, "displayed")]
)
some = st.lists(
    st.builds(
        lambda kind, number: replace(
            TOLD,
            message=MessageId(UUID(int=number)),
            kind=kind[0],
            outcome=kind[1],
            at=NOON + timedelta(hours=number % 3),
        ),
        st.sampled_from(KINDS),
        st.integers(1, 9),
    ),
    max_size=6,
)


@given(some, st.randoms())
def test_the_order_in_which_notices_come_is_indifferent(told, chance):
    mixed = list(told)
    chance.shuffle(mixed)
    assert standing(BASE, mixed) == standing(BASE, told)


@pytest.mark.parametrize("went_on", ["relayed", "expanded"])
def test_what_was_put_off_and_went_on_later_is_put_off_no_more(went_on):
    put_off = replace(TOLD, outcome="delayed")
    on = replace(TOLD, outcome=went_on, at=NOON + timedelta(hours=2))
    assert standing(BASE, [put_off, on]).state is DeliveryState.RELAYED
    again = replace(put_off, at=NOON + timedelta(hours=4))
    found = standing(BASE, [again, on, put_off])
    assert (found.state, found.at) == (DeliveryState.DEFERRED, again.at)


def test_a_read_receipt_is_no_delivery():
    read = replace(TOLD, kind=NoticeKind.DISPOSITION, outcome="displayed")
    assert standing(BASE, [read]) == BASE
    assert not counts(read, certified=False)
    assert not counts(replace(read, kind=NoticeKind.FEEDBACK), certified=True)


@pytest.mark.parametrize(
    ("told", "places"),
    [
        ({}, (0,)),
        ({"recipient": "o@y.example", "final": PEOPLE[1]}, (1,)),
        ({"recipient": "mallory@evil.example"}, ()),
        ({"recipient": ""}, ()),
        ({"recipient": "", "kind": NoticeKind.PEC, "outcome": "accettazione"}, (0, 1)),
        ({"recipient": "", "kind": NoticeKind.PEC, "outcome": "errore-consegna"}, ()),
    ],
)
def test_a_notice_is_about_whom_it_names(told, places):
    assert about(replace(TOLD, **told), PEOPLE) == places


@pytest.mark.parametrize(
    ("told", "places"),
    [
        ({"recipient": ""}, (0,)),
        ({"recipient": "x@y.example", "final": "x@y.example"}, (0,)),
        ({"recipient": "o@y.example", "final": "x@y.example"}, ()),
        ({"recipient": "x@y.example", "kind": NoticeKind.PEC}, ()),
    ],
)
def test_of_a_mail_to_one_it_is_about_him_unless_it_names_another(told, places):
    assert about(replace(TOLD, **told), PEOPLE[:1]) == places
