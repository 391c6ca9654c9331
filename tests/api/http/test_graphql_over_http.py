"""GraphQL over HTTP: the statements of the Foundation's specification that concern a server.

https://graphql.github.io/graphql-over-http/draft/
"""

from typing import Any

import httpx
import pytest

from serving import Api

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
ASKED = {"query": "{ __typename }"}
TYPED = "query Type($name: String!) { __type(name: $name) { name } }"
NEITHER_TEXT = [{"obj": "ect"}, 0, False, ["array"]]
NEITHER_MAP = ["string", 0, False, ["array"]]


@pytest.fixture
def api(shared_api: Api) -> Api:
    return shared_api


def sent(
    api: Api, content: bytes | str, kind: str = JSON, accept: str = GRAPHQL
) -> httpx.Response:
    said = api.bears() | {"Content-Type": kind, "Accept": accept}
    return api.client.post("/graphql", content=content, headers=said)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8;q=0.8", GRAPHQL),
        (f"{GRAPHQL};q=nonsense", JSON),
        ("text/html", JSON),
        ("", JSON),
    ],
)
def test_the_answer_has_the_form_that_the_client_prefers(api: Api, accept: str, form: str):
    answer = api.post(ASKED, Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{form}; charset=utf-8"
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_who_names_no_form_gets_json(api: Api):
    request = api.client.build_request("POST", "/graphql", json=ASKED, headers=api.bears())
    del request.headers["Accept"]
    assert api.client.send(request).headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "kind", [JSON, "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_questions_are_taken_in_json_and_utf8(api: Api, kind: str):
    asked = '{"query": "{ __type(name: \\"Möwe✉\\") { name } }"}'.encode()
    answer = sent(api, asked, kind)
    assert answer.status_code == 200
    assert answer.json() == {"data": {"__type": None}}


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
    ],
)
def test_other_content_types_are_refused(api: Api, kind: str):
    answer = sent(api, b'{"query": "{ __typename }"}', kind)
    assert answer.status_code == 415
    assert answer.headers["Accept-Post"] == JSON


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_served(api: Api, method: str):
    answer = api.client.request(method, "/graphql?query={__typename}", headers=api.bears())
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    "body", [b"", b"{", b'{ "not a JSON', b"\xff", b"[" * 10_000, b"null", b"1", b'"text"']
)
def test_what_is_no_json_object_is_refused(api: Api, body: bytes, accept: str):
    answer = sent(api, body, accept=accept)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"
    assert set(answer.json()) == {"errors"}


@pytest.mark.parametrize(
    "body",
    [
        {"notquery": "{ __typename }"},
        {"query": None},
        {"query": " "},
        *({"query": one} for one in NEITHER_TEXT),
        *({**ASKED, "operationName": one} for one in NEITHER_TEXT),
        *({**ASKED, "variables": one} for one in NEITHER_MAP),
        *({**ASKED, "extensions": one} for one in NEITHER_MAP),
        [ASKED],
        [ASKED, ASKED],
    ],
)
def test_parameters_of_a_wrong_type_are_refused(api: Api, body: Any):
    answer = api.post(body, Accept=GRAPHQL)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_REQUEST"
    assert "data" not in answer.json()


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    "more",
    [
        {"variables": None},
        {"operationName": None},
        {"extensions": None},
        {"extensions": {"some": "value"}},
        {"variables": {"unasked": 1}},
        {"unknown": "parameter"},
    ],
)
def test_parameters_may_be_null_and_others_are_passed_over(api: Api, more: Any, accept: str):
    answer = api.post(ASKED | more, Accept=accept)
    assert answer.status_code == 200
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_variables_and_the_name_of_an_operation_are_taken(api: Api, accept: str):
    typed = api.post({"query": TYPED, "variables": {"name": "Query"}}, Accept=accept)
    assert typed.json() == {"data": {"__type": {"name": "Query"}}}
    both = {"query": "query A { a: __typename } query B { b: __typename }", "operationName": "B"}
    assert api.post(both, Accept=accept).json() == {"data": {"b": "Query"}}


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"},
        {"query": "{ thereIsNoSuchField }"},
        {"query": TYPED, "variables": {"name": [1]}},
        {"query": TYPED},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": "subscription { __typename }"},
        {"query": "fragment F on Query { __typename }"},
    ],
)
def test_a_question_that_cannot_run_has_no_data_and_a_status_by_the_form(api: Api, body: Any):
    strict, lenient = api.post(body, Accept=GRAPHQL), api.post(body, Accept=JSON)
    assert (strict.status_code, lenient.status_code) == (400, 200)
    assert strict.json() == lenient.json()
    assert set(strict.json()) == {"errors"}
    assert all(one["extensions"]["code"] for one in strict.json()["errors"])


def test_answers_are_neither_kept_nor_guessed_at(api: Api):
    for answer in (api.post(ASKED), api.client.get("/"), api.client.get("/nowhere")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers


def test_an_unknown_path_is_refused_in_json(api: Api):
    for path in ("/nowhere", "/graphql/", "/docs", "/openapi.json", "/messages", "/.env"):
        answer = api.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_the_first_page_says_how_to_ask_and_loads_nothing(api: Api):
    answer = api.client.get("/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"curl -s {api.address}/graphql" in answer.text
    assert not any(word in answer.text for word in ("src=", "href=", "<script", "https://"))
    assert api.client.head("/").headers["Content-Length"] == str(len(answer.content))
