"""For whoever watches the server: /health and /metrics."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.sql import SQL

from domain.access import Scope
from letters import letter, mbox
from serving import Api, serving

BOX = "info@firm.example"


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Give each figure under its name and its labels' values, by the labels' names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def stop(api: Api, projection: str) -> None:
    with api.carteggio.database.connect() as connection:
        connection.execute(
            "UPDATE projection SET state = 'stopped', stopped_at_position = 1, error = 'secret'"
            " WHERE name = %s",
            (projection,),
        )


def test_a_server_that_is_well_says_so_to_everybody(api: Api):
    answer = api.client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "good", "database": "good", "readModels": "good", "work": "elsewhere",
    }  # fmt: skip
    assert api.client.head("/health").status_code == 200


def test_a_stopped_read_model_is_no_health_and_its_error_stays_inside(api: Api):
    stop(api, "history")
    answer = api.client.get("/health")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["readModels"]) == ("bad", "stopped")
    assert "secret" not in answer.text
    api.carteggio.feed.resume("history")
    assert api.client.get("/health").status_code == 200


def test_a_read_model_that_is_missing_is_no_health(api: Api):
    with api.carteggio.database.connect() as connection:
        connection.execute("UPDATE projection SET active = false WHERE name = 'trail'")
    answer = api.client.get("/health")
    assert (answer.status_code, answer.json()["readModels"]) == (503, "missing")


def test_the_work_is_done_inside_if_wanted_and_ends_with_the_server(carteggio: Any):
    with serving(carteggio, working=True) as api:
        assert api.client.get("/health").json()["work"] == "good"
        api.issue()
        asked = {
            "query": "{ __typename }",
            "extensions": {"minPosition": carteggio.journal.head()},
        }
        assert api.post(asked).json() == {"data": {"__typename": "Query"}}


def test_the_figures_tell_how_far_everything_is(api: Api, tmp_path: Path):
    letters = [letter("1@client.example"), letter("2@client.example", b"Other", body=b"And?\n")]
    api.imported(mbox(tmp_path / "info.mbox", letters), BOX)
    api.ask("{ __typename }")
    api.refusal("{ nothing }")
    api.client.get("/nowhere/anna@client.example")
    stop(api, "trail")
    found = figures(api.client.get("/metrics").text)
    head = api.carteggio.journal.head()
    assert found["carteggio_head_position",] == head
    assert found["carteggio_projection_position", "mail"] == head
    assert found["carteggio_projection_lag_events", "mail"] == 0
    assert found["carteggio_projection_stopped", "mail"] == 0
    assert found["carteggio_projection_stopped", "trail"] == 1
    assert found["carteggio_decisions_position",] == head
    assert found["carteggio_blobs",] == 2
    assert found["carteggio_waiting_messages",] == 2
    assert found["carteggio_graphql_operations_total", "ok"] == 1
    assert found["carteggio_graphql_operations_total", "refused"] == 1
    assert found["carteggio_http_requests_total", "POST", "graphql", "200"] == 2
    assert found["carteggio_http_requests_total", "GET", "none", "404"] == 1
    assert found["carteggio_http_request_seconds_count", "graphql"] == 2


def added(api: Api, *addresses: str) -> list[Any]:
    """Configure accounts; give them in order."""
    from api.work.accounts import Entered, accounts_of, configure  # noqa: PLC0415

    for address in addresses:
        configure(api.carteggio, Entered(address, "127.0.0.1", 1, "plain", "u", "p"))
    api.caught_up()
    return asyncio.run(accounts_of(api.carteggio))


def looked(api: Api, account: Any, trouble: str = "", minutes_ago: int = 0) -> None:
    """Note a look into an account."""
    from api.work.looks import note_state  # noqa: PLC0415

    note_state(api.carteggio, account.id, trouble)
    with api.carteggio.database.connect() as connection:
        connection.execute(
            "UPDATE account_state SET fetched_at = now() - %s * interval '1 min'"
            " WHERE account = %s",
            (minutes_ago, account.id),
        )


def active_since_long(api: Api) -> None:
    """Let every account have been added an hour ago."""
    from api.work.generations import active_names  # noqa: PLC0415
    from projections.company import company  # noqa: PLC0415

    with api.carteggio.database.connect() as connection:
        table = active_names(connection, (company,))["account"]
        query = SQL("UPDATE {} SET active_since = now() - interval '1 hour'")
        connection.execute(query.format(table))


def test_accounts_are_counted_by_the_sort_of_their_trouble_and_aged_by_their_ids(api: Api):
    one, two, three = added(api, "a@firm.example", "b@firm.example", "c@firm.example")
    active_since_long(api)
    looked(api, one, minutes_ago=2)
    looked(api, two, "timeout", minutes_ago=30)
    looked(api, three, "timeout", minutes_ago=30)
    found = figures(api.client.get("/metrics").text)
    assert found["carteggio_accounts", "none"] == 1
    assert found["carteggio_accounts", "timeout"] == 2
    assert found["carteggio_accounts_stale",] == 2
    assert 120 <= found["carteggio_account_age_seconds", f"acc_{one.id.hex}"] < 180


def test_one_stale_account_is_no_health_and_which_is_told_to_who_manages_it(api: Api):
    one, two = added(api, "a@firm.example", "b@firm.example")
    active_since_long(api)
    looked(api, one, minutes_ago=2)
    looked(api, two, minutes_ago=2)
    well = api.client.get("/health/accounts")
    assert (well.status_code, well.json()) == (200, {"status": "good"})

    looked(api, two, "login refused", minutes_ago=4)
    answer = api.client.get("/health/accounts")
    assert (answer.status_code, answer.json()) == (503, {"status": "bad"})
    assert api.client.get("/health").status_code == 200
    told = api.get("/health/accounts")
    assert told.status_code == 503
    assert [(x["address"], x["state"], x["stale"]) for x in told.json()["accounts"]] == [
        ("a@firm.example", "ok", False),
        ("b@firm.example", "trouble", True),
    ]
    assert told.json()["accounts"][1]["trouble"].startswith("the mail server does not let")
    mail = api.issue([Scope.READ_MAIL])
    assert api.get("/health/accounts", mail).status_code == 403
    own = api.issue([Scope.MANAGE_MAILBOXES], mailboxes=[one.mailbox])
    said = api.get("/health/accounts", own)
    assert said.status_code == 200
    assert [x["address"] for x in said.json()["accounts"]] == ["a@firm.example"]


def test_a_paused_account_is_not_stale_and_one_without_consent_is(api: Api):
    from api.work.accounts import Entered, configure, order  # noqa: PLC0415
    from domain.account import OAuth, PauseAccount  # noqa: PLC0415

    added(api, "a@firm.example")
    active_since_long(api)
    order(api.carteggio, "a@firm.example", PauseAccount())
    api.caught_up()
    assert api.client.get("/health/accounts").status_code == 200
    asked = OAuth("microsoft", "client")
    there = Entered("b@firm.example", "127.0.0.1", 1, "plain", "u", "", oauth=asked)
    configure(api.carteggio, there)
    api.caught_up()
    answer = api.get("/health/accounts")
    assert answer.status_code == 503
    assert [x["state"] for x in answer.json()["accounts"]] == ["paused", "needs consent"]


def test_no_figure_names_anybody(api: Api, tmp_path: Path):
    api.imported(mbox(tmp_path / "info.mbox", [letter("1@client.example")]), BOX)
    added(api, BOX)
    assert "@" not in api.client.get("/metrics").text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_figures_asked_for_through_a_proxy_need_a_token_for_the_audit(
    shared_api: Api, header: str
):
    said = {header: "for=192.0.2.1"}
    assert shared_api.client.get("/metrics", headers=said).status_code == 401
    mail = shared_api.issue([Scope.READ_MAIL])
    audit = shared_api.issue([Scope.READ_AUDIT])
    for token, status in ((mail, 403), (audit, 200)):
        answer = shared_api.client.get("/metrics", headers=said | shared_api.bears(token))
        assert answer.status_code == status
