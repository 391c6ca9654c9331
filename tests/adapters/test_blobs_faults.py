"""Blobs under faults: altered, swapped or lost files, killed importers, a full disk."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.blobs import (
    BlobMissing,
    Blobs,
    Damaged,
    Problem,
    Trouble,
)
from adapters.blobstores import MANY
from domain.values import BlobName

AT_ONCE = timedelta(0)
ROOT = Path(__file__).parents[2]
MAIL = b"From: anna@customer.example\r\nSubject: Order 4711\r\n\r\nWhere is it?\r\n"
ANNA, BRUNO, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=2000), st.data())
def test_altered_bytes_are_never_served(blobs, folder, content, data) -> None:
    message = uuid4()
    name = _kept(blobs, [(message, content)])[message]
    file = folder / name[:2] / name
    sealed = file.read_bytes()
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    flipped = bytearray(sealed)
    flipped[at // 8] ^= 1 << at % 8
    for changed in (bytes(flipped), sealed[: at // 8], sealed + b"\0"):
        file.write_bytes(changed)
        with pytest.raises(Damaged):
            blobs.get(name, message)
    file.write_bytes(sealed)
    assert blobs.get(name, message) == content


def test_blobs_that_change_places_are_not_served_and_the_scrub_finds_them(blobs, folder) -> None:
    kept = _kept(blobs, [(ANNA, MAIL), (BRUNO, b"another"), (CARLA, b"sound")])
    one, two = (folder / n[:2] / n for n in (kept[ANNA], kept[BRUNO]))
    swapped = one.read_bytes(), two.read_bytes()
    two.write_bytes(swapped[0])
    one.write_bytes(swapped[1])
    with pytest.raises(Damaged):
        blobs.get(kept[ANNA], ANNA)
    assert list(blobs.scrub()) == []
    found = Counter(blobs.scrub(contents=True))
    assert found == Counter(Problem(kept[m], Trouble.DAMAGED) for m in (ANNA, BRUNO))


def test_a_name_that_is_a_path_leads_nowhere(blobs) -> None:
    for name in ("../root.key", "/etc/passwd", "a" * 200, ""):
        with pytest.raises(BlobMissing):
            blobs.get(BlobName(name), ANNA)
        with pytest.raises(BlobMissing):
            blobs._store.get(name)


IMPORTER = """
import sys
from pathlib import Path
from uuid import UUID
from adapters.blobs import Blobs, FolderStore
from adapters.database import Database
from adapters.keyring import FileRoot, Keyring

dsn, root, folder, start, each = sys.argv[1:]
start, each = int(start), int(each)
database = Database(dsn)
blobs = Blobs(FolderStore(Path(folder)), Keyring(database, FileRoot(Path(root)), "main"), database)
for at in range(start, start + 100_000, each):
    stored = blobs.put_many([(UUID(int=n), b"mail %d" % (n // 2)) for n in range(at, at + each)])
    with database.pool.connection() as connection, connection.transaction():
        blobs.record(connection, stored)
    print(*(f"{s.message}={s.name}" for s in stored), flush=True)
"""


@pytest.mark.parametrize("each", [5, 3 * MANY])
def test_a_kill_loses_nothing_that_was_acknowledged(
    blobs, folder, database, tmp_path, each
) -> None:
    acknowledged: dict[UUID, BlobName] = {}
    for round_, lines in enumerate([0, 1, 3, 7, 20]):
        arguments = (database.dsn, tmp_path / "root.key", folder, round_ * 100_003, each)
        with _python(IMPORTER, *arguments) as importer:
            for line in islice(importer.stdout or (), lines):
                pairs = (pair.partition("=") for pair in line.split())
                acknowledged |= {UUID(message): BlobName(name) for message, _, name in pairs}
            importer.kill()
    assert len(acknowledged) == 31 * each
    for message, name in acknowledged.items():
        assert blobs.get(name, message) == b"mail %d" % (message.int // 2)
    assert list(blobs.scrub(contents=True)) == []
    blobs.sweep(AT_ONCE)
    assert list(blobs.scrub(contents=True)) == []
    with database.pool.connection() as connection:
        recorded = {name for (name,) in connection.execute("SELECT name FROM blob")}
    assert {file.name for file in _files(folder)} == recorded


FILL = """
import sys
from pathlib import Path
from adapters.blobs import FolderStore, StorageFull
store, name = FolderStore(Path(sys.argv[1])), "{:a>32}-" + "a" * 16
sealed, there = bytes(50_000), []
while True:
    try:
        store.put_many([name.format("b" * len(there))], lambda _: [sealed])
    except StorageFull as full:
        print(full)
        break
    there.append(name.format("b" * len(there)))
assert there and all(store.get(one) == sealed for one in there)
assert {file.name for file in Path(sys.argv[1]).rglob("*") if file.is_file()} == set(there)
store.delete(there[:1])
store.put_many(there[:1], lambda _: [sealed])
assert not store.missing(there)
print("resumed", len(there))
"""


def test_a_full_disk_is_said_leaves_nothing_half_and_passes(tmp_path) -> None:
    """Fill a real file system of 512 KiB, mounted in a namespace of its own."""
    mount = ["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs -o size=512k tmpfs "$0" && exec "$@"']
    if (
        not shutil.which("unshare")
        or subprocess.run([*mount, tmp_path, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system lets nobody mount a file system of their own")
    done = subprocess.run(
        [*mount, tmp_path, sys.executable, "-c", FILL, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "no room is left" in done.stdout, done.stderr
    assert "resumed" in done.stdout, done.stderr


def _python(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def _record(blobs: Blobs, stored) -> None:
    with blobs._database.pool.connection() as connection, connection.transaction():
        blobs.record(connection, stored)


def _kept(blobs: Blobs, items) -> dict[UUID, BlobName]:
    stored = blobs.put_many(items)
    _record(blobs, stored)
    return {s.message: s.name for s in stored}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
