"""What may not be sent is refused by the API where the console shows no button, and the attempt is kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.graphql.ids import Kind, encoded
from api.work.directory import import_directory
from api.work.permission import say_of_colleague, say_of_company, say_of_mailbox
from api.work.sharing import colleague_at
from api.work.tokens import by_operator
from composed import as_others_read
from domain.outgoing import MailQueued
from domain.sendingrules import (
    CompanySendingSwitched,
    Ground,
    OfficeRole,
    OfficeRoleGiven,
    SayOfColleague,
    SendingRule,
    SendingRuleSet,
    SendingWithdrawn,
    SendRight,
    SendRightGiven,
)
from instances import events_of
from sendable import ANNA, FILES, INFO, Office
from serving import Api, serving

LUCA = "luca@ditta.example"
SEND = """mutation ($input: MessageSendInput!) { messageSend(input: $input) {
  mailId userErrors { code message } } }"""
MAY = """query ($mailbox: ID!, $document: ID) {
  sendingPermission(mailboxId: $mailbox, documentId: $document) { isAllowed code } }"""


@pytest.fixture
def api(sending_office: Office) -> Iterator[Api]:
    with serving(sending_office.carteggio) as served:
        yield served


class Asked:
    """The office, whose order is Anna's."""

    def __init__(self, office: Office, api: Api, folder: Path) -> None:
        self.office, self.api, self.sent = office, api, 0
        rows = FILES["documents.csv"].splitlines()
        with_anna = [f"{rows[0]},responsible", *(f"{one},{ANNA}" for one in rows[1:])]
        folder.mkdir()
        (folder / "documents.csv").write_text("\n".join(with_anna))
        import_directory(office.carteggio, folder)
        office.settled()

    def named(self) -> dict[str, str]:
        mailbox = encoded(Kind.MAILBOX, self.office.box())
        document = encoded(Kind.DOCUMENT, self.office.document("O1"))
        return {"mailbox": str(mailbox), "document": str(document)}

    def tries(self, token: str) -> tuple[bool, list[str]]:
        """Say whether a console would show the button, and what comes of sending all the same."""
        self.office.settled()
        may = self.api.ask(MAY, token, **self.named())["sendingPermission"]
        self.sent += 1
        mail = {"mailboxId": self.named()["mailbox"], "sender": INFO, "subject": "Ordine", "text": "Ecco.",
                "to": ["ada@verdi.example"], "document": {"externalId": "O1"},
                "links": [{"document": {"externalId": "O1"}}]}  # fmt: skip
        given = {"commandId": f"s{self.sent}", "content": mail}
        done = self.api.ask(SEND, token, input=given)["messageSend"]
        assert (done["mailId"] is not None) == (done["userErrors"] == [])
        return may["isAllowed"], [one["code"] for one in done["userErrors"]]

    def of(self, who: str, said: Any) -> None:
        carteggio = self.office.carteggio
        command = SayOfColleague(said)
        assert say_of_colleague(carteggio, colleague_at(carteggio, who), command, by_operator())

    def kept(self) -> list[Ground]:
        return [one.ground for one in events_of(self.office.carteggio, "sending.refused")]


@pytest.fixture
def asked(sending_office: Office, api: Api, tmp_path: Path) -> Asked:
    return Asked(sending_office, api, tmp_path / "again")


def test_the_console_and_the_api_agree_and_every_refused_attempt_is_kept(asked: Asked) -> None:
    office, carteggio = asked.office, asked.office.carteggio
    anna, luca = office.token(ANNA), office.token(LUCA)
    assert [asked.tries(anna), asked.tries(luca)] == [(True, [])] * 2
    say_of_company(carteggio, SendingRuleSet(SendingRule.STRICT), by_operator())
    assert [asked.tries(anna), asked.tries(luca)] == [(True, []), (False, ["FORBIDDEN"])]
    asked.of(LUCA, OfficeRoleGiven(OfficeRole.DISPATCHER))
    assert asked.tries(luca) == (True, [])
    asked.of(ANNA, SendingWithdrawn("sales_order"))
    assert asked.tries(anna) == (False, ["FORBIDDEN"])
    say_of_company(carteggio, CompanySendingSwitched(on=False), by_operator())
    assert [asked.tries(one) for one in (luca, asked.api.token)] == [(False, ["DISABLED"])] * 2
    off = Ground.COMPANY_OFF
    assert asked.kept() == [Ground.NOT_ASSIGNED, Ground.KIND_OFF, off, off]
    assert len(events_of(carteggio, "outgoing.queued")) == 4


def test_who_only_has_the_right_to_send_sends_and_is_named(asked: Asked) -> None:
    office, carteggio = asked.office, asked.office.carteggio
    luca = office.token(LUCA, shared="")
    assert asked.tries(luca) == (False, ["FORBIDDEN"])
    assert asked.kept() == [Ground.NO_RIGHT]
    given = SendRightGiven(colleague_at(carteggio, LUCA), SendRight.ON_BEHALF)
    assert say_of_mailbox(carteggio, office.box(), given, by_operator())
    assert asked.tries(luca) == (True, [])
    (queued,) = carteggio.journal.read(0, names=["outgoing.queued"])
    assert isinstance(queued.event, MailQueued)
    mail = as_others_read(carteggio.blobs.get(queued.event.raw, queued.stream))
    assert INFO in mail["From"]
    assert LUCA in mail["Sender"]
