"""Accounts: where mailboxes are fetched from."""

import asyncio
import os
import sys
from typing import Annotated, Literal

import typer

from adapters.reach import Reach
from api.cli.consenting import (
    ByConsent,
    ClientId,
    Endpoints,
    Scopes,
    SecretEnds,
    Tenant,
    Unattended,
    WithSecret,
    asked_of,
    consented,
    secret_of,
    server_of,
)
from api.cli.setting import err, fresh, opened, out, plain
from api.work.accounts import PORTS, Entered, configure, id_of, order
from api.work.accounts import remove as forget
from api.work.instance import Carteggio
from api.work.overview import NO_SENT_OVER_POP3
from api.work.records import is_address
from api.work.steps import State
from api.work.tokens import by_operator
from api.work.trying import all_tried, way_of
from domain.account import OAuth, PauseAccount, ResumeAccount
from domain.values import Rejected

_PASSWORD = "CARTEGGIO_ACCOUNT_PASSWORD"  # noqa: S105  the name of a variable
_TOLD = ("list", "select")
_Mailbox = Annotated[str, typer.Option(help="The mailbox's address.")]
_Address = Annotated[str | None, typer.Argument(help="The mailbox's address.")]
_Named = Annotated[str | None, typer.Option("--mailbox", help="The same, as an option.")]
_Protocol = Annotated[
    Literal["imap", "pop3"], typer.Option(help="pop3 sees no Sent folder: use imap if you can.")
]
_Port = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Else 993 or 143; for pop3 995 or 110.")
]
_Security = Annotated[
    Literal["tls", "starttls", "plain"],
    typer.Option(help="plain sends the password in clear: on this machine only."),
]
_DeleteAfter = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=3650,
        metavar="DAYS",
        help="pop3: delete mail from the server so many days after it was stored, 0: at once."
        " Else it stays.",
    ),
]
_Host = Annotated[str, typer.Option(help="The mail server; else the one of --oauth.")]
_User = Annotated[str | None, typer.Option(help="The login; else the mailbox's address.")]
_CaFile = Annotated[
    str, typer.Option(help="A file of certificates to trust in place of the system's.")
]
_Pin = Annotated[
    str,
    typer.Option(
        metavar="sha256:…",
        help="Trust exactly this key of the server, whoever vouches for it; account test tells it.",
    ),
]
_Folder = Annotated[
    list[str] | None, typer.Option(help="A folder to fetch; again for more. Else INBOX, Sent.")
]
_Sent = Annotated[
    str,
    typer.Option(
        metavar="FOLDER", help="The folder of sent mail, where account test does not find it."
    ),
]
_Check = Annotated[bool, typer.Option(help="Log in once before anything is kept.")]


def add(
    context: typer.Context,
    mailbox: _Mailbox,
    host: _Host = "",
    user: _User = None,
    protocol: _Protocol = "imap",
    port: _Port = None,
    security: _Security = "tls",
    ca_file: _CaFile = "",
    pin: _Pin = "",
    folder: _Folder = None,
    sent: _Sent = "",
    delete_after: _DeleteAfter = None,
    oauth: ByConsent = None,
    client_id: ClientId = "",
    tenant: Tenant = "",
    client_secret: WithSecret = False,
    secret_ends: SecretEnds = "",
    unattended: Unattended = False,
    oauth_scope: Scopes = None,
    oauth_endpoint: Endpoints = None,
    check: _Check = True,
) -> None:
    """Add the account of a mailbox, or change it; the password is asked for, and kept sealed.

    It may also come from CARTEGGIO_ACCOUNT_PASSWORD, or on standard input; never as an argument.

    carteggio account add --mailbox info@firm.example --host imap.firm.example
    carteggio account add --mailbox fax@firm.example --protocol pop3 --host pop.firm.example
    carteggio account add --mailbox me@firm.example --oauth microsoft --client-id 0f8351ba-…
    """
    _fitting(mailbox, protocol, [*(folder or []), *([sent] if sent else [])], delete_after)
    asked = asked_of(
        oauth, client_id, tenant, unattended, secret_ends, oauth_scope, oauth_endpoint
    )
    server = server_of(asked, protocol, host)
    with opened(context) as carteggio:
        secret = _secret(asked, protocol, client_secret, carteggio.reach)
        entered = Entered(
            mailbox.strip(), server, port or PORTS[protocol, security], security,
            user or mailbox.strip(), secret, ca_file, tuple(folder or ()), protocol, delete_after,
            asked, pin.strip(), sent,
        )  # fmt: skip
        _keep(carteggio, entered, check=check)
    out.print(plain(f"The account of {mailbox} is kept; {_next(entered)}"))


def _fitting(
    mailbox: str, protocol: str, folders: list[str] | None, delete_after: int | None
) -> None:
    """Refuse what is no mailbox, and what the protocol cannot do."""
    if not is_address(mailbox.strip()):
        raise typer.BadParameter(f"{mailbox!r} is no mail address")
    if protocol == "pop3" and folders:
        raise typer.BadParameter("POP3 knows no folders: leave out --folder and --sent")
    if protocol == "imap" and delete_after is not None:
        raise typer.BadParameter("--delete-after is for --protocol pop3; IMAP deletes nothing")


def _keep(carteggio: Carteggio, entered: Entered, *, check: bool) -> None:
    if entered.security == "plain":
        err.print("The password and the mail of this account go over the network in clear.")
    if check and entered.oauth is None:
        _tell(entered, carteggio.reach)
    configure(carteggio, entered)
    fresh(carteggio)
    if entered.oauth is not None and entered.oauth.unattended:
        consented(carteggio, entered.address, check=check)


def _next(entered: Entered) -> str:
    if entered.oauth is None or entered.oauth.unattended:
        return "fetch it with: carteggio sync"
    return f"let it in with: carteggio account consent {entered.address}"


def _secret(asked: OAuth | None, protocol: str, with_secret: bool, reach: Reach) -> str:
    return secret_of(asked, protocol, with_secret, reach) if asked else password()


def password() -> str:
    """Take a password from the environment, or ask for it; never from an argument."""
    if given := os.environ.get(_PASSWORD):
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True))
    if given := sys.stdin.readline().rstrip("\r\n"):
        return given
    raise Rejected("NO_PASSWORD", f"no password: give it on standard input, or in {_PASSWORD}")


def _tell(entered: Entered, reach: Reach) -> None:
    """Try every step once, and say what is there."""
    steps = asyncio.run(all_tried(way_of(entered, reach)))
    for step in steps:
        if step.state is State.BAD:
            raise Rejected("NO_LOGIN", f"{step.said}; nothing was kept")
        secured = step.name != "TLS" or entered.security != "plain"
        if step.name in _TOLD or (step.state is State.WARNING and secured):
            out.print(plain(f"{step.name}: {step.said}"))
    if entered.protocol == "pop3":
        out.print(NO_SENT_OVER_POP3)


def pause(context: typer.Context, address: _Address = None, mailbox: _Named = None) -> None:
    """Do not fetch a mailbox until it is resumed.

    carteggio account pause info@firm.example
    """
    box = _one_of(address, mailbox)
    with opened(context) as carteggio:
        order(carteggio, box, PauseAccount())
        fresh(carteggio)
    out.print(plain(f"The account of {box} is paused."))


def resume(context: typer.Context, address: _Address = None, mailbox: _Named = None) -> None:
    """Fetch a mailbox again.

    carteggio account resume info@firm.example
    """
    box = _one_of(address, mailbox)
    with opened(context) as carteggio:
        order(carteggio, box, ResumeAccount())
        fresh(carteggio)
    out.print(plain(f"The account of {box} is active."))


def _one_of(address: str | None, mailbox: str | None) -> str:
    if (address is None) == (mailbox is None):
        raise typer.BadParameter("give the mailbox's address, once")
    return address or mailbox or ""


def remove(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mailbox's address.")],
) -> None:
    """Fetch a mailbox no more, and destroy its password or tokens; its mail stays readable.

    carteggio account remove info@firm.example
    """
    with opened(context) as carteggio:
        forget(carteggio, id_of(carteggio, address), by_operator())
        fresh(carteggio)
    out.print(plain(f"The account of {address} is removed; the mail that it brought stays."))
