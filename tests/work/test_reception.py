"""Capture: nothing is lost, nothing is doubled, whatever comes twice, differs, or breaks."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from psycopg_pool import PoolClosed

from adapters.mime.reader import Reading
from adapters.mime.worker import ReadingWorker
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from api.work.keeping import TEXT_OCTETS
from api.work.reception import Arrival, Counts, Place, Reception
from boxes import standing_apart, unwritable
from domain.message import FolderRole, MessageCopyFound, MessageReceived
from instances import events_of

MONDAY = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def mail(
    number: int = 1, body: str = "Good morning.", *, trace: str = "", id: bool = True
) -> bytes:
    own = f"Message-ID: <{number}@acme.example>\r\n" if id else ""
    return (
        f"{trace}From: Ada <ada@acme.example>\r\nTo: info@firm.example\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:{number % 60:02} +0100\r\n{own}"
        f"Subject: Question {number}\r\n\r\n{body}\r\n"
    ).encode()


class Capturing:
    """Captures mail as one source does."""

    def __init__(self, carteggio: Carteggio, reception: Reception) -> None:
        self.carteggio, self.reception = carteggio, reception

    def place(self, folder: str = "INBOX", box: str = "info@firm.example") -> Place:
        return Place(register_mailbox(self.carteggio, box), folder, FolderRole.INBOX)

    def __call__(
        self, *raws: bytes, folder: str = "INBOX", at: datetime | None = MONDAY
    ) -> Counts:
        arrivals = [Arrival(raw, self.place(folder), at) for raw in raws]
        return self.reception.store(self.reception.read(arrivals))

    def received(self) -> list[MessageReceived]:
        return events_of(self.carteggio, "message.received")

    def copies(self) -> list[MessageCopyFound]:
        return events_of(self.carteggio, "message.copy_found")


@pytest.fixture
def capture(carteggio: Carteggio, worker: ReadingWorker) -> Capturing:
    return Capturing(carteggio, Reception(carteggio.journal, carteggio.blobs, worker, "import"))


def test_a_message_is_captured_with_its_raw_bytes(capture):
    counts = capture(mail())
    event = capture.received()[0]
    stream = capture.carteggio.journal.read(0, names=["message.received"])[0].stream
    assert counts == Counts(read=1, stored=1, octets=len(mail()))
    assert capture.carteggio.blobs.get(event.raw, stream) == mail()
    assert (event.received_at, event.content.subject) == (MONDAY, "Question 1")


def test_the_same_bytes_in_the_same_folder_are_known(capture):
    capture(mail())
    assert capture(mail(), mail()).known == 2
    assert len(events_of(capture.carteggio, "message.received", "message.copy_found")) == 1


def test_the_same_message_elsewhere_is_a_copy_and_its_trace_is_kept(capture):
    capture(mail())
    counts = capture(mail(trace="Delivered-To: sales@firm.example\r\n"), folder="Sales")
    copy = capture.copies()[0]
    assert (counts.stored, counts.copies) == (1, 1)
    assert (copy.folder, copy.variant) == ("Sales", False)
    assert copy.trace == (("delivered-to", "sales@firm.example"),)
    assert copy.content is None


def test_a_copy_that_says_something_else_is_a_visible_variant(capture):
    capture(mail())
    capture(mail(body="Another price."), folder="Sales")
    copy = capture.copies()[0]
    assert copy.variant
    assert copy.content is not None
    assert "Another price." in copy.content.text


def test_copies_within_one_batch_are_one_message(capture):
    counts = capture(mail(), mail(trace="Delivered-To: x@firm.example\r\n"), mail(2))
    assert (counts.stored, counts.copies) == (3, 1)
    assert len(capture.received()) == 2


def test_line_ends_make_no_other_message_and_both_bytes_are_kept(capture):
    bare = mail().replace(b"\r\n", b"\n")
    capture(mail(), bare)
    copy = capture.copies()[0]
    stream = capture.carteggio.journal.read(0, names=["message.received"])[0].stream
    assert not copy.variant
    assert capture.carteggio.blobs.get(copy.raw, stream) == bare
    assert capture(bare, mail()).known == 2


def test_a_server_knows_what_came_from_a_file_with_other_line_ends(capture, worker):
    capture(mail().replace(b"\r\n", b"\n"))
    carteggio = capture.carteggio
    server = Reception(carteggio.journal, carteggio.blobs, worker, "imap", exact=False)
    arrivals = [Arrival(mail(), capture.place(), MONDAY)]
    assert server.store(server.read(arrivals)).known == 1


def test_without_a_message_id_the_bytes_are_the_identity(capture):
    capture(mail(id=False), mail(body="Something else.", id=False))
    assert [event.header_key for event in capture.received()] == ["", ""]
    assert capture(mail(id=False)).known == 1


@pytest.mark.parametrize(
    "raw", [b"", b"\0\0\0", b"no mail at all", b"From: \xff\xfe\r\n\r\n\x80", b"\r\n\r\n"]
)
def test_what_is_hardly_mail_is_kept_all_the_same(capture, raw):
    assert capture(raw).stored == 1
    assert capture.received()[0].size == len(raw)


def test_an_attachment_is_a_blob_of_its_own(capture):
    body = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\n\r\nSee there.\r\n--b\r\nContent-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename="offer.pdf"\r\n\r\n%PDF-1.4\r\n--b--\r\n'
    )
    raw = mail().replace(b"\r\n\r\nGood morning.\r\n", b"\r\n" + body.encode())
    capture(raw)
    recorded = capture.carteggio.journal.read(0, names=["message.received"])[0]
    assert recorded.event.content.attachments[0].name == "offer.pdf"
    assert capture.carteggio.blobs.get(recorded.event.files[0], recorded.stream) == b"%PDF-1.4"


def test_a_long_text_goes_on_in_a_blob_at_a_characters_boundary(capture):
    long = "ż" * TEXT_OCTETS
    raw = mail().replace(
        b"\r\n\r\nGood morning.",
        b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx" + long.encode(),
    )
    capture(raw)
    recorded = capture.carteggio.journal.read(0, names=["message.received"])[0]
    event = recorded.event
    assert TEXT_OCTETS - 4 < len(event.content.text.encode()) <= TEXT_OCTETS
    rest = capture.carteggio.blobs.get(event.text_rest, recorded.stream).decode()
    assert (event.content.text + rest).strip() == "x" + long


def test_the_time_is_the_sources_else_that_of_the_last_server_else_the_date(capture):
    stamp = "Received: from a by b; Sun, 1 Mar 2026 07:00:00 +0000\r\n"
    capture(mail(1, trace=stamp), at=None)
    capture(mail(2), at=None)
    assert [event.received_at for event in capture.received()] == [
        datetime(2026, 3, 1, 7, tzinfo=UTC),
        datetime(2026, 3, 2, 8, 0, 2, tzinfo=UTC),
    ]


def test_mail_before_the_cut_off_is_archive(capture):
    place = capture.place()
    place = Place(place.mailbox, place.folder, place.role, datetime(2026, 3, 1, tzinfo=UTC))
    arrivals = [
        Arrival(mail(1), place, datetime(2026, 2, 28, tzinfo=UTC)),
        Arrival(mail(2), place, datetime(2026, 3, 1, tzinfo=UTC)),
    ]
    capture.reception.store(capture.reception.read(arrivals))
    assert [event.archived for event in capture.received()] == [True, False]


def test_what_fails_at_the_last_moment_leaves_nothing_and_goes_again(capture):
    batch = capture.reception.read([Arrival(mail(), capture.place(), MONDAY)])

    def broken(*_: object) -> None:
        raise RuntimeError("the process dies here")

    with pytest.raises(RuntimeError, match="dies"):
        capture.reception.store(batch, broken)
    assert capture.received() == []
    assert capture.reception.store(batch).stored == 1


def test_a_message_that_no_place_can_be_had_for_is_left_out_of_its_batch(capture):
    odd = standing_apart(capture.carteggio, mail, [0, 1, 3, 4, 5, 6])
    numbers = [0, 1, odd, 3, 4, 5, 6]
    batch = capture.reception.read([Arrival(mail(n), capture.place(), MONDAY) for n in numbers])
    counted: list[Counts] = []
    with unwritable(capture.carteggio, mail(odd)):
        counts = capture.reception.store(batch, lambda _, now: counted.append(replace(now)))
        assert capture(mail(odd)).failed == 1
    assert (counts.read, counts.stored, counts.known, counts.failed) == (7, 6, 0, 1)
    assert counted == [counts]
    assert batch.failed == {batch.places[2]: "NotADirectoryError"}
    assert capture(mail(odd)).stored == 1


def test_what_no_message_could_be_stored_for_is_the_fault_of_none(capture):
    arrivals = [Arrival(mail(one), capture.place(), MONDAY) for one in range(3)]
    batch = capture.reception.read(arrivals)
    folder = capture.carteggio.home.blobs
    away = folder.rename(folder.with_suffix(".away"))
    with pytest.raises(FileNotFoundError):
        capture.reception.store(batch)
    away.rename(folder)
    assert (batch.failed, capture.received()) == ({}, [])
    capture.carteggio.database.pool.close()
    with pytest.raises(PoolClosed):
        capture.reception.store(batch)
    assert batch.failed == {}


def test_of_a_message_whose_content_cannot_be_stored_the_octets_are_in_quarantine(capture):
    arrivals = [Arrival(mail(one), capture.place(), MONDAY) for one in range(3)]
    batch = capture.reception.read(arrivals)
    said = replace(batch.fresh[1].reading.content, subject="half a \ud83d pair")
    poison = replace(batch.fresh[1], reading=Reading(said))
    batch = replace(batch, fresh=(batch.fresh[0], poison, batch.fresh[2]))
    counts = capture.reception.store(batch)
    assert (counts.stored, counts.degraded, counts.failed) == (3, 1, 0)
    (degraded,) = [one for one in capture.received() if one.content.degraded]
    assert degraded.content.defects == ("cannot be stored: UnicodeEncodeError",)
    assert degraded.size == len(mail(1))


def test_an_erased_message_does_not_come_back(capture):
    capture(mail())
    stream = capture.carteggio.journal.read(0, names=["message.received"])[0].stream
    capture.carteggio.keyring.destroy([stream])
    assert capture(mail(), folder="Sales").stored == 0


def test_two_who_capture_the_same_at_once_make_one_message_of_it(capture):
    raws = [mail(number) for number in range(60)]
    barrier = threading.Barrier(4)
    counts: list[Counts] = []

    def go(folder: str) -> None:
        barrier.wait()
        counts.extend(capture(*raws[at : at + 20], folder=folder) for at in range(0, 60, 20))

    threads = [threading.Thread(target=go, args=(f"F{n % 2}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(capture.received()) == 60
    assert len(capture.copies()) == 60
    assert sum(one.stored for one in counts) == 120
