"""Who sent a mail, as our own servers found, and that no address links what is forged."""

import pytest

from api.work.importing import Wanted, import_mail
from letters import letter, mbox
from office import INFO, SALES

SAYS = (
    b"Authentication-Results: mx.firm.example; dmarc=fail header.from=acme.example;"
    b" spf=softfail smtp.mailfrom=evil.example; dkim=none\n"
    b"Authentication-Results: mx.evil.example; dmarc=pass header.from=acme.example\n"
)
TRUST = """mutation($input: ServerTrustInput!) { serverTrust(input: $input) { userErrors { code } } }"""
SHOWN = """query($id: ID!) { message(id: $id) {
  senderCheck { isForged results { method result about server } }
  links(states: [AUTOMATIC, SUGGESTED]) { state ruleId isUnproven evidence target { ... on Party { name } } } } }"""


@pytest.fixture
async def forged(own_ask, tmp_path):
    """Give the id of a mail that our server found forged."""
    mail = letter("f1@acme.example", b"Pay here", sender="Ada <ada@acme.example>", more=SAYS)
    import_mail(
        own_ask.carteggio, Wanted(mbox(tmp_path / "forged", [mail]), INFO, "INBOX"), lambda _: None
    )
    return await own_ask.message("f1@acme.example")


async def test_what_our_server_found_is_shown_and_holds_the_link_back(own_ask, forged):
    before = (await own_ask(SHOWN, id=forged))["message"]
    assert before["senderCheck"] == {"isForged": False, "results": []}
    assert [(one["state"], one["isUnproven"]) for one in before["links"]] == [("AUTOMATIC", False)]

    given = {"commandId": "t-1", "server": "mx.firm.example"}
    assert (await own_ask(TRUST, input=given))["serverTrust"]["userErrors"] == []
    own_ask.carteggio.feed.catch_up()
    shown = (await own_ask(SHOWN, id=forged))["message"]
    assert shown["senderCheck"]["isForged"]
    assert {(one["method"], one["result"]) for one in shown["senderCheck"]["results"]} == {
        ("dmarc", "fail"), ("spf", "softfail"), ("dkim", "none"),
    }  # fmt: skip
    assert {one["server"] for one in shown["senderCheck"]["results"]} == {"mx.firm.example"}
    (link,) = shown["links"]
    assert (link["state"], link["ruleId"], link["isUnproven"]) == (
        "SUGGESTED", "address-unproven", True,
    )  # fmt: skip
    assert (link["target"]["name"], link["evidence"]) == ("Acme", "ada@acme.example")
    assert (await own_ask(SHOWN, SALES, id=forged))["message"] is None
