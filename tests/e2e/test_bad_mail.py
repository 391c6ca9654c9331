"""Mail as nobody should write it: taken in as far as it goes, told, and never in the way."""

import gzip
import hashlib
import os

import pytest

from letters import SEPARATOR, letter, many, mbox

GOOD = [letter("first@client.example", b"First"), letter("last@client.example", b"Last")]
MULTIPART = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
NUL_PARTS = (
    b"--b\nContent-Type: text/plain\n\nte\0xt\n"
    b'--b\nContent-Type: application/pdf; name="a\0b.pdf"\n'
    b'Content-Disposition: attachment; filename="a\0b.pdf"\n\n\0\0pdf\n--b--\n'
)
LONG = "a" * 15_000 + "@client.example"
ODD = {
    "60 MB": letter("big@client.example", b"Big", body=(b"y" * 76 + b"\n") * 800_000),
    "100,000 headers": letter(
        "many@client.example", b"Many", more=b"".join(b"X-%d: %d\n" % (n, n) for n in range(100_000))
    ),
    "NULs": letter(
        "nul@cli\0ent.example", b"Nul\0subject", sender="A\0nna <anna@cli\0ent.example>",
        more=MULTIPART, body=NUL_PARTS,
    ),
    "no Message-ID": letter(None, b"Nameless"),
    "a Message-ID of 15 KB": letter(LONG, b"Long name"),
    "8-bit garbage": letter("8bit@client.example", bytes(range(128, 256))),
    "a date in 9999": letter("9999@client.example", date="Fri, 31 Dec 9999 23:59:59 -1200"),
    "a date in 1900": letter("1900@client.example", date="Mon, 01 Jan 1900 00:00:00 +1400"),
    "a date in year 1": letter("0001@client.example", date="Mon, 01 Jan 0001 00:00:00 +1400"),
    "no date": letter("no@client.example", date="soon"),
    "5,000 levels": letter(
        "deep@client.example", b"Deep", more=MULTIPART.replace(b"=b", b"=b0"),
        body=b"".join(
            b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1)
            for n in range(5_000)
        ),
    ),
    "a control sequence": letter("esc@client.example", b"\x1b[31mRed\x1b]0;title\x07"),
    "a bare address": letter("bare@client.example", sender='@@<<>>,,;;"'),
}  # fmt: skip


@pytest.fixture(scope="module")
def taken(instance, tmp_path_factory):
    """Take in a folder of mboxes, each with an odd message between two good ones."""
    folder = tmp_path_factory.mktemp("odd")
    for number, odd in enumerate(ODD.values()):
        mbox(folder / f"odd{number}.mbox", [GOOD[0], odd, GOOD[1]])
    summary = instance.asked("import", "mail", folder, "--mailbox", "odd@firm.example")[0]
    return summary, instance.done("export", "messages").facts


def test_odd_messages_are_no_problem(taken):
    summary, _ = taken
    assert (summary["read"], summary["stored"]) == (3 * len(ODD), 3 * len(ODD))
    assert summary["problems"] == 0


@pytest.mark.parametrize("what", ODD)
def test_an_odd_message_is_kept_byte_for_byte_between_good_ones(taken, what):
    place = f"odd@firm.example/odd{list(ODD).index(what)}"
    mine = [one for one in taken[1] if place in one["locations"]]
    assert len(mine) == 3
    digests = {x for one in mine for x in _listed(one["raw_sha256"])}
    assert hashlib.sha256(ODD[what]).hexdigest() in digests


def _listed(value):
    return [value] if isinstance(value, str) else value


def test_all_of_them_are_shown_without_a_control_character(instance, taken):
    for words in (("unanswered",), ("events",), ("history", "anna@client.example")):
        shown = instance.run(*words).out
        assert not [one for one in shown if not one.isprintable() and one != "\n"]


def test_after_all_of_them_the_read_models_are_what_the_events_say(instance, taken):
    assert instance.asked("replay", "--verify")[0]["differences"] == 0
    assert instance.run("doctor").code == 0


def test_broken_separators_are_told_and_part_the_messages_all_the_same(instance, tmp_path):
    source = tmp_path / "broken.mbox"
    letters = many(4, domain="separators.example")
    lines = SEPARATOR, b"From nobody knows when\n", b"From x@y.example Mon Foo 99 99:00 2026\n"
    broken = b"".join(x + y + b"\n" for x, y in zip((*lines, SEPARATOR), letters, strict=True))
    source.write_bytes(broken)
    done = instance.run("import", "mail", source, "--mailbox", "info@firm.example", "--json")
    assert done.code == 2
    assert done.fact["stored"] == 4
    assert done.err.count("its separator line is broken") == 2
    assert "broken.mbox, message 2, octet" in done.err


def test_an_empty_message_is_kept_too(instance, tmp_path):
    source = tmp_path / "empty.mbox"
    source.write_bytes(SEPARATOR + b"\n" + SEPARATOR + letter("after@empty.example") + b"\n")
    done = instance.run("import", "mail", source, "--mailbox", "empty@firm.example", "--json")
    assert done.fact["stored"] == 2


def test_the_same_message_twice_in_a_file_is_known(instance, tmp_path):
    one = letter("twice@client.example")
    other = one.replace(b"When", b"How")
    source = mbox(tmp_path / "twice.mbox", [one, one, other, one])
    summary = instance.asked("import", "mail", source, "--mailbox", "twice@firm.example")[0]
    assert (summary["stored"], summary["of_these_copies"], summary["already_known"]) == (2, 1, 2)
    exported = instance.exported()["<twice@client.example>"]
    assert exported["raw_sha256"] == sorted(hashlib.sha256(x).hexdigest() for x in (one, other))


def test_a_damaged_archive_is_read_as_far_as_it_goes(instance, tmp_path):
    source = mbox(tmp_path / "whole.mbox", [os.urandom(20_000).hex().encode(), *many(50)])
    source.write_bytes(gzip.compress(source.read_bytes())[:-200])
    done = instance.run("import", "mail", source, "--mailbox", "cut@firm.example", "--json")
    assert done.code == 2
    assert done.fact["stored"] >= 1
    assert "it is damaged and was read as far as possible" in done.err


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        ("nowhere", None, "there is no such file or folder"),
        ("text.txt", b"Dear diary,\nno mail today.\n", "no form of mail known here"),
        ("random.bin", bytes(range(256)) * 400, "no form of mail known here"),
        ("empty.mbox", b"", "the file is empty"),
        ("not.zip", b"PK\x03\x04" + bytes(500), "it is damaged"),
        ("outlook.pst", b"!BDN" + bytes(500), "export it as .eml or mbox"),
    ],
)
def test_what_is_no_mail_is_refused_with_a_sentence(instance, tmp_path, name, octets, said):
    if octets is not None:
        (tmp_path / name).write_bytes(octets)
    done = instance.run("import", "mail", tmp_path / name, "--mailbox", "info@firm.example")
    assert done.code == 1
    assert said in done.err
    assert str(tmp_path / name) in done.err


def test_a_mailbox_has_to_be_an_address(instance, tmp_path):
    source = mbox(tmp_path / "a.mbox", GOOD)
    done = instance.run("import", "mail", source, "--mailbox", "the inbox")
    assert done.code == 1
    assert "the inbox is no mail address" in done.err
