"""An account: where a mailbox is fetched from. Its secret lies in the key store, never here."""

from dataclasses import dataclass, replace
from typing import Annotated, assert_never

from domain.values import MailboxId, Personal, Rejected


@dataclass(frozen=True, slots=True)
class AccountConfigured:
    """An account was added or changed; the whole of it as it is now.

    `protocol` is imap or pop3; `security` is tls, starttls or plain. `folders` are the chosen ones;
    empty: INBOX and Sent. `delete_after_days` is for pop3: how long mail that was stored stays on
    the server; None: for ever.
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


@dataclass(frozen=True, slots=True)
class AccountCredentialsChanged:
    """A new secret was stored for the account."""


@dataclass(frozen=True, slots=True)
class AccountPaused:
    """The account is not fetched until it is resumed."""


@dataclass(frozen=True, slots=True)
class AccountResumed:
    """The account is fetched again."""


AccountEvent = AccountConfigured | AccountCredentialsChanged | AccountPaused | AccountResumed


@dataclass(frozen=True, slots=True)
class ConfigureAccount:
    """Set where and how a mailbox is fetched."""

    configured: AccountConfigured


@dataclass(frozen=True, slots=True)
class ChangeCredentials:
    """Say that a new secret was stored."""


@dataclass(frozen=True, slots=True)
class PauseAccount:
    """Stop fetching."""


@dataclass(frozen=True, slots=True)
class ResumeAccount:
    """Fetch again."""


AccountCommand = ConfigureAccount | ChangeCredentials | PauseAccount | ResumeAccount


@dataclass(frozen=True, slots=True)
class Account:
    """What decisions ask of an account."""

    configured: AccountConfigured | None = None
    paused: bool = False


initial = Account()


def evolve(account: Account, event: object) -> Account:
    """Give the account after an event."""
    match event:
        case AccountConfigured():
            return replace(account, configured=event)
        case AccountPaused():
            return replace(account, paused=True)
        case AccountResumed():
            return replace(account, paused=False)
        case _:
            return account


def decide(account: Account, command: AccountCommand) -> list[AccountEvent]:
    """Return what happens. An empty list means that it has happened already."""
    if isinstance(command, ConfigureAccount):
        return [] if account.configured == command.configured else [command.configured]
    if account.configured is None:
        raise Rejected("NOT_FOUND", "there is no such account; add it with: carteggio account add")
    match command:
        case ChangeCredentials():
            return [AccountCredentialsChanged()]
        case PauseAccount():
            return [] if account.paused else [AccountPaused()]
        case ResumeAccount():
            return [AccountResumed()] if account.paused else []
        case _ as never:
            assert_never(never)
