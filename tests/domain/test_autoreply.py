"""May a mail be answered automatically: each reason against it, and that nothing else is one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import autoreply
from domain.autoreply import (
    HALTED_FOR,
    MOST_AN_HOUR,
    MOST_OF_A_MAILBOX,
    Answerable,
    Arrived,
    AutorepliesHalted,
    AutoreplySent,
    AutoreplySuppressed,
    HaltAutoreplies,
    History,
    Refusal,
    Responder,
    TellAutoreply,
    Why,
    may_answer,
)
from domain.content import Content, Notice, NoticeKind
from domain.correspondents import Ours
from domain.message import Direction
from domain.values import Address
from events import example
from given import Story

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
OURS = Ours(
    frozenset({"firm.example"}), frozenset({"anna@firm.example"}), servers=frozenset({"mx"})
)
ANNA = Responder(frozenset({"anna@firm.example", "a.rossi@firm.example"}), NOW - timedelta(days=2))
ADA = Address("ada@acme.example", "Ada")
PATH = (("return-path", "<ada@acme.example>"),)
CONTENT = Content(1, "1@acme.example", None, "Ordine", (ADA,), to=(Address("Anna@firm.example"),))
MAIL = Arrived(CONTENT, PATH, Direction.INBOUND, NOW - timedelta(minutes=1))


def asked(mail: Arrived = MAIL, history: History | None = None) -> Answerable | Refusal:
    return may_answer(mail, ANNA, OURS, history or History(), NOW)


def saying(**more: Any) -> Arrived:
    return replace(MAIL, content=replace(CONTENT, **more))


def headed(name: str, value: str) -> Arrived:
    return saying(signals=((name, value),))


def returning(path: str, *more: str) -> Arrived:
    return replace(MAIL, traces=tuple(("return-path", one) for one in (path, *more)))


def test_a_persons_mail_is_answered_to_its_return_path_alone():
    assert asked() == Answerable(Address("ada@acme.example"))
    elsewhere = returning("<ada+1@mail.acme.example>")
    assert asked(elsewhere) == Answerable(Address("ada+1@mail.acme.example"))
    for more in (
        {"to": (Address("info@firm.example"),), "cc": (Address("a.rossi@firm.example"),)},
        {"signals": (("x-auto-response-suppress", "DR, RN, NRN"),)},
        {"signals": (("auto-submitted", "no"), ("precedence", "first-class"))},
        {"calendar_method": "REQUEST"},
    ):
        assert isinstance(asked(saying(**more)), Answerable), more


REASONS: list[tuple[Arrived, Why]] = [
    (replace(MAIL, archived=True), Why.ARCHIVED),
    (replace(MAIL, received_at=NOW - timedelta(days=1, seconds=1)), Why.OLD),
    (replace(MAIL, received_at=NOW - timedelta(days=3)), Why.OLD),
    (replace(MAIL, direction=Direction.INTERNAL), Why.NOT_INBOUND),
    (replace(MAIL, traces=()), Why.NO_RETURN_PATH),
    (returning("<ada@acme.example>", "<b@acme.example>"), Why.NO_RETURN_PATH),
    (returning("MAILER"), Why.NO_RETURN_PATH),
    (returning("<>"), Why.NULL_RETURN_PATH),
    (returning("<ada@acme.example>", "<>"), Why.NULL_RETURN_PATH),
    *(
        (returning(f"<{local}@acme.example>"), Why.PROGRAM_ADDRESS)
        for local in (
            "owner-users", "users-request", "MAILER-DAEMON", "mailer-daemon", "LISTSERV",
            "majordomo", "no-reply", "bounces+17=x", "users-bounces", "postmaster",
        )
    ),
    (saying(authors=(Address("noreply@acme.example"),)), Why.PROGRAM_ADDRESS),
    *(
        (headed(name, value), Why.MACHINE)
        for name, value in (
            ("auto-submitted", 'auto-replied; owner-email="ada@acme.example"'),
            ("auto-submitted", "auto-generated"), ("precedence", "bulk"), ("precedence", "junk"),
            ("x-precedence", "auto_reply"), ("x-autoreply", "yes"), ("x-autorespond", "1"),
            ("x-ricevuta", "accettazione"), ("list-unsubscribe", "<https://x.example>"),
        )
    ),
    (saying(notice=Notice(NoticeKind.DISPOSITION)), Why.MACHINE),
    (saying(subject="Risposta automatica: Ordine"), Why.MACHINE),
    *(
        (headed(name, value), Why.LIST)
        for name, value in (
            ("list-id", "<users.acme.example>"), ("list-post", "<mailto:users@acme.example>"),
            ("list-help", "<mailto:x@acme.example>"), ("precedence", "list"),
        )
    ),
    (saying(calendar_method="REPLY"), Why.CALENDAR),
    (headed("x-trasporto", "posta-certificata"), Why.CERTIFIED),
    (headed("x-spam-flag", "YES"), Why.SPAM),
    (replace(MAIL, traces=(*PATH, ("authentication-results", "mx; dmarc=fail"))), Why.FORGED),
    (headed("x-auto-response-suppress", "RN, oof"), Why.ASKED_NOT),
    (headed("x-auto-response-suppress", "AutoReply"), Why.ASKED_NOT),
    (headed("x-auto-response-suppress", "All"), Why.ASKED_NOT),
    (saying(message_id="7@firm.example"), Why.OWN_MAIL),
    (saying(also_known_as=("7@firm.example",)), Why.OWN_MAIL),
    (returning("<carlo@firm.example>"), Why.OWN_ADDRESS),
    (saying(to=(Address("info@firm.example"),)), Why.NOT_ADDRESSED),
    (saying(to=(), bcc=(Address("anna@firm.example"),)), Why.NOT_ADDRESSED),
]  # fmt: skip


@pytest.mark.parametrize(("mail", "why"), REASONS)
def test_what_speaks_against_it_is_told(mail, why):
    found = asked(mail)
    assert isinstance(found, Refusal)
    assert found.why is why


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (History(NOW - timedelta(days=6, hours=23)), Why.ANSWERED_BEFORE),
        (History(NOW - timedelta(days=7)), None),
        (History(in_an_hour=MOST_AN_HOUR), Why.TOO_MANY),
        (History(in_an_hour=MOST_AN_HOUR - 1), None),
        (History(from_mailbox=MOST_OF_A_MAILBOX), Why.HALTED),
        (History(halted_until=NOW + timedelta(seconds=1)), Why.HALTED),
        (History(halted_until=NOW), None),
    ],
)
def test_what_was_answered_before_counts(history, why):
    found = asked(history=history)
    assert (found.why if isinstance(found, Refusal) else None) is why


def test_it_is_decided_once_for_each_who_is_away():
    sent = example(AutoreplySent)
    other = replace(example(AutoreplySuppressed), responder=example(AutoreplySent).absence)
    message = Story(autoreply.initial, autoreply.evolve, autoreply.decide)
    message.when(TellAutoreply(sent)).then(sent)
    message.given(sent).when(TellAutoreply(example(AutoreplySuppressed))).then_nothing()
    message.when(TellAutoreply(other)).then(other)


def test_a_mailbox_is_halted_once_and_again_when_that_is_over():
    mailbox = Story(autoreply.initial, autoreply.evolve, autoreply.decide)
    halted = AutorepliesHalted(60, NOW + HALTED_FOR)
    mailbox.when(HaltAutoreplies(60, NOW)).then(halted)
    mailbox.given(halted).when(HaltAutoreplies(61, NOW)).then_nothing()
    later = NOW + HALTED_FOR
    mailbox.when(HaltAutoreplies(60, later)).then(AutorepliesHalted(60, later + HALTED_FOR))
