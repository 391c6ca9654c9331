"""What GraphQL costs: a page of mail by it, beside a plain route that runs the same statements.

Both are asked in turns, in this process, without a network between, behind the same door; compared
are the seconds the processor worked for a request. The plain route writes the same JSON by hand.
"""

import argparse
import asyncio
from collections.abc import Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.app import create_app
from api.graphql.ids import Kind, encoded
from api.http.callers import caller, served_by
from api.work.generations import active_names_async
from api.work.instance import PROJECTIONS, Carteggio
from api.work.replay import Replay
from api.work.tokens import issue
from benchmarks.stage import Stopwatch, middle, opened, ratio, tell
from benchmarks.years import record
from domain.access import Scope
from projections import messages
from projections.contents import ParticipantRow
from projections.mail import MessageRow
from projections.messages import MessageFilter
from projections.reader import Page

QUERY: Final = """
query($first: Int!) { messages(first: $first) {
  edges { cursor node { id headerId subject snippet direction receivedAt size automatic
    from { email name } to { email name } cc { email name } } }
  pageInfo { hasNextPage endCursor } } }
"""
WARM_UP: Final = 20


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=3_000)
    asked.add_argument("--rounds", type=int, default=300)
    asked.add_argument("--first", type=int, default=50)
    given = asked.parse_args()
    with opened() as carteggio:
        record(carteggio, given.messages)
        Replay(carteggio.journal, PROJECTIONS).rebuild(["mail"])
        token = str(issue(carteggio, "bench", [Scope.READ_MAIL], None, None))
        carteggio.feed.catch_up(carteggio.journal.head())
        figures = asyncio.run(_measured(carteggio, token, given.first, given.rounds))
    tell("graphql_page", {"messages": given.messages, "first": given.first, **figures})


async def _measured(
    carteggio: Carteggio, token: str, first: int, rounds: int
) -> dict[str, object]:
    app = create_app(carteggio)
    app.add_route("/plain", plain, methods=["POST"])
    question = orjson.dumps({"query": QUERY, "variables": {"first": first}})
    plainly = orjson.dumps({"first": first})
    async with app.router.lifespan_context(app):
        ways: dict[str, Callable[[], Any]] = {
            "graphql": lambda: post(app, "/graphql", token, question),
            "plain": lambda: post(app, "/plain", token, plainly),
        }
        answers = {name: orjson.loads(await ask()) for name, ask in ways.items()}
        if (
            answers["graphql"] != answers["plain"]
            or not answers["plain"]["data"]["messages"]["edges"]
        ):
            raise SystemExit("the two ways do not answer alike")
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for number in range(rounds + WARM_UP):
            for name, ask in ways.items():
                watch = Stopwatch()
                await ask()
                if number >= WARM_UP:
                    took[name].append((watch.cpu * 1_000, watch.seconds * 1_000))
    return _compared(took)


def _compared(took: dict[str, list[tuple[float, float]]]) -> dict[str, object]:
    cpu = {name: middle([one[0] for one in each]) for name, each in took.items()}
    wall = {name: middle([one[1] for one in each]) for name, each in took.items()}
    return {
        "cpu_ms": cpu,
        "wall_ms": wall,
        "cpu_efficiency": ratio(cpu["plain"], cpu["graphql"]),
        "wall_efficiency": ratio(wall["plain"], wall["graphql"]),
    }


async def plain(request: Request) -> Response:
    """Answer the same page without GraphQL."""
    viewer, served = await caller(request), served_by(request)
    page = Page(first=orjson.loads(await request.body())["first"], counted=False)
    async with served.pool.connection() as connection:
        names = await active_names_async(connection, PROJECTIONS)
        found = await messages.page(connection, names, viewer.reader, MessageFilter(), page)
        ids = [row.id for row in found.rows]
        people = await messages.participants_of(connection, names, viewer.reader, ids)
    edges = [
        {"cursor": messages.NEWEST_FIRST.cursor(row), "node": _mail(row, people[row.id])}
        for row in found.rows
    ]
    info = {"hasNextPage": found.has_next, "endCursor": edges[-1]["cursor"]}
    body = {"data": {"messages": {"edges": edges, "pageInfo": info}}}
    return Response(orjson.dumps(body), media_type="application/json")


def _mail(row: MessageRow, people: list[ParticipantRow]) -> dict[str, object]:
    def named(role: str) -> list[dict[str, object]]:
        return [
            {"email": one.address, "name": one.name or None} for one in people if one.role == role
        ]

    return {
        "id": encoded(Kind.MESSAGE, row.id),
        "headerId": row.header_id or None,
        "subject": row.subject,
        "snippet": row.snippet,
        "direction": row.direction.upper() if row.direction else None,
        "receivedAt": row.received_at.isoformat(),
        "size": row.size,
        "automatic": row.automatic,
        "from": named("from")[0],
        "to": named("to"),
        "cc": named("cc"),
    }


async def post(app: FastAPI, path: str, token: str, body: bytes) -> bytes:
    """Send one request to an application, as a server would."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [
            (b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        ],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    if sent[0]["status"] != 200:
        raise SystemExit(f"{path} answers {sent[0]['status']}: {sent[1:]}")
    return b"".join(one.get("body", b"") for one in sent[1:])


if __name__ == "__main__":
    main()
