"""Mail files: resumable, repeatable, and no message's trouble is another's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.mailfiles import NoMail
from api.work.importing import Progress, Wanted, import_mail, linked_since, register_mailbox
from api.work.instance import Carteggio
from api.work.places import folder_of_file, role_of
from domain.company import MailboxRegistered
from domain.message import FolderRole
from domain.values import Rejected
from instances import events_of

BOX = "info@firm.example"


def mbox(path: Path, count: int, start: int = 0) -> Path:
    path.write_bytes(
        b"".join(
            f"From x@y Mon Mar  2 08:{number // 60 % 60:02}:{number % 60:02} 2026\n"
            f"From: ada@acme.example\nTo: {BOX}\nMessage-ID: <{number}@acme.example>\n"
            f"Subject: Question {number}\n\nHow much?\n\n".encode()
            for number in range(start, start + count)
        )
    )
    return path


def quiet(_: Progress) -> None:
    """Say nothing."""


def test_an_mbox_goes_in_and_again_everything_is_known(carteggio: Carteggio, tmp_path):
    path = mbox(tmp_path / "info.mbox", 450)
    first = import_mail(carteggio, Wanted(path, BOX), quiet)
    again = import_mail(carteggio, Wanted(path, BOX), quiet)
    assert (first.counts.stored, first.counts.known) == (450, 0)
    assert (again.counts.stored, again.counts.known) == (0, 450)
    assert len(events_of(carteggio, "message.received")) == 450
    assert all(one.lag == 0 for one in carteggio.feed.status())


def test_an_interrupted_import_goes_on_where_it_stopped(carteggio: Carteggio, tmp_path):
    path = mbox(tmp_path / "info.mbox", 700)

    def interrupted(progress: Progress) -> None:
        if progress.counts.read >= 400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_mail(carteggio, Wanted(path, BOX), interrupted)
    done = import_mail(carteggio, Wanted(path, BOX), quiet)
    assert done.resumed
    assert (done.counts.read, done.counts.stored, done.read_here) == (700, 700, 300)
    assert len(events_of(carteggio, "message.received")) == 700
    with carteggio.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM import_progress").fetchone() == (0,)


def test_a_changed_file_is_read_from_its_beginning(carteggio: Carteggio, tmp_path):
    path = mbox(tmp_path / "info.mbox", 250)

    def interrupted(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_mail(carteggio, Wanted(path, BOX), interrupted)
    mbox(path, 260)
    done = import_mail(carteggio, Wanted(path, BOX), quiet)
    assert not done.resumed
    assert (done.counts.read, done.counts.known) == (260, 200)


def test_a_cut_off_makes_older_mail_archive(carteggio: Carteggio, tmp_path):
    path = mbox(tmp_path / "info.mbox", 3)
    cut_off = datetime(2026, 3, 2, 8, 0, 2, tzinfo=UTC)
    import_mail(carteggio, Wanted(path, BOX, cut_off=cut_off), quiet)
    archived = [one.archived for one in events_of(carteggio, "message.received")]
    assert archived == [True, True, False]


def test_a_folder_of_many_things_goes_in_and_troubles_are_told(carteggio: Carteggio, tmp_path):
    (tmp_path / "mail" / "Posta inviata").mkdir(parents=True)
    mbox(tmp_path / "mail" / "Archive.mbox", 2)
    sent = tmp_path / "mail" / "Posta inviata" / "one.eml"
    sent.write_bytes(b"From: info@firm.example\nSubject: Our offer\n\nHere it is.\n")
    (tmp_path / "mail" / "lost.mbox.xz").write_bytes(b"\xfd7zXZ\x00 and then nothing")
    done = import_mail(carteggio, Wanted(tmp_path / "mail", BOX), quiet)
    found = {(one.folder, one.role) for one in events_of(carteggio, "message.received")}
    assert found == {("Archive", FolderRole.OTHER), ("Posta inviata", FolderRole.SENT)}
    assert done.counts.stored == 3
    assert [one.place for one in done.problems] == ["lost.mbox.xz"]


def test_the_mailbox_is_registered_once(carteggio: Carteggio, tmp_path):
    path = mbox(tmp_path / "pec.mbox", 1)
    for box in ("Firma@pec.firm.example", "firma@PEC.firm.example"):
        import_mail(carteggio, Wanted(path, box), quiet)
    assert events_of(carteggio, "mailbox.registered") == [
        MailboxRegistered(certified=True, address="Firma@pec.firm.example")
    ]


def test_a_wrong_path_or_address_is_said(carteggio: Carteggio, tmp_path):
    with pytest.raises(NoMail, match="no such file"):
        import_mail(carteggio, Wanted(tmp_path / "nothing", BOX), quiet)
    assert carteggio.journal.head() == 0
    for wrong in ("", "info", "info@", "a b@c.example", "a@b@c.example"):
        with pytest.raises(Rejected, match="no mail address"):
            register_mailbox(carteggio, wrong)


def test_nothing_is_linked_without_a_directory(carteggio: Carteggio, tmp_path):
    import_mail(carteggio, Wanted(mbox(tmp_path / "info.mbox", 2), BOX), quiet)
    assert linked_since(carteggio, 0) == 0


@pytest.mark.parametrize(
    ("folder", "role"),
    [
        ("INBOX", FolderRole.INBOX),
        ("Posta in arrivo", FolderRole.INBOX),
        ("Posteingang", FolderRole.INBOX),
        ("Sent", FolderRole.SENT),
        ("INBOX.Sent Items", FolderRole.SENT),
        ("Archive/Posta inviata", FolderRole.SENT),
        ("Gesendete Elemente", FolderRole.SENT),
        ("Éléments envoyés", FolderRole.SENT),
        ("Elementy wysłane", FolderRole.SENT),
        ("Sentences", FolderRole.OTHER),
        ("Invoices", FolderRole.OTHER),
    ],
)
def test_a_folders_name_tells_what_it_is_for(folder, role):
    assert role_of(folder) is role


def test_a_single_file_is_the_inbox_unless_its_name_says_sent():
    assert folder_of_file(Path("info.mbox.xz")) == "INBOX"
    assert folder_of_file(Path("info.Sent.mbox.xz")) == "Sent"
