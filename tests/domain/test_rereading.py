"""What is read anew replaces what was read before, is no worse, and nothing is recorded twice."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from domain import rereading
from domain.content import Content
from domain.message import FolderRole, MessageCopyFound, MessageReceived
from domain.rereading import MessageReread, RereadCopy, as_read_now
from domain.values import Address, BlobName, MailboxId
from given import Story

BOX, OTHER = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
RAW, COPY_RAW, FILE = BlobName("raw"), BlobName("copy"), BlobName("file")
TRACE = (("return-path", "<a@b.example>"),)
POOR = Content(reader=2, subject="?", degraded=True, defects=("reading was cut off",))
GOOD = Content(reader=3, subject="Ordine", text="Quando?", trace=TRACE)
RECEIVED = MessageReceived(
    mailbox=BOX,
    role=FolderRole.INBOX,
    received_at=datetime(2026, 2, 2, 8, tzinfo=UTC),
    size=9,
    raw=RAW,
    content_key="form",
    header_key="id",
    folder="INBOX",
    raw_sha256="00",
    content=POOR,
)
COPY = MessageCopyFound(
    mailbox=OTHER,
    role=FolderRole.INBOX,
    received_at=RECEIVED.received_at,
    size=9,
    raw=COPY_RAW,
    content_key="form",
    folder="INBOX",
    raw_sha256="01",
)
MENDED = MessageReread(BOX, RAW, 3, "form", GOOD, (FILE,))
TRACED = MessageReread(OTHER, COPY_RAW, 3, "", Content(reader=3, trace=TRACE))


def copies() -> Story:
    return Story(rereading.initial, rereading.evolve, rereading.decide)


def test_what_could_not_be_read_is_replaced_once() -> None:
    copies().given(RECEIVED).when(RereadCopy(RAW, GOOD, (FILE,))).then(MENDED)
    copies().given(RECEIVED, MENDED).when(RereadCopy(RAW, GOOD, (FILE,))).then_nothing()


def test_a_newer_reader_that_reads_the_same_is_noted_without_content() -> None:
    same = MessageReread(BOX, RAW, 4, "form")
    newer = RereadCopy(RAW, replace(GOOD, reader=4), (FILE,))
    copies().given(RECEIVED, MENDED).when(newer).then(same)
    copies().given(RECEIVED, MENDED, same).when(newer).then_nothing()


def test_other_attachments_are_another_reading() -> None:
    other = replace(MENDED, files=(BlobName("other"),))
    copies().given(RECEIVED, MENDED).when(RereadCopy(RAW, GOOD, other.files)).then(other)


def test_a_good_reading_gives_way_to_none_that_is_worse_or_older() -> None:
    worse, older = replace(POOR, reader=4), replace(GOOD, reader=2, subject="Older")
    copies().given(RECEIVED, MENDED).when(RereadCopy(RAW, worse)).then_nothing()
    copies().given(RECEIVED, MENDED).when(RereadCopy(RAW, older)).then_nothing()


def test_of_a_mere_copy_only_what_differs_by_copy_is_recorded() -> None:
    copies().given(RECEIVED, COPY).when(RereadCopy(COPY_RAW, GOOD)).then(TRACED)
    copies().given(RECEIVED, COPY, TRACED).when(RereadCopy(COPY_RAW, GOOD)).then_nothing()
    newer = RereadCopy(COPY_RAW, replace(GOOD, reader=4))
    copies().given(RECEIVED, COPY, TRACED).when(newer).then_nothing()


def test_octets_that_are_not_of_the_message_are_refused() -> None:
    copies().given(RECEIVED).when(RereadCopy(BlobName("none"), GOOD)).then_refused("NOT_FOUND")


def test_copies_are_given_as_if_they_had_been_read_so_at_first() -> None:
    mended = replace(RECEIVED, content=GOOD, files=(FILE,))
    assert as_read_now([RECEIVED, COPY]) == [RECEIVED, COPY]
    assert as_read_now([RECEIVED, COPY, MENDED, TRACED]) == [mended, replace(COPY, trace=TRACE)]


def test_the_same_octets_in_two_places_are_read_once_for_both() -> None:
    moved = replace(COPY, raw=RAW, bcc=(Address("boss@firm.example"),))
    blind = replace(GOOD, bcc=moved.bcc)
    again = replace(MENDED, content=blind)
    assert as_read_now([RECEIVED, moved, again])[1] == replace(moved, trace=TRACE)


def test_a_variant_is_read_anew_by_itself() -> None:
    variant = replace(COPY, content_key="other", variant=True, content=POOR)
    event = replace(MENDED, mailbox=OTHER, raw=COPY_RAW, content_key="other")
    copies().given(RECEIVED, variant).when(RereadCopy(COPY_RAW, GOOD, (FILE,))).then(event)
    first, second = as_read_now([RECEIVED, variant, event])
    assert first == RECEIVED
    assert (second.content, second.files) == (GOOD, (FILE,))
