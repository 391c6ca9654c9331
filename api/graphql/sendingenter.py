"""What is entered for sending, put together with what is kept; no secret goes where it was not meant."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import strawberry
from strawberry import ID, UNSET

from adapters.oauth.providers import PROVIDERS
from api.graphql.accounts import AccountSecurity
from api.graphql.commands import COMMAND_ID
from api.graphql.entering import certificates, line, password_line, security_named
from api.graphql.paging import given
from api.work.accounts import Account, host_named
from api.work.instance import Carteggio
from api.work.records import is_address
from api.work.sendingside import SMTP_PORTS, EnteredSending, SendingSide, sending_password_of
from domain.sendingside import NOBODY, PASSWORD, SAME, usual_security
from domain.values import Rejected

_MOST_SENDERS: Final = 100


@strawberry.enum(description="Who logs in to send.")
class SendingLogin(Enum):
    SAME = strawberry.enum_value(
        SAME, description="As mail is fetched: by the same password or consent."
    )
    PASSWORD = strawberry.enum_value(PASSWORD, description="By a password for sending alone.")
    NONE = strawberry.enum_value(NOBODY, description="Nobody: the server knows us.")


@strawberry.enum(description="Whether a copy is put into the Sent folder of the mailbox.")
class SentCopy(Enum):
    AUTO = strawberry.enum_value("auto", description="Where the server puts none there itself.")
    APPEND = strawberry.enum_value("append", description="Always.")
    NEVER = strawberry.enum_value("never", description="Never.")


@strawberry.enum(
    description="Whether a server that offers it is asked to report also what was delivered."
)
class DeliveryReports(Enum):
    AUTO = strawberry.enum_value("auto", description="Where mail is fetched, which takes them in.")
    ALWAYS = strawberry.enum_value("always", description="Always.")
    NEVER = strawberry.enum_value("never", description="Never: only what was not delivered.")


@strawberry.input(
    description="By what a mailbox sends: the whole of it; what is left out is usual."
)
class AccountSendingConfigureInput:
    command_id: ID = strawberry.field(description=COMMAND_ID)
    address: str = strawberry.field(description="The mailbox's address; a new one is added.")
    host: str | None = strawberry.field(
        default=UNSET, description="The server; else the one of whoever gives consent."
    )
    login: SendingLogin = strawberry.field(description="Who logs in.")
    port: int | None = strawberry.field(default=UNSET, description="Else 465, 587 or 25.")
    security: AccountSecurity | None = strawberry.field(
        default=UNSET, description="Else TLS, for Microsoft STARTTLS."
    )
    user: str | None = strawberry.field(
        default=UNSET, description="Else that of fetching, or the address."
    )
    password: str | None = strawberry.field(
        default=UNSET,
        description="Only taken, never given out; for login PASSWORD. Needed where the server, its "
        "security, who vouches for it, or the user is another one than before.",
    )
    senders: list[str] | None = strawberry.field(
        default=UNSET, description="The addresses that it may send as, beside its own."
    )
    reply_to: str | None = strawberry.field(
        default=UNSET, description="Where answers are wanted; else where a mail is from."
    )
    sent_copy: SentCopy = strawberry.field(default=SentCopy.AUTO, description="The copy in Sent.")
    delivery_reports: DeliveryReports = strawberry.field(
        default=DeliveryReports.AUTO, description="Reports of what was delivered."
    )
    mails_per_minute: int | None = strawberry.field(default=UNSET, description="At most.")
    recipients_per_day: int | None = strawberry.field(default=UNSET, description="At most.")
    connections: int | None = strawberry.field(default=UNSET, description="At once, at most.")
    authorities: str | None = strawberry.field(
        default=UNSET, description="Certificates (PEM) of who alone may vouch for the server."
    )
    pin: str | None = strawberry.field(
        default=UNSET, description="sha256:… of the one key that the server may have."
    )
    check: bool = strawberry.field(
        default=True, description="Whether to log in once before anything is kept."
    )


@dataclass(frozen=True, slots=True)
class WantedSending:
    """Sending as it is to be; `secret`: with a new password."""

    entered: EnteredSending
    secret: bool


def wanted_sending(
    carteggio: Carteggio,
    input: AccountSendingConfigureInput,
    before: SendingSide | None,
    fetched: Account | None,
) -> WantedSending:
    """Put together what is entered and what is kept, or say what is wrong or missing."""
    host = host_named(line("host", given(input.host) or _usual_host(fetched)))
    if not carteggio.reach.may_be_entered(host):
        do = "the administrator may allow it by the setting mail_networks_allowed"
        raise Rejected("OUT_OF_REACH", f"host: no mail server may be at {host}; {do}")
    asked = given(input.security)
    security = security_named(str(asked.value) if asked else usual_security(host))
    login, password = str(input.login.value), given(input.password)
    default = input.address.strip() if login == PASSWORD else ""
    entered = EnteredSending(
        address=input.address.strip(),
        host=host,
        port=_port(given(input.port) or SMTP_PORTS[security]),
        security=security,
        login=login,
        user=line("user", given(input.user) or default) if given(input.user) or default else "",
        password=password_line(password) if password and login == PASSWORD else "",
        senders=_addresses("senders", given(input.senders) or []),
        reply_to=_address("replyTo", given(input.reply_to) or ""),
        sent_copy=str(input.sent_copy.value),
        delivery_reports=str(input.delivery_reports.value),
        mails_per_minute=given(input.mails_per_minute),
        recipients_per_day=given(input.recipients_per_day),
        connections=given(input.connections),
        authorities=certificates(given(input.authorities) or ""),
        pin=(given(input.pin) or "").strip(),
    )
    if login == SAME:
        return WantedSending(_sharing(entered, fetched), secret=False)
    if login == PASSWORD and not password:
        return WantedSending(_keeping(carteggio, entered, before), secret=False)
    return WantedSending(entered, secret=login == PASSWORD)


def _sharing(entered: EnteredSending, fetched: Account | None) -> EnteredSending:
    """Let a login go only where it goes already, or to the same provider, trusted in the same way.

    Whoever manages mailboxes may not know their passwords, and could else have them told to him.
    """
    if fetched is None:
        sentence = "nothing is fetched for this mailbox: give a password for sending"
        raise Rejected("NO_LOGIN", sentence)
    own = entered.host == fetched.host
    theirs = fetched.oauth is not None and entered.host == _hosts(fetched).get("smtp")
    clear = entered.security == "plain" and fetched.security != "plain"
    trusts = entered.authorities or entered.pin
    if not (own or theirs) or clear or trusts or entered.user not in ("", fetched.user):
        do = "give a password for sending, or use: carteggio account sending"
        where = "only with the server and the user by which mail is fetched, trusted as there"
        raise Rejected("INVALID", f"login: over the API it is shared {where}: {do}")
    if not own:
        return entered
    pin = "" if entered.security == "plain" else fetched.pin
    ca_file, authorities = fetched.ca_file, fetched.authorities
    return replace(entered, ca_file=ca_file, authorities=authorities, pin=pin)


def _keeping(
    carteggio: Carteggio, entered: EnteredSending, before: SendingSide | None
) -> EnteredSending:
    """Take the password that is kept, if it goes where it went before."""
    kept = before.configured if before else None
    places = [
        (x.host, x.port, x.security, x.user, x.authorities, x.pin, x.login)
        for x in (entered, kept)
        if x is not None
    ]
    if before is None or before.configured.ca_file or len(set(places)) > 1:
        why = "the server, its security, who vouches for it, or the user is another one"
        raise Rejected("INVALID", f"password: it is needed, as {why if kept else 'there is none'}")
    return replace(entered, password=sending_password_of(carteggio, before.id))


def _usual_host(fetched: Account | None) -> str:
    return _hosts(fetched).get("smtp", "")


def _hosts(fetched: Account | None) -> dict[str, str]:
    oauth = fetched.oauth if fetched else None
    return dict(PROVIDERS[oauth.provider].hosts) if oauth else {}


def _port(port: int) -> int:
    if not 1 <= port <= 65535:
        raise Rejected("INVALID", f"port: from 1 to 65535, not {port}")
    return port


def _addresses(name: str, entered: list[str]) -> tuple[str, ...]:
    if len(entered) > _MOST_SENDERS:
        raise Rejected("INVALID", f"{name}: {_MOST_SENDERS} is the most")
    return tuple(_address(name, one) for one in entered if one.strip())


def _address(name: str, entered: str) -> str:
    found = line(name, entered) if entered.strip() else ""
    if found and not is_address(found):
        raise Rejected("INVALID", f"{name}: {found} is no mail address")
    return found
