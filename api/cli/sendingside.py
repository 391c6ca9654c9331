"""By what mail of a mailbox is sent."""

import asyncio
from typing import Annotated, Literal

import typer
from rich.text import Text

from adapters.oauth.providers import PROVIDERS
from api.cli.accounts import password
from api.cli.setting import err, fresh, opened, out, plain, print_rows, table_of
from api.work.accounts import Account, Security, accounts_of, host_named, id_of
from api.work.consent import Consents
from api.work.instance import Carteggio
from api.work.records import is_address
from api.work.sendingside import (
    SMTP_PORTS,
    EnteredSending,
    SendingSide,
    configure_sending,
    remove_sending,
    sendings_of,
    smtp_entered,
)
from api.work.steps import State
from api.work.tokens import by_operator
from api.work.trying import Way, all_tried
from domain.sendingside import NOBODY, PASSWORD, SAME, usual_security
from domain.values import Rejected

_Mailbox = Annotated[str, typer.Argument(help="The mailbox's address.")]
_Host = Annotated[str, typer.Option(help="The server; else the one of the account's --oauth.")]
_Login = Annotated[
    Literal["same", "password", "none"] | None,
    typer.Option(
        help="same: the password or consent by which mail is fetched; password: one of its own;"
        " none: the server knows us. Else same where mail is fetched and no --user is given."
    ),
]
_User = Annotated[str, typer.Option(help="The login; else that of fetching, or the address.")]
_Port = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Else 465, for starttls 587, for plain 25.")
]
_Security = Annotated[
    Literal["tls", "starttls", "plain"] | None,
    typer.Option(help="Else tls, for Microsoft starttls. plain: on this machine only."),
]
_Senders = Annotated[
    list[str] | None,
    typer.Option(
        "--sender", help="An address that it may send as, beside its own; again for more."
    ),
]
_Copy = Annotated[
    Literal["auto", "append", "never"],
    typer.Option(help="Into the Sent folder: where the server puts none itself; always; never."),
]
_Minute = Annotated[
    int | None, typer.Option(min=1, help="Mails a minute; else what is usual there.")
]
_Day = Annotated[
    int | None, typer.Option(min=1, help="Recipients a day; else what is usual there.")
]
_Connections = Annotated[
    int | None, typer.Option(min=1, help="Connections at once; else what is usual there.")
]
_CaFile = Annotated[
    str, typer.Option(help="A file of certificates to trust in place of the system's.")
]
_Pin = Annotated[
    str,
    typer.Option(metavar="sha256:…", help="Trust exactly this key of the server."),
]
_ReplyTo = Annotated[
    str, typer.Option(help="Where answers to its mail are wanted, if not where it is from.")
]
_Reports = Annotated[
    Literal["auto", "always", "never"],
    typer.Option(
        help="Ask to be told of what was delivered: where mail is fetched here; always; never."
    ),
]
_Check = Annotated[bool, typer.Option(help="Log in once before anything is kept.")]


def sending(
    context: typer.Context,
    mailbox: _Mailbox,
    host: _Host = "",
    login: _Login = None,
    user: _User = "",
    port: _Port = None,
    security: _Security = None,
    sender: _Senders = None,
    sent_copy: _Copy = "auto",
    per_minute: _Minute = None,
    recipients_per_day: _Day = None,
    connections: _Connections = None,
    ca_file: _CaFile = "",
    pin: _Pin = "",
    reply_to: _ReplyTo = "",
    delivery_reports: _Reports = "auto",
    check: _Check = True,
) -> None:
    """Say by which server a mailbox sends, also one that is not fetched; nothing is sent.

    A password of its own is asked for, or comes from CARTEGGIO_ACCOUNT_PASSWORD; it is kept sealed.

    carteggio account sending info@firm.example --host smtp.firm.example
    carteggio account sending shop@firm.example --host smtp.firm.example --login password
    """
    for one in (mailbox, *(sender or ()), *filter(None, [reply_to])):
        if not is_address(one.strip()):
            raise typer.BadParameter(f"{one!r} is no mail address")
    with opened(context) as carteggio:
        fresh(carteggio)
        fetched = asyncio.run(_fetched(carteggio, mailbox))
        server = host_named(host.strip() or _usual_host(fetched))
        how: Security = security or _security(usual_security(server))
        by = login or (SAME if fetched and not user else PASSWORD)
        entered = EnteredSending(
            mailbox.strip(), server, port or SMTP_PORTS[how], how, by,
            user or (mailbox.strip() if by == PASSWORD else ""),
            password() if by == PASSWORD else "", tuple(one.strip() for one in sender or ()),
            sent_copy, per_minute, recipients_per_day, connections, ca_file, pin.strip(),
            reply_to=reply_to.strip(), delivery_reports=delivery_reports,
        )  # fmt: skip
        _keep(carteggio, entered, check=check)
    out.print(plain(f"{mailbox.strip()} sends by {server}; {_next(fetched, by)}"))


def _keep(carteggio: Carteggio, entered: EnteredSending, *, check: bool) -> None:
    if entered.security == "plain":
        login = "" if entered.login == NOBODY else "The password and "
        err.print(
            f"{login or 'The '}mail of this account go{'' if login else 'es'} over the network in clear."
        )
    if check:
        asyncio.run(_look(carteggio, entered))
    configure_sending(carteggio, entered)
    fresh(carteggio)


async def _look(carteggio: Carteggio, entered: EnteredSending) -> None:
    """Go every step once, and keep nothing of what does not lead there."""
    account = await smtp_entered(carteggio, Consents(carteggio), entered)
    for step in await all_tried(Way(account, sender=entered.address)):
        if step.state is State.BAD:
            raise Rejected("NO_LOGIN", f"{step.name}: {step.said}; nothing was kept")
        if step.state is State.WARNING and entered.security != "plain":
            out.print(plain(f"{step.name}: {step.said}"))


def _next(fetched: Account | None, login: str) -> str:
    if fetched and fetched.oauth and login == SAME and fetched.oauth.provider == "microsoft":
        do = f"carteggio account consent {fetched.address}"
        return f"where it was let in for fetching alone, let it in anew: {do}"
    return "try it with: carteggio account test"


async def _fetched(carteggio: Carteggio, address: str) -> Account | None:
    wanted = address.strip().casefold()
    every = await accounts_of(carteggio)
    return next((one for one in every if one.address.casefold() == wanted), None)


def _usual_host(fetched: Account | None) -> str:
    oauth = fetched.oauth if fetched else None
    if oauth is None or "smtp" not in PROVIDERS[oauth.provider].hosts:
        raise typer.BadParameter("say by which server it sends: --host")
    return PROVIDERS[oauth.provider].hosts["smtp"]


def _security(name: str) -> Security:
    return "starttls" if name == "starttls" else "tls"


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List by what mailboxes send: server, login, and how much it takes.

    carteggio account sending-list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found = asyncio.run(sendings_of(carteggio))
    table = table_of("mailbox", "server", "security", "login", "#a minute", "#a day", "~also as")
    print_rows(found, _facts, table, _cells, as_json=as_json)


def _facts(one: SendingSide) -> dict[str, object]:
    asked, rates = one.configured, one.rates
    return {
        "mailbox": one.address,
        "host": asked.host,
        "port": asked.port,
        "security": asked.security,
        "login": asked.login,
        "user": asked.user,
        "senders": list(asked.senders),
        "reply_to": asked.reply_to,
        "sent_copy": asked.sent_copy,
        "delivery_reports": asked.delivery_reports,
        "mails_per_minute": rates.mails_per_minute,
        "recipients_per_day": rates.recipients_per_day,
        "connections": rates.connections,
        "pin": asked.pin,
    }


def _cells(one: SendingSide) -> tuple[str | Text, ...]:
    asked, rates = one.configured, one.rates
    return (
        plain(one.address),
        plain(f"{asked.host}:{asked.port}"),
        asked.security,
        asked.login,
        f"{rates.mails_per_minute:,}",
        f"{rates.recipients_per_day:,}" if rates.recipients_per_day else "",
        plain(", ".join(asked.senders)),
    )


def remove(context: typer.Context, mailbox: _Mailbox) -> None:
    """Send no more for a mailbox, and destroy the password of its own; it is fetched as before.

    carteggio account sending-remove info@firm.example
    """
    with opened(context) as carteggio:
        remove_sending(carteggio, id_of(carteggio, mailbox), by_operator())
        fresh(carteggio)
    out.print(plain(f"Nothing is sent for {mailbox.strip()} any more."))
