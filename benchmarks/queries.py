"""How the lists that people open grow with the mail: the unanswered, and a party's timeline.

Two companies, one with thirty times the mail of the other, are asked in turns: the first page, one
far behind, and the first page with its count (exact up to 1,000). Growth is the ratio of medians.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose, init
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay
from benchmarks.stage import Stopwatch, instance, middle, ratio, say, tell
from benchmarks.years import MAILBOXES, PARTIES, record
from projections import timelines, waits
from projections.projection import Names
from projections.reader import EVERYTHING, Order, Page, Reader, Slice
from projections.timelines import timeline
from projections.waits import waiting_in

FAR: Final = 20
"""Pages before the one that is asked for; as far as there are so many."""
SOME: Final = Reader(MAILBOXES[:2], clearance=0)
BUSY, USUAL = PARTIES[0], PARTIES[300]
UNCOUNTED: Final = Page(counted=False)

Ask = Callable[[AsyncConnection[Any], Names, Page], Awaitable[Slice[Any]]]
LISTS: Final[dict[str, tuple[Ask, Order]]] = {
    "unanswered": (
        lambda connection, names, page: waiting_in(connection, names, EVERYTHING, page),
        waits.LONGEST_WAIT_FIRST,
    ),
    "unanswered_of_two_mailboxes": (
        lambda connection, names, page: waiting_in(connection, names, SOME, page),
        waits.LONGEST_WAIT_FIRST,
    ),
    "timeline_of_a_busy_party": (
        lambda connection, names, page: timeline(connection, names, EVERYTHING, BUSY, at=page),
        timelines.NEWEST_FIRST,
    ),
    "timeline_of_a_usual_party": (
        lambda connection, names, page: timeline(connection, names, SOME, USUAL, at=page),
        timelines.NEWEST_FIRST,
    ),
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--few", type=int, default=10_000)
    asked.add_argument("--many", type=int, default=300_000)
    asked.add_argument("--rounds", type=int, default=200)
    given = asked.parse_args()
    set_up_logs("warning")
    with instance("few") as home, ExitStack() as stack:
        init(home, Settings(), "many")
        both = [stack.enter_context(compose(home, Settings(), name)) for name in ("few", "many")]
        watch = Stopwatch()
        for carteggio, count in zip(both, (given.few, given.many), strict=True):
            _fill(carteggio, count)
        filled = watch.seconds
        figures = asyncio.run(_asked(both, given.rounds))
    grew = {name: figure["growth"] for name, figure in figures.items()}
    tell(
        "queries",
        {
            "messages": [given.few, given.many],
            "filled_s": round(filled),
            "most_growth": max(grew[name] for name in grew if not name.endswith("counted")),
            "most_growth_counted": max(grew[name] for name in grew if name.endswith("counted")),
            "lists": figures,
        },
    )


def _fill(carteggio: Carteggio, count: int) -> None:
    """Record the events of so many messages and fill the read models that are asked here."""
    record(carteggio, count)
    say(f"{count:,} messages, {carteggio.journal.head():,} events")
    Replay(carteggio.journal, PROJECTIONS).rebuild(["correspondence", "history"])
    with carteggio.database.connect() as connection:
        connection.execute("VACUUM ANALYZE")
    say("filled")


async def _asked(both: Sequence[Carteggio], rounds: int) -> dict[str, dict[str, float]]:
    async with AsyncExitStack() as stack:
        open_ = [await stack.enter_async_context(one.reading()) for one in both]
        figures = {}
        for name, (ask, order) in LISTS.items():
            far = [await _far(ask, order, *one) for one in open_]
            for what, pages in (
                ("first_page", (UNCOUNTED, UNCOUNTED)),
                ("later_page", far),
                ("first_page_counted", (Page(), Page())),
            ):
                took = await _in_turns(ask, open_, pages, rounds)
                figures[f"{name}_{what}"] = _figure(took)
    return figures


async def _far(ask: Ask, order: Order, connection: AsyncConnection[Any], names: Names) -> Page:
    """Give a full page far behind, so that as many rows are read in both companies."""
    page = UNCOUNTED
    for _ in range(FAR):
        found = await ask(connection, names, page)
        after = Page(after=order.key(found.rows[-1]), counted=False) if found.rows else page
        if not (await ask(connection, names, after)).has_next:
            break
        page = after
    return page


async def _in_turns(
    ask: Ask,
    open_: Sequence[tuple[AsyncConnection[Any], Names]],
    pages: Sequence[Page],
    rounds: int,
) -> list[list[float]]:
    took: list[list[float]] = [[] for _ in open_]
    for number in range(rounds + 5):
        for at, (connection, names) in enumerate(open_):
            watch = Stopwatch()
            await ask(connection, names, pages[at])
            if number >= 5:  # by then statements are prepared
                took[at].append(watch.seconds * 1_000)
    return took


def _figure(took: Sequence[Sequence[float]]) -> dict[str, float]:
    few, many = (middle(each) for each in took)
    return {"few_ms": few, "many_ms": many, "growth": ratio(many, few)}


if __name__ == "__main__":
    main()
