"""What is said of who has a conversation in hand, and how it stood from one moment to the next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain import attention
from domain.attending import Attention, Because, Happening, Said, Wrote, course
from domain.attention import (
    AttentionWord,
    HandedBecause,
    HandOver,
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
    Pause,
    Snooze,
    Take,
    UndoAttention,
)
from domain.capture import FolderRole, MessageReceived
from domain.content import Content
from domain.values import BlobName, ColleagueId, MailboxId, Rejected
from domain.waitgroups import Attending
from given import Story

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
RECEIVED = MessageReceived(
    mailbox=MailboxId(UUID(int=9)), role=FolderRole.INBOX, received_at=NINE, size=1,
    raw=BlobName("b"), content_key="k", header_key="h", folder="INBOX", raw_sha256="00",
    content=Content(reader=1),
)  # fmt: skip
ANNA, CARLO = ColleagueId(UUID(int=1)), ColleagueId(UUID(int=2))
ONE, TWO, THREE = UUID(int=11), UUID(int=12), UUID(int=13)


def at(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def message() -> Story:
    story = Story(attention.Attended(), attention.evolve, attention.decide)
    return story.given(RECEIVED)


def said(hours: float, word: AttentionWord, undone: float | None = None) -> Said:
    return Said(at(hours), 100 + int(hours * 60), word, None if undone is None else at(undone))


def wrote(hours: float, what: Happening, position: int | None = None) -> Wrote:
    return Wrote(at(hours), position or int(hours * 60), what)


def stood(spans: list[Attention], hours: float) -> Attention:
    """Give how it stood at a moment."""
    moment = at(hours)
    found = [
        one for one in spans if one.since <= moment and (one.until is None or moment < one.until)
    ]
    assert len(found) <= 1
    return found[0] if found else Attention(moment)


ASKED = wrote(0, Happening.ASKED)
TAKEN = MessageTaken(ONE, CARLO)
GIVEN = MessageHandedOver(TWO, ANNA, HandedBecause.PERSON, "per te")


def test_an_order_is_said_once_and_undone_once() -> None:
    message().when(Take(ONE, CARLO)).then(TAKEN)
    message().given(TAKEN).when(Take(ONE, CARLO)).then_nothing()
    message().given(TAKEN).when(UndoAttention(ONE)).then(MessageAttentionUndone(ONE))
    message().given(TAKEN, MessageAttentionUndone(ONE)).when(UndoAttention(ONE)).then_nothing()
    message().when(UndoAttention(ONE)).then_refused("NOT_FOUND")


@pytest.mark.parametrize(
    "command",
    [
        Snooze(ONE, NINE, NINE),
        Snooze(ONE, NINE, NINE + timedelta(days=800)),
        Pause(ONE, "  "),
        HandOver(ONE, ANNA, note="x" * 2_001),
    ],
)
def test_what_makes_no_sense_is_refused(command) -> None:
    message().when(command).then_refused("INVALID")


def test_of_no_message_nothing_is_said() -> None:
    with pytest.raises(Rejected, match="no such message"):
        attention.decide(attention.initial, Take(ONE, CARLO))


def test_what_is_taken_is_in_hand_until_we_answer_and_stays_his() -> None:
    mail = [ASKED, wrote(2, Happening.ANSWERED), wrote(3, Happening.ASKED)]
    spans = course([said(1, TAKEN)], mail)
    assert stood(spans, 0.5) == Attention(at(0.5))
    assert stood(spans, 1.5).state is Attending.IN_HAND
    assert (stood(spans, 3.5).state, stood(spans, 3.5).owner) == (Attending.WAITING, CARLO)


def test_what_is_handed_over_is_undone_from_then_on_and_later_words_stand() -> None:
    spans = course([said(1, TAKEN), said(2, GIVEN, undone=3)], [ASKED])
    assert (stood(spans, 2.5).owner, stood(spans, 2.5).note) == (ANNA, "per te")
    after = stood(spans, 3.5)
    assert (after.owner, after.because, after.state) == (CARLO, Because.TAKEN, Attending.IN_HAND)
    back = MessageHandedOver(THREE, None, HandedBecause.ABSENCE)
    spans = course([said(1, TAKEN), said(2, GIVEN, undone=5), said(4, back)], [ASKED])
    assert (stood(spans, 6).owner, stood(spans, 6).because) == (None, Because.ABSENCE)


def test_snoozed_it_comes_back_at_its_time_or_when_they_write() -> None:
    until = MessageSnoozed(ONE, at(10), "fiera")
    spans = course([said(1, until)], [ASKED])
    assert [stood(spans, one).state for one in (2, 9.9)] == [Attending.SNOOZED] * 2
    assert stood(spans, 10) == Attention(at(10))
    spans = course([said(1, until)], [ASKED, wrote(5, Happening.WROTE, 999)])
    assert stood(spans, 5.1).state is Attending.WAITING
    forever = course([said(1, MessageSnoozed(ONE, None))], [ASKED])
    assert stood(forever, 9_000).until_they_write


def test_mail_that_nobody_knew_of_is_not_snoozed_away() -> None:
    """It was received before the word was said, and fetched after."""
    late = wrote(0.5, Happening.ASKED, position=999)
    spans = course([said(1, MessageSnoozed(ONE, None))], [ASKED, late])
    assert stood(spans, 2).state is Attending.WAITING


def test_a_pause_lasts_until_it_goes_on_or_we_answer() -> None:
    paused, on = MessageWaitPaused(ONE, "fornitore"), MessageWaitContinued(TWO)
    spans = course([said(1, paused), said(4, on)], [ASKED])
    assert [stood(spans, one).paused for one in (0.5, 2, 4.5)] == [False, True, False]
    assert stood(spans, 2).reason == "fornitore"
    spans = course([said(1, paused)], [ASKED, wrote(2, Happening.ANSWERED)])
    assert not stood(spans, 3).paused


def test_what_is_passed_on_to_a_colleague_is_in_hand_while_it_waits() -> None:
    spans = course([], [ASKED, wrote(1, Happening.PASSED_ON)])
    assert (stood(spans, 2).state, stood(spans, 2).passed_on) == (Attending.IN_HAND, True)
    answered = [ASKED, wrote(1, Happening.ANSWERED), wrote(2, Happening.PASSED_ON)]
    assert course([], answered) == []


def test_who_gets_what_rests_sees_it() -> None:
    rests = said(1, MessageSnoozed(ONE, None))
    for word in (TAKEN, GIVEN):
        assert not stood(course([rests, said(2, word)], [ASKED]), 3).snoozed
