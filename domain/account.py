"""An account: where a mailbox is fetched from, and by what it sends. Its secret lies in the key store, never here."""

import base64
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, assert_never

from domain.classes import dataclass
from domain.sendingside import (
    AccountSendingConfigured,
    AccountSendingCredentialsChanged,
    AccountSendingRemoved,
    ChangeSendingCredentials,
    ConfigureSending,
    RemoveSending,
    SendingCommand,
    SendingEvent,
    refuse_sending,
)
from domain.values import MailboxId, Personal, Rejected


@dataclass(frozen=True, slots=True)
class OAuth:
    """Whom we ask for access in place of a password (OAuth 2.0, RFC 6749), and as which client.

    `provider` is microsoft, google or other; `endpoints` (as device=https://…) and `scopes` stand in
    the place of the provider's own. `unattended`: the client has access by itself (client
    credentials), nobody is asked. `secret_ends_on` is when the client's secret runs out.
    """

    provider: str
    client: str
    tenant: str = ""
    unattended: bool = False
    scopes: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    secret_ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class AccountConfigured:
    """An account was added or changed; the whole of it as it is now.

    `protocol` is imap or pop3; `security` is tls, starttls or plain. `folders` are the chosen ones;
    empty: INBOX and Sent. `delete_after_days` is for pop3: how long mail that was stored stays on
    the server; None: for ever. `oauth` is in the place of a password. With a `pin` (sha256:…) the
    server has the key of which this is the digest, and no authority has to vouch for it. `sent` is
    the folder of sent mail where neither its flag nor its name tells it. `authorities` are the
    certificates (PEM) of those who may vouch for the server, in the place of a `ca_file`.
    """

    mailbox: MailboxId
    protocol: str
    port: int
    security: str
    host: Annotated[str, Personal]
    user: Annotated[str, Personal]
    ca_file: Annotated[str, Personal] = ""
    folders: Annotated[tuple[str, ...], Personal] = ()
    delete_after_days: int | None = None
    oauth: OAuth | None = None
    pin: Annotated[str, Personal] = ""
    sent: Annotated[str, Personal] = ""
    authorities: Annotated[str, Personal] = ""


@dataclass(frozen=True, slots=True)
class AccountCredentialsChanged:
    """A new secret was stored for the account."""


@dataclass(frozen=True, slots=True)
class AccountPaused:
    """The account is not fetched until it is resumed."""


@dataclass(frozen=True, slots=True)
class AccountResumed:
    """The account is fetched again."""


@dataclass(frozen=True, slots=True)
class AccountRemoved:
    """Nothing is fetched or sent any more, and its secrets are gone; mail that it brought stays."""


@dataclass(frozen=True, slots=True)
class AccountConsentAsked:
    """Somebody began to ask for consent; a person has to give it at the provider.

    `way` is device (a code that is entered on any device, RFC 8628) or browser.
    """

    way: str


@dataclass(frozen=True, slots=True)
class AccountConsentGiven:
    """The provider lets us read the mailbox; until `ends_at`, where it tells that."""

    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountConsentLost:
    """The provider, or the mail server, no longer takes our access; only a person can mend that.

    `reason` is the provider's code (RFC 6749 5.2), or login_refused.
    """

    reason: str


AccountEvent = (
    AccountConfigured
    | AccountCredentialsChanged
    | AccountPaused
    | AccountResumed
    | AccountConsentAsked
    | AccountConsentGiven
    | AccountConsentLost
    | AccountRemoved
    | SendingEvent
)


@dataclass(frozen=True, slots=True)
class ConfigureAccount:
    """Set where and how a mailbox is fetched."""

    configured: AccountConfigured


@dataclass(frozen=True, slots=True)
class ChangeCredentials:
    """Say that a new secret was stored; `mark` tells it from others, and is recorded nowhere."""

    mark: str = ""


@dataclass(frozen=True, slots=True)
class PauseAccount:
    """Stop fetching."""


@dataclass(frozen=True, slots=True)
class ResumeAccount:
    """Fetch again."""


@dataclass(frozen=True, slots=True)
class RemoveAccount:
    """Fetch and send no more, for good."""


@dataclass(frozen=True, slots=True)
class AskConsent:
    """Begin to ask a person for access."""

    way: str


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """Say that access was given."""

    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoseConsent:
    """Say that access is gone, until a person gives it again."""

    reason: str


AccountCommand = (
    ConfigureAccount
    | ChangeCredentials
    | PauseAccount
    | ResumeAccount
    | AskConsent
    | GiveConsent
    | LoseConsent
    | RemoveAccount
    | SendingCommand
)


@dataclass(frozen=True, slots=True)
class Account:
    """What decisions ask of an account."""

    configured: AccountConfigured | None = None
    paused: bool = False
    consented: bool = False
    sending: AccountSendingConfigured | None = None


initial = Account()


def evolve(account: Account, event: object) -> Account:
    """Give the account after an event."""
    match event:
        case AccountConfigured():
            before = account.configured.oauth if account.configured else None
            kept = account.consented and not asks_anew(before, event.oauth)
            return replace(account, configured=event, consented=kept)
        case AccountPaused():
            return replace(account, paused=True)
        case AccountResumed():
            return replace(account, paused=False)
        case AccountConsentGiven():
            return replace(account, consented=True)
        case AccountConsentLost():
            return replace(account, consented=False)
        case AccountSendingConfigured():
            return replace(account, sending=event)
        case AccountSendingRemoved():
            return replace(account, sending=None)
        case AccountRemoved():
            return initial
        case _:
            return account


def decide(account: Account, command: AccountCommand) -> list[AccountEvent]:
    """Return what happens. An empty list means that it has happened already."""
    if isinstance(command, ConfigureAccount):
        refuse_pin(command.configured.pin, command.configured.security)
        return [] if account.configured == command.configured else [command.configured]
    if isinstance(command, SendingCommand):
        return _sends(account, command)
    if isinstance(command, RemoveAccount) and account.sending is not None:
        return [AccountRemoved()]
    if account.configured is None:
        raise Rejected(
            "NOT_FOUND", "there is no such account; add it (account add, accountConfigure)"
        )
    match command:
        case ChangeCredentials():
            return [AccountCredentialsChanged()]
        case PauseAccount():
            return [] if account.paused else [AccountPaused()]
        case ResumeAccount():
            return [AccountResumed()] if account.paused else []
        case AskConsent(way):
            _refuse_password(account.configured)
            return [AccountConsentAsked(way)]
        case GiveConsent(ends_at):
            _refuse_password(account.configured)
            return [AccountConsentGiven(ends_at)]
        case LoseConsent(reason):
            return [AccountConsentLost(reason)] if account.consented else []
        case RemoveAccount():
            return [AccountRemoved()]
        case _ as never:
            assert_never(never)


def _sends(account: Account, command: SendingCommand) -> list[AccountEvent]:
    if isinstance(command, ConfigureSending):
        refuse_sending(command.configured, is_fetched=account.configured is not None)
        refuse_pin(command.configured.pin, command.configured.security)
        return [] if account.sending == command.configured else [command.configured]
    if account.sending is None:
        do = "say how it sends (account sending, accountSendingConfigure)"
        raise Rejected("NOT_FOUND", f"nothing is sent for this mailbox; {do}")
    match command:
        case ChangeSendingCredentials():
            return [AccountSendingCredentialsChanged()]
        case RemoveSending():
            return [AccountSendingRemoved()]
        case _ as never:
            assert_never(never)


def asks_anew(before: OAuth | None, after: OAuth | None) -> bool:
    """Say whether what was consented to is no longer what is asked for."""
    if before is None or after is None:
        return before is not after
    return replace(before, secret_ends_on=None) != replace(after, secret_ends_on=None)


def refuse_pin(pin: str, security: str) -> None:
    """Raise Rejected(BAD_PIN) for what is no digest of a key (RFC 7469 2.4), or is of no use."""
    if not pin:
        return
    if security == "plain":
        sentence = "without TLS no server shows a key: leave out the pin, or use tls or starttls"
        raise Rejected("BAD_PIN", sentence)
    try:
        digest = base64.b64decode(pin.removeprefix("sha256:"), validate=True)
    except ValueError:
        digest = b""
    if len(digest) != 32 or not pin.startswith("sha256:"):
        sentence = "a pin is sha256: and 44 characters; a test of the account shows it (account test, accountTest)"
        raise Rejected("BAD_PIN", sentence)


def _refuse_password(configured: AccountConfigured) -> None:
    if configured.oauth is None:
        raise Rejected("NO_OAUTH", "this account has a password: there is nothing to consent to")
