"""An operation that is followed: what both ways to follow share, WebSocket and event stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from api.graphql.context import Context
from api.graphql.limits import said
from api.graphql.live import Live
from api.graphql.schema import schema
from api.http.state import Served
from api.security import Viewer


@dataclass(frozen=True, slots=True)
class Following:
    """What is followed: a document of GraphQL, its variables, and which operation of it."""

    query: str
    variables: dict[str, Any] | None
    operation: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """One result; `ends`: it is the last one, and says why."""

    said: dict[str, object]
    ends: bool

    @property
    def shut_out(self) -> bool:
        """Tell whether it ends as the token is no longer valid."""
        errors = self.said.get("errors")
        codes = (
            [one["extensions"].get("code") for one in errors] if isinstance(errors, list) else []
        )
        return self.ends and "UNAUTHENTICATED" in codes


async def results(
    served: Served, viewer: Viewer, authorization: str | None, asked: Following
) -> AsyncGenerator[Result, None]:
    """Give the results as they come; what cannot be followed is a result that ends."""
    live = Live(authorization, served.doorkeeper, served.horizon)
    context = Context(served.carteggio, viewer, served.pool, live=live)
    source = await schema.subscribe(
        asked.query,
        variable_values=asked.variables,
        context_value=context,
        operation_name=asked.operation,
    )
    begun = False
    try:
        async with aclosing(source) as stream:
            async for result in stream:
                errors = [_told(error, begun=begun) for error in result.errors or ()]
                ends = bool(errors) and result.data is None
                begun = True
                yield Result(_formatted(result.data, errors), ends)
                if ends:
                    return
    except GraphQLError as error:  # a document that cannot be read, strawberry raises here
        yield Result(_formatted(None, [said(error)]), ends=True)


def _formatted(data: object, errors: list[GraphQLError]) -> dict[str, object]:
    listed: dict[str, object] = {"errors": [one.formatted for one in errors]} if errors else {}
    return listed if data is None and errors else {**listed, "data": data}


def _told(error: GraphQLError, *, begun: bool) -> GraphQLError:
    if not begun and type(error.original_error).__name__ == "InvalidOperationTypeError":
        sentence = "only subscriptions are followed; questions and commands are sent by POST"
        return GraphQLError(sentence, extensions={"code": "INVALID_QUERY"})
    return said(error)
