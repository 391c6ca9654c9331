"""How the waiting list and its groups grow with the conversations there are, over the API.

Two companies are asked in turns, once with equally many waits and once with an equal share of them.
The rows of waits, conversations and links are written as the read models hold them, without the
mail itself: what is measured is finding and grouping. `current_ms` is a question right after an event.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import orjson

from adapters.ids import uuid7
from adapters.journal import NewEvent
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.app import create_app
from api.compose import compose, init
from api.work.generations import active_names
from api.work.instance import PROJECTIONS, Carteggio
from api.work.tokens import by_operator, issue
from benchmarks.graphql_page import post
from benchmarks.stage import Stopwatch, instance, middle, ratio, say, tell
from domain.access import Scope
from domain.note import MessageNoted
from domain.values import NoteId

LIST: Final = "{ unanswered(order: %s) { totalCount { value } edges { node { since due sla } } } }"
GROUPS: Final = "{ unansweredSummary(groupBy: %s) { name count breached oldestSince medianAge } }"
ASKED: Final = {
    "oldest_first": LIST % "SINCE_ASC",
    "due_first": LIST % "DUE_ASC",
    **{f"by_{one.lower()}": GROUPS % one for one in ("OWNER", "MAILBOX", "PARTY", "AGE", "SLA")},
}
_FILL: Final = (
    """INSERT INTO {waiting} SELECT id, id, since, CASE WHEN n > %(open)s THEN since
 + interval '3 hours' END, CASE WHEN n > %(open)s THEN id END, 'waiting', ARRAY[box], n, NULL, since
 FROM (SELECT n, md5(n::text)::uuid AS id, lpad((n %% 5 + 1)::text, 32, '0')::uuid AS box,
 timestamptz '2026-01-01' - n * interval '4 minutes' AS since
 FROM generate_series(1, %(count)s) AS n) AS made""",
    """INSERT INTO {conversation_member} (message, conversation, at, from_position, own, chain,
 found, beyond, placed, joined) SELECT id, id, now(), n, none, none, none, none, false, none
 FROM (SELECT n, md5(n::text)::uuid AS id, array[]::uuid[] AS none
 FROM generate_series(1, %(count)s) AS n) AS made""",
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--few", type=int, default=10_000)
    asked.add_argument("--many", type=int, default=1_000_000)
    asked.add_argument("--share", type=float, default=0.02)
    asked.add_argument("--rounds", type=int, default=50)
    given = asked.parse_args()
    set_up_logs("error")
    sizes = given.few, given.many
    fixed = int(given.few * given.share)
    tell(
        "waiting",
        {
            "conversations": sizes,
            "equally_many": {"waiting": fixed, **_run(sizes, (fixed, fixed), given.rounds)},
            "equal_share": {
                "share": given.share,
                **_run(sizes, [int(x * given.share) for x in sizes], given.rounds),
            },
        },
    )


def _run(sizes: Sequence[int], waiting: Sequence[int], rounds: int) -> dict[str, Any]:
    with instance("few") as home, ExitStack() as stack:
        init(home, Settings(), "many")
        both = [stack.enter_context(compose(home, Settings(), name)) for name in ("few", "many")]
        for carteggio, count, open_ in zip(both, sizes, waiting, strict=True):
            _fill(carteggio, count, open_)
        return asyncio.run(_asked(both, rounds))


def _fill(carteggio: Carteggio, count: int, open_: int) -> None:
    carteggio.feed.catch_up(carteggio.journal.head())
    with carteggio.database.connect() as connection:
        names = active_names(connection, PROJECTIONS)
        for query in _FILL:
            connection.execute(names.sql(query), {"count": count, "open": open_})
        connection.execute("VACUUM ANALYZE")
    say(f"{count:,} conversations, {open_:,} wait")


async def _asked(both: Sequence[Carteggio], rounds: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        tokens = [str(issue(one, "bench", [Scope.READ_MAIL], None, None)) for one in both]
        for one in both:
            one.feed.catch_up(one.journal.head())
        apps = [create_app(one) for one in both]
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        found: dict[str, Any] = {}
        for name, query in ASKED.items():
            body = orjson.dumps({"query": query})
            took: list[list[float]] = [[], []]
            for number in range(rounds + 3):
                for at, (app, token) in enumerate(zip(apps, tokens, strict=True)):
                    watch = Stopwatch()
                    await post(app, "/graphql", token, body)
                    if number >= 3:
                        took[at].append(watch.seconds * 1_000)
            few, many = map(middle, took)
            found[name] = {"few_ms": few, "many_ms": many, "growth": ratio(many, few)}
        found["current_ms"] = await _kept(both[1], apps[1], tokens[1])
        return found


async def _kept(carteggio: Carteggio, app: Any, token: str) -> float:
    """Give what a question takes after each single event, in the larger company."""
    took, body = [], orjson.dumps({"query": ASKED["by_owner"]})
    for number in range(20):
        with carteggio.journal.writing() as writing:
            envelope = replace(by_operator(), event_id=uuid7())
            writing.append(
                [
                    NewEvent(
                        UUID(int=number + 1),
                        MessageNoted(NoteId(uuid7()), "it is looked into"),
                        envelope,
                    )
                ]
            )
        await asyncio.to_thread(carteggio.feed.catch_up, carteggio.journal.head())
        watch = Stopwatch()
        await post(app, "/graphql", token, body)
        took.append(watch.seconds * 1_000)
    return middle(took)


if __name__ == "__main__":
    main()
