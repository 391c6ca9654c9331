"""What goes wrong around Carteggio: a full disk, a dead database, a wrong key, odd files.

Each is told in a sentence, nothing that was taken in is lost, and the same command goes on later.
"""

import os
import random
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from commands import Instance, ended
from letters import letter, many, mbox
from places import quick_folder

BOX = "info@firm.example"
MEGABYTE = 1 << 20


def incompressible(count: int, size: int) -> list[bytes]:
    noise = random.Random(size)  # noqa: S311
    return [
        letter(
            f"{n}@client.example",
            b"Noise %d" % n,
            body=noise.randbytes(size // 2).hex(b"\n", 38).encode() + b"\n",
        )
        for n in range(count)
    ]


def told(done, *words: str) -> None:
    """A command failed with one sentence, which has these words."""
    assert done.code == 1, done
    sentence = done.err.splitlines()[-1]
    assert sentence.startswith("carteggio: "), done.err
    for word in words:
        assert word in sentence


def complete(instance: Instance, source: Path, count: int) -> None:
    """The same import goes on, nothing is missing, nothing twice, and all fits together."""
    instance.done("import", "mail", source, "--mailbox", BOX)
    exported = instance.done("export", "messages").facts
    ids = [one["message_id"] for one in exported if one["message_id"].endswith("@client.example>")]
    assert len(ids) == len(set(ids)) == count
    assert instance.asked("replay", "--verify")[0]["differences"] == 0
    assert instance.run("doctor", "--contents").code == 0


# ---- a full disk


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """Mount a file system of this size; skip where nobody may."""
    folder.mkdir()
    options = ["-o", f"size={size},mode=0711"]
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mount.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mount.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def filled_up(folder: Path, left: int) -> Path:
    """Leave so much room in a folder's file system; give the file to delete for more."""
    ballast = folder / "ballast"
    room = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - left)
    return ballast


@pytest.mark.slow
@pytest.mark.parametrize("what", ["home", "blobs"])
def test_a_full_disk_stops_an_import_which_goes_on_when_there_is_room(tmp_path, what):
    source = mbox(tmp_path / "big.mbox", incompressible(60, 512 * 1024))
    first = mbox(tmp_path / "first.mbox", [letter("first@client.example", b"First")])
    with quick_folder("disk") as folder, small_disk(folder / "disk", 400 * MEGABYTE):
        home = folder / ("disk/home" if what == "home" else "home")
        blobs = {"CARTEGGIO_BLOBS": str(folder / "disk/blobs")} if what == "blobs" else {}
        instance = Instance(home, environment=blobs)
        instance.done("init")
        instance.done("import", "mail", first, "--mailbox", BOX)
        ballast = filled_up(folder / "disk", 12 * MEGABYTE)

        told(instance.run("import", "mail", source, "--mailbox", BOX), "no room is left")
        # PostgreSQL lets nobody in when it cannot write a byte: then this is told, at once.
        asked = instance.run("unanswered")
        assert "First" in asked.out or (what == "home" and "no room is left" in asked.err), asked

        ballast.unlink()
        complete(instance, source, 61)


# ---- a dead database


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_database_that_dies_under_an_import_loses_nothing(own_instance, tmp_path, how):
    source = mbox(tmp_path / "many.mbox", many(900))
    going = own_instance.start("import", "mail", source, "--mailbox", BOX)
    blobs = own_instance.home / "blobs"
    while sum(1 for _ in blobs.rglob("*")) < 300:
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the import ended too soon: {going.wait(0.05)}")
    os.kill(own_instance.server_pid(), how)
    told(ended(going), "the database stopped answering", "run the same command again")
    complete(own_instance, source, 900)


@pytest.mark.parametrize("words", [("unanswered",), ("import", "mail", "{}", "--mailbox", BOX)])
def test_a_database_that_is_not_there_is_told(instance, tmp_path, words):
    source = mbox(tmp_path / "few.mbox", many(3))
    away = {"CARTEGGIO_DATABASE_URL": "postgresql://nobody:geheim@127.0.0.1:1/nowhere"}
    done = instance.run(*(word.format(source) for word in words), **away)
    told(done, "cannot reach the database", "127.0.0.1")
    assert "geheim" not in done.err


# ---- a wrong key


@pytest.mark.slow
def test_with_a_wrong_or_lost_root_key_nothing_is_read_or_written(own_instance, tmp_path):
    source = mbox(tmp_path / "few.mbox", many(3))
    own_instance.done("import", "mail", source, "--mailbox", BOX)
    (key,) = own_instance.home.glob("keys/*")
    right = key.read_bytes()

    for wrong in (secrets.token_bytes(len(right)), b"", None):
        key.unlink() if wrong is None else key.write_bytes(wrong)
        for words in (("unanswered",), ("import", "mail", source, "--mailbox", BOX), ("init",)):
            told(own_instance.run(*words), "key")
        assert own_instance.run("doctor").code == 1
        assert not key.exists() if wrong is None else key.read_bytes() == wrong

    key.write_bytes(right)
    key.chmod(0o600)
    complete(own_instance, source, 3)


# ---- odd files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_master_data_is_read_in_the_encoding_it_has(instance, tmp_path, encoding):
    table = "party_id;kind;name\nK7;customer;Müller & Söhne\nK8;customer;Caffè Però\n"
    (tmp_path / "parties.csv").write_bytes(table.encode(encoding))
    outcome = instance.asked("import", "directory", tmp_path, "--source", encoding)[0]
    assert (outcome["rows"], outcome["new"]) == (2, 2)
    trail = instance.done("events", "--json").out
    assert "Müller & Söhne" in trail
    assert "Caffè Però" in trail


def test_a_file_that_is_no_table_harms_no_other(instance, tmp_path):
    (tmp_path / "parties.csv").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "colleagues.csv").write_text("email,name\ngina@firm.example,Gina\n")
    done = instance.run("import", "directory", tmp_path, "--json")
    assert done.code == 2
    outcomes = {one["file"]: one for one in done.facts}
    assert outcomes["parties.csv"]["bad"]
    assert outcomes["colleagues.csv"]["new"] == 1


@pytest.mark.parametrize("place", ["nowhere", "file.csv"])
def test_a_wrong_place_for_master_data_is_told(instance, tmp_path, place):
    (tmp_path / "file.csv").write_text("party_id\n")
    told(instance.run("import", "directory", tmp_path / place), "there is no such folder")
