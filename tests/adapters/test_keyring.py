"""Keys: made before they are used, found again, changed while in use, destroyed for ever."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.database import Database
from adapters.keyring import (
    Damaged,
    FileRoot,
    KeyDestroyed,
    Keyring,
    NoKeys,
    RootKeyUnusable,
    WrongKey,
)
from adapters.keystore import open_store

ANNA, BRUNO, CARLA = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
def root(tmp_path: Path) -> FileRoot:
    return FileRoot(tmp_path / "keys" / "root.key")


@pytest.fixture
def keyring(database: Database, root: FileRoot) -> Keyring:
    Keyring.initialise(database, root)
    return Keyring(database, root, "main")


@pytest.fixture
def another(database: Database, root: FileRoot, keyring: Keyring) -> Callable[[], Keyring]:
    """Open the same keys as another process would."""
    return lambda: Keyring(database, root, "main")


def test_each_subject_has_one_key_for_ever(keyring, another) -> None:
    keys = keyring.ensure([ANNA, BRUNO, ANNA])
    assert keys.keys() == {ANNA, BRUNO}
    assert len({key.secret for key in keys.values()}) == 2
    for ring in (keyring, another()):
        assert _secrets(ring.ensure([BRUNO, ANNA])) == _secrets(keys)
        found = ring.find([key.id for key in keys.values()])
        assert {key.subject: key.secret for key in found.values()} == _secrets(keys)


def test_nothing_asked_nothing_given(keyring) -> None:
    assert keyring.ensure([]) == {}
    assert keyring.find([]) == {}
    assert keyring.find([uuid4()]) == {}
    assert keyring.destroy([]) == 0


def test_a_destroyed_key_is_absent_at_once_everywhere(keyring, another) -> None:
    other = another()
    keys = keyring.ensure([ANNA, BRUNO])
    ids = [key.id for key in keys.values()]
    assert other.find(ids).keys() == set(ids)
    assert keyring.destroy([ANNA]) == 1
    for ring in (keyring, other, another()):
        assert ring.find(ids).keys() == {keys[BRUNO].id}
        assert ring.ensure([ANNA, BRUNO]).keys() == {BRUNO}
    assert keyring.destroy([ANNA]) == 0


def test_a_subject_destroyed_before_it_had_a_key_never_gets_one(keyring) -> None:
    assert keyring.destroy([ANNA]) == 0
    assert keyring.ensure([ANNA]) == {}


def test_a_destroyed_key_leaves_nothing_of_itself_in_its_row(keyring, database) -> None:
    keyring.ensure([ANNA])
    keyring.destroy([ANNA])
    with open_store(database) as store:
        rows = store.rows(
            "SELECT wrapped, company_key_version, destroyed_at IS NULL FROM {keys}.keys"
        )
    assert rows == [(None, None, False)]


def test_many_at_once_make_one_key_each(keyring, another) -> None:
    rings = [keyring, another(), another(), another()]
    subjects = [UUID(int=at) for at in range(200)]
    orders = [subjects, subjects[::-1], subjects[50:], subjects[:150]]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda ring, order: ring.ensure(order), rings, orders))
    truth = _secrets(keyring.ensure(subjects))
    assert len(truth) == 200
    assert all(_secrets(answer).items() <= truth.items() for answer in answers)


def test_many_may_initialise_at_once(database, root) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Keyring.initialise(database, root), range(8)))
    one, other = Keyring(database, root, "main"), Keyring(database, root, "main")
    assert one.identity_key == other.identity_key
    assert len({one.identity_key, one.name_key, one.index_key}) == 3


def test_only_committed_keys_are_remembered(keyring, database) -> None:
    with open_store(database) as store:
        store.execute(
            "ALTER TABLE {keys}.keys ALTER created_at SET DEFAULT '2020-01-01',"
            " ADD CONSTRAINT late UNIQUE (created_at) DEFERRABLE INITIALLY DEFERRED"
        )
    with pytest.raises(Exception, match="late"):  # refused at the commit itself
        keyring.ensure([ANNA, BRUNO])
    with pytest.raises(Exception, match="late"):
        keyring.ensure([ANNA, BRUNO])


def test_the_memory_is_bounded_and_forgetting_does_no_harm(database, root, keyring) -> None:
    small = Keyring(database, root, "main", remembered=5)
    subjects = [UUID(int=at) for at in range(20)]
    first = _secrets(small.ensure(subjects))
    assert _secrets(small.ensure(subjects)) == first == _secrets(keyring.ensure(subjects))
    assert len(small._keys._keys) == len(small._keys._ids) == 5


def test_a_changed_company_key_gives_the_same_keys(keyring, another, database) -> None:
    other, secrets = another(), keyring.identity_key
    before = _secrets(keyring.ensure([UUID(int=at) for at in range(25)]))
    assert list(keyring.rewrap(batch=10)) == [10, 10, 5]
    for ring in (keyring, other, another()):
        assert _secrets(ring.ensure(list(before))) == before
        assert len(ring.ensure([uuid4()])) == 1
    assert another().identity_key == secrets
    assert _versions(database) == ({2}, {2})


def test_an_interrupted_change_is_finished_and_loses_nothing(keyring, another, database) -> None:
    before = _secrets(keyring.ensure([UUID(int=at) for at in range(25)]))
    keyring.destroy([UUID(int=3)])
    before.pop(UUID(int=3))
    assert list(islice(keyring.rewrap(batch=10), 1)) == [10]
    assert _versions(database) == ({1, 2}, {1, 2})
    assert _secrets(another().ensure(list(before))) == before
    assert list(another().rewrap(batch=10)) == [10, 4]
    assert _versions(database) == ({2}, {2})
    assert _secrets(another().ensure(list(before))) == before
    assert sum(keyring.rewrap()) == 24
    assert _versions(database) == ({3}, {3})


def test_keys_are_made_while_the_company_key_changes(keyring, another) -> None:
    rings = [another(), another()]
    keyring.ensure([UUID(int=at) for at in range(100)])

    def make(ring: Keyring) -> dict[UUID, bytes]:
        made: dict[UUID, bytes] = {}
        for _ in range(40):
            made |= _secrets(ring.ensure([uuid4(), uuid4()]))
        return made

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(make, ring) for ring in rings]
        for _ in range(5):
            list(keyring.rewrap(batch=20))
        made = work[0].result() | work[1].result()
    assert _secrets(another().ensure(list(made))) == made


def test_a_company_key_retired_while_a_key_is_made_is_not_used(keyring, another, database) -> None:
    other = another()
    with ThreadPoolExecutor(1) as thread:
        with open_store(database) as store:
            store.execute("LOCK TABLE {keys}.keys")
            made = thread.submit(other.ensure, [ANNA])
            _wait_for_a_lock(database)  # it has chosen the company key, and made nothing yet
            keyring._begin_change(store)
            store.retire_older_than(2)
        assert made.result().keys() == {ANNA}
    assert _versions(database) == ({2}, {2})
    assert _secrets(another().ensure([ANNA])) == _secrets(made.result())


def test_keys_work_on_each_server(each_database, root) -> None:
    Keyring.initialise(each_database, root)
    ring = Keyring(each_database, root, "main")
    keys = _secrets(ring.ensure([ANNA, BRUNO]))
    assert (ring.destroy([BRUNO, CARLA]), sum(ring.rewrap())) == (1, 1)
    found = Keyring(each_database, root, "main").ensure([ANNA, BRUNO, CARLA])
    assert _secrets(found) == {ANNA: keys[ANNA]}


def test_an_account_password_opens_for_its_account_alone(keyring, another) -> None:
    sealed = keyring.seal_secret(ANNA, b"horse battery")
    assert b"horse" not in sealed
    assert another().open_secret(ANNA, sealed) == b"horse battery"
    with pytest.raises(Damaged):
        keyring.open_secret(BRUNO, sealed)
    keyring.destroy([ANNA])
    with pytest.raises(KeyDestroyed):
        keyring.open_secret(ANNA, sealed)


def test_a_key_moved_to_another_subject_opens_nothing(keyring, another, database) -> None:
    sealed = keyring.seal_secret(ANNA, b"horse battery")
    keyring.ensure([BRUNO])
    with open_store(database) as store:
        store.execute(
            "UPDATE {keys}.keys AS k SET wrapped = o.wrapped FROM {keys}.keys AS o"
            " WHERE o.subject <> k.subject"
        )
    with pytest.raises(Damaged):
        another().open_secret(ANNA, sealed)


def test_without_keys_the_sentence_says_what_to_do(database, root) -> None:
    with pytest.raises(NoKeys, match="carteggio init"):
        Keyring(database, root, "main")


def test_another_root_key_is_refused(database, keyring, tmp_path) -> None:
    stranger = FileRoot(tmp_path / "stranger.key")
    stranger.generate()
    for attempt in (
        lambda: Keyring(database, stranger, "main"),
        lambda: Keyring.initialise(database, stranger),
    ):
        with pytest.raises(WrongKey, match="does not belong to this instance"):
            attempt()


def test_a_lost_root_key_is_not_replaced_in_silence(database, root, keyring) -> None:
    root.destroy()
    with pytest.raises(RootKeyUnusable, match="there is no key file"):
        Keyring.initialise(database, root)
    assert not root.path.exists()


def test_the_key_file_belongs_to_its_owner_alone(root) -> None:
    root.generate()
    assert root.path.stat().st_mode & 0o777 == 0o600
    assert root.path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(root.path.parent) == ["root.key"]  # noqa: PTH208
    kept = root.path.read_bytes()
    root.generate()
    assert root.path.read_bytes() == kept
    root.path.chmod(0o640)
    with pytest.raises(RootKeyUnusable, match=r"mode 0640.*chmod 600"):
        root.wrap(bytes(32))


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_file_that_is_no_key_is_refused(root, content) -> None:
    root.path.parent.mkdir()
    root.path.write_bytes(content)
    root.path.chmod(0o600)
    with pytest.raises(RootKeyUnusable, match="is not a key"):
        root.generate()
    assert root.path.read_bytes() == content


def test_of_many_that_make_the_key_file_one_wins(root) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: root.generate(), range(16)))
    assert [path.name for path in root.path.parent.iterdir()] == ["root.key"]
    assert root.unwrap(root.wrap(bytes(32))) == bytes(32)


steps = st.lists(
    st.tuples(
        st.sampled_from(["ensure", "destroy", "rewrap", "find"]),
        st.sampled_from([0, 1]),
        st.sets(st.integers(0, 5), max_size=4),
    ),
    max_size=12,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_two_processes_agree_whatever_they_do(keyring, another, history) -> None:
    """Compare with a plain dictionary; each run has subjects of its own."""
    rings, names = (keyring, another()), [uuid4() for _ in range(6)]
    alive: dict[UUID, tuple[UUID, bytes]] = {}
    dead: set[UUID] = set()
    ever: set[UUID] = set()
    for step, process, chosen in history:
        ring, subjects = rings[process], [names[at] for at in chosen]
        if step == "ensure":
            got = ring.ensure(subjects)
            assert got.keys() == set(subjects) - dead
            for subject, key in got.items():
                assert alive.setdefault(subject, (key.id, key.secret)) == (key.id, key.secret)
        elif step == "destroy":
            assert ring.destroy(subjects) == len(set(subjects) & alive.keys())
            dead |= set(subjects)
            alive = {subject: key for subject, key in alive.items() if subject not in dead}
        elif step == "rewrap":
            assert sum(ring.rewrap(batch=3)) >= len(alive)
        ever |= {id for id, _ in alive.values()}
        found = ring.find(ever)
        assert {key.subject: (key.id, key.secret) for key in found.values()} == alive


def _secrets(keys) -> dict[UUID, bytes]:
    return {key.subject: key.secret for key in keys.values()}


def _versions(database: Database) -> tuple[set[int], set[int]]:
    """Give the versions of the company keys there are, and of those in use."""
    with open_store(database) as store:
        there = store.rows("SELECT version FROM {keys}.company_key")
        used = store.rows(
            "SELECT company_key_version FROM {keys}.keys WHERE wrapped IS NOT NULL"
            " UNION SELECT company_key_version FROM {keys}.company_secret"
        )
    return {row[0] for row in there}, {row[0] for row in used}


def _wait_for_a_lock(database: Database) -> None:
    """Wait until a statement of this database is held up by another one."""
    query = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    with database.connect() as connection:
        while connection.execute(query).fetchone() is None:
            pass
