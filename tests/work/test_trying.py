"""An account is tried step by step: what is good, what is not, and in whose words."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount
from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.oauth.grants import by_device, device
from adapters.oauth.values import Grant
from api.work.accounts import Entered, accounts_of, configure
from api.work.consent import Consents, client_for, give_consent
from api.work.instance import Carteggio
from api.work.steps import State, Step
from api.work.trying import Way, all_tried, way_of, way_to
from certificates import certify
from consenting import CLIENT
from domain.account import OAuth
from domain.values import Rejected
from instances import events_of
from speaking import GREETING, SILENCE, spoken, text
from trying import BOX, bad_at, entered, states, steps_of

MAIL = b"From: ada@acme.example\r\nSubject: x\r\n\r\nhello\r\n"
IMAP = ["resolve", "connect", "TLS", "login", "list", "select"]
POP3 = ["resolve", "connect", "TLS", "login", "list", "UIDL"]


def test_each_step_of_a_good_account_says_what_was_found(mail_account):
    mail_account.append(MAIL, MAIL)
    mail_account.append(MAIL, folder="Sent")
    steps = steps_of(entered(mail_account))
    assert list(steps) == IMAP
    assert states(steps) == ["good"] * 6
    assert steps["resolve"].found == {"addresses": ["127.0.0.1"]}
    assert re.match(
        r"TLSv1\.[23]; certificate for localhost, 127\.0\.0\.1 by CN=", steps["TLS"].said
    )
    valid_until, capabilities = (
        steps["TLS"].found["valid_until"],
        steps["login"].found["capabilities"],
    )
    assert isinstance(valid_until, datetime)
    assert isinstance(capabilities, list)
    assert valid_until > datetime.now(UTC) + timedelta(days=28)
    assert {"IDLE", "QRESYNC"} <= set(capabilities)
    assert steps["list"].found["folders"] == {"INBOX": "inbox", "Sent": "sent"}
    assert set(steps["select"].said.split(", ")) == {"INBOX: 2 messages", "Sent: 1 message"}
    assert all(0 <= step.seconds < 10 for step in steps.values())


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_connection_that_is_secured_later_is_looked_at_as_well(maildrop, protocol):
    server = maildrop.server
    port = server.imap if protocol == "imap" else server.pop3
    steps = steps_of(entered(maildrop, protocol=protocol, port=port, security="starttls"))
    assert states(steps) == ["good"] * 6
    assert "TLSv1" in steps["TLS"].said


def test_a_maildrop_is_counted_and_its_unique_ids_are_looked_at(maildrop):
    maildrop.append(MAIL, MAIL, MAIL)
    steps = steps_of(entered(maildrop, protocol="pop3", port=maildrop.server.pop3s))
    assert list(steps) == POP3
    assert states(steps) == ["good"] * 6
    assert steps["list"].said == "inbox: 3 messages"
    assert steps["UIDL"].said == "every message has a unique id"


def test_nothing_changes_on_the_server_or_here(carteggio: Carteggio, maildrop):
    maildrop.append(MAIL)
    for protocol, port in (("pop3", maildrop.server.pop3s), ("imap", maildrop.server.imaps)):
        configure(carteggio, entered(maildrop, protocol=protocol, port=port))
        carteggio.feed.catch_up()
        head = carteggio.journal.head()
        way = asyncio.run(way_to(carteggio, Consents(carteggio), BOX.upper()))
        assert {one.state for one in asyncio.run(all_tried(way))} == {State.GOOD}
        assert carteggio.journal.head() == head
    assert events_of(carteggio, "message.received") == []
    with maildrop.login() as client:
        assert client.select(readonly=True)[1] == [b"1"]
        assert b"Seen" not in client.fetch("1", "FLAGS")[1][0]


def test_an_account_that_is_not_there_is_refused(carteggio: Carteggio):
    with pytest.raises(Rejected, match=r"no account is configured for nobody@firm\.example"):
        asyncio.run(way_to(carteggio, Consents(carteggio), "nobody@firm.example"))


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_wrong_password_is_told_in_the_servers_words(maildrop, protocol):
    server = maildrop.server
    port = server.imaps if protocol == "imap" else server.pop3s
    steps = steps_of(entered(maildrop, protocol=protocol, port=port, password="no"))
    step = bad_at(steps, "login")
    assert "Authentication failed" in step.said
    assert step.found == {"kind": "login refused"}
    assert "no" not in step.said.split()


@pytest.mark.parametrize("host", ["imap.nowhere.example", "a..example", "x" * 64 + ".example"])
def test_an_unknown_host_is_told_when_its_name_is_asked_for(mail_account, host):
    step = bad_at(steps_of(entered(mail_account, host=host)), "resolve")
    assert host in step.said
    assert step.found == {"kind": "unreachable"}


def test_a_closed_port_is_told_when_it_is_connected_to(mail_account):
    with socket.socket() as held:  # bound, and not listened at
        held.bind(("127.0.0.1", 0))
        steps = steps_of(entered(mail_account, port=held.getsockname()[1]))
    assert "Connection refused" in bad_at(steps, "connect").said


@pytest.mark.parametrize(("protocol", "security", "port"), [
    ("imap", "tls", "imaps"), ("imap", "starttls", "imap"),
    ("pop3", "tls", "pop3s"), ("pop3", "starttls", "pop3"),
])  # fmt: skip
def test_a_certificate_that_is_not_trusted_is_told_with_the_reason(
    maildrop, protocol, security, port
):
    port = getattr(maildrop.server, port)
    given = entered(maildrop, protocol=protocol, security=security, port=port, ca_file="")
    step = bad_at(steps_of(given), "TLS")
    assert "is not trusted: its issuer is unknown here, or" in step.said
    assert "by CN=carteggio test authority, valid until 20" in step.said
    assert step.found["names"] == ("localhost", "127.0.0.1")


def test_a_file_of_authorities_that_is_not_there_is_named(mail_account):
    step = bad_at(steps_of(entered(mail_account, ca_file="/nowhere/ca.pem")), "TLS")
    assert "/nowhere/ca.pem" in step.said


def test_a_folder_that_is_not_there_is_named_among_those_that_are(mail_account):
    steps = steps_of(entered(mail_account, folders=("INBOX", "Nix")))
    said = bad_at(steps, "select").said
    wanted, _, there = said.partition("; there are: ")
    assert wanted == "these folders are not there: Nix"
    assert set(there.split(", ")) == {"INBOX", "Sent"}


def test_a_server_without_sent_mail_is_warned_of():
    polite = {
        "CAPABILITY": text(b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"),
        "LOGIN": text(b"TAG OK\r\n"),
        "LIST": text(b'* LIST () "/" INBOX\r\nTAG OK\r\n'),
        "EXAMINE": text(b"* 3 EXISTS\r\n* OK [UIDVALIDITY 1]\r\nTAG OK\r\n"),
    }
    with spoken(polite) as port:
        steps = steps_of(Entered(BOX, "127.0.0.1", port, "plain", "info", "x"))
    assert steps["list"].state is State.WARNING
    assert "name it with --sent" in steps["list"].said
    assert (steps["select"].said, steps["select"].state) == ("INBOX: 3 messages", State.GOOD)


def test_a_server_that_stays_silent_is_not_waited_for():
    with spoken({}, greeting=SILENCE) as port:
        steps = steps_of(Entered(BOX, "127.0.0.1", port, "plain", "info", "x"), patience=0.2)
    step = bad_at(steps, "login")
    assert step.found == {"kind": "timeout"}
    assert 0.1 < step.seconds < 2


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_port_for_tls_that_is_taken_for_another_is_asked_about(maildrop, protocol):
    server = maildrop.server
    port = server.imaps if protocol == "imap" else server.pop3s
    given = entered(maildrop, protocol=protocol, port=port, security="starttls")
    assert bad_at(steps_of(given, patience=0.2), "TLS").said.endswith(
        "did not answer within 0.2 seconds: is it a port for TLS? Then --security tls is meant"
    )
    plain = bad_at(steps_of(replace(given, security="plain"), patience=0.2), "login")
    assert "is it a port for TLS?" in plain.said


def test_a_server_that_does_not_secure_is_told_in_its_words():
    refusing = {"STARTTLS": text(b"TAG NO not today\r\n")}
    with spoken(refusing, greeting=text(GREETING)) as port:
        steps = steps_of(Entered(BOX, "127.0.0.1", port, "starttls", "info", "x"))
    assert "not today" in bad_at(steps, "TLS").said


@asynccontextmanager
async def secured_for(days: int, folder: Path) -> AsyncIterator[int]:
    """Run what answers TLS under a certificate that is valid for so many days."""
    certify(folder, days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = await asyncio.start_server(
        lambda _, writer: writer.write(b"* BYE moved\r\n"), "127.0.0.1", 0, ssl=context
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("days", "state"), [(13, State.WARNING), (15, State.GOOD)])
def test_a_certificate_that_ends_within_two_weeks_is_warned_of(tmp_path, days, state):
    async def tried() -> list[Step]:
        async with secured_for(days, tmp_path) as port:
            account = ImapAccount("127.0.0.1", port, "tls", "x", "x", tmp_path / "ca.pem")
            return await all_tried(Way(account), 5)

    steps = {step.name: step for step in asyncio.run(tried())}
    assert steps["TLS"].state is state
    assert "moved" in bad_at(steps, "login").said


def test_the_secret_of_a_client_is_never_given_to_a_mail_server(mail_account):
    asked = OAuth(provider="microsoft", client="c", tenant="t")
    with pytest.raises(Rejected, match="once somebody has consented"):
        way_of(replace(entered(mail_account), oauth=asked))


def test_a_name_that_no_server_can_have_stops_no_session_otherwise_than_others():
    account = ImapAccount("a..example", 993, "tls", "x", "x")

    async def opened() -> None:
        async with ImapSession(account):
            pass

    with pytest.raises(ServerTrouble, match="no server can have such a name") as told:
        asyncio.run(opened())
    assert told.value.kind is TroubleKind.UNREACHABLE


def test_that_a_server_takes_no_token_is_told_and_consent_stays(carteggio: Carteggio, provider):
    oauth = OAuth("other", CLIENT, endpoints=provider.endpoints(), scopes=("mail",))
    capable = text(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\nTAG OK\r\n")
    refusing = {"CAPABILITY": capable, "AUTHENTICATE": text(b"TAG NO not in this house\r\n")}
    with spoken(refusing) as port:
        given = Entered(BOX, "127.0.0.1", port, "plain", "ada", provider.secret, oauth=oauth)
        configure(carteggio, given)
        carteggio.feed.catch_up(carteggio.journal.head())
        assert "nobody has consented" in bad_at(kept_steps(carteggio), "login").said

        provider.person = "ada"
        (one,) = asyncio.run(accounts_of(carteggio))
        client = client_for(carteggio, one, oauth)

        async def enter() -> Grant:
            return await by_device(client, await device(client))

        give_consent(carteggio, one, oauth, asyncio.run(enter()))
        assert "not in this house" in bad_at(kept_steps(carteggio), "login").said
    assert events_of(carteggio, "account.consent_lost") == []


def kept_steps(carteggio: Carteggio) -> dict[str, Step]:
    async def go() -> list[Step]:
        return await all_tried(await way_to(carteggio, Consents(carteggio), BOX), 10)

    return {step.name: step for step in asyncio.run(go())}
