"""How everything but a GraphQL result is said: JSON, with a code for programs and a sentence."""

from collections.abc import Mapping
from typing import Final

import orjson
from starlette.responses import Response

JSON: Final = "application/json"


class Refusal(Exception):
    """A request that is not served, with its status; the sentence says what to do."""

    def __init__(
        self, status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Refuse with an HTTP `status`, a stable `code`, and a `sentence`."""
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence
        self.headers = dict(headers or {})


def away(what: str = "the database") -> Refusal:
    """Ask to come again, as something needed does not answer now."""
    return Refusal(
        503, "UNAVAILABLE", f"{what} does not answer now; try again", {"Retry-After": "5"}
    )


def json_answer(
    value: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> Response:
    """Answer with a JSON value."""
    return Response(orjson.dumps(value), status, headers, f"{media_type}; charset=utf-8")


def refused(refusal: Refusal, media_type: str = JSON) -> Response:
    """Answer with a refusal, in the form of GraphQL's errors."""
    error = {"message": refusal.sentence, "extensions": {"code": refusal.code}}
    return json_answer({"errors": [error]}, refusal.status, refusal.headers, media_type)
