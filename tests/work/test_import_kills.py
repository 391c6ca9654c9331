"""Where an import may be cut off, and what the next run finds."""

import hashlib
from pathlib import Path

import pytest

from api.work.importing import Progress, Wanted, import_mail
from api.work.instance import Carteggio
from api.work.reception import BATCH_OCTETS
from instances import events_of
from letters import letter, many, mbox

BOX = "info@firm.example"


class Killed(BaseException):
    """The process ends here."""


def killed_while_projecting(progress: Progress) -> None:
    if progress.projecting:
        raise Killed


def quiet(_: Progress) -> None:
    """Say nothing."""


def test_an_import_killed_while_it_projects_reads_nothing_again(
    carteggio: Carteggio, tmp_path: Path
):
    path = mbox(tmp_path / "info.mbox", many(450))
    with pytest.raises(Killed):
        import_mail(carteggio, Wanted(path, BOX), killed_while_projecting)
    again = import_mail(carteggio, Wanted(path, BOX), quiet)
    assert again.resumed
    assert (again.read_here, again.counts.stored, again.counts.known) == (0, 450, 0)
    assert len(events_of(carteggio, "message.received")) == 450
    assert all(one.lag == 0 for one in carteggio.feed.status())


def test_a_folder_killed_while_it_projects_reads_nothing_again(
    carteggio: Carteggio, tmp_path: Path
):
    folder = tmp_path / "mail"
    folder.mkdir()
    for number, one in enumerate(many(30)):
        (folder / f"{number}.eml").write_bytes(one)
    with pytest.raises(Killed):
        import_mail(carteggio, Wanted(folder, BOX), killed_while_projecting)
    again = import_mail(carteggio, Wanted(folder, BOX), quiet)
    assert (again.resumed, again.read_here, again.counts.stored) == (True, 0, 30)


def test_what_came_into_a_file_after_a_kill_is_taken_in_too(carteggio: Carteggio, tmp_path: Path):
    path = mbox(tmp_path / "info.mbox", many(30))
    with pytest.raises(Killed):
        import_mail(carteggio, Wanted(path, BOX), killed_while_projecting)
    mbox(path, many(40))
    again = import_mail(carteggio, Wanted(path, BOX), quiet)
    assert (again.resumed, again.counts.stored, again.counts.known) == (False, 10, 30)


def test_an_import_killed_beside_a_large_mail_goes_on_at_the_right_place(
    carteggio: Carteggio, tmp_path: Path
):
    large = letter(
        "large@client.example", b"Large", body=b"x" * 99 + b"\n" + b"y\n" * (BATCH_OCTETS // 2)
    )
    letters = [*many(3), large, *many(3, domain="other.example"), large.replace(b"Large", b"Two")]
    path = mbox(tmp_path / "info.mbox", letters)
    runs = 0

    def killed_after_a_batch(_: Progress) -> None:
        raise Killed

    while True:
        runs += 1
        try:
            done = import_mail(
                carteggio, Wanted(path, BOX), killed_after_a_batch if runs < 5 else quiet
            )
            break
        except Killed:
            continue
    assert (done.counts.read, done.counts.stored, done.counts.known) == (8, 8, 0)
    assert (runs, done.read_here) == (5, 0)  # each mail that is large, and what lies before it
    found = [
        one.raw_sha256 for one in events_of(carteggio, "message.received", "message.copy_found")
    ]
    assert sorted(found) == sorted(hashlib.sha256(one).hexdigest() for one in letters)
