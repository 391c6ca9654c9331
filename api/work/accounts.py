"""Accounts: where mailboxes are fetched from. Their passwords lie sealed, in no event."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, cast
from uuid import UUID

from adapters.imap.values import ImapAccount
from adapters.mailservers import Tokens
from adapters.pop3.values import Pop3Account
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain import account
from domain.account import (
    AccountCommand,
    AccountConfigured,
    ChangeCredentials,
    ConfigureAccount,
    OAuth,
)
from domain.identity import account_id, mailbox_id
from domain.values import MailboxId, Rejected
from projections import company
from projections.reader import EVERYTHING

Security = Literal["tls", "starttls", "plain"]
Protocol = Literal["imap", "pop3"]


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is configured now."""

    id: UUID
    mailbox: MailboxId
    address: str
    host: str
    port: int
    security: str
    user: str
    ca_file: str
    folders: tuple[str, ...]
    paused: bool
    protocol: str = "imap"
    delete_after_days: int | None = None
    oauth: OAuth | None = None
    consented: bool = False
    pin: str = ""

    @property
    def needs_consent(self) -> bool:
        """Say whether a person has to act before mail can be fetched."""
        return self.oauth is not None and not self.consented

    def imap(self, password: str, tokens: Tokens | None = None) -> ImapAccount:
        """Give what the session needs."""
        return ImapAccount(
            host=self.host,
            port=self.port,
            security=cast("Security", self.security),
            user=self.user,
            password=password,
            ca_file=Path(self.ca_file) if self.ca_file else None,
            pin=self.pin,
            tokens=tokens,
        )

    def pop3(self, password: str, tokens: Tokens | None = None) -> Pop3Account:
        """Give what the session needs."""
        return Pop3Account(
            host=self.host,
            port=self.port,
            security=cast("Security", self.security),
            user=self.user,
            password=password,
            ca_file=Path(self.ca_file) if self.ca_file else None,
            pin=self.pin,
            tokens=tokens,
        )


@dataclass(frozen=True, slots=True)
class AccountState:
    """How the last look into an account went, and when it is tried again after `failures`."""

    tried_at: datetime
    fetched_at: datetime | None
    trouble: str
    failures: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entered:
    """What an operator enters for an account; with `oauth`, `password` is the client's secret."""

    address: str
    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    ca_file: str = ""
    folders: tuple[str, ...] = ()
    protocol: Protocol = "imap"
    delete_after_days: int | None = None
    oauth: OAuth | None = None
    pin: str = ""


def configure(carteggio: Carteggio, entered: Entered) -> UUID:
    """Keep an account and its password, new or changed."""
    mailbox = register_mailbox(carteggio, entered.address)
    id = account_id(carteggio.identity_key, mailbox)
    configured = AccountConfigured(
        mailbox=mailbox,
        protocol=entered.protocol,
        port=entered.port,
        security=entered.security,
        host=entered.host,
        user=entered.user,
        ca_file=entered.ca_file,
        folders=entered.folders,
        delete_after_days=entered.delete_after_days,
        oauth=entered.oauth,
        pin=entered.pin,
    )
    carteggio.journal.record(id, account, ConfigureAccount(configured), by_operator())
    sealed = carteggio.keyring.seal_secret(id, entered.password.encode())
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "INSERT INTO account_secret (account, sealed) VALUES (%s, %s)"
            " ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed",
            (id, sealed),
        )
        connection.execute("UPDATE account_state SET next_at = NULL WHERE account = %s", (id,))
    carteggio.journal.record(id, account, ChangeCredentials(), by_operator())
    return id


def order(carteggio: Carteggio, address: str, command: AccountCommand) -> None:
    """Give an order about the account of a mailbox."""
    id = account_id(carteggio.identity_key, mailbox_id(carteggio.identity_key, address.strip()))
    carteggio.journal.record(id, account, command, by_operator())


def password_of(carteggio: Carteggio, id: UUID) -> str:
    """Open an account's password."""
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT sealed FROM account_secret WHERE account = %s", (id,)
        ).fetchone()
    if row is None:
        raise Rejected("NO_PASSWORD", "no password is kept; give it with: carteggio account add")
    return carteggio.keyring.open_secret(id, row[0]).decode()


async def accounts_of(carteggio: Carteggio) -> list[Account]:
    """Give all accounts, by address."""
    async with carteggio.reading() as asked:
        boxes = {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}
        rows = await company.accounts(*asked, EVERYTHING)
    found = [
        Account(
            id=row.id,
            mailbox=MailboxId(row.mailbox),
            address=boxes.get(row.mailbox, str(row.mailbox)),
            host=row.host,
            port=row.port,
            security=row.security,
            user=row.user_name,
            ca_file=row.ca_file,
            folders=tuple(row.folders),
            paused=row.paused,
            protocol=row.protocol,
            delete_after_days=row.delete_after_days,
            oauth=row.oauth,
            consented=row.consented,
            pin=row.pin,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.address)


def states_of(carteggio: Carteggio) -> dict[UUID, AccountState]:
    """Give how the last look into each account went."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT account, tried_at, fetched_at, trouble, failures, next_at FROM account_state"
        ).fetchall()
    return {row[0]: AccountState(*row[1:]) for row in rows}


def note_state(carteggio: Carteggio, id: UUID, trouble: str, pause: float | None = None) -> None:
    """Keep how a look went; after trouble the account is left alone for `pause` seconds."""
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "INSERT INTO account_state AS known"
            " (account, tried_at, fetched_at, trouble, failures, next_at) VALUES"
            " (%(id)s, clock_timestamp(), CASE WHEN %(kind)s = '' THEN clock_timestamp() END,"
            " %(kind)s, (%(kind)s <> '')::integer, clock_timestamp() + %(pause)s * interval '1 s')"
            " ON CONFLICT (account) DO UPDATE SET tried_at = excluded.tried_at,"
            " trouble = excluded.trouble,"
            " fetched_at = coalesce(excluded.fetched_at, known.fetched_at),"
            " failures = CASE WHEN %(kind)s = '' THEN 0 ELSE known.failures + 1 END,"
            " next_at = excluded.next_at",
            {"id": id, "kind": trouble, "pause": pause},
        )


def marks_of(carteggio: Carteggio) -> dict[UUID, bytes]:
    """Give of each account's password a mark that tells when another one was stored."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT account, sha256(sealed) FROM account_secret")
        return dict(rows.fetchall())
