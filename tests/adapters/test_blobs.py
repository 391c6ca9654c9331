"""Blobs: stored once, shared, erased one message at a time, and never served altered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.blobs import (
    BlobMissing,
    BlobReleased,
    Blobs,
    FolderStore,
    Problem,
    Trouble,
)
from adapters.blobstores import MANY
from adapters.database import Database
from adapters.keyring import FileRoot, KeyDestroyed, Keyring
from domain.values import BlobName

AT_ONCE = timedelta(0)
MAIL = b"From: anna@customer.example\r\nSubject: Order 4711\r\n\r\nWhere is it?\r\n"
ANNA, BRUNO, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)


def test_what_was_put_comes_back(blobs) -> None:
    items = [(ANNA, MAIL), (BRUNO, b""), (CARLA, incompressible(3_000_000))]
    for message, name in _kept(blobs, items).items():
        assert blobs.get(name, message) == dict(items)[message]


def test_many_put_together_come_back_each_by_itself(blobs, folder) -> None:
    items = [(uuid4(), b"mail %d" % number) for number in range(3 * MANY)]
    kept = _kept(blobs, items)
    assert len(_files(folder)) == len(items)
    assert {message: blobs.get(name, message) for message, name in kept.items()} == dict(items)
    assert list(blobs.scrub(contents=True)) == []


def test_one_content_for_two_messages_lies_there_once(blobs, folder) -> None:
    first = _kept(blobs, [(ANNA, MAIL), (BRUNO, MAIL)])
    later = _kept(blobs, [(CARLA, MAIL), (ANNA, MAIL)])
    assert len({*first.values(), *later.values()}) == 1
    assert len(_files(folder)) == 1
    for message in (ANNA, BRUNO, CARLA):
        assert blobs.get(later[CARLA], message) == MAIL


def test_a_shared_blob_goes_with_its_last_message(blobs, folder, keyring) -> None:
    name = _kept(blobs, [(ANNA, MAIL), (BRUNO, MAIL)])[ANNA]
    keyring.destroy([ANNA])
    assert _released(blobs, [ANNA]) == []
    with pytest.raises(BlobMissing):
        blobs.get(name, ANNA)
    assert blobs.get(name, BRUNO) == MAIL
    assert _released(blobs, [BRUNO]) == [name]
    blobs.discard([name])
    assert _files(folder) == []
    with pytest.raises(BlobMissing):
        blobs.get(name, BRUNO)


def test_a_content_put_again_after_its_release_is_written_anew(blobs) -> None:
    before = _kept(blobs, [(ANNA, MAIL)])[ANNA]
    blobs.discard(_released(blobs, [ANNA]))
    after = _kept(blobs, [(BRUNO, MAIL)])[BRUNO]
    assert after != before
    assert blobs.get(after, BRUNO) == MAIL


def test_an_erased_message_opens_nothing_and_gets_nothing(blobs, keyring) -> None:
    name = _kept(blobs, [(ANNA, MAIL), (BRUNO, MAIL)])[ANNA]
    keyring.destroy([ANNA])
    with pytest.raises(KeyDestroyed):
        blobs.get(name, ANNA)
    assert [stored.message for stored in blobs.put_many([(ANNA, MAIL), (CARLA, b"x")])] == [CARLA]


def test_a_content_whose_sharers_are_all_erased_is_written_anew(blobs, keyring) -> None:
    before = _kept(blobs, [(ANNA, MAIL)])[ANNA]
    keyring.destroy([ANNA])
    after = _kept(blobs, [(BRUNO, MAIL)])[BRUNO]
    assert after != before
    assert blobs.get(after, BRUNO) == MAIL
    assert list(blobs.scrub(contents=True)) == []


def test_a_lost_file_is_written_anew_and_not_shared(blobs, folder) -> None:
    lost = _kept(blobs, [(ANNA, MAIL)])[ANNA]
    _files(folder)[0].unlink()
    name = _kept(blobs, [(BRUNO, MAIL)])[BRUNO]
    assert blobs.get(name, BRUNO) == MAIL
    assert list(blobs.scrub()) == [Problem(lost, Trouble.MISSING)]
    with pytest.raises(BlobMissing):
        blobs.get(lost, ANNA)


def test_putting_before_the_release_and_recording_after_it_is_refused(blobs) -> None:
    _kept(blobs, [(ANNA, MAIL)])
    shared = blobs.put_many([(BRUNO, MAIL)])
    _released(blobs, [ANNA])
    with pytest.raises(BlobReleased):
        _record(blobs, shared)
    name = _kept(blobs, [(BRUNO, MAIL)])[BRUNO]
    assert blobs.get(name, BRUNO) == MAIL


def test_a_release_waits_for_a_record_under_way_and_keeps_its_blob(blobs, database) -> None:
    name = _kept(blobs, [(ANNA, MAIL)])[ANNA]
    shared = blobs.put_many([(BRUNO, MAIL)])
    with ThreadPoolExecutor(1) as other:
        with database.pool.connection() as connection, connection.transaction():
            blobs.record(connection, shared)
            released = other.submit(_released, blobs, [ANNA])
            _wait_for_a_lock(database)
        assert released.result() == []
    assert blobs.get(name, BRUNO) == MAIL


def test_a_record_waits_for_a_release_under_way_and_is_refused(blobs, database) -> None:
    _kept(blobs, [(ANNA, MAIL)])
    shared = blobs.put_many([(BRUNO, MAIL)])
    with ThreadPoolExecutor(1) as other:
        with database.pool.connection() as connection, connection.transaction():
            blobs.release(connection, [ANNA])
            recorded = other.submit(_record, blobs, shared)
            _wait_for_a_lock(database)
        with pytest.raises(BlobReleased):
            recorded.result()


def test_blobs_work_on_each_server(each_database, folder, tmp_path) -> None:
    root = FileRoot(tmp_path / "root.key")
    Keyring.initialise(each_database, root)
    there = Blobs(FolderStore(folder), Keyring(each_database, root, "main"), each_database)
    name = _kept(there, [(ANNA, MAIL), (BRUNO, MAIL)])[ANNA]
    assert (_released(there, [ANNA]), there.get(name, BRUNO)) == ([], MAIL)
    assert (list(there.scrub(contents=True)), there.sweep(AT_ONCE)) == ([], 0)


def test_recording_twice_is_harmless(blobs) -> None:
    stored = blobs.put_many([(ANNA, MAIL), (BRUNO, MAIL)])
    _record(blobs, stored)
    _record(blobs, stored)
    assert blobs.get(stored[0].name, BRUNO) == MAIL


def test_importers_that_race_for_one_content_lose_nothing(blobs) -> None:
    messages = [uuid4() for _ in range(24)]
    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(lambda message: _kept(blobs, [(message, MAIL)]), messages))
    for message, names in zip(messages, kept, strict=True):
        assert blobs.get(names[message], message) == MAIL
    assert blobs.sweep(AT_ONCE) == 0


def test_the_sweep_takes_what_nobody_recorded_and_nothing_else(blobs, folder) -> None:
    kept = _kept(blobs, [(ANNA, MAIL)])
    orphan = blobs.put_many([(BRUNO, b"never recorded")])[0]
    half = folder / orphan.name[:2] / f"{orphan.name}.0123abcd"
    half.write_bytes(b"half")
    foreign = folder / "lost+found"
    foreign.mkdir()
    assert blobs.sweep() == 0
    assert blobs.sweep(AT_ONCE) == 2
    assert [file.name for file in _files(folder)] == [kept[ANNA]]
    assert foreign.exists()


def test_the_folder_tells_nothing(blobs, folder) -> None:
    pdf = b"%PDF-1.7\n" + MAIL * 50
    contents = [MAIL, pdf, b"PK\x03\x04" + MAIL, *(MAIL * n for n in range(2, 60))]
    _kept(blobs, [(uuid4(), content) for content in contents])
    files = _files(folder)
    assert len(files) == len(contents)
    for file in files:
        sealed = file.read_bytes()
        assert set(file.name) <= set("abcdefghijklmnopqrstuvwxyz234567-")
        assert not any(
            word in sealed for word in (b"PDF", b"PK\x03\x04", b"Order", b"\x28\xb5\x2f\xfd")
        )
        status = file.stat()
        assert (status.st_mtime, status.st_mode & 0o777) == (0, 0o600)
        assert status.st_size not in {len(content) for content in contents}
    assert len({file.stat().st_size for file in files}) == 1
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_dir()} == {0o700}


def test_a_guessed_content_is_not_confirmed_without_the_key(blobs, tmp_path, new_database) -> None:
    other = new_database()
    root = FileRoot(tmp_path / "other.key")
    Keyring.initialise(other, root)
    there = Blobs(FolderStore(tmp_path / "other"), Keyring(other, root, "main"), other)
    names = [_kept(store, [(ANNA, MAIL)])[ANNA].partition("-")[0] for store in (blobs, there)]
    assert names[0] != names[1]


actions = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "release", "erase", "sweep"]),
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=4),
    ),
    max_size=10,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(actions)
def test_every_kept_message_reads_its_contents_whatever_happens(blobs, keyring, history) -> None:
    """Compare with a plain dictionary; each run has messages and contents of its own."""
    run, messages, erased = uuid4().bytes, [uuid4() for _ in range(5)], set()
    kept: dict[tuple[UUID, BlobName], bytes] = {}
    for action, pairs in history:
        chosen = {messages[at] for at, _ in pairs}
        if action == "put":
            items = [(messages[at], run + bytes([what])) for at, what in pairs]
            stored = blobs.put_many(items)
            _record(blobs, stored)
            live = [(message, content) for message, content in items if message not in erased]
            assert [s.message for s in stored] == [message for message, _ in live]
            kept |= {
                (message, s.name): content
                for s, (message, content) in zip(stored, live, strict=True)
            }
        elif action == "sweep":
            blobs.sweep(AT_ONCE)
        else:
            if action == "erase":
                keyring.destroy(chosen)
                erased |= chosen
            blobs.discard(_released(blobs, chosen))
            kept = {about: content for about, content in kept.items() if about[0] not in chosen}
        for (message, name), content in kept.items():
            assert blobs.get(name, message) == content
    assert list(blobs.scrub(contents=True)) == []
    names = {name for _, name in kept}
    assert len({kept[about] for about in kept}) <= len(names)


def incompressible(size: int) -> bytes:
    return Random(size).randbytes(size)  # noqa: S311


def _record(blobs: Blobs, stored) -> None:
    with blobs._database.pool.connection() as connection, connection.transaction():
        blobs.record(connection, stored)


def _kept(blobs: Blobs, items) -> dict[UUID, BlobName]:
    stored = blobs.put_many(items)
    _record(blobs, stored)
    return {s.message: s.name for s in stored}


def _released(blobs: Blobs, messages) -> list[BlobName]:
    with blobs._database.pool.connection() as connection, connection.transaction():
        return blobs.release(connection, messages)


def _wait_for_a_lock(database: Database) -> None:
    """Wait until a statement of this database is held up by another one."""
    query = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    with database.connect() as connection:
        while connection.execute(query).fetchone() is None:
            pass


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
