"""Providers as data, and what becomes of answers that no honest provider gives."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.oauth import grants
from adapters.oauth.browser import by_browser
from adapters.oauth.grants import by_device, by_itself, device, renewed
from adapters.oauth.providers import PROVIDERS, client_of
from adapters.oauth.values import Client, Grant, OAuthTrouble, OAuthTroubleKind
from adapters.reach import Reach
from badcertificates import AUTHORITY, Shown
from certificates import server
from consenting import CLIENT, SECRET
from domain.account import OAuth
from domain.values import Rejected

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def client(provider) -> Client:
    return client_of(OAuth("other", CLIENT, endpoints=provider.endpoints()), "imap", "")


def test_microsoft_is_asked_at_the_companys_own_door():
    asked = client_of(OAuth("microsoft", "id", tenant="firm.example"), "imap", "")
    assert asked.token == "https://login.microsoftonline.com/firm.example/oauth2/v2.0/token"
    assert asked.scopes == ("https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access")
    assert client_of(OAuth("microsoft", "id"), "pop3", "").token.count("/organizations/") == 1
    sends = client_of(OAuth("microsoft", "id"), "imap", "", sends=True)
    assert sends.scopes[-1] == "https://outlook.office.com/SMTP.Send"
    assert client_of(OAuth("google", "id"), "imap", "", sends=True).scopes == (
        "https://mail.google.com/",
    )
    alone = client_of(OAuth("microsoft", "id", "firm.example", unattended=True), "imap", "x")
    assert alone.scopes == ("https://outlook.office365.com/.default",)


def test_google_is_asked_in_a_browser_and_has_no_door_for_devices():
    asked = client_of(OAuth("google", "id"), "imap", "secret", Path("ours.pem"))
    assert (asked.device, asked.scopes) == ("", ("https://mail.google.com/",))
    assert dict(asked.more) == {"access_type": "offline", "prompt": "consent"}
    assert asked.ca_file is None  # a company's own authority says nothing of Google
    with pytest.raises(OAuthTrouble, match="--browser"):
        asyncio.run(device(asked))


def test_every_provider_keeps_tokens_on_the_way_in_tls():
    for name, one in PROVIDERS.items():
        doors = [one.token, one.device, one.authorize]
        assert all(door.startswith("https://") for door in doors if door), name
        assert all(name == "other" or one.scopes[kind] for kind in ("imap", "pop3"))


@pytest.mark.parametrize(
    "endpoint", ["token=http://a.example/", "token=//a", "door=https://a.example", "token=https://u@a.example/"]
)  # fmt: skip
def test_an_address_to_which_no_token_should_go_is_refused(endpoint):
    with pytest.raises(Rejected):
        client_of(OAuth("other", "id", endpoints=(endpoint,)), "imap", "")


def test_a_secret_is_shown_in_no_representation():
    asked = client_of(OAuth("google", "id"), "imap", SECRET)
    assert SECRET not in repr(asked)
    assert "token!" not in repr(Grant("token!", "token!", NOON, timedelta(hours=1)))


async def test_a_device_asks_no_oftener_than_it_may(provider):
    provider.person, provider.pending = "anna", 3
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    code = replace(await device(client(provider)), interval=5)
    grant = await by_device(client(provider), code, wait, lambda: NOON)
    assert waits == [5] * 4
    assert grant.granted_at == NOON
    assert grant.is_fresh(NOON + timedelta(minutes=47))
    assert not grant.is_fresh(NOON + timedelta(minutes=49))
    waits.clear()
    provider.outage = True
    with pytest.raises(OAuthTrouble, match="in time"):
        await by_device(client(provider), replace(code, lasting=60), wait)
    assert waits == [5, 10, 15, 20, 25]


async def test_a_browser_has_to_come_back_with_what_it_was_sent_with(provider):
    provider.person = "anna"
    import httpx  # noqa: PLC0415

    asked: list[str] = []
    going: list[asyncio.Task[None]] = []

    async def go(page: str) -> None:
        query = parse_qs(urlsplit(page).query)
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
            forged = await browser.get(
                query["redirect_uri"][0], params={"code": "x", "state": "y"}
            )
            assert forged.status_code == 404
            await browser.get(page)

    def show(page: str) -> None:
        asked.append(page)
        going.append(asyncio.get_running_loop().create_task(go(page)))

    grant = await by_browser(client(provider), show)
    await going[0]
    assert grant.refresh in provider.refreshing
    assert "code_verifier" not in asked[0]


JSON = "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
OK, BAD = JSON.format(200), JSON.format(400)
ILL = [
    (OK + "[]", "later"),
    (OK + "{}", "later"),
    (OK + '{"access_token": 7}', "later"),
    (OK + '{"access_token": "a b"}', "later"),
    (OK + '{"access_token": "a\\u0001auth=Bearer b"}', "later"),
    (OK + '{"access_token": "é"}', "later"),
    (OK + '{"access_token": "' + "a" * 300_000 + '"}', "later"),
    (OK + '{"access_token": "a", "expires_in": 1e400}', "later"),
    (OK + '{"access_token": "a", "expires_in": "soon"}', "later"),
    (OK + '{"access_token": "a", "expires_in": [9]}', "later"),
    (OK + " " * 300_000, "later"),
    (OK + "<html>", "later"),
    (BAD + "<html>", "later"),
    (JSON.format(503) + "{}", "later"),
    (JSON.format(429) + "slow down", "later"),
    (
        "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
        "later",
    ),
    ("SSH-2.0-OpenSSH\r\n", "later"),
    ("", "later"),
    (BAD + '{"error": "invalid_grant"}', "needs consent"),
    (BAD + '{"error": "interaction_required"}', "needs consent"),
    (BAD + '{"error": "temporarily_unavailable"}', "later"),
    (BAD + '{"error": "invalid_client"}', "client refused"),
    (BAD + '{"error": "\\u001b[31m; DROP"}', "client refused"),
    (BAD + '{"error": ["x"]}', "client refused"),
]


@pytest.mark.parametrize(("said", "kind"), ILL, ids=range(len(ILL)))
async def test_an_ill_answer_has_its_kind(said, kind):
    async with speaking(said.encode()) as port:
        with pytest.raises(OAuthTrouble) as refused:
            await renewed(own(port), "the refresh token")
    assert refused.value.kind.value == kind
    assert refused.value.sentence.isprintable()
    assert len(refused.value.sentence) < 400


async def test_what_a_provider_repeats_of_our_secrets_is_not_told():
    said = '{"error": "invalid_grant", "error_description": "the refresh token or the-secret"}'
    async with speaking((BAD + said).encode()) as port:
        with pytest.raises(OAuthTrouble) as refused:
            await renewed(replace(own(port), secret="the-secret"), "the refresh token")
    assert refused.value.sentence == "the provider refuses access (invalid_grant: … or …)"


async def test_a_provider_that_does_not_answer_is_left_in_time(monkeypatch):
    monkeypatch.setattr(grants, "_PATIENCE", 0.2)
    for slow in (b"", OK.encode() + b'{"access_'):
        async with speaking(slow, hold=True) as port:
            with pytest.raises(OAuthTrouble) as refused:
                await by_itself(own(port))
        assert refused.value.kind is OAuthTroubleKind.LATER


async def test_times_that_are_told_oddly_are_taken_with_care():
    for told, lasts in (('"3600"', 3600), ("-5", 0), ("0", 0), ("null", 600)):
        said = f'{OK}{{"access_token": "a", "expires_in": {told}}}'
        async with speaking(said.encode()) as port:
            assert (await by_itself(own(port))).lasting == timedelta(seconds=lasts), told


@pytest.mark.parametrize("door", ["token", "device", "authorize"])
@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.1"])
def test_what_is_written_as_no_providers_machine_is_refused(door, host):
    asked = OAuth("other", "id", endpoints=("token=https://a.example/", f"{door}=https://{host}/"))
    with pytest.raises(Rejected, match="no provider may be there"):
        client_of(asked, "imap", "")
    allowed = Reach(allowed=(ip_network("169.254.0.0/16"), ip_network("0.0.0.0/8")))
    assert host in getattr(client_of(asked, "imap", "", reach=allowed), door)


async def test_a_name_that_leads_to_this_machine_is_not_connected_to(monkeypatch):
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        door = f"https://127.1:{inside.getsockname()[1]}/token"
        asked = client_of(OAuth("other", "id", endpoints=(f"token={door}",)), "imap", "")
        with pytest.raises(OAuthTrouble, match=r"it is 127\.0\.0\.1: no mail server may be there"):
            await by_itself(asked)
        with pytest.raises(BlockingIOError):
            inside.accept()


async def test_an_own_provider_proves_the_name_that_was_written(tmp_path):
    context = Shown([server(AUTHORITY, "localhost")]).context(tmp_path)
    said = f'{OK}{{"access_token": "a"}}'.encode()
    async with speaking(said, tls=context) as port:
        for host, trusted in (("localhost", True), ("127.0.0.1", False)):
            doors = (f"token=https://{host}:{port}/token",)
            authority = (tmp_path / "ca.pem").read_text()
            asked = client_of(OAuth("other", "id", endpoints=doors), "imap", "", authority)
            if trusted:
                assert (await by_itself(asked)).access == "a"
            else:
                with pytest.raises(OAuthTrouble, match="cannot be reached"):
                    await by_itself(asked)


def own(port: int) -> Client:
    return Client("id", "", (), f"http://127.0.0.1:{port}/token")


@asynccontextmanager
async def speaking(
    said: bytes, *, hold: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Run a server that gives every request the same answer, and goes, or stays silent."""
    ended = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            if hold:
                await ended.wait()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
