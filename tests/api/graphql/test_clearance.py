"""Confidential parties are for whoever is cleared: by his token, or by what master data says of him."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.ids import Kind, encoded
from api.work.directory import import_directory
from api.work.tokens import issue
from domain.access import Scope
from domain.identity import colleague_id
from sendable import FILES, Office
from serving import Api, serving

LUCA = "luca@ditta.example"
SPY = "spia@segreto.example"
DOUBT = f"CONFIDENTIAL:{SPY}"
SEND = """mutation ($input: MessageSendInput!) { messageSend(input: $input) {
  mailId userErrors { code message } } }"""
OFFERED = """{ composed(input: {party: {code: {company: "main", kind: "customer", code: "C4"}}}) {
  content { to } recipients { address group } } }"""
FOR_ORDER = """{ composed(input: {document: {externalId: "O1"}}) {
  content { to } recipients { address group } } }"""
EVA = "C1,Eva Verdi,acquisti,eva@verdi.example,sales_order"
PARTY = '{ party(by: {code: {company: "main", kind: "customer", code: "C4"}}) { id name } }'
ACTS = (Scope.READ_MAIL, Scope.SEND_MAIL)


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


def token(office: Office, *more: Scope) -> str:
    """Give a token of Luca's that has no scope but those of whoever sends, and these."""
    office.token(LUCA)
    him = colleague_id(office.carteggio.identity_key, LUCA)
    bearer = issue(office.carteggio, LUCA, (*ACTS, *more), (), None, him)
    office.settled()
    return str(bearer)


def sends(office: Office, api: Api, bearer: str, *acknowledged: str) -> list[str]:
    box = str(encoded(Kind.MAILBOX, office.box()))
    mail = {"mailboxId": box, "to": [SPY], "subject": "Ciao", "text": "Ecco.",
            "acknowledged": list(acknowledged)}  # fmt: skip
    given = {"commandId": str(uuid4()), "content": mail}
    done: Any = api.ask(SEND, bearer, input=given)["messageSend"]
    return [one["code"] for one in done["userErrors"]]


def test_who_is_not_cleared_is_asked_before_he_writes_to_somebody_confidential(
    sending_office: Office, api: Api
) -> None:
    bearer = token(sending_office)
    assert sends(sending_office, api, bearer) == ["CONFIDENTIAL"]
    assert api.ask(PARTY, bearer) == {"party": None}
    assert sends(sending_office, api, bearer, DOUBT) == []


def test_nobody_confidential_is_proposed_or_found_by_who_is_not_cleared(
    sending_office: Office, api: Api, tmp_path: Path
) -> None:
    head, *rows = FILES["contacts.csv"].splitlines()
    lines = (f"{head},privacy_level", *(f"{one}," for one in rows), f"{EVA},3")
    (tmp_path / "contacts.csv").write_text("\n".join(lines))
    import_directory(sending_office.carteggio, tmp_path)
    plain, cleared = token(sending_office), token(sending_office, Scope.READ_CONFIDENTIAL)
    for bearer, expected in ((plain, False), (cleared, True)):
        found = api.ask(FOR_ORDER, bearer)["composed"]
        people = [*found["content"]["to"], *(one["address"] for one in found["recipients"])]
        assert any("ada@verdi.example" in one for one in people)
        assert any("eva@verdi.example" in one for one in people) is expected
    assert api.refusal(OFFERED, plain) == "NOT_FOUND"


def test_who_is_cleared_by_his_token_is_offered_them_and_asked_nothing(
    sending_office: Office, api: Api
) -> None:
    bearer = token(sending_office, Scope.READ_CONFIDENTIAL)
    found = api.ask(OFFERED, bearer)["composed"]
    assert SPY in [one["address"] for one in found["recipients"]]
    assert sends(sending_office, api, bearer) == []


def test_master_data_clear_a_colleague_up_to_a_level_and_no_further(
    sending_office: Office, api: Api, tmp_path: Path
) -> None:
    bearer = token(sending_office)
    for level, expected in (("4", ["CONFIDENTIAL"]), ("5", []), ("much", ["CONFIDENTIAL"])):
        folder = tmp_path / level
        folder.mkdir()
        rows = (
            f"name,email,role,mailbox_collected,privacy_level\nLuca Neri,{LUCA},sales,no,{level}\n"
        )
        (folder / "colleagues.csv").write_text(rows)
        import_directory(sending_office.carteggio, folder)
        sending_office.settled()
        assert sends(sending_office, api, bearer) == expected
