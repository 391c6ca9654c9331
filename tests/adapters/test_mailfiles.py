"""Stored mail comes out as it was put in, whatever holds it; what is broken is told, not lost."""

import lzma
import os
import re
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import mbox
from adapters.mailfiles import Cursor, NoMail, StoredMail, open_mail
from mailboxes import SEPARATOR, as_mbox, mail, raws, read, write

WHEN = datetime(2024, 1, 1, 10, 0, 0, tzinfo=UTC)
MAILS = [mail(1), mail(2, b"a\n\n\n"), mail(3, b"From the start\n>From quoted\n"), mail(4, b"")]


def test_an_mbox_gives_its_messages_as_they_were_written(tmp_path):
    box = write(tmp_path / "box.mbox", as_mbox(*MAILS))
    mails, problems = read(box)
    assert [x.raw for x in mails] == MAILS
    assert not problems
    assert mails[1].received_at == WHEN
    assert mails[1].place == f"box.mbox, message 2, octet {len(as_mbox(MAILS[0]))}"
    assert mails[1].folder is None


_lines = st.sampled_from(
    [b"", b"From here", b">From", b">From x", b">>From y@z Mon Jan 1 10:00:00 2024", b"From:",
     b"From x@acme.example Mon Jan 1 10:00:00 2024", b" ", b"\r", b"\x00\xff"]
)  # fmt: skip


@given(st.lists(st.lists(_lines, max_size=5), max_size=5), st.integers(5, 60))
def test_whatever_is_put_into_an_mbox_comes_out_at_any_chunk_size(bodies, chunk):
    mails = [mail(n, b"".join(x + b"\n" for x in lines)) for n, lines in enumerate(bodies)]
    octets = as_mbox(*mails)
    at = 0

    def pieces(_: int) -> bytes:
        nonlocal at
        at += chunk
        return octets[at - chunk : at]

    found = list(mbox.entries(pieces))
    assert [x.raw for x in found] == mails
    assert [x.end for x in found][:-1] == [x.start for x in found][1:]


def test_crlf_mboxes_keep_their_line_ends(tmp_path):
    octets = as_mbox(mail(1), mail(2)).replace(b"\n", b"\r\n")
    assert raws(write(tmp_path / "a.mbox", octets)) == [
        mail(1).replace(b"\n", b"\r\n"),
        mail(2).replace(b"\n", b"\r\n"),
    ]


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (b"From a@x.example Mon Jan  1 10:00:00 2024", WHEN),
        (b"From a@x.example Mon Jan  1 10:00 2024", WHEN),
        (b"From a@x.example Mon Jan 01 11:00:00 CET 2024", WHEN),
        (b"From a@x.example Mon Jan 01 12:00:00 2024 +0200", WHEN),
        (b"From a@x.example Mon, 1 Jan 2024 05:00:00 -0500", WHEN),
        (b"From a@x.example 2024-01-01T10:00:00Z", WHEN),
        (b"From - Mon Jan 01 10:00:00 2024", WHEN),
        (b"From MAILER-DAEMON Mon Jan  1 10:00:00 2024 remote from mail", WHEN),
        (b'From "Anna Rossi" <a@x.example> Mon Jan  1 10:00:00 2024', WHEN),
        (b"From ???@??? Mon Jan 01 10:00:00 2024", WHEN),
        (b"From a@x.example Mon Feb 31 10:00:00 2024", None),
        (b"From a@x.example Mon Jan 1 99:99:99 2024", None),
    ],
)
def test_separators_have_many_forms(tmp_path, line, when):
    box = write(tmp_path / "a.mbox", as_mbox(mail(1), mail(2), separator=line + b"\n"))
    mails, problems = read(box)
    assert [(x.raw, x.received_at) for x in mails] == [(mail(1), when), (mail(2), when)]
    assert not problems


def test_from_in_running_text_is_no_separator(tmp_path):
    text = mail(1, b"x\n\nFrom now on all is well.\nFrom a@x.example Mon Jan  1 10:00:00 2024\n")
    assert raws(write(tmp_path / "a.mbox", SEPARATOR + text + b"\n")) == [text]


def test_broken_separators_are_told_and_lose_nothing(tmp_path):
    dateless = b"From bea@acme.example\n" + mail(2) + b"\n"
    octets = b"rubbish \xff\n\n" + as_mbox(mail(1)) + dateless + as_mbox(mail(3))
    mails, problems = read(write(tmp_path / "a.mbox", octets))
    assert [x.raw for x in mails] == [b"rubbish \xff\n", mail(1), mail(2), mail(3)]
    assert [x.reason for x in problems] == [
        "it stands before the first separator line",
        "its separator line has no date",
    ]


def test_a_header_after_a_broken_separator_begins_a_mail(tmp_path):
    written = [
        b"Date: Mon, 2 Feb 2026 10:00:00 +0100\nMessage-ID: <%d@acme.example>\n\nHello\n" % n
        for n in (1, 2, 3)
    ]
    separators = b"From x@acme.example Mon Foo 99 99:00 2026", b"From scratch"
    octets = as_mbox(written[0]) + b"".join(
        line + b"\n" + one + b"\n" for line, one in zip(separators, written[1:], strict=True)
    )
    mails, problems = read(write(tmp_path / "a.mbox", octets))
    assert [x.raw for x in mails] == written
    assert [x.reason for x in problems] == ["its separator line is broken"] * 2


def test_a_mail_without_separator_is_a_single_mail(tmp_path):
    assert raws(write(tmp_path / "loose", mail(1) + b"\n\n")) == [mail(1) + b"\n\n"]
    named = write(tmp_path / "a.eml", SEPARATOR + mail(1) + b"\n")
    assert raws(named) == [SEPARATOR + mail(1) + b"\n"]


def test_an_empty_mail_is_kept_and_told(tmp_path):
    for name, octets in (("empty.eml", b""), ("a.mbox", SEPARATOR + b"\n" + as_mbox(mail(1)))):
        mails, problems = read(write(tmp_path / name, octets))
        assert mails[0].raw == b""
        assert [x.reason for x in problems] == ["it is empty"]


@pytest.mark.parametrize("sender", [b"-", b"MAILER-DAEMON"])
def test_who_stored_a_mail_does_not_say_when_it_came(tmp_path, sender):
    stored = b"From %s Wed Nov 25 03:25:50 2026\n" % sender
    for field in (
        b"Date: Mon, 1 Jan 2024 10:00:00 +0000",
        b"Received: by x; 1 Jan 2024 10:00:00 Z",
    ):
        octets = as_mbox(field + b"\n" + mail(1), separator=stored)
        assert read(write(tmp_path / "a.mbox", octets))[0][0].received_at is None
    octets = as_mbox(mail(1, b"Date: Mon, 1 Jan 2024 10:00:00 +0000\n"), separator=stored)
    came = read(write(tmp_path / "a.mbox", octets))[0][0].received_at
    assert came == datetime(2026, 11, 25, 3, 25, 50, tzinfo=UTC)


def test_flags_stand_in_status_headers(tmp_path):
    first = b"Status: RO\nX-Status: AF\n" + mail(1)
    second = b"X-Mozilla-Status: 0003\n" + mail(2)
    mails, _ = read(write(tmp_path / "a.mbox", as_mbox(first, second, mail(3))))
    assert [x.flags for x in mails] == [
        ("seen", "flagged", "answered"), ("seen", "answered"), (),
    ]  # fmt: skip


def test_a_maildir_tells_dates_flags_and_folders(tmp_path):
    write(tmp_path / "cur/1704103200.M1P2.host,S=9:2,FRS", mail(1))
    write(tmp_path / "new/1704103201.M1P2.host", mail(2))
    write(tmp_path / ".Posta inviata.Citt&AOA-/cur/1704103202.M1.host:2,S", b"")
    (tmp_path / "tmp").mkdir()
    write(tmp_path / "tmp/1704103203.M1.host", mail(4))
    write(tmp_path / "dovecot.index", b"x")
    source = open_mail(tmp_path)
    mails = [x for x in source if isinstance(x, StoredMail)]
    assert (source.kind, source.files, source.ignored) == ("Maildir", 3, 0)
    assert [(x.folder, x.raw, x.flags) for x in mails] == [
        ("Posta inviata/Città", b"", ("seen",)),
        (None, mail(1), ("seen", "flagged", "answered")),
        (None, mail(2), ()),
    ]
    assert mails[1].received_at == WHEN


def test_a_maildir_that_lives_is_followed(tmp_path):
    write(tmp_path / "new/1704103200.M1.host", mail(1))
    (tmp_path / "cur").mkdir()
    source = open_mail(tmp_path)
    (tmp_path / "new/1704103200.M1.host").rename(tmp_path / "cur/1704103200.M1.host:2,S")
    items = list(source)
    assert isinstance(items[0], StoredMail)
    assert items[0].raw == mail(1)


def fill(folder: Path) -> None:
    write(folder / "a/1.eml", mail(1))
    write(folder / "a/Inbox", as_mbox(mail(2), mail(3)))
    write(folder / "b/info.Sent.mbox.xz", lzma.compress(as_mbox(mail(4))))
    write(folder / "c.eml", mail(5))
    write(folder / "notes.txt", b"nothing: here\n")
    write(folder / "old.msg", b"\xd0\xcf\x11\xe0")


EXPECTED = [(mail(1), "a"), (mail(2), "a/Inbox"), (mail(3), "a/Inbox"), (mail(4), "b/info.Sent"),
            (mail(5), None)]  # fmt: skip


def test_a_folder_gives_all_that_is_mail(tmp_path):
    fill(tmp_path)
    mails, problems = read(tmp_path)
    assert [(x.raw, x.folder) for x in mails] == EXPECTED
    assert [x.place for x in problems] == ["old.msg"]
    assert open_mail(tmp_path).ignored == 1


def zip_of(folder: Path, to: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(to, "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return to


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_zip_gives_the_same_as_its_folder(tmp_path, method):
    fill(tmp_path / "f")
    archive = zip_of(tmp_path / "f", tmp_path / "mail.zip", method)
    mails, problems = read(archive)
    assert [(x.raw, x.folder) for x in mails] == EXPECTED
    assert len(problems) == 1
    within = write(tmp_path / "g/mail.zip", archive.read_bytes())
    mails, _ = read(within.parent)
    assert [x.raw for x in mails] == [raw for raw, _ in EXPECTED]


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        (None, b"", "no such file"),
        ("x.mbox", b"", "empty"),
        ("x.pdf", b"%PDF-1.7\n", "no form of mail"),
        ("x.pst", b"!BDN", "Outlook's form .pst"),
        ("d/x.pdf", b"%PDF-1.7\n", "no mail in it"),
    ],
)
def test_a_wrong_place_is_answered_with_a_sentence(tmp_path, name, octets, said):
    path = tmp_path / "missing" if name is None else write(tmp_path / name, octets)
    with pytest.raises(NoMail, match=said):
        open_mail(path.parent if "d/" in str(name) else path)


def test_a_folder_that_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path):
    write(tmp_path / "a.eml", mail(1))
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):  # a path of more than 4,096 octets, which nobody can open by its name
        os.mkdir("d" * 250, dir_fd=here)
        within = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = within
    os.close(here)
    mails, problems = read(tmp_path)
    assert [x.raw for x in mails] == [mail(1)]
    assert [x.reason for x in problems] == ["it cannot be read: File name too long"]
    assert problems[0].place.startswith("d" * 250 + "/")


def test_reading_resumes_after_any_message(tmp_path):
    fill(tmp_path / "f")
    for place in (tmp_path / "f", zip_of(tmp_path / "f", tmp_path / "m.zip")):
        whole, _ = read(place)
        for number, item in enumerate(whole):
            rest, _ = read(place, Cursor.parse(str(item.next)))
            assert [(x.raw, x.place) for x in rest] == [
                (x.raw, x.place) for x in whole[number + 1 :]
            ]


def test_progress_reaches_the_size_on_disk_and_the_fingerprint_tells_changes(tmp_path):
    fill(tmp_path)
    source = open_mail(tmp_path)
    steps = [source.progress() for _ in source]
    assert steps == sorted(steps)
    assert source.progress() == source.octets
    assert open_mail(tmp_path).fingerprint == source.fingerprint
    write(tmp_path / "c.eml", mail(6) + b"x")
    assert open_mail(tmp_path).fingerprint != source.fingerprint


def big(path: Path, sizes: Iterator[int]) -> Path:
    line = b"0123456789abcdef" * 4 + b"\n"
    with path.open("wb") as file:
        for number, size in enumerate(sizes):
            file.write(SEPARATOR + mail(number, b""))
            for _ in range(size // len(line) // 16):
                file.write(line * 16)
            file.write(b"\n")
    return path


def test_a_large_mbox_streams(tmp_path):
    box = big(tmp_path / "big.mbox", iter([5_000] * 4_000 + [30_000_000] + [50_000] * 1_000))
    began = time.process_time()
    count = sum(isinstance(x, StoredMail) for x in open_mail(box))
    speed = box.stat().st_size / (time.process_time() - began) / 1e6
    assert count == 5_001
    assert speed > 50  # MB/s; some 500 on an idle core
    tracemalloc.start()
    for _ in open_mail(box):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 75_000_000


def test_a_message_beyond_measure_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(mbox, "LARGEST_MESSAGE", 3_000_000)
    box = big(tmp_path / "big.mbox", iter([1_000, 12_000_000, 1_000]))
    mails, problems = read(box)
    assert len(mails) == 2
    assert b"nr 2" in mails[1].raw
    assert len(problems) == 1
    at = int(mails[1].place.rpartition(" ")[2])
    assert box.read_bytes()[at:].startswith(SEPARATOR)


def test_the_labelled_company_is_read_as_its_readme_says():
    place = os.environ.get("CARTEGGIO_TEST_DATA")
    if not place:
        pytest.skip("CARTEGGIO_TEST_DATA names no folder: the test data is not here")
    for path in sorted(Path(place, "company/mailboxes").glob("*.xz")):
        octets = lzma.decompress(path.read_bytes())
        expected = [
            re.sub(rb"(?m)^>(>*From )", rb"\1", raw[:-1])
            for raw in re.split(rb"(?m)^From sender@localhost [^\n]*\n", octets)[1:]
        ]
        mails, problems = read(path)
        assert [x.raw for x in mails] == expected
        assert not problems
        assert all(x.received_at for x in mails)


def test_the_corpus_zips_give_every_mail_octet_for_octet():
    place = os.environ.get("CARTEGGIO_TEST_DATA")
    if not place:
        pytest.skip("CARTEGGIO_TEST_DATA names no folder: the test data is not here")
    for name in ("mime", "signed", "bounces", "hostile", "bulk", "pec", "tnef", "calendar"):
        with zipfile.ZipFile(Path(place, f"{name}.zip")) as archive:
            expected = [archive.read(x) for x in sorted(archive.namelist()) if x.endswith(".eml")]
        assert raws(Path(place, f"{name}.zip")) == expected
