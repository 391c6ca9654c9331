"""Much mail goes in few lanes, little mail at once, and nobody waits for the slow for long."""

import asyncio
from contextlib import aclosing

from hypothesis import given
from hypothesis import strategies as st

from api.work.patience import pause_after
from api.work.widelanes import Listed, WideLanes

MUCH = [(uid, 300_000) for uid in range(1, 301)]
LITTLE = [(1, 2_000), (2, 3_000)]


async def everything(lanes: WideLanes, messages: Listed) -> list[Listed]:
    return [portion async for portion in lanes.portions(messages)]


@given(st.lists(st.integers(0, 40_000_000), max_size=60))
def test_each_message_is_in_one_portion_in_order(sizes):
    messages = list(enumerate(sizes, start=1))
    found = asyncio.run(everything(WideLanes(), messages))
    assert [one for portion in found for one in portion] == messages
    assert all(len(x) == 1 or sum(size for _, size in x) <= 32_000_000 for x in found)


async def test_little_mail_passes_where_all_lanes_are_taken():
    lanes = WideLanes(wide=1)
    async with aclosing(lanes.portions(MUCH)) as slow:
        assert len(await anext(slow)) == 106
        assert await everything(lanes, LITTLE) == [LITTLE]


async def test_much_mail_waits_for_a_lane_and_then_goes_on_in_small_portions(monkeypatch):
    monkeypatch.setattr("api.work.widelanes._PATIENCE_S", 0.05)
    lanes = WideLanes(wide=1, large=1)
    small = [(uid, 200_000) for uid in range(1, 6)]
    async with aclosing(lanes.portions(MUCH)) as slow:
        await anext(slow)
        assert await everything(lanes, small) == [[one] for one in small]
    assert await everything(lanes, small) == [small]


async def test_large_mails_beside_the_lanes_are_few_at_once(monkeypatch):
    monkeypatch.setattr("api.work.widelanes._PATIENCE_S", 0.01)
    lanes = WideLanes(wide=1, large=1)
    async with aclosing(lanes.portions(MUCH)) as slow, aclosing(lanes.portions(MUCH)) as beside:
        await anext(slow)
        assert len(await anext(beside)) == 1
        third = asyncio.ensure_future(anext(lanes.portions(MUCH)))
        done, _ = await asyncio.wait([third], timeout=0.1)
        assert not done
        await beside.aclose()
        assert len(await third) == 1


def test_pauses_grow_to_a_limit_and_a_wrong_password_waits_long():
    grown = [pause_after("unreachable", failures, 0.5) for failures in range(1, 12)]
    assert grown[:4] == [1, 2, 4, 8]
    assert grown[-1] == 300
    a_day = 0.0
    tries = 1
    while a_day < 86_400:
        a_day += pause_after("login refused", tries, 0)
        tries += 1
    assert tries <= 12
    assert pause_after("login refused", 1, 0) > 180
    assert pause_after("lost", 1, 0) < pause_after("lost", 1, 0.9)
