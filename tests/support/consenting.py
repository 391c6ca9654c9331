"""A provider of access for tests (OAuth 2.0), on a port of the loopback, and a Dovecot that believes it.

Its tokens are JWTs signed with a key that Dovecot has too: no network between the two. It knows
device codes (RFC 8628), codes with PKCE (RFC 7636), refresh tokens that rotate, and clients that
need no person; `asked` holds each question it was asked, `given` every secret that it gave out.
"""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import pytest

from places import quick_folder

if TYPE_CHECKING:
    from dovecot import Dovecot

ISSUER = "https://login.firm.example"
CLIENT = "carteggio-tests"
SECRET = "the secret of the client"
_KEY = b"what signs the tokens of these tests"

DOVECOT = """
auth_mechanisms = plain login {mechanisms}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {root}/oauth2.conf
}}
"""
LOCALLY = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={root}/keys/
username_attribute = email
issuers = {issuer}
"""


@dataclass
class Provider:
    """What it answers is set by the test; changes hold from the next question on."""

    address: str = ""
    told: int | None = 3_600
    """How long it says that a token lasts."""
    holds: int = 3_600
    """How long the mail server takes one in truth, in seconds from now."""
    strict: bool = False
    """Whether a refresh token is dead the moment it was used, or only when the next one is."""
    withdrawn: bool = False
    """Whether no refresh token works any more."""
    consent_lasts: int | None = None
    outage: bool = False
    secret: str = ""
    pending: int = 1
    """How often a device is told to ask again after its person was there."""
    asked: list[dict[str, str]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    refreshing: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each refresh token that works: the user, and the token that came before."""
    devices: dict[str, str | None] = field(default_factory=dict)
    codes: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    hears: Event = field(default_factory=Event)
    """Set by each question for a token."""
    person: str = ""
    """Who consents, on whatever page; nobody: whoever is asked says no."""

    def questions(self, grant: str) -> int:
        return sum(one.get("grant_type", "").endswith(grant) for one in self.asked)

    def endpoints(self) -> tuple[str, ...]:
        doors = ("token", "device", "authorize")
        return tuple(f"{door}={self.address}/{door}" for door in doors)

    def token_for(self, user: str) -> str:
        """Sign a token as the mail server wants it."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "email": user,
            "iat": now - 60,
            "exp": now + self.holds,
        }
        claims["jti"] = secrets.token_hex(8)
        parts = [json.dumps(one).encode() for one in ({"alg": "HS256", "typ": "JWT"}, claims)]
        signed = b".".join(map(_base64, parts))
        return (signed + b"." + _base64(hmac.digest(_KEY, signed, "sha256"))).decode()

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a question for a token."""
        self.asked.append(form)
        self.hears.set()
        if self.outage:
            return 503, {}
        if form.get("client_id") != CLIENT or form.get("client_secret", "") != self.secret:
            return 401, {"error": "invalid_client", "error_description": "no such client"}
        match form["grant_type"].rpartition(":")[2]:
            case "client_credentials":
                return 200, self._grant(self.person, refresh=False)
            case "device_code":
                return self._to_device(form["device_code"])
            case "authorization_code":
                return self._to_browser(form)
            case "refresh_token":
                return self._again(form["refresh_token"])
        return 400, {"error": "unsupported_grant_type"}

    def device(self, form: dict[str, str]) -> dict[str, Any]:
        assert form["client_id"] == CLIENT
        code, shown = secrets.token_hex(16), secrets.token_hex(4).upper()
        self.devices[code] = None
        self.given.append(code)
        page = f"{self.address}/enter"
        return {
            "device_code": code, "user_code": shown, "verification_uri": page, "interval": 0,
            "expires_in": 600,
        }  # fmt: skip

    def authorize(self, query: dict[str, str]) -> str:
        """Give where the browser is sent back to."""
        back = query["redirect_uri"]
        if not self.person:
            return f"{back}/?{urlencode({'error': 'access_denied', 'state': query['state']})}"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(16)
        self.codes[code] = (self.person, query["code_challenge"], back)
        self.given.append(code)
        return f"{back}/?{urlencode({'code': code, 'state': query['state']})}"

    def _to_device(self, code: str) -> tuple[int, dict[str, Any]]:
        if code not in self.devices:
            return 400, {"error": "invalid_grant"}
        if not self.person:
            return 400, {"error": "access_denied"}
        if self.pending:
            self.pending -= 1
            return 400, {"error": "authorization_pending"}
        del self.devices[code]
        return 200, self._grant(self.person)

    def _to_browser(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        user, challenge, redirect = self.codes.pop(form["code"], ("", "", ""))
        proved = _base64(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if not user or proved != challenge or redirect != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, self._grant(user)

    def _again(self, token: str) -> tuple[int, dict[str, Any]]:
        if self.withdrawn or token not in self.refreshing:
            said = f"AADSTS700082: {token} has expired"  # it should not say that; some do
            return 400, {"error": "invalid_grant", "error_description": said}
        user, before = self.refreshing[token]
        self.refreshing.pop(before, None)
        if self.strict:
            del self.refreshing[token]
        return 200, self._grant(user, before=token)

    def _grant(self, user: str, *, refresh: bool = True, before: str = "") -> dict[str, Any]:
        said: dict[str, Any] = {"access_token": self.token_for(user), "token_type": "Bearer"}
        self.given.append(said["access_token"])
        if self.told is not None:
            said["expires_in"] = self.told
        if refresh:
            said["refresh_token"] = secrets.token_hex(24)
            self.refreshing[said["refresh_token"]] = (user, before)
            self.given.append(said["refresh_token"])
        if refresh and self.consent_lasts is not None:
            said["refresh_token_expires_in"] = self.consent_lasts
        return said


@contextmanager
def providing() -> Iterator[Provider]:
    """Run a provider until the block is left."""
    import uvicorn  # noqa: PLC0415

    provider, started = Provider(), Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        provider.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = Server(uvicorn.Config(_app(provider), log_config=None, access_log=False))
        thread = Thread(target=server.run, args=([listening],), name="tests-provider")
        thread.start()
        try:
            assert started.wait(20)
            yield provider
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Give a provider that nobody has asked yet."""
    with providing() as one:
        yield one


@contextmanager
def believing(mechanisms: str = "xoauth2 oauthbearer", more: str = "") -> Iterator["Dovecot"]:
    """Run a Dovecot that takes the tokens of these providers."""
    from dovecot import BINARY, running  # noqa: PLC0415

    if not BINARY.exists():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd")
    with quick_folder("oauth") as root:
        root.chmod(0o755)
        keys = root / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(base64.b64encode(_KEY))
        (root / "oauth2.conf").write_text(LOCALLY.format(root=root, issuer=ISSUER))
        with running(DOVECOT.format(root=root, mechanisms=mechanisms) + more) as server:
            yield server


@pytest.fixture(scope="module")
def believer() -> Iterator["Dovecot"]:
    """Run such a Dovecot for a module's tests."""
    with believing() as server:
        yield server


def _base64(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def _app(provider: Provider) -> Any:
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import JSONResponse, RedirectResponse, Response  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async def form(request: Request) -> dict[str, str]:
        body = (await request.body()).decode()
        said = {name: values[0] for name, values in parse_qs(body).items()}
        kind, _, proof = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            id, _, secret = base64.b64decode(proof).decode().partition(":")
            said |= {"client_id": id, "client_secret": secret}
        return said

    async def token(request: Request) -> Response:
        status, said = provider.answer(await form(request))
        return JSONResponse(said, status) if said else Response("down", status)

    async def device(request: Request) -> Response:
        return JSONResponse(provider.device(await form(request)))

    async def authorize(request: Request) -> Response:
        return RedirectResponse(provider.authorize(dict(request.query_params)), 302)

    return Starlette(
        routes=[
            Route("/token", token, methods=["POST"]),
            Route("/device", device, methods=["POST"]),
            Route("/authorize", authorize),
        ]
    )
