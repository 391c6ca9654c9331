"""How the waiting list and its groups grow with the conversations there are, over the API.

Two companies (benchmarks/waitmaker.py) are asked in turns: the first page and the groups, with
filters, of a past moment, of what was known at a position, and as a reader of three mailboxes; once
with an equal share of waits, once with equally many of them. `per_message` is what a mail that comes
costs in the larger company until all read models know it, and what the next question costs then.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.app import create_app
from api.compose import compose, init
from api.graphql.ids import Kind, encoded
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.sharing import colleague_at
from api.work.tokens import issue
from benchmarks.graphql_page import post
from benchmarks.stage import Stopwatch, instance, middle, ratio, say, tell
from benchmarks.waitmaker import BOXES, PEOPLE, Filled, address, close_all_but, equip, fill
from domain.access import Scope
from domain.identity import mailbox_id
from domain.waitgroups import GroupBy

LIST: Final = """query($filter: UnansweredFilter, $order: UnansweredOrder!, $asOf: AsOf) {
  unanswered(filter: $filter, order: $order, asOf: $asOf) { totalCount { value } edges { node {
    since due sla attention { state owner { name } } mailboxes { name }
    message { subject from { name } } } } } }"""
GROUPS: Final = """query($filter: UnansweredFilter, $by: UnansweredGroup!, $asOf: AsOf) {
  unansweredSummary(groupBy: $by, filter: $filter, asOf: $asOf, first: 50) {
    name count breached atRisk oldestSince medianAge medianBusinessAge } }"""
MESSAGES: Final = 20
Question = tuple[str, dict[str, Any]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--few", type=int, default=10_000)
    asked.add_argument("--many", type=int, default=1_000_000)
    asked.add_argument("--share", type=float, default=0.02)
    asked.add_argument("--rounds", type=int, default=20)
    given = asked.parse_args()
    set_up_logs("error")
    sizes = given.few, given.many
    with instance("few") as home, ExitStack() as stack:
        init(home, Settings(), "many")
        folder = Path(stack.enter_context(TemporaryDirectory()))
        filled = []
        for name, count in zip(("few", "many"), sizes, strict=True):
            with compose(home, Settings(), name) as carteggio:
                equip(carteggio, folder / name)
                filled.append(fill(carteggio, count, int(count * given.share)))
                say(f"{name}: {filled[-1]}")

        def run(filled: Sequence[Filled]) -> dict[str, Any]:
            with ExitStack() as open_:
                both = [open_.enter_context(compose(home, Settings(), x)) for x in ("few", "many")]
                found = asyncio.run(_asked(both, given.rounds, folder))
            return {"waiting": [one.waiting for one in filled], **found}

        share = run(filled)
        with compose(home, Settings(), "many") as carteggio:
            filled[1] = close_all_but(carteggio, filled[0].waiting)
        equal = run(filled)
    made = [asdict(one) for one in filled]
    tell("waiting", {"companies": made, "equal_share": share, "equally_many": equal})


def questions(carteggio: Carteggio) -> dict[str, Question]:
    """Give what is asked."""
    info = encoded(Kind.MAILBOX, mailbox_id(carteggio.identity_key, address("info")))
    giulia = encoded(Kind.COLLEAGUE, colleague_at(carteggio, address(PEOPLE[0])))
    filters: dict[str, dict[str, Any]] = {
        "": {}, "mailbox": {"mailboxIds": [info]}, "owner": {"ownerIds": [giulia]},
        "manager": {"salesManagers": [PEOPLE[1]]}, "late": {"sla": ["BREACHED", "AT_RISK"]},
        "young": {"ages": ["UNDER_1D", "UNDER_3D"]}, "text": {"text": "about 77"},
    }  # fmt: skip
    then = (datetime.now(UTC) - timedelta(days=20)).isoformat()
    pasts = {"at_time": {"time": then}, "at_position": {"position": "60000"}}
    orders = ("SINCE_ASC", "SINCE_DESC", "DUE_ASC")
    found: dict[str, Question] = {}
    for name, filter in filters.items():
        for order in orders if not name else orders[:1]:
            found[_called("list", order, name)] = LIST, {"filter": filter, "order": order}
        for by in GroupBy if not name else (GroupBy.PARTY,):
            found[_called("by", by.value, name)] = GROUPS, {"filter": filter, "by": by.name}
    for name, past in pasts.items():
        for order in orders[::2]:
            found[_called("list", order, name)] = LIST, {"asOf": past, "order": order}
        found[_called("by_owner", name)] = GROUPS, {"asOf": past, "by": "OWNER"}
    return found


def _called(*words: str) -> str:
    return "_".join(filter(None, words)).casefold()


async def _asked(both: Sequence[Carteggio], rounds: int, folder: Path) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        apps = [create_app(one) for one in both]
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        found: dict[str, Any] = {}
        for reader, boxes in (("", None), ("_some_mailboxes", ("info", "orders", "spares"))):
            tokens = [_token(one, boxes) for one in both]
            named = [questions(one) for one in both]
            for name in named[0] if boxes is None else filter(_is_asked_of_some, named[0]):
                bodies = [_body(one[name]) for one in named]
                places = list(zip(apps, tokens, bodies, strict=True))
                found[name + reader] = await _compared(places, rounds)
        kept = await _kept(both[1], apps[1], _token(both[1], None), folder)
        worst = max(found.items(), key=lambda one: one[1]["growth"])
        return {
            "worst": worst[0],
            "worst_growth": worst[1]["growth"],
            **found,
            "per_message": kept,
        }


def _is_asked_of_some(name: str) -> bool:
    return not name.endswith(("_owner", "_manager", "_late", "_young", "_text")) or name in _GROUPS


_GROUPS: Final = {_called("by", by.value) for by in GroupBy}


def _token(carteggio: Carteggio, boxes: Sequence[str] | None) -> str:
    key = carteggio.identity_key
    some = None if boxes is None else [mailbox_id(key, address(one)) for one in boxes]
    token = str(issue(carteggio, "bench", [Scope.READ_MAIL], some, None))
    carteggio.feed.catch_up(carteggio.journal.head())
    return token


def _body(question: Question) -> bytes:
    query, variables = question
    return orjson.dumps({"query": query, "variables": variables})


async def _compared(places: Sequence[tuple[Any, str, bytes]], rounds: int) -> dict[str, float]:
    """Ask in turns; the first three times are not counted."""
    for app, token, body in places:
        if (answer := orjson.loads(await post(app, "/graphql", token, body))).get("errors"):
            raise SystemExit(f"{body!r}: {answer['errors']}")
    took: list[list[float]] = [[] for _ in places]
    for number in range(rounds + 3):
        for at, place in enumerate(places):
            watch = Stopwatch()
            await post(*place[:1], "/graphql", *place[1:])
            if number >= 3:
                took[at].append(watch.seconds * 1_000)
    few, many = map(middle, took)
    return {"few_ms": few, "many_ms": many, "growth": ratio(many, few)}


async def _kept(carteggio: Carteggio, app: Any, token: str, folder: Path) -> dict[str, float]:
    """Give what mail that comes costs: until read models know it, and in the question after it."""
    body = _body((GROUPS, {"by": "OWNER"}))
    filled, asked, unchanged = [], [], []
    for number in range(MESSAGES):
        path = folder / f"{datetime.now(UTC):%H%M%S%f}.eml"
        path.write_bytes(
            f"From: buyer@c{number}.example\nTo: {BOXES[number % 8]}\nMessage-ID: <{path.name}>\n"
            f"Date: {datetime.now(UTC):%d %b %Y %H:%M:%S} +0000\nSubject: Order {number}\n\n"
            "When does it come?\n".encode()
        )
        await asyncio.to_thread(
            import_mail, carteggio, Wanted(path, BOXES[number % 8]), lambda _: None
        )
        watch = Stopwatch()
        await asyncio.to_thread(carteggio.feed.catch_up, carteggio.journal.head())
        filled.append(watch.seconds * 1_000)
        for times in (asked, unchanged):
            watch = Stopwatch()
            await post(app, "/graphql", token, body)
            times.append(watch.seconds * 1_000)
    return {
        "filling_ms": middle(filled),
        "question_after_ms": middle(asked),
        "question_unchanged_ms": middle(unchanged),
    }


if __name__ == "__main__":
    main()
