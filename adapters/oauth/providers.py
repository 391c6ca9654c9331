"""The providers we know, as data; any other by its own addresses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from adapters.oauth.values import Client
from adapters.reach import USUAL, Reach
from domain.account import OAuth
from domain.values import Rejected

DOORS: Final = ("token", "device", "authorize")
_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider's doors are, and what is asked for there; `{tenant}` is filled in."""

    token: str = ""
    device: str = ""
    authorize: str = ""
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is asked for, by protocol."""
    unattended: tuple[str, ...] = ()
    """What a client asks for that needs no person; empty where that cannot be."""
    tenant: str = ""
    """Where accounts of every company are let in."""
    redirect: str = "http://127.0.0.1:{port}"
    more: tuple[tuple[str, str], ...] = ()
    basic: bool = False
    hosts: Mapping[str, str] = field(default_factory=dict)
    """The mail servers, by protocol."""


_MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"
_MAY: Final = "https://outlook.office.com/"
PROVIDERS: Final[Mapping[str, Provider]] = {
    "microsoft": Provider(
        token=_MICROSOFT + "token",
        device=_MICROSOFT + "devicecode",
        authorize=_MICROSOFT + "authorize",
        scopes={
            "imap": (_MAY + "IMAP.AccessAsUser.All", "offline_access"),
            "pop3": (_MAY + "POP.AccessAsUser.All", "offline_access"),
            "smtp": (_MAY + "SMTP.Send",),
        },
        unattended=("https://outlook.office365.com/.default",),
        tenant="organizations",
        # Its portal takes no http://127.0.0.1, though RFC 8252 8.3 advises against this name.
        redirect="http://localhost:{port}",
        hosts={
            "imap": "outlook.office365.com",
            "pop3": "outlook.office365.com",
            "smtp": "smtp.office365.com",
        },
    ),
    # Google lets devices have no mail (its list of scopes for RFC 8628): there is no such door.
    "google": Provider(
        token="https://oauth2.googleapis.com/token",  # noqa: S106  an address
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        scopes={"imap": ("https://mail.google.com/",), "pop3": ("https://mail.google.com/",)},
        # It gives a refresh token the first time only, unless it has to ask again.
        more=(("access_type", "offline"), ("prompt", "consent")),
        hosts={"imap": "imap.gmail.com", "pop3": "pop.gmail.com", "smtp": "smtp.gmail.com"},
    ),
    "other": Provider(basic=True),  # RFC 6749 2.3.1: every server takes it
}


def client_of(
    oauth: OAuth,
    protocol: str,
    secret: str,
    ca_file: Path | str | None = None,
    reach: Reach = USUAL,
    *,
    sends: bool = False,
) -> Client:
    """Give who we are to an account's provider; refuse what cannot be, with a sentence.

    `sends`: consent is asked for sending too.

    `ca_file` and `reach` are for a company's own provider: those we know have certificates that all
    know, and are where they are.
    """
    provider = PROVIDERS.get(oauth.provider)
    if provider is None:
        raise _no(f"{oauth.provider!r} is none of {', '.join(PROVIDERS)}")
    tenant = oauth.tenant or provider.tenant
    if oauth.tenant and not _TENANT.fullmatch(oauth.tenant):
        raise _no(f"{oauth.tenant!r} is no tenant: it is a domain or an id")
    doors = {door: getattr(provider, door).format(tenant=tenant) for door in DOORS}
    doors |= _given(oauth.endpoints, reach)
    if not doors["token"]:
        raise _no("say where tokens are given: --oauth-endpoint token=https://…")
    if not oauth.client:
        raise _no("say which client we are: --client-id")
    own = oauth.provider == "other" or bool(oauth.endpoints)
    return Client(
        id=oauth.client,
        secret=secret,
        scopes=oauth.scopes or _scopes(oauth, provider, protocol, sends=sends),
        redirect=provider.redirect,
        more=provider.more,
        basic=provider.basic,
        ca_file=ca_file if own else None,
        reach=reach if own else None,
        **doors,
    )


def is_loopback(address: str) -> bool:
    """Say whether an address is of this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _scopes(oauth: OAuth, provider: Provider, protocol: str, *, sends: bool) -> tuple[str, ...]:
    if not oauth.unattended:
        more = provider.scopes.get("smtp", ()) if sends else ()
        return (*provider.scopes.get(protocol, ()), *more)
    if oauth.provider != "other" and not provider.unattended:
        raise _no(f"{oauth.provider} lets no client in by itself: leave out --unattended")
    return provider.unattended


def _given(endpoints: tuple[str, ...], reach: Reach) -> dict[str, str]:
    """Read addresses as they are given: door=address; a token goes over TLS or nowhere."""
    doors: dict[str, str] = {}
    for one in endpoints:
        door, _, address = one.partition("=")
        if door not in DOORS:
            raise _no(f"{one!r} is no endpoint: it begins with one of {', '.join(DOORS)} and =")
        parts = urlsplit(address)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address))
        if not safe or not parts.hostname or parts.username:
            raise _no(f"{address!r} is no address that tokens may go to: https://…")
        if not reach.may_be_written(parts.hostname):
            do = "unless the setting mail_networks_allowed says so"
            raise _no(f"{address!r}: no provider may be there, {do}")
        doors[door] = address
    return doors


def _no(sentence: str) -> Rejected:
    return Rejected("BAD_OAUTH", sentence)
