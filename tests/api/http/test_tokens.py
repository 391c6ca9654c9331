"""Who is let in: bearers of tokens that are right, not ended, not revoked; nobody else."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.work.importing import register_mailbox
from api.work.tokens import parsed, revoke
from domain.access import Scope
from serving import Api

ASKED = {"query": "{ __typename }"}
MAILBOXES = "{ mailboxes { address } }"


def test_the_bearer_of_a_token_is_let_in_however_the_scheme_is_spelt(api: Api):
    for scheme in ("Bearer", "bearer", "BEARER"):
        said = {"Authorization": f"{scheme} {api.token}"}
        assert api.client.post("/graphql", json=ASKED, headers=said).status_code == 200


def test_nobody_is_let_in_without_a_token_and_is_told_how(api: Api):
    answer = api.client.post("/graphql", json=ASKED)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="carteggio"'
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "cgt_nonsense",
        "cgt_00000000000000000000000000000000_secret",
        "cgt_zz000000000000000000000000000000_secret",
        "cgt_00000000000000000000000000000000_",
        "cgt_00000000000000000000000000000000_geheimÿ",
        "x" * 5_000,
    ],
)
def test_a_token_that_was_never_issued_is_refused(shared_api: Api, token: str):
    said = {b"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = shared_api.client.post("/graphql", json=ASKED, headers=said)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert token[:20] not in answer.text


def test_a_right_id_with_a_wrong_secret_is_refused_as_an_unknown_id_is(api: Api):
    wrong = api.post(ASKED, api.token[:-1] + ("A" if api.token[-1] != "A" else "B"))
    unknown = api.post(ASKED, "cgt_" + "0" * 32 + "_secret")
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text)
    assert wrong.status_code == 401


def test_a_token_in_the_address_counts_for_nothing(api: Api):
    for name in ("token", "access_token"):
        assert api.client.post(f"/graphql?{name}={api.token}", json=ASKED).status_code == 401


def test_a_token_that_has_ended_is_refused(api: Api):
    now = datetime.now(UTC)
    ended = api.issue(expires_at=now - timedelta(seconds=1))
    valid = api.issue(expires_at=now + timedelta(hours=1))
    assert api.post(ASKED, ended).status_code == 401
    assert api.post(ASKED, valid).status_code == 200


def test_a_revoked_token_is_out_within_a_second(api: Api):
    token = api.issue()
    bearer = parsed(token)
    assert bearer is not None
    assert api.post(ASKED, token).status_code == 200
    revoke(api.carteggio, bearer.id)
    api.caught_up()
    end = time.monotonic() + 1
    while api.post(ASKED, token).status_code == 200:
        assert time.monotonic() < end
    assert api.post(ASKED, token).status_code == 401


def test_the_schema_is_shown_to_bearers_alone(api: Api):
    asked = {"query": "{ __schema { queryType { name } } }"}
    assert api.client.post("/graphql", json=asked).status_code == 401
    assert api.post(asked).json() == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


def test_each_token_sees_its_own_mailboxes(api: Api):
    info, sales = (register_mailbox(api.carteggio, f"{one}@firm.example") for one in "is")
    token = {one: api.issue(mailboxes=[one]) for one in (info, sales)}
    assert api.ask(MAILBOXES, token[info]) == {"mailboxes": [{"address": "i@firm.example"}]}
    assert api.ask(MAILBOXES, token[sales]) == {"mailboxes": [{"address": "s@firm.example"}]}
    assert len(api.ask(MAILBOXES)["mailboxes"]) == 2


def test_mail_is_not_downloaded_without_the_scope_for_it(api: Api):
    token = api.issue([Scope.READ_AUDIT])
    answer = api.get(f"/messages/{'0' * 32}/raw", token)
    assert answer.status_code == 403
    assert 'scope="read_mail"' in answer.headers["WWW-Authenticate"]


def test_a_token_is_not_written_into_the_log(server_log: Path, api: Api):
    api.post(ASKED)
    api.client.post(f"/graphql?token={api.token}", json=ASKED)
    api.client.get(f"/of-anna@client.example/{api.token}")
    api.post(ASKED, api.token + "x")
    logged = server_log.read_text(encoding="utf-8")
    assert '"status": 401' in logged
    assert api.token.rpartition("_")[2] not in logged
    assert "anna" not in logged
