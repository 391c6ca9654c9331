"""Webhooks over the API: who connects programs sees and changes those that he may know of."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from api.work.importing import register_mailbox
from domain.access import Scope
from endpoint import Endpoint, listening
from instances import LOOPBACK
from serving import Api, serving

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.database import Database

SHOWN = "{ id name url events mailboxIds state position failures nextTryAt }"
DONE = f"{{ webhook {SHOWN} secret position userErrors {{ code message }} }}"
LIST = f"{{ webhooks {SHOWN} }}"
LOG = "{ webhooks { deliveries { event webhookIdHeader status trouble attempt } } }"
TEST = """mutation($input: WebhookTestInput!) { webhookTest(input: $input)
  { isTaken status trouble userErrors { code } } }"""


@pytest.fixture
def erp() -> Iterator[Endpoint]:
    with listening() as endpoint:
        yield endpoint


def given(api: Api, what: str, token: str | None = None, id: str = "w-1", **more: Any) -> Any:
    kind = "WebhookInput" if "webhookId" in more and len(more) == 1 else _kind(what)
    query = f"mutation($input: {kind}!) {{ {what}(input: $input) {DONE} }}"
    return api.ask(query, token, input={"commandId": id, **more})[what]


def _kind(what: str) -> str:
    return what[0].upper() + what[1:] + "Input"


def codes(done: Any) -> list[str]:
    return [one["code"] for one in done["userErrors"]]


def test_a_program_is_saved_once_and_its_secret_is_shown_once(api: Api, erp: Endpoint) -> None:
    done = given(api, "webhookSave", name="erp", url=erp.address)
    assert done["userErrors"] == []
    assert done["secret"].startswith("whsec_")
    assert done["webhook"] | {"id": "", "position": ""} == {
        "id": "", "name": "erp", "url": erp.address, "events": ["document.sent"],
        "mailboxIds": None, "state": "TOLD", "position": "", "failures": 0, "nextTryAt": None,
    }  # fmt: skip
    again = given(api, "webhookSave", name="erp", url=erp.address)
    assert (again["secret"], again["position"]) == (None, done["position"])
    changed = given(api, "webhookSave", id="w-2", name="ERP", url=erp.address + "/2")
    assert (changed["secret"], changed["webhook"]["id"]) == (None, done["webhook"]["id"])
    assert [one["url"] for one in api.ask(LIST)["webhooks"]] == [erp.address + "/2"]
    hook = done["webhook"]["id"]
    newer = given(api, "webhookSecretDraw", id="w-3", webhookId=hook)["secret"]
    assert newer != done["secret"]
    api.ask(TEST, input={"webhookId": hook})
    assert erp.asked[0].is_signed_by(newer)
    assert erp.asked[0].is_signed_by(done["secret"])


def test_it_is_paused_resumed_told_once_more_and_removed(api: Api, erp: Endpoint) -> None:
    hook = given(api, "webhookSave", name="erp", url=erp.address)["webhook"]["id"]
    paused = given(api, "webhookPause", id="w-2", webhookId=hook)
    assert paused["webhook"]["state"] == "PAUSED"
    assert given(api, "webhookResume", id="w-3", webhookId=hook)["webhook"]["state"] == "TOLD"
    replayed = given(api, "webhookReplay", id="w-4", webhookId=hook, after="1")
    assert replayed["webhook"]["position"] == "1"
    assert codes(given(api, "webhookReplay", id="w-5", webhookId=hook, after="999999")) == [
        "INVALID"
    ]
    assert codes(given(api, "webhookReplay", id="w-6", webhookId=hook, after=None)) == ["INVALID"]
    assert given(api, "webhookRemove", id="w-7", webhookId=hook)["webhook"] is None
    assert api.ask(LIST)["webhooks"] == []
    assert codes(given(api, "webhookPause", id="w-8", webhookId=hook)) == ["NOT_FOUND"]


def test_a_trial_tells_what_it_answered(api: Api, erp: Endpoint) -> None:
    hook = given(api, "webhookSave", name="erp", url=erp.address)["webhook"]["id"]
    erp.answers = [204, 302, 500]
    found = [api.ask(TEST, input={"webhookId": hook})["webhookTest"] for _ in range(3)]
    assert [(one["isTaken"], one["status"], one["trouble"]) for one in found] == [
        (True, 204, None), (False, 302, "redirect"), (False, 500, "status"),
    ]  # fmt: skip
    (logged,) = api.ask(LOG)["webhooks"]
    assert [one["status"] for one in logged["deliveries"]] == [500, 302, 204]
    assert {one["event"] for one in logged["deliveries"]} == {"webhook.test"}


def test_who_may_not_connect_programs_neither_sees_nor_changes_any(
    api: Api, erp: Endpoint
) -> None:
    token = api.issue([one for one in Scope if one is not Scope.MANAGE_WEBHOOKS])
    assert api.refusal(LIST, token) == "FORBIDDEN"
    query = "mutation($input: WebhookSaveInput!) { webhookSave(input: $input) { secret } }"
    asked = {"commandId": "w-1", "name": "erp", "url": erp.address}
    assert api.refusal(query, token, input=asked) == "FORBIDDEN"


def test_a_token_of_some_mailboxes_connects_only_these(api: Api, erp: Endpoint) -> None:
    info, sales = (
        register_mailbox(api.carteggio, f"{one}@firm.example") for one in ("info", "sales")
    )
    token = api.issue([Scope.MANAGE_WEBHOOKS], mailboxes=[info])
    hidden = given(api, "webhookSave", name="all", url=erp.address)["webhook"]["id"]
    own = given(api, "webhookSave", token, id="w-2", name="own", url=erp.address)
    assert own["webhook"]["mailboxIds"] == [f"mbx_{info.hex}"]
    assert [one["name"] for one in api.ask(LIST, token)["webhooks"]] == ["own"]
    wider = given(
        api, "webhookSave", token, id="w-3", name="own", url=erp.address,
        mailboxIds=[f"mbx_{sales.hex}"],
    )  # fmt: skip
    taken = given(api, "webhookSave", token, id="w-4", name="all", url=erp.address)
    assert (codes(wider), codes(taken)) == (["FORBIDDEN"], ["FORBIDDEN"])
    for what in ("webhookPause", "webhookSecretDraw", "webhookRemove"):
        assert codes(given(api, what, token, id=what, webhookId=hidden)) == ["NOT_FOUND"]
    tested = api.ask(TEST, token, input={"webhookId": hidden})["webhookTest"]
    assert codes(tested) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/",
        "https://[::ffff:127.0.0.1]/",
    ],
)  # fmt: skip
def test_this_machine_and_a_clouds_secrets_are_out_of_reach(
    database: "Database", tmp_path: "Path", url: str
) -> None:
    from instances import opened_on  # noqa: PLC0415

    with opened_on(database, tmp_path / "home", "") as opened, serving(opened) as api:
        done = given(api, "webhookSave", name="erp", url=url)
    assert codes(done) == ["OUT_OF_REACH"]
    assert LOOPBACK not in done["userErrors"][0]["message"]


def test_a_webhook_begins_at_no_position_that_is_none(api: Api, erp: Endpoint) -> None:
    for number, after in enumerate(("999999", "999999999")):
        done = given(
            api, "webhookSave", id=f"w-{number}", name="erp", url=erp.address, after=after
        )
        assert codes(done) == ["INVALID"]
    assert api.ask(LIST)["webhooks"] == []
