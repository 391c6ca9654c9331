"""How mail of a mailbox is sent: the sending side of its account. Its secret lies in the key store."""

from typing import Annotated, Final

from domain.classes import dataclass
from domain.values import MailboxId, Personal, Rejected

SAME, PASSWORD, NOBODY = "same", "password", "none"
LOGINS: Final = (SAME, PASSWORD, NOBODY)
COPIES: Final = ("auto", "append", "never")
REPORTS: Final = ("auto", "always", "never")
_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class AccountSendingConfigured:
    """The sending side of an account was added or changed; the whole of it as it is now.

    `security` is tls, starttls or plain. `login` is same (the password or consent by which mail is
    fetched), password (one of its own), or none. `user` is empty where it is that of fetching.
    `senders` are the addresses that it may use beside the mailbox's own; `reply_to` is where answers
    to what is composed there are wanted (empty: where it is from). `sent_copy`: whether we
    put a copy into the folder of sent mail: auto (where the server does not by itself), append,
    never. Of the limits None is what is usual for that server. `ca_file`, `authorities` and `pin`
    are as for fetching. `delivery_reports`: whether the server is asked to report also what was
    delivered (RFC 3461 4.1): auto (where mail is fetched, so that somebody reads it), always, never.
    """

    mailbox: MailboxId
    port: int
    security: str
    login: str
    host: Annotated[str, Personal]
    user: Annotated[str, Personal] = ""
    senders: Annotated[tuple[str, ...], Personal] = ()
    sent_copy: str = "auto"
    mails_per_minute: int | None = None
    recipients_per_day: int | None = None
    connections: int | None = None
    ca_file: Annotated[str, Personal] = ""
    pin: Annotated[str, Personal] = ""
    authorities: Annotated[str, Personal] = ""
    reply_to: Annotated[str, Personal] = ""
    delivery_reports: str = "auto"


@dataclass(frozen=True, slots=True)
class AccountSendingCredentialsChanged:
    """A new secret of its own was stored for sending."""


@dataclass(frozen=True, slots=True)
class AccountSendingRemoved:
    """Nothing is sent by the account any more, and the secret for that is gone."""


SendingEvent = AccountSendingConfigured | AccountSendingCredentialsChanged | AccountSendingRemoved


@dataclass(frozen=True, slots=True)
class ConfigureSending:
    """Set where and how mail of a mailbox is sent."""

    configured: AccountSendingConfigured


@dataclass(frozen=True, slots=True)
class ChangeSendingCredentials:
    """Say that a new secret was stored; `mark` tells it from others, and is recorded nowhere."""

    mark: str = ""


@dataclass(frozen=True, slots=True)
class RemoveSending:
    """Send no more, for good."""


SendingCommand = ConfigureSending | ChangeSendingCredentials | RemoveSending


@dataclass(frozen=True, slots=True)
class Rates:
    """How much a server takes: mails a minute, recipients a day (None: no bound), connections."""

    mails_per_minute: int
    recipients_per_day: int | None
    connections: int


_EXCHANGE: Final = Rates(30, 10_000, 3)
_GOOGLE: Final = Rates(60, 2_000, 3)
_UNKNOWN: Final = Rates(60, None, 2)
_KNOWN: Final = {
    "smtp.office365.com": _EXCHANGE,
    "outlook.office365.com": _EXCHANGE,
    "smtp-mail.outlook.com": _EXCHANGE,
    "smtp.gmail.com": _GOOGLE,
    "smtp-relay.gmail.com": _GOOGLE,
}


def usual_rates(host: str) -> Rates:
    """Give what is usual for a server by its name."""
    return _KNOWN.get(host.strip().rstrip(".").casefold(), _UNKNOWN)


def usual_security(host: str) -> str:
    """Give how a server is secured where nobody says so (RFC 8314 3.3); Exchange has no port 465."""
    return "starttls" if usual_rates(host) == _EXCHANGE else "tls"


def rates_of(configured: AccountSendingConfigured) -> Rates:
    """Give the limits that hold: those that were entered, else what is usual."""
    usual = usual_rates(configured.host)
    return Rates(
        configured.mails_per_minute or usual.mails_per_minute,
        configured.recipients_per_day or usual.recipients_per_day,
        configured.connections or usual.connections,
    )


def wants_reports(configured: AccountSendingConfigured, *, is_fetched: bool) -> bool:
    """Say whether to ask for reports of delivery: never where nobody would take them in by itself."""
    wanted = configured.delivery_reports
    return wanted == "always" or (wanted == "auto" and is_fetched)


def refuse_sending(configured: AccountSendingConfigured, *, is_fetched: bool) -> None:
    """Raise Rejected for what cannot be: a login that is nobody's, a limit that is none."""
    if configured.login not in LOGINS or configured.sent_copy not in COPIES:
        raise Rejected("INVALID", f"login is {_or(LOGINS)}, and the copy {_or(COPIES)}")
    if configured.delivery_reports not in REPORTS:
        raise Rejected("INVALID", f"reports of delivery are wanted {_or(REPORTS)}")
    if configured.login == SAME and not is_fetched:
        do = "give a password for sending, or add the account that is fetched first"
        raise Rejected(
            "NO_LOGIN", f"nothing is fetched for this mailbox, so no login is shared: {do}"
        )
    if configured.login == PASSWORD and not configured.user:
        raise Rejected("INVALID", "a password of its own needs a user")
    limits = (configured.mails_per_minute, configured.recipients_per_day, configured.connections)
    if any(one is not None and not 1 <= one <= _MOST for one in limits):
        raise Rejected("INVALID", f"a limit is from 1 to {_MOST:,}")


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
