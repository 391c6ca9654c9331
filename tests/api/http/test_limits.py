"""What a question may cost: depth, aliases, tokens, octets."""

import contextlib
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from graphql import build_schema, parse, specified_rules, validate

from api.graphql.limits import ALIASES, DEPTH, TOKENS, Limits
from api.http import bodies
from api.work.objecting import MOST_OCTETS
from serving import Api, serving

if TYPE_CHECKING:
    from api.work.instance import Carteggio

SCHEMA = build_schema("type Query { a: Query b(c: [Int]): Int }")
RULES = (*specified_rules, Limits)


@pytest.fixture
def api(shared_api: Api) -> Api:
    return shared_api


def problems(query: str) -> list[str]:
    return [error.message for error in validate(SCHEMA, parse(query), RULES)]


def nested(depth: int, inner: str = "b") -> str:
    return "a{" * depth + inner + "}" * depth


def aliased(count: int) -> str:
    return " ".join(f"x{at}: b" for at in range(count))


def test_selections_may_lie_as_deep_as_the_limit_and_no_deeper():
    assert not problems("{" + nested(DEPTH) + "}")
    assert problems("{" + nested(DEPTH + 1) + "}") == [
        f"selections lie {DEPTH + 1} deep; {DEPTH} is the most"
    ]


def test_depth_is_counted_through_fragments():
    inner = "fragment F on Query {" + nested(4) + "}"
    assert not problems("{" + nested(DEPTH - 4, "...F") + "}" + inner)
    assert problems("{" + nested(DEPTH - 3, "...F") + "}" + inner)
    assert problems("{" + nested(DEPTH, "... on Query {a{b}}") + "}")


def test_aliases_may_be_as_many_as_the_limit_and_no_more():
    assert not problems("{" + aliased(ALIASES) + "}")
    assert problems("{" + aliased(ALIASES + 1) + "}")


def test_aliases_are_counted_each_time_a_fragment_is_used():
    half = ALIASES // 2 + 1
    inner = "fragment F on Query {" + aliased(half) + "}"
    assert not problems("{...F}" + inner)
    assert problems("{...F a{...F}}" + inner)


def test_nested_fragments_are_measured_once_each():
    levels = 80
    doubled = "".join(
        f"fragment F{at} on Query {{a{{x: b}} ...F{at + 1} ...F{at + 1}}}" for at in range(levels)
    )
    begun = time.process_time()
    found = problems(f"{{...F0}} {doubled} fragment F{levels} on Query {{x: b}}")
    assert any("aliases" in one for one in found)
    assert time.process_time() - begun < 5


def test_a_fragment_in_itself_is_refused():
    assert problems("{...F} fragment F on Query {a{...F}}")
    assert problems("{...F} fragment F on Query {a{...G}} fragment G on Query {a{...F}}")
    assert problems("{...Nowhere}")


def test_a_document_that_is_too_long_is_not_read(api: Api):
    said = [
        api.post({"query": "{" + "a " * words + "}"}).json()["errors"][0]["message"]
        for words in (TOKENS - 2, TOKENS - 1)
    ]
    assert "tokens" not in said[0]
    assert (
        said[1] == f"Syntax Error: Document contains more than {TOKENS} tokens. Parsing aborted."
    )


@pytest.mark.parametrize(
    "query",
    [
        "{" + "a{" * 900,
        "{__type(name: " + "[" * 990 + "]" * 990 + ") {name}}",
        "query(" + "$a: " + "[" * 900 + "Int" + "]" * 900 + ") {__typename}",
        "{" + "a{" * 600 + "b" + "}" * 600 + "}",
    ],
)
def test_a_document_that_is_nested_too_deeply_is_refused(api: Api, query: str):
    assert api.refusal(query) == "INVALID_QUERY"


def test_limits_hold_over_http(api: Api):
    aliases = " ".join(f"x{at}: __typename" for at in range(ALIASES + 1))
    assert api.refusal("{" + aliases + "}") == "TOO_MUCH"


def test_the_types_may_be_asked_for_as_tools_do(api: Api):
    from graphql import get_introspection_query  # noqa: PLC0415

    assert api.ask(get_introspection_query())["__schema"]["types"]
    circle = "{__schema{types{fields{type{fields{type{fields{type{name}}}}}}}}}"
    assert api.refusal(circle) == "INVALID_QUERY"


def test_a_question_that_is_too_large_is_not_taken_in(api: Api):
    said = api.bears() | {"Content-Type": "application/json"}
    large = b'{"query": "' + b" " * (1 << 20) + b'"}'
    for content in (large, iter([large[:70_000], large[70_000:]])):
        answer = api.client.post("/graphql", content=content, headers=said)
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_LARGE"
    assert api.ask("{ __typename }")


def _sent(api: Api, *parts: bytes) -> bytes:
    """Send octets as they are; give what is answered until the connection ends."""
    host, _, port = api.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        answered = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                answered += part
        return answered


def test_a_file_that_is_too_large_is_not_taken_in(api: Api):
    head = f"POST /uploads/a.pdf HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    head += f"Content-Type: application/pdf\r\nContent-Length: {MOST_OCTETS + 1}\r\n\r\n%PDF"
    answer = _sent(api, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"TOO_LARGE"' in answer


def test_who_has_uploaded_as_much_as_he_may_is_told_so_and_another_is_not_kept_from_it(
    carteggio: "Carteggio",
):
    settings = carteggio.settings.model_copy(update={"upload_quota_bytes": 10})
    with serving(replace(carteggio, settings=settings)) as few:
        other = few.issue(name="other")
        said = [
            few.client.post("/uploads/a.txt", content=b"123456", headers=few.bears(one))
            for one in (few.token, few.token, other)
        ]
        assert [one.status_code for one in said] == [201, 413, 201]
        assert said[1].json()["errors"][0]["extensions"]["code"] == "QUOTA_EXCEEDED"


def test_headers_without_end_are_not_taken_in(api: Api):
    begin = b"GET /health HTTP/1.1\r\nHost: x\r\n"
    endless = b"X-More: " + b"x" * (1 << 14) + b"\r\n"
    assert b" 400 " in _sent(api, begin, *([endless] * 1_000)).partition(b"\r\n")[0]
    large = b"X-More: " + b"x" * 10_000 + b"\r\nConnection: close\r\n\r\n"
    assert b" 200 " in _sent(api, begin, large).partition(b"\r\n")[0]


def test_a_question_that_does_not_come_is_not_waited_for(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.2)
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    answer = _sent(api, head.encode())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
