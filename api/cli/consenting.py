"""Consent: a person lets an account in, on another device or in a browser; no password is kept."""

import asyncio
import os
import sys
import webbrowser
from datetime import date
from typing import Annotated, Final, Literal

import typer

from adapters.mailservers import ServerTrouble
from adapters.oauth.browser import by_browser
from adapters.oauth.grants import by_device, by_itself, device
from adapters.oauth.providers import PROVIDERS, client_of
from adapters.oauth.values import Client, Grant, OAuthTrouble
from adapters.reach import Reach
from api.cli.setting import fresh, opened, out, plain
from api.work.accounts import Account, accounts_of, host_named
from api.work.consent import client_for, give_consent
from api.work.consenting import log_in
from api.work.instance import Carteggio
from domain.account import OAuth
from domain.values import Rejected

_SECRET: Final = "CARTEGGIO_CLIENT_SECRET"  # noqa: S105  the name of a variable
ByConsent = Annotated[
    Literal["microsoft", "google", "other"] | None,
    typer.Option("--oauth", help="Whom access is asked of, in place of a password."),
]
ClientId = Annotated[str, typer.Option(help="oauth: the id under which we are registered there.")]
Tenant = Annotated[str, typer.Option(help="oauth: the company at microsoft, a domain or an id.")]
WithSecret = Annotated[
    bool,
    typer.Option(
        "--client-secret", help=f"oauth: ask for the client's secret, or take {_SECRET}."
    ),
]
SecretEnds = Annotated[
    str, typer.Option(metavar="DATE", help="oauth: when that ends; it is told a week before.")
]
Unattended = Annotated[
    bool,
    typer.Option("--unattended", help="oauth: an administrator lets the client in by itself."),
]
Scopes = Annotated[
    list[str] | None,
    typer.Option("--oauth-scope", help="oauth: ask for this; again for more. Else what is usual."),
]
Endpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--oauth-endpoint",
        metavar="DOOR=URL",
        help="oauth: token, device or authorize = an address of your own.",
    ),
]


def asked_of(
    provider: str | None,
    client: str,
    tenant: str,
    unattended: bool,
    secret_ends: str,
    scopes: list[str] | None,
    endpoints: list[str] | None,
) -> OAuth | None:
    """Read whom access is asked of; None where there is a password."""
    if provider is None:
        if client or tenant or unattended or secret_ends or scopes or endpoints:
            raise typer.BadParameter("say whom access is asked of: --oauth")
        return None
    try:
        ends = date.fromisoformat(secret_ends) if secret_ends else None
    except ValueError:
        raise typer.BadParameter(f"{secret_ends!r} is no day; one looks like 2027-01-31") from None
    return OAuth(
        provider=provider,
        client=client.strip(),
        tenant=tenant.strip(),
        unattended=unattended,
        scopes=tuple(scopes or ()),
        endpoints=tuple(endpoints or ()),
        secret_ends_on=ends,
    )


def secret_of(oauth: OAuth, protocol: str, with_secret: bool, reach: Reach) -> str:
    """Read the client's secret where there is one, and refuse what cannot be asked for."""
    client_of(oauth, protocol, "", reach=reach)
    if not (with_secret or oauth.unattended):
        return ""
    if given := os.environ.get(_SECRET):
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("The client's secret", hide_input=True))
    if given := sys.stdin.readline().rstrip("\r\n"):
        return given
    raise Rejected("NO_SECRET", f"no secret: give it on standard input, or in {_SECRET}")


def server_of(oauth: OAuth | None, protocol: str, host: str) -> str:
    """Give the mail server: as it was entered, or the provider's own."""
    found = host.strip() or (PROVIDERS[oauth.provider].hosts.get(protocol, "") if oauth else "")
    if not found:
        raise typer.BadParameter("say where the mail server is: --host")
    return host_named(found)


def consent(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mailbox's address.")],
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--device",
            help="A browser on this machine, or a code that is entered anywhere. Else what the"
            " provider offers, a code first.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option(help="Log in once before anything is kept.")] = True,
) -> None:
    """Let an account in by consent, for the first time or anew; tokens are kept sealed.

    carteggio account consent info@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        consented(carteggio, address, browser=browser, check=check)
    out.print(plain(f"The account of {address} is let in; fetch it with: carteggio sync"))


def consented(
    carteggio: Carteggio, address: str, *, browser: bool | None = None, check: bool = True
) -> None:
    """Ask for consent, look whether the mail server takes it, and keep it."""
    account, oauth = asyncio.run(_account(carteggio, address))
    client = client_for(carteggio, account, oauth)
    try:
        grant = asyncio.run(_granted(client, oauth, browser))
        if check:
            asyncio.run(log_in(account, grant, carteggio.reach))
    except OAuthTrouble as trouble:
        raise Rejected("NO_CONSENT", f"{trouble.sentence}; nothing was kept") from None
    except ServerTrouble as trouble:
        raise Rejected("NO_LOGIN", f"{trouble.sentence}; nothing was kept") from None
    give_consent(carteggio, account, oauth, grant)
    fresh(carteggio)


async def _account(carteggio: Carteggio, address: str) -> tuple[Account, OAuth]:
    wanted = address.strip().casefold()
    for one in await accounts_of(carteggio):
        if one.address.casefold() == wanted:
            if one.oauth is None:
                sentence = f"the account of {address} has a password: nobody has to consent"
                raise Rejected("NO_OAUTH", sentence)
            return one, one.oauth
    sentence = f"no account is configured for {address}; add it with: carteggio account add"
    raise Rejected("NOT_FOUND", sentence)


async def _granted(client: Client, oauth: OAuth, browser: bool | None) -> Grant:
    if oauth.unattended:
        return await by_itself(client)
    if browser or (browser is None and not client.device):
        return await by_browser(client, _show_page)
    asked = await device(client)
    out.print(plain(f"Open {asked.page} on any device, and enter the code {asked.shown}"))
    if asked.page_with_code != asked.page:
        out.print(plain(f"or open {asked.page_with_code}"), soft_wrap=True)
    return await by_device(client, asked)


def _show_page(address: str) -> None:
    out.print("Consent on this page, in a browser on this machine:")
    out.print(plain(address), soft_wrap=True)
    windows = sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if windows and sys.stdin.isatty():  # else a browser for terminals would take this one
        webbrowser.open(address)
