"""Packed mail comes out as it was put in; of damaged archives, what can be read."""

import bz2
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from adapters.mailfiles import StoredMail, open_mail
from mailboxes import SEPARATOR, as_mbox, mail, raws, read, write


def zip_of(folder: Path, to: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(to, "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return to


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "xz": lzma.compress,
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor().compress,
    "bz2": bz2.compress,
}


@pytest.mark.parametrize("form", PACKERS)
def test_packed_mboxes_are_known_by_their_octets(tmp_path, form):
    packed = PACKERS[form](as_mbox(mail(1))) + PACKERS[form](as_mbox(mail(2)))
    box = write(tmp_path / "box", packed)
    assert raws(box) == [mail(1), mail(2)]
    assert open_mail(box).kind == "mbox"
    first = next(iter(open_mail(box)))
    assert isinstance(first, StoredMail)
    assert raws(box, first.next) == [mail(2)]


@pytest.mark.parametrize("form", PACKERS)
def test_a_cut_tail_is_told_after_what_could_be_read(tmp_path, form):
    noise = [mail(n, os.urandom(30_000).hex().encode() + b"\n") for n in range(60)]
    packed = PACKERS[form](as_mbox(*noise))
    box = write(tmp_path / "box", packed[: len(packed) // 2])
    mails, problems = read(box)
    assert [x.raw for x in mails[:-1]] == noise[: len(mails) - 1]
    assert len(problems) == 1
    assert "too early" in problems[0].reason
    # bzip2 and zstandard work by blocks: at most one is lost with the cut
    assert len(mails) >= 10


def test_a_zip_that_broke_off_gives_what_is_there(tmp_path):
    for n in range(5):
        write(tmp_path / f"f/{n}.eml", mail(n, os.urandom(2_000).hex().encode()))
    archive = zip_of(tmp_path / "f", tmp_path / "mail.zip")
    octets = archive.read_bytes()
    archive.write_bytes(octets[: int(len(octets) * 0.7)])
    mails, problems = read(archive)
    assert [x.raw for x in mails[:3]] == [(tmp_path / f"f/{n}.eml").read_bytes() for n in range(3)]
    assert 1 <= len(problems) <= 2


def test_a_damaged_member_is_told_and_the_rest_goes_on(tmp_path):
    for n in range(3):
        write(tmp_path / f"f/{n}.eml", mail(n, os.urandom(2_000).hex().encode()))
    archive = zip_of(tmp_path / "f", tmp_path / "mail.zip", zipfile.ZIP_STORED)
    octets = bytearray(archive.read_bytes())
    octets[octets.index(b"<1@acme") + 500] ^= 1
    archive.write_bytes(octets)
    mails, problems = read(archive)
    assert len(mails) == 3
    assert [x.reason for x in problems] == [
        "it is damaged and was read as far as possible: its checksum does not fit"
    ]


def test_a_bomb_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("bomb.mbox", "w") as member:
            member.write(SEPARATOR)
            for _ in range(300):
                member.write(bytes(1_000_000))
        archive.writestr("good.eml", mail(1))
    mails, problems = read(tmp_path / "b.zip")
    assert mails[-1].raw == mail(1)
    assert any("unpacks to more than 200 MB" in x.reason for x in problems)
