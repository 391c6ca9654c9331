"""Marks and moves that people order: what happens, what comes of failures, who wins a conflict."""

from dataclasses import replace
from functools import reduce
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain import message
from domain.content import Content
from domain.marking import (
    FailOrder,
    FailureReason,
    Marks,
    MessageMarked,
    MessageMoved,
    MessageOrderFailed,
    OrderMarks,
    Wish,
    living,
    reconciled,
)
from domain.message import FolderRole, MessageCopyFound, MessageReceived, OrderMove
from domain.values import BlobName, MailboxId
from events import NOON
from given import Story

BOX, OTHER = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
INBOX, SENT, SHELF = (BOX, "INBOX"), (BOX, "Sent"), (BOX, "Shelf")
RECEIVED = MessageReceived(
    mailbox=BOX,
    role=FolderRole.INBOX,
    received_at=NOON,
    size=120,
    raw=BlobName("blob"),
    content_key="same",
    header_key="id",
    folder="INBOX",
    raw_sha256="00",
    content=Content(reader=1, trace=(("return-path", "<a@b.example>"),)),
    flags=("seen",),
)
TO_SENT = OrderMove(*INBOX, "Sent", FolderRole.SENT)
LEFT = MessageMarked(*INBOX, ("seen",), ("seen",), gone=True, moved_to="Sent")
COPY = MessageCopyFound(
    mailbox=BOX,
    role=FolderRole.SENT,
    received_at=NOON,
    size=120,
    raw=BlobName("blob"),
    content_key="same",
    folder="Sent",
    raw_sha256="00",
    trace=RECEIVED.content.trace,
    flags=("seen",),
)
GONE = FailureReason.GONE


def moved(place: tuple[MailboxId, str], to: str, *flags: str) -> MessageMoved:
    """Tell that the message goes from a place to a folder in which it never lay."""
    role = FolderRole.SENT if to == "Sent" else FolderRole.OTHER
    return MessageMoved(
        place[0], role, NOON, 120, BlobName("blob"), place[1], to, flags, flags_before=flags
    )


MOVED = moved(INBOX, "Sent", "seen")


def mail(*past: object) -> Story:
    return Story(message.Message(), message.evolve, message.decide).given(RECEIVED, *past)


def failing(
    reason: FailureReason, moved_to: str = "", added: tuple[str, ...] = ()
) -> MessageOrderFailed:
    return MessageOrderFailed(BOX, reason, "INBOX", added=added, moved_to=moved_to)


def test_marks_are_ordered_where_the_message_lies_and_only_what_changes_happens():
    flagged = MessageMarked(*INBOX, ("seen", "flagged"), ("seen",))
    order = OrderMarks((INBOX, SENT), added=frozenset({"flagged", "seen"}))
    mail().when(order).then(flagged)
    mail(flagged).when(order).then_nothing()
    unread = OrderMarks((INBOX,), removed=frozenset({"seen"}))
    mail().when(unread).then(MessageMarked(*INBOX, (), ("seen",)))
    mail(LEFT, COPY).when(unread).then_refused("NOT_FOUND")
    mail().when(OrderMarks(())).then_refused("NOT_FOUND")


def test_a_moved_message_leaves_one_folder_and_lies_in_the_other_with_its_marks():
    mail().when(TO_SENT).then(MOVED)
    mail().when(replace(TO_SENT, to="INBOX")).then_nothing()
    mail(MOVED).when(TO_SENT).then_refused("NOT_FOUND")
    back = OrderMove(*SENT, "INBOX", FolderRole.INBOX)
    again = replace(moved(SENT, "INBOX", "seen"), role=FolderRole.INBOX, known_there=True)
    mail(MOVED).when(back).then(again)
    onward = OrderMove(*SENT, "Shelf", FolderRole.OTHER)
    mail(MOVED).when(onward).then(moved(SENT, "Shelf", "seen"))


def test_a_move_that_was_stored_as_a_mark_and_a_copy_means_the_same():
    mail(LEFT, COPY).when(TO_SENT).then_refused("NOT_FOUND")
    mail(LEFT, COPY).when(OrderMove(*SENT, "Shelf", FolderRole.OTHER)).then(
        moved(SENT, "Shelf", "seen")
    )
    old, new = (reduce(message.evolve, past, message.initial) for past in (
        (RECEIVED, LEFT, COPY), (RECEIVED, MOVED)
    ))  # fmt: skip
    assert (old.marks, old.copies[SENT].raw) == (new.marks, new.copies[SENT].raw)


def test_of_a_message_that_lies_in_both_folders_one_copy_is_left():
    there = replace(COPY, flags=("flagged",))
    both = replace(MOVED, flags=("flagged",), known_there=True, lay_there=True)
    mail(there).when(TO_SENT).then(both)
    mail(there, both).when(OrderMarks((SENT,), added=frozenset({"flagged"}))).then_nothing()


def test_a_variant_that_is_moved_is_the_same_content_and_no_further_variant():
    variant = replace(COPY, variant=True, content=RECEIVED.content, files=(BlobName("file"),))
    order = OrderMove(*SENT, "Shelf", FolderRole.OTHER)
    mail(variant).when(order).then(moved(SENT, "Shelf", "seen"))


def test_marks_that_the_server_refuses_are_taken_back():
    flagged = MessageMarked(*INBOX, ("seen", "flagged"), ("seen",))
    failed = failing(FailureReason.NOT_ALLOWED, added=("flagged",))
    order = FailOrder(failed, Marks(("seen",)))
    mail(flagged).when(order).then(failed, MessageMarked(*INBOX, ("seen",), ("seen", "flagged")))
    gone = FailOrder(replace(failed, reason=GONE), Marks((), gone=True))
    left = MessageMarked(*INBOX, ("seen", "flagged"), ("seen", "flagged"), gone=True)
    mail(flagged).when(gone).then(gone.failed, left)


def test_marks_that_failed_are_taken_back_where_a_later_order_took_the_message():
    flagged = MessageMarked(*INBOX, ("seen", "flagged"), ("seen",))
    sent = moved(INBOX, "Sent", "seen", "flagged")
    failed = failing(FailureReason.NOT_ALLOWED, added=("flagged",))
    mail(flagged, sent).when(FailOrder(failed, Marks(("seen",)))).then(
        failed, MessageMarked(*SENT, ("seen",), ("seen", "flagged"))
    )


def test_a_move_that_failed_is_taken_back_with_the_marks_of_meanwhile():
    failed = failing(FailureReason.NO_FOLDER, "Sent")
    read = MessageMarked(*SENT, (), ("seen",))
    there = MessageMarked(*SENT, (), (), gone=True)
    here = MessageMarked(*INBOX, (), ("seen",), gone_before=True)
    mail(MOVED, read).when(FailOrder(failed, Marks(("seen",)))).then(failed, there, here)
    deleted = FailOrder(replace(failed, reason=GONE), Marks((), gone=True))
    mail(MOVED, read).when(deleted).then(deleted.failed, there)
    both = FailOrder(failed, Marks(("seen",)), in_both=True)
    mail(MOVED, read).when(both).then(failed, here)


def test_a_move_that_failed_and_was_followed_by_another_is_told_and_the_other_stands():
    failed = failing(FailureReason.NO_FOLDER, "Sent")
    onward = moved(SENT, "Shelf", "seen")
    mail(MOVED, onward).when(FailOrder(failed, Marks(()))).then(failed)
    mail().when(FailOrder(failed, Marks(()))).then(failed)


def test_a_message_is_followed_to_where_orders_took_it_and_no_farther():
    marks = {
        INBOX: Marks((), gone=True, moved_to="Sent"),
        SENT: Marks((), gone=True, moved_to="Shelf"),
        SHELF: Marks(()),
    }
    assert living(marks, INBOX) == SHELF
    round_trip = marks | {SHELF: Marks((), gone=True, moved_to="INBOX")}
    assert living(round_trip, INBOX) == SHELF
    assert living({INBOX: Marks((), gone=True, moved_to="Sent")}, INBOX) == INBOX
    assert living(marks, (OTHER, "INBOX")) == (OTHER, "INBOX")


FLAGS = st.frozensets(st.sampled_from(["seen", "flagged", "answered", "draft"]))
WISHES = st.lists(
    st.builds(
        lambda added, removed, tried: Wish(added, removed - added, tried),
        FLAGS,
        FLAGS,
        st.booleans(),
    ),
    max_size=4,
)


@given(FLAGS, WISHES)
def test_where_nobody_changed_anything_it_is_as_ordered(now, wishes):
    shown, left = reconciled(now, now, wishes)
    assert left == wishes
    for wish in wishes:
        now = wish.on(now)
    assert shown == now


@given(FLAGS, FLAGS, WISHES)
def test_what_others_changed_after_an_order_counts_and_what_they_left_alone_is_as_ordered(
    before, now, wishes
):
    wishes = [replace(one, tried=False) for one in wishes]
    shown, left = reconciled(before, now, wishes)
    theirs = before ^ now
    assert shown & theirs == now & theirs
    ours = before
    for wish in wishes:
        ours = wish.on(ours)
    assert shown - theirs == ours - theirs
    assert reconciled(now, now, left) == (shown, left)


@given(FLAGS, WISHES)
def test_what_a_tried_wish_did_is_nobody_elses_change(before, wishes):
    wishes = [replace(one, tried=True) for one in wishes]
    wanted = before
    for wish in wishes:
        wanted = wish.on(wanted)
    now = wishes[0].on(before) if wishes else before
    assert reconciled(before, now, wishes) == (wanted, wishes)
