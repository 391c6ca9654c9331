"""GraphQL over HTTP, as the GraphQL Foundation specifies it: POST and JSON alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.graphql.context import Context
from api.graphql.limits import said
from api.graphql.schema import schema
from api.http.answers import JSON, Refusal, json_answer, refused
from api.http.bodies import body_of
from api.http.callers import caller, served_by
from api.http.eventstreams import EVENTS, event_stream
from api.http.following import Following
from api.http.state import Served
from api.security import Viewer
from api.work.instance import PROJECTIONS

GRAPHQL: Final = "application/graphql-response+json"
_ALLOWED: Final = (OperationType.QUERY, OperationType.MUTATION)
_FURTHEST: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A well-formed request."""

    query: str
    variables: dict[str, Any] | None
    operation: str | None
    min_position: int | None


async def graphql(request: Request) -> Response:
    """Answer one operation for the bearer of a token."""
    media_type = _answered_in(request.headers.get("Accept", "*/*"))
    try:
        viewer = await caller(request)
        asked = _asked(await _json(request))
        served = served_by(request)
        await _caught_up(served, asked.min_position)
        if EVENTS in request.headers.get("Accept", ""):
            return _followed(request, served, viewer, asked)
    except Refusal as refusal:
        if refusal.code == "STALE" and media_type == JSON:
            refusal.status = 200
        return refused(refusal, media_type)
    context = Context(served.carteggio, viewer, served.pool, asked.min_position)
    result = await _executed(asked, context)
    return _answer(served, result, media_type)


def _followed(request: Request, served: Served, viewer: Viewer, asked: Asked) -> Response:
    request.scope["endpoint"] = event_stream  # it lasts for hours: no request among the others
    shown = request.headers.get("Authorization")
    following = Following(asked.query, asked.variables, asked.operation)
    return event_stream(served, viewer, shown, following)


async def _executed(asked: Asked, context: Context) -> ExecutionResult:
    try:
        result: ExecutionResult = await schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation,
            allowed_operation_types=_ALLOWED,
        )
    except CannotGetOperationTypeError as unknown:
        return _unasked(unknown.as_http_error_reason())
    except InvalidOperationTypeError:
        return _unasked(
            "subscriptions are followed over WebSocket, or with Accept: text/event-stream"
        )
    result.errors = [said(error) for error in result.errors or ()] or None
    return result


def _unasked(sentence: str) -> ExecutionResult:
    return ExecutionResult(None, [GraphQLError(sentence, extensions={"code": "INVALID_QUERY"})])


def _answer(served: Served, result: ExecutionResult, media_type: str) -> Response:
    """Give the result; whatever went wrong before anything ran is the client's fault: 400."""
    errors = result.errors or []
    ran = result.data is not None or any(error.path for error in errors)
    outcome = ("errors" if errors else "ok") if ran else "refused"
    served.figures.operations.labels(outcome).inc()
    said: dict[str, object] = {"errors": [error.formatted for error in errors]} if errors else {}
    if ran:
        said["data"] = result.data
    status = 200 if ran or media_type == JSON else 400
    return json_answer(said, status, media_type=media_type)


# ---- what is asked


async def _json(request: Request) -> object:
    kind, _, parameters = request.headers.get("Content-Type", "").partition(";")
    charset = parameters.partition("charset=")[2].strip(' "').lower()
    if kind.strip().lower() != JSON or charset not in {"", "utf-8", "utf8"}:
        sentence = f"a question is sent as {JSON}, in UTF-8"
        raise Refusal(415, "MEDIA_TYPE", sentence, {"Accept-Post": JSON})
    try:
        return orjson.loads(await body_of(request))
    except orjson.JSONDecodeError:
        raise Refusal(400, "INVALID_REQUEST", "the body is not valid JSON") from None


def _asked(body: object) -> Asked:
    """Read the parameters; one of a wrong type is refused (5.1 of the specification)."""
    if not isinstance(body, dict):
        raise _wrong("the body is one JSON object; batches are not served")
    query, operation = body.get("query"), body.get("operationName")
    variables, extensions = body.get("variables"), body.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise _wrong("`query` is missing or no text")
    if not isinstance(operation, str | None):
        raise _wrong("`operationName` is no text")
    if not isinstance(variables, dict | None):
        raise _wrong("`variables` is no object")
    if not isinstance(extensions, dict | None):
        raise _wrong("`extensions` is no object")
    return Asked(query, variables, operation or None, _position(extensions or {}))


def _position(extensions: Mapping[str, object]) -> int | None:
    said = extensions.get("minPosition")
    if said is None:
        return None
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 20:
        said = int(said)
    if type(said) is not int or not 0 <= said <= _FURTHEST:
        raise _wrong("`extensions.minPosition` is no position")
    return said


def _wrong(sentence: str) -> Refusal:
    return Refusal(400, "INVALID_REQUEST", sentence)


async def _caught_up(served: Served, position: int | None) -> None:
    """Wait until what the client has written is seen; say so where that takes too long."""
    if position is None:
        return
    names = [one.name for one in PROJECTIONS]
    if not await served.positions.wait_for(position, names):
        sentence = f"the read models have not reached position {position} yet; ask again"
        raise Refusal(503, "STALE", sentence, {"Retry-After": "1"})


def _answered_in(accept: str) -> str:
    """Choose the form of the answer: the one preferred, application/json where both would do."""
    best, chosen = 0.0, JSON
    for one in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        if kind == GRAPHQL and _weight(parameters) > best:
            best, chosen = _weight(parameters), GRAPHQL
        elif kind in {JSON, "application/*", "*/*"} and _weight(parameters) > best:
            best, chosen = _weight(parameters), JSON
    return chosen


def _weight(parameters: list[str]) -> float:
    for one in parameters:
        if one.startswith("q="):
            try:
                return float(one[2:])
            except ValueError:
                return 0.0
    return 1.0
