"""What became of mail that left, over the API: with its proofs, as far as one may see."""

import asyncio
from typing import Any

import pytest

from api.graphql.deliverytypes import DeliveryState as Shown
from benchmarks.receiptmaker import Receipt, Reported, Sent, bounce, receipt
from domain.access import Scope
from domain.delivery import DeliveryState
from posting import ANNA, BEPPE, CARLA, OFFICE, PEC, Posting, later
from serving import Api

OTHER = "other@firma.example"
FIELDS = """recipient role state code status isPec missingReceipt receipt { ... on Message { subject } }
  answeredBy { ... on Message { subject } } answeredAt"""
SENT = f"""query($filter: SentMailFilter) {{ sentMails(filter: $filter) {{ totalCount {{ value }}
  edges {{ node {{ messageId subject isCertified message {{ ... on Message {{ subject
  deliveries {{ recipient }} }} }} deliveries {{ {FIELDS} }} }} }} }} }}"""
BAD = """query($of: [String!]) { undeliverableAddresses(addresses: $of) { address isSure times status
  text messageId receipt { id } } }"""


@pytest.fixture
def sent(api: Api, posting: Posting) -> Sent:
    """Let one of three recipients come back, in another mailbox than that which sent."""
    sent = posting.queue()
    asyncio.run(posting.send())
    posting.queue(2, sender=OTHER)
    posting.capture(bounce(sent, [Reported(BEPPE)], at=later(1)), box=OTHER, at=later(1))
    answer = (
        f"From: {ANNA}\r\nTo: {OFFICE}\r\nMessage-ID: <re@rossi.example>\r\nSubject: Re: Offerta 1"
        f"\r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\nIn-Reply-To: <{sent.message_id}>\r\n\r\nSì?\r\n"
    )
    posting.capture(answer.encode(), at=later(2))
    api.caught_up()
    return sent


def mails(api: Api, token: str | None = None, **filter: Any) -> list[dict[str, Any]]:
    found = api.ask(SENT, token, filter=filter)["sentMails"]
    assert found["totalCount"]["value"] == len(found["edges"])
    return [one["node"] for one in found["edges"]]


def test_each_recipient_is_told_with_proof_and_answer(api: Api, sent: Sent) -> None:
    (waiting, mail) = mails(api)
    assert (waiting["message"], waiting["deliveries"][0]["state"]) == (None, "QUEUED")
    assert [one["recipient"] for one in mail["message"]["deliveries"]] == list(sent.recipients)
    anna, beppe, carla = mail["deliveries"]
    assert (anna["state"], anna["answeredBy"]) == ("ACCEPTED", {"subject": "Re: Offerta 1"})
    assert (beppe["state"], beppe["code"], beppe["status"]) == ("BOUNCED", 550, "5.1.1")
    assert beppe["receipt"] == {"subject": "Undelivered Mail Returned to Sender"}
    assert (carla["state"], carla["answeredAt"], carla["role"]) == ("ACCEPTED", None, "TO")
    assert [one["subject"] for one in mails(api, failed=True)] == ["Offerta 1"]
    assert mails(api, isCertified=True) == []


def test_proofs_and_mail_are_told_to_whom_may_see_them(
    api: Api, posting: Posting, sent: Sent
) -> None:
    office = api.issue([Scope.READ_MAIL], [posting.box(OFFICE)])
    other = api.issue([Scope.READ_MAIL], [posting.box(OTHER)])
    (mail,) = mails(api, office)
    beppe = mail["deliveries"][1]
    assert (beppe["state"], beppe["receipt"]) == ("BOUNCED", None)
    assert [one["subject"] for one in mails(api, other)] == ["Offerta 2"]
    found = api.ask(BAD, of=[BEPPE.upper(), CARLA])["undeliverableAddresses"]
    assert [(one["address"], one["isSure"], one["times"]) for one in found] == [(BEPPE, False, 1)]
    assert found[0]["receipt"] is not None
    assert api.ask(BAD, office, of=[BEPPE])["undeliverableAddresses"][0]["receipt"] is None
    for of in ([BEPPE], None):
        assert api.ask(BAD, other, of=of)["undeliverableAddresses"] == []
    assert len(api.ask(BAD, of=None)["undeliverableAddresses"]) == 1


def test_what_does_not_go_together_or_is_not_there_is_refused(api: Api) -> None:
    for filter in ({"documentId": "doc_" + "0" * 32}, {"partyId": "pty_" + "0" * 32}):
        assert api.refusal(SENT, filter=filter) == "NOT_FOUND"
    both = {"documentId": "doc_" + "0" * 32, "partyId": "pty_" + "0" * 32}
    assert api.refusal(SENT, filter=both) == "INVALID"
    assert api.refusal(BAD, of=["a@x.example"] * 201) == "INVALID"


def test_a_pec_tells_its_receipts(api: Api, posting: Posting) -> None:
    mail = posting.queue(people=("rossi@pec.rossi.example",), sender=PEC)
    asyncio.run(posting.send(PEC))
    raw = receipt(mail, Receipt("avvenuta-consegna", mail.recipients[0]), at=later(1))
    posting.capture(raw, box=PEC)
    api.caught_up()
    (shown,) = mails(api, isCertified=True)
    (one,) = shown["deliveries"]
    assert (one["state"], one["isPec"], one["missingReceipt"]) == ("PEC_DELIVERED", True, None)
    assert one["receipt"] == {"subject": "CONSEGNA: Offerta 1"}


def test_every_state_can_be_told() -> None:
    assert [one.name for one in Shown] == [one.name for one in DeliveryState]
