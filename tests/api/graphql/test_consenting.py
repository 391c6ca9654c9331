"""Consent over the API, with a provider and a mail server of this machine: no process waits alone."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.work.accounts import Entered, configure
from api.work.consenting import ask_due
from consenting import CLIENT, SECRET, Provider
from domain.access import Scope
from domain.account import OAuth
from dovecot import Dovecot, MailAccount
from instances import events_of
from serving import Api

BOX = "info@firm.example"
BACK = "https://office.firm.example/let-in"
CONSENT = "way state page pageWithCode userCode said begunAt endsAt"
SHOWN = f"""{{ accounts {{ id state consent {{ {CONSENT} }} }} }}"""
TRAIL = """{ auditLog(first: 1, filter: {events: ["account.consent_given"]}) { edges { node {
  channel actor { kind id } correlationId } } } viewer { id } }"""


def command(name: str, input: str) -> str:
    return f"""mutation($input: {input}!) {{ {name}(input: $input) {{ position
      userErrors {{ code message }} account {{ state consent {{ {CONSENT} }} }} }} }}"""


BEGIN = command("accountConsentBegin", "AccountConsentBeginInput")
FINISH = command("accountConsentFinish", "AccountConsentFinishInput")


@pytest.fixture
def user(believer: Dovecot, api: Api, provider: Provider) -> MailAccount:
    """Give the owner of a mailbox whose account waits to be let in."""
    user, provider.secret = believer.add_user(), SECRET
    oauth = OAuth("other", CLIENT, endpoints=provider.endpoints(), scopes=("mail",))
    server = user.server
    entered = Entered(
        BOX,
        server.host,
        server.imaps,
        "tls",
        user.user,
        SECRET,
        str(server.authority),
        oauth=oauth,
    )
    configure(api.carteggio, entered)
    api.caught_up()
    return user


def account_of(api: Api) -> dict[str, Any]:
    shown: list[dict[str, Any]] = api.ask(SHOWN)["accounts"]
    (one,) = shown
    return one


def begun(api: Api, id: str = "b-1", **more: Any) -> Any:
    input = {"commandId": id, "accountId": account_of(api)["id"], **more}
    return api.ask(BEGIN, input=input)["accountConsentBegin"]


def asked(api: Api) -> None:
    """Let the work ask the provider now, whatever pause it wants."""
    with api.carteggio.database.pool.connection() as connection:
        connection.execute("UPDATE consent_asking SET due_at = clock_timestamp()")
    asyncio.run(ask_due(api.carteggio))
    api.caught_up()


def test_a_code_is_shown_and_the_work_waits_until_it_was_entered(api, user, provider):
    first = begun(api)
    assert first["userErrors"] == []
    shown = first["account"]["consent"]
    assert (shown["way"], shown["state"]) == ("DEVICE", "WAITING")
    assert shown["page"] == f"{provider.address}/enter"
    assert len(shown["userCode"]) == 8
    assert begun(api) == first
    assert len(provider.devices) == 1
    provider.person = user.user
    asked(api)
    assert account_of(api)["consent"]["state"] == "WAITING"
    asked(api)
    now = account_of(api)
    assert (now["consent"]["state"], now["state"]) == ("GIVEN", "NEW")
    assert events_of(api.carteggio, "account.consent_given")
    said = api.ask(TRAIL)
    (edge,) = said["auditLog"]["edges"]
    assert edge["node"]["actor"] == {"kind": "CLIENT", "id": said["viewer"]["id"]}
    asked(api)
    assert len(events_of(api.carteggio, "account.consent_given")) == 1


def test_a_person_who_says_no_is_told_of(api, user, provider):
    begun(api)
    asked(api)
    consent = account_of(api)["consent"]
    assert consent["state"] == "REFUSED"
    assert "access_denied" in consent["said"]
    assert begun(api, "b-2")["account"]["consent"]["state"] == "WAITING"


def test_who_consents_for_another_mailbox_lets_nobody_in(api, user, provider):
    begun(api)
    provider.person, provider.pending = "somebody@else.example", 0
    asked(api)
    now = account_of(api)
    assert (now["consent"]["state"], now["state"]) == ("REFUSED", "NEEDS_CONSENT")
    assert events_of(api.carteggio, "account.consent_given") == []


def test_a_browser_comes_back_to_the_client_that_brings_the_answer_once(api, user, provider):
    provider.person = user.user
    shown = begun(api, way="BROWSER", redirectUri=BACK)["account"]["consent"]
    gone = httpx.get(shown["page"], follow_redirects=False, trust_env=False)
    back = urlsplit(gone.headers["location"])
    assert back.netloc == "office.firm.example"
    told = {name: values[0] for name, values in parse_qs(back.query).items()}
    input = {"commandId": "f-1", "accountId": account_of(api)["id"], **told}
    other = {**input, "commandId": "f-0", "state": "another"}
    refused = api.ask(FINISH, input=other)["accountConsentFinish"]
    assert [one["code"] for one in refused["userErrors"]] == ["NOT_ASKED"]
    done = api.ask(FINISH, input=input)["accountConsentFinish"]
    assert (done["userErrors"], done["account"]["consent"]["state"]) == ([], "GIVEN")
    assert api.ask(FINISH, input=input)["accountConsentFinish"] == done
    again = api.ask(FINISH, input={**input, "commandId": "f-2"})["accountConsentFinish"]
    assert [one["code"] for one in again["userErrors"]] == ["NOT_ASKED"]
    secrets = [*provider.given, SECRET]
    assert not any(one in str(done) for one in secrets)


def test_a_code_that_nobody_entered_in_time_is_over(api, user, provider):
    begun(api)
    with api.carteggio.database.pool.connection() as connection:
        connection.execute("UPDATE consent_asking SET ends_at = begun_at")
    assert account_of(api)["consent"]["state"] == "EXPIRED"
    asked(api)
    assert account_of(api)["consent"]["said"] == "the code was not entered in time"
    assert provider.questions("device_code") == 0


def test_what_cannot_be_begun_is_said_in_a_sentence(api, user, provider):
    for more, said in (
        ({"way": "BROWSER"}, "redirectUri: where"),
        ({"way": "BROWSER", "redirectUri": "http://office.firm.example"}, "redirectUri: https"),
    ):
        (error,) = begun(api, **more)["userErrors"]
        assert error["message"].startswith(said)
    token = api.issue([Scope.READ_MAIL])
    input = {"commandId": "b-1", "accountId": account_of(api)["id"]}
    assert api.refusal(BEGIN, token, input=input) == "FORBIDDEN"
