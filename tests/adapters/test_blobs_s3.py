"""Blobs in an S3 bucket keep the same promises as blobs in a folder."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import obstore
import pytest
from moto.server import ThreadedMotoServer

from adapters.blobs import (
    BlobMissing,
    Blobs,
    Damaged,
    ObjectStore,
    Problem,
    StorageUnavailable,
    Trouble,
)
from adapters.database import Database
from adapters.keyring import FileRoot, Keyring

MAIL = b"From: anna@customer.example\r\nSubject: Order 4711\r\n\r\nWhere is it?\r\n"
ANNA, BRUNO, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)
AT_ONCE = timedelta(seconds=-2)  # S3 tells times in whole seconds


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str) -> ObjectStore:
    httpx.post(f"{endpoint}/moto-api/reset").raise_for_status()
    httpx.put(f"{endpoint}/mail").raise_for_status()
    return _store("s3://mail/company/main", endpoint)


@pytest.fixture
def blobs(store: ObjectStore, database: Database, tmp_path: Path) -> Blobs:
    root = FileRoot(tmp_path / "root.key")
    Keyring.initialise(database, root)
    return Blobs(store, Keyring(database, root, "main"), database)


def test_what_was_put_comes_back_and_is_shared(blobs, store) -> None:
    large = bytes(range(256)) * 40_000
    kept = _kept(blobs, [(ANNA, MAIL), (BRUNO, MAIL), (CARLA, large)])
    assert kept[ANNA] == kept[BRUNO]
    assert _kept(blobs, [(CARLA, MAIL)])[CARLA] == kept[ANNA]
    assert blobs.get(kept[BRUNO], BRUNO) == MAIL
    assert blobs.get(kept[CARLA], CARLA) == large
    assert {entry.name for entry in store.entries()} == set(kept.values())


def test_objects_lie_under_the_prefix_as_in_a_folder(blobs, endpoint) -> None:
    name = _kept(blobs, [(ANNA, MAIL)])[ANNA]
    whole = _store("s3://mail", endpoint)._store
    paths = [entry["path"] for page in obstore.list(whole) for entry in page]
    assert paths == [f"company/main/{name[:2]}/{name}"]


def test_a_shared_blob_goes_with_its_last_message(blobs, store) -> None:
    name = _kept(blobs, [(ANNA, MAIL), (BRUNO, MAIL)])[ANNA]
    assert _released(blobs, [ANNA]) == []
    assert blobs.get(name, BRUNO) == MAIL
    blobs.discard(_released(blobs, [BRUNO]))
    blobs.discard([name])
    assert list(store.entries()) == []


def test_the_sweep_takes_what_nobody_recorded(blobs, store) -> None:
    kept = _kept(blobs, [(ANNA, MAIL)])
    blobs.put_many([(BRUNO, b"never recorded")])
    assert blobs.sweep() == 0
    assert blobs.sweep(AT_ONCE) == 1
    assert [entry.name for entry in store.entries()] == [kept[ANNA]]


def test_what_is_lost_or_altered_is_found_and_not_served(blobs, store) -> None:
    kept = _kept(blobs, [(ANNA, MAIL), (BRUNO, b"another"), (CARLA, b"sound")])
    store.put_many([kept[BRUNO]], lambda _: [store.get(kept[ANNA])])
    store.delete([kept[ANNA]])
    with pytest.raises(BlobMissing):
        blobs.get(kept[ANNA], ANNA)
    with pytest.raises(Damaged):
        blobs.get(kept[BRUNO], BRUNO)
    assert set(blobs.scrub(contents=True)) == {
        Problem(kept[ANNA], Trouble.MISSING),
        Problem(kept[BRUNO], Trouble.DAMAGED),
    }
    again = _kept(blobs, [(CARLA, MAIL)])[CARLA]
    assert again != kept[ANNA]
    assert blobs.get(again, CARLA) == MAIL


def test_a_bucket_that_is_not_there_is_said_and_the_secret_is_not(endpoint, store) -> None:
    elsewhere = _store("s3://nowhere", endpoint)
    with pytest.raises(StorageUnavailable, match="s3://nowhere") as refusal:
        elsewhere.put_many(["a" * 32 + "-" + "b" * 16], lambda _: [b"sealed"])
    assert "\n" not in str(refusal.value)
    assert "not a secret" not in str(refusal.value) + repr(elsewhere) + repr(vars(elsewhere))


def _store(url: str, endpoint: str) -> ObjectStore:
    return ObjectStore(
        url,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="carteggio",
        secret_access_key="not a secret",
        allow_http=True,
    )


def _kept(blobs: Blobs, items):
    stored = blobs.put_many(items)
    with blobs._database.pool.connection() as connection, connection.transaction():
        blobs.record(connection, stored)
    return {s.message: s.name for s in stored}


def _released(blobs: Blobs, messages):
    with blobs._database.pool.connection() as connection, connection.transaction():
        return blobs.release(connection, messages)
