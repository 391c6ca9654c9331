"""NUL in any text of a command: refused, and no read model stops."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.graphql.ids import Kind, encoded
from domain.identity import colleague_id
from sendable import ANNA, Office
from serving import Api, serving

BAD = "x\0y"
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("sendingGrant", {"userId": "", "kind": BAD, "reach": "ANY"}),
    ("sendingWithdraw", {"userId": "", "kind": BAD}),
    ("recipientApprove", {"address": f"{BAD}@rossi.example"}),
    ("staffGroupSave", {"name": BAD, "memberIds": []}),
    ("approvalRuleSet", {"kind": BAD}),
    ("templateSave", {"name": BAD, "kind": "REPLY", "closing": {"text": "x"}}),
    ("templateSave", {"name": "a", "kind": "REPLY", "roles": [BAD], "closing": {"text": "x"}}),
    (
        "messageSend",
        {"content": {"to": [f"{BAD} <a@verdi.example>"], "subject": "x", "text": "y"}},
    ),
]


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


@pytest.mark.parametrize(
    ("name", "given"), ASKED, ids=lambda one: one if isinstance(one, str) else ""
)
def test_nul_in_a_command_is_refused_and_stops_no_read_model(
    sending_office: Office, api: Api, name: str, given: dict[str, Any]
) -> None:
    anna = str(encoded(Kind.COLLEAGUE, colleague_id(sending_office.carteggio.identity_key, ANNA)))
    asked: dict[str, Any] = {"commandId": "nul"} | given
    if "userId" in asked:
        asked["userId"] = anna
    if "memberIds" in asked:
        asked["memberIds"] = [anna]
    if "content" in asked:
        box = str(encoded(Kind.MAILBOX, sending_office.box()))
        asked["content"] = given["content"] | {"mailboxId": box}
    kind = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation($i: {kind}!) {{ {name}(input: $i) {{ userErrors {{ code }} }} }}"
    said = api.client.post(
        "/graphql", json={"query": query, "variables": {"i": asked}}, headers=api.bears()
    ).json()
    sending_office.carteggio.feed.catch_up()
    told = said.get("errors") or said["data"][name]["userErrors"]
    codes = [one.get("code") or one["extensions"]["code"] for one in told]
    assert codes == ["INVALID"]
    assert api.client.get("/health").status_code == 200
