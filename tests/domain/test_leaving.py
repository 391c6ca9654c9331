"""How a mail leaves: no answer, and no lack of one, sends it twice to anybody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import leaving
from domain.leaving import (
    LONGEST,
    BeginSending,
    CancelMail,
    Conclude,
    LoseSight,
    OutgoingState,
    QueueMail,
    ResolveSending,
)
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
from domain.values import Address, BlobName, MailboxId, MessageId, Rejected
from given import Story

MONDAY = datetime(2026, 2, 2, 8, tzinfo=UTC)
PEOPLE = ("anna@rossi.example", "b@bianchi.example", "c@verdi.example")
QUEUED = MailQueued(
    mailbox=MailboxId(UUID(int=1)),
    message=MessageId(UUID(int=2)),
    raw=BlobName("b"),
    raw_sha256="0" * 64,
    size=9,
    not_before=MONDAY,
    message_id="1@firma.example",
    sender=Address("info@firma.example"),
    recipients=tuple(Recipient(Address(one), RecipientRole.TO) for one in PEOPLE),
)
BEGUN = MailSendingBegun(1, (0, 1, 2))


def mail() -> Story:
    return Story(leaving.initial, leaving.evolve, leaving.decide)


def answer(said: str, attempt: int = 1, at: datetime = MONDAY, *, begun: bool = True) -> Conclude:
    """Give an answer in short: a letter for each recipient who was tried."""
    which = {"a": Said.ACCEPTED, "d": Said.DEFERRED, "r": Said.REFUSED}
    results = {at: Result(at, which[one]) for at, one in enumerate(said) if one in which}
    return Conclude(attempt, at, results, {}, begun=begun)


def results(said: str) -> tuple[Result, ...]:
    return tuple(answer(said).results.values())


def test_a_mail_without_recipients_is_not_queued() -> None:
    story = mail().when(QueueMail(replace(QUEUED, recipients=())))
    with pytest.raises(Rejected, match="needs a recipient"):
        story.then()


def test_a_mail_is_queued_once_and_not_sent_before_its_time() -> None:
    mail().when(QueueMail(QUEUED)).then(QUEUED)
    mail().given(QUEUED).when(QueueMail(QUEUED)).then_nothing()
    mail().given(QUEUED).when(BeginSending(MONDAY)).then(BEGUN)
    with pytest.raises(Rejected, match="not to be sent before"):
        mail().given(QUEUED).when(BeginSending(MONDAY - timedelta(seconds=1))).then()


def test_an_attempt_that_was_offered_is_begun_once_whatever_became_of_it() -> None:
    offered = BeginSending(MONDAY, attempt=1)
    mail().given(QUEUED).when(offered).then(BEGUN)
    unclear = mail().given(QUEUED, BEGUN, MailUncertain(1, "gone"))
    unclear.when(offered).then_nothing()
    again = MailResolved(1, Resolution.SEND_AGAIN, "person")
    unclear.given(again).when(offered).then_nothing()


def test_who_was_put_off_is_tried_again_later_and_nobody_else() -> None:
    later = MONDAY + timedelta(minutes=1)
    accepted = MailAccepted(1, results("adr"), later, ("", "", ""))
    mail().given(QUEUED, BEGUN).when(answer("adr")).then(accepted)
    again = mail().given(QUEUED, BEGUN, accepted)
    again.when(BeginSending(later)).then(MailSendingBegun(2, (1,)))
    second = Conclude(2, later, {1: Result(1, Said.REFUSED, 550)}, {1: "no such user"})
    refused = MailRefused(2, (Result(1, Said.REFUSED, 550),), texts=("no such user",))
    again.given(MailSendingBegun(2, (1,))).when(second).then(refused)
    state = leaving.initial
    for event in (*again.past, refused):
        state = leaving.evolve(state, event)
    assert state.state is OutgoingState.ACCEPTED


def test_a_mail_that_is_put_off_for_too_long_is_given_up() -> None:
    late = MONDAY + LONGEST
    often = MailSendingBegun(6, (0, 1, 2))
    given_up = MailRefused(6, results("ddd"), given_up=True, texts=("", "", ""))
    mail().given(QUEUED, often).when(answer("ddd", attempt=6, at=late)).then(given_up)
    some = mail().given(QUEUED, often).when(answer("add", attempt=6, at=late))
    accepted = MailAccepted(6, results("add"), None, ("", "", ""))
    some.then(accepted, MailRefused(6, (), given_up=True))
    soon = MailDeferred(1, results("ddd"), MONDAY + timedelta(minutes=1), ("", "", ""))
    mail().given(QUEUED, BEGUN).when(answer("ddd")).then(soon)


def test_a_mail_that_waited_for_us_is_put_off_as_any_other() -> None:
    late = MONDAY + 2 * LONGEST
    put_off = MailDeferred(1, results("ddd"), late + timedelta(minutes=1), ("", "", ""))
    mail().given(QUEUED, BEGUN).when(answer("ddd", at=late)).then(put_off)


def test_what_nobody_knows_is_sent_again_on_somebody_s_word_only() -> None:
    lost = MailUncertain(1, "the server closed the connection")
    unclear = mail().given(QUEUED, BEGUN).when(LoseSight(1, lost.reason))
    unclear.then(lost)
    unclear.given(lost)
    with pytest.raises(Rejected, match="uncertain"):
        unclear.when(BeginSending(MONDAY)).then()
    found = MailResolved(1, Resolution.SENT, "sent_folder")
    unclear.when(ResolveSending(Resolution.SENT, "sent_folder")).then(found)
    again = MailResolved(1, Resolution.SEND_AGAIN, "person")
    unclear.given(again).when(BeginSending(MONDAY)).then(MailSendingBegun(2, (0, 1, 2)))


def test_what_was_given_up_while_nobody_knew_may_be_said_to_have_left_after_all() -> None:
    up = MailResolved(1, Resolution.GIVEN_UP, "person")
    story = mail().given(QUEUED, BEGUN, MailUncertain(1, "slow"), up)
    story.when(ResolveSending(Resolution.GIVEN_UP, "person")).then_nothing()
    story.when(ResolveSending(Resolution.SEND_AGAIN, "person")).then_refused("CONFLICT")
    found = MailResolved(1, Resolution.SENT, "person", "they have it", (0, 1, 2))
    story.when(ResolveSending(Resolution.SENT, "person", "they have it")).then(found)
    story.given(found)
    state = reduce(leaving.evolve, story.past, leaving.initial)
    assert (state.state, len(state.said)) == (OutgoingState.ACCEPTED, 3)
    story.when(ResolveSending(Resolution.SENT, "person")).then_refused("CONFLICT")
    refused = mail().given(QUEUED, MailRefused(1, results("rrr"), texts=("", "", "")))
    with pytest.raises(Rejected, match="was refused, or put off for too long: nothing"):
        refused.when(ResolveSending(Resolution.SENT, "person")).then()


def test_who_is_refused_before_the_content_is_offered_was_never_being_sent_to() -> None:
    refused = MailRefused(1, results("rrr"), texts=("", "", ""))
    mail().given(QUEUED).when(answer("rrr", begun=False)).then(refused)
    mail().given(QUEUED).when(answer("rrr", attempt=2, begun=False)).then_nothing()
    put_off = MailDeferred(1, results("ddd"), MONDAY + timedelta(minutes=1), ("", "", ""))
    mail().given(QUEUED).when(answer("ddd", begun=False)).then(put_off)
    mail().given(QUEUED, put_off).when(answer("ddd", begun=False)).then_nothing()


def test_who_never_came_to_the_content_tells_nothing_of_another_s_attempt() -> None:
    """Two may be at one mail where a lock was lost; one of them begins."""
    mail().given(QUEUED, BEGUN).when(answer("ddd", begun=False)).then_nothing()
    lost = mail().given(QUEUED, BEGUN, MailUncertain(1, "slow"))
    lost.when(answer("rrr", begun=False)).then_nothing()


def test_an_answer_that_comes_late_settles_what_was_uncertain() -> None:
    lost = mail().given(QUEUED, BEGUN, MailUncertain(1, "slow"))
    lost.when(answer("aaa")).then(MailAccepted(1, results("aaa"), None, ("", "", "")))


def test_an_answer_that_comes_after_somebody_wants_it_sent_again_keeps_it_from_that() -> None:
    lost, again = MailUncertain(1, "slow"), MailResolved(1, Resolution.SEND_AGAIN, "person")
    story = mail().given(QUEUED, BEGUN, lost, again)
    accepted = MailAccepted(1, results("aaa"), None, ("", "", ""))
    story.when(answer("aaa")).then(accepted)
    story.given(MailSendingBegun(2, (0, 1, 2))).when(answer("aaa")).then_nothing()


def test_who_was_not_taken_is_not_offered_the_content_and_is_told_apart() -> None:
    offered = MailSendingBegun(1, (0, 2))
    mail().given(QUEUED).when(BeginSending(MONDAY, frozenset({0, 2}))).then(offered)
    accepted = MailAccepted(1, results("ara"), None, ("", "", ""))
    mail().given(QUEUED, offered).when(answer("ara")).then(accepted)
    found = MailResolved(1, Resolution.SENT, "sent_folder")
    left = mail().given(QUEUED, offered, MailUncertain(1, "slow"), found)
    left.when(BeginSending(MONDAY)).then(MailSendingBegun(2, (1,)))


def test_a_mail_is_taken_back_until_it_is_being_sent() -> None:
    mail().given(QUEUED).when(CancelMail()).then(MailCancelled())
    mail().given(QUEUED, MailCancelled()).when(CancelMail()).then_nothing()
    with pytest.raises(Rejected, match="cannot be taken back"):
        mail().given(QUEUED, BEGUN).when(CancelMail()).then()


WAITING = (OutgoingState.QUEUED, OutgoingState.DEFERRED)
STEPS = st.one_of(
    st.integers(0, 70).map(lambda hours: ("begin", hours)),
    st.text("adr", min_size=3, max_size=3).map(lambda said: ("answer", said)),
    st.text("adr", min_size=3, max_size=3).map(lambda said: ("late", said)),
    st.text("adr", min_size=3, max_size=3).map(lambda said: ("beside", said)),
    st.just(("lose", "")),
    st.sampled_from(list(Resolution)).map(lambda one: ("resolve", one)),
    st.just(("cancel", "")),
)


@given(st.lists(STEPS, max_size=14))
def test_whatever_happens_nobody_gets_a_mail_twice_unless_somebody_says_so(
    steps: list[tuple[str, object]],
) -> None:
    state = leaving.evolve(leaving.initial, QUEUED)
    accepted: set[int] = set()
    allowed = True
    for what, value in steps:
        for event in _step(state, what, value):
            state = leaving.evolve(state, event)
            if isinstance(event, MailSendingBegun):
                assert allowed
                assert not accepted & set(event.recipients)
                allowed = False
            elif isinstance(event, MailAccepted | MailDeferred | MailRefused):
                accepted |= {one.recipient for one in event.results if one.said is Said.ACCEPTED}
                allowed = True
            elif isinstance(event, MailResolved):
                allowed = True
    assert accepted <= {one for one, said in state.said.items() if said is Said.ACCEPTED}


SendingCommand = BeginSending | Conclude | LoseSight | ResolveSending | CancelMail


def _step(state: leaving.Outgoing, what: str, value: object) -> list[object]:
    commands: dict[str, Callable[[], SendingCommand]] = {
        "begin": lambda: BeginSending(MONDAY + timedelta(hours=int(str(value)))),
        "answer": lambda: answer(
            str(value),
            state.attempt + (state.state in WAITING),
            begun=state.state not in WAITING,
        ),
        "beside": lambda: answer(str(value), state.attempt, begun=False),
        "late": lambda: answer(str(value), state.attempt),
        "lose": lambda: LoseSight(state.attempt, "gone"),
        "resolve": lambda: ResolveSending(Resolution(str(value)), "person"),
        "cancel": CancelMail,
    }
    try:
        return list(leaving.decide(state, commands[what]()))
    except Rejected:
        return []
