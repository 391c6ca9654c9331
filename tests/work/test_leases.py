"""Processes share the accounts evenly; one that dies frees its own."""

import asyncio
import time
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from api.work.leases import Leases, Locks, shared


def accounts(count: int) -> set[UUID]:
    return {uuid4() for _ in range(count)}


def test_accounts_are_shared_evenly_whoever_comes_and_goes(database):
    wanted = accounts(10)
    one, two, three = (Leases(database) for _ in range(3))
    assert one.share(wanted) == wanted
    assert two.share(wanted) == set()  # nothing is free yet
    assert len(one.share(wanted)) == 5
    assert len(two.share(wanted)) == 5
    found = [each.share(wanted) for _ in range(3) for each in (one, two, three)][-3:]
    assert sorted(map(len, found)) == [2, 4, 4]
    assert set.union(*found) == wanted
    two.release()
    found = [each.share(wanted) for _ in range(2) for each in (one, three)][-2:]
    assert sorted(map(len, found)) == [5, 5]
    assert set.union(*found) == wanted


def test_a_worker_that_dies_frees_its_accounts(database):
    wanted = accounts(3)
    dead, alive = Leases(database, lasting=0.2), Leases(database)
    assert dead.share(wanted) == wanted
    began = time.monotonic()
    while alive.share(wanted) != wanted:
        assert time.monotonic() - began < 10
    assert time.monotonic() - began >= 0.1
    assert dead.share(wanted) == set()  # it was not dead: it learns that they are another's


def test_accounts_that_are_no_longer_wanted_are_given_back(database):
    wanted = accounts(4)
    one = Leases(database)
    one.share(wanted)
    fewer = set(sorted(wanted)[:2])
    assert one.share(fewer) == fewer
    assert len(Leases(database).share(wanted - fewer)) == 1


@given(st.integers(0, 30), st.integers(1, 5), st.data())
def test_nobody_takes_what_another_holds_or_more_than_the_share(count, workers, data):
    wanted = accounts(count)
    held = {one: data.draw(st.booleans()) for one in sorted(wanted)[: count // 2]}
    ours = shared(held, wanted, workers)
    assert ours <= wanted
    assert not any(held.get(one) is False for one in ours)
    assert len(ours) <= -(-count // workers)


def test_an_account_is_fetched_by_one_at_a_time(database):
    account = uuid4()

    async def fetch() -> None:
        one, two = Locks(database), Locks(database)
        async with one.holding(account) as first, two.holding(account) as second:
            assert (first, second) == (True, False)
            async with one.holding(account) as again, one.holding(uuid4()) as other:
                assert (again, other) == (False, True)
        async with two.holding(account) as free:
            assert free
        await one.close()
        async with two.holding(account) as free:
            assert free
        await two.close()

    asyncio.run(fetch())


def test_of_two_in_one_process_that_come_together_one_fetches(database):
    account, held = uuid4(), list[bool]()

    async def hold(locks: Locks, here: asyncio.Barrier) -> None:
        async with locks.holding(account) as ours:
            held.append(ours)
            await here.wait()

    async def fetch() -> None:
        locks, here = Locks(database), asyncio.Barrier(2)
        await asyncio.gather(hold(locks, here), hold(locks, here))
        async with locks.holding(account) as free:
            assert free
        await locks.close()

    asyncio.run(fetch())
    assert sorted(held) == [False, True]
