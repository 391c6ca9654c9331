"""Accounts: where mailboxes are fetched from. Their passwords lie sealed, in no event."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final, Literal, TypeVar, cast
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.imap.values import ImapAccount
from adapters.mailservers import Tokens
from adapters.pop3.values import Pop3Account
from adapters.reach import USUAL, Reach
from adapters.serveraccount import ServerAccount
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from api.work.undone import give_up_removed
from domain import account
from domain.account import (
    AccountCommand,
    AccountConfigured,
    ChangeCredentials,
    ConfigureAccount,
    OAuth,
    RemoveAccount,
)
from domain.identity import account_id, mailbox_id
from domain.recorded import Envelope
from domain.values import MailboxId, Rejected
from projections import company
from projections.company import AccountRow
from projections.projection import Names
from projections.reader import EVERYTHING, Reader

S = TypeVar("S", bound=ServerAccount)
Security = Literal["tls", "starttls", "plain"]
Protocol = Literal["imap", "pop3"]
Stamp = Callable[[str], Envelope]
"""Makes the envelope of each part of what is done, by the part's name."""

PORTS: Final[Mapping[tuple[str, str], int]] = {
    ("imap", "tls"): 993,
    ("imap", "starttls"): 143,
    ("imap", "plain"): 143,
    ("pop3", "tls"): 995,
    ("pop3", "starttls"): 110,
    ("pop3", "plain"): 110,
}


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
    sent: str = ""
    active_since: datetime | None = None
    authorities: str = ""

    @property
    def vouching(self) -> Path | str | None:
        """Give who vouches for the server: a file, certificates, or with None whoever is known."""
        return vouching(self.ca_file, self.authorities)

    @property
    def needs_consent(self) -> bool:
        """Say whether a person has to act before mail can be fetched."""
        return self.oauth is not None and not self.consented

    def imap(
        self, password: str, tokens: Tokens | None = None, reach: Reach = USUAL
    ) -> ImapAccount:
        """Give what the session needs."""
        return self._server(ImapAccount, password, tokens, reach)

    def pop3(
        self, password: str, tokens: Tokens | None = None, reach: Reach = USUAL
    ) -> Pop3Account:
        """Give what the session needs."""
        return self._server(Pop3Account, password, tokens, reach)

    def _server(self, kind: type[S], password: str, tokens: Tokens | None, reach: Reach) -> S:
        return kind(
            host=self.host,
            port=self.port,
            security=cast("Security", self.security),
            user=self.user,
            password=password,
            ca_file=self.vouching,
            pin=self.pin,
            tokens=tokens,
            reach=reach,
        )


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
    sent: str = ""
    authorities: str = ""


def host_named(text: str) -> str:
    """Check a mail server's name or address, which may stand in brackets (RFC 3986 3.2.2)."""
    host = text.strip()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or any(one in host for one in "/@[]") or (":" in host and not _is_ipv6(host)):
        do = "give its bare name or address; the port goes in --port, in the API in `port`"
        raise Rejected("INVALID", f"host: {text.strip()} is no mail server: {do}")
    return host


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False


def vouching(ca_file: str, authorities: str) -> Path | str | None:
    """Give who vouches for a server: a file, certificates, or with None whoever is known."""
    return Path(ca_file) if ca_file else authorities or None


def by_operators(_part: str) -> Envelope:
    """Give the envelope of every part of what an operator does."""
    return by_operator()


def configure(
    carteggio: Carteggio, entered: Entered, stamp: Stamp = by_operators, *, secret: bool = True
) -> int | None:
    """Keep an account, new or changed, and its password; give the last event's position.

    Without a new `secret` the one that is kept stays. None: all was so already.
    """
    mailbox = register_mailbox(carteggio, entered.address, stamp("#mailbox"))
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
        sent=entered.sent,
        authorities=entered.authorities,
    )
    position = carteggio.journal.record(id, account, ConfigureAccount(configured), stamp(""))
    if not secret:
        return position
    return _change_secret(carteggio, id, entered.password, stamp("#secret"))


def _change_secret(carteggio: Carteggio, id: UUID, secret: str, envelope: Envelope) -> int | None:
    """Store a secret, then say that it was; not again where the same command did it already."""
    if envelope.command_id is None or not carried_out(carteggio, envelope.command_id):
        sealed = carteggio.keyring.seal_secret(id, secret.encode())
        with carteggio.database.pool.connection() as connection:
            connection.execute(
                "INSERT INTO account_secret (account, sealed) VALUES (%s, %s)"
                " ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed",
                (id, sealed),
            )
            connection.execute("UPDATE account_state SET next_at = NULL WHERE account = %s", (id,))
    mark = hashlib.sha256(secret.encode()).hexdigest()
    return carteggio.journal.record(id, account, ChangeCredentials(mark), envelope)


def carried_out(carteggio: Carteggio, command_id: str) -> bool:
    """Say whether a command was carried out already."""
    with carteggio.database.pool.connection() as connection:
        found = connection.execute("SELECT FROM command WHERE command_id = %s", (command_id,))
        return found.fetchone() is not None


def done_before(carteggio: Carteggio, id: UUID, command_id: str) -> tuple[int | None] | None:
    """Give the position to which a command to an account led already, in a tuple."""
    with carteggio.database.pool.connection() as connection:
        found = connection.execute(
            "SELECT position FROM command WHERE command_id = %s AND stream = %s", (command_id, id)
        ).fetchone()
    return None if found is None else (found[0],)


def id_of(carteggio: Carteggio, address: str) -> UUID:
    """Give the id of the account of a mailbox, whether there is one or not."""
    return account_id(carteggio.identity_key, mailbox_id(carteggio.identity_key, address.strip()))


def order(carteggio: Carteggio, address: str, command: AccountCommand) -> None:
    """Give an order about the account of a mailbox."""
    carteggio.journal.record(id_of(carteggio, address), account, command, by_operator())


def remove(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Remove an account and destroy its secret; the mail, and what was read where, stays.

    What was ordered for its mail server and is not done there is told to have failed.
    """
    try:
        return carteggio.journal.record(id, account, RemoveAccount(), envelope)
    finally:  # also where this was cut off after the event, and is tried again
        past, state = carteggio.journal.stream(id), account.initial
        for one in past:
            state = account.evolve(state, one.event)
        if past and state == account.initial:
            _forget(carteggio, id)
            give_up_removed(carteggio, id)


def _forget(carteggio: Carteggio, id: UUID) -> None:
    with carteggio.database.pool.connection() as connection, connection.transaction():
        connection.execute("DELETE FROM account_secret WHERE account = %s", (id,))
        connection.execute("DELETE FROM sending_secret WHERE account = %s", (id,))
        connection.execute("DELETE FROM account_consent WHERE account = %s", (id,))
        connection.execute("DELETE FROM consent_asking WHERE account = %s", (id,))
        connection.execute("DELETE FROM account_state WHERE account = %s", (id,))
        connection.execute("DELETE FROM account_ledger WHERE account = %s", (id,))
        connection.execute("DELETE FROM folder_ledger WHERE account = %s", (id,))


def password_of(carteggio: Carteggio, id: UUID) -> str:
    """Open an account's password."""
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT sealed FROM account_secret WHERE account = %s", (id,)
        ).fetchone()
    if row is None:
        raise Rejected(
            "NO_PASSWORD", "no password is kept; give it anew (account add, accountConfigure)"
        )
    return carteggio.keyring.open_secret(id, row[0]).decode()


async def accounts_of(carteggio: Carteggio) -> list[Account]:
    """Give all accounts, by address."""
    async with carteggio.reading() as asked:
        return await accounts_in(*asked, EVERYTHING)


async def accounts_in(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[Account]:
    """Give the accounts of the mailboxes that the reader sees, by address."""
    asked = connection, names, reader
    boxes = {one.id: one.address for one in await company.mailboxes(*asked)}
    rows = await company.accounts(*asked)
    found = [_account(row, boxes.get(row.mailbox, str(row.mailbox))) for row in rows]
    return sorted(found, key=lambda one: one.address)


def _account(row: AccountRow, address: str) -> Account:
    return Account(
        id=row.id,
        mailbox=MailboxId(row.mailbox),
        address=address,
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
        sent=row.sent,
        active_since=row.active_since,
        authorities=row.authorities,
    )


def marks_of(carteggio: Carteggio) -> dict[UUID, bytes]:
    """Give of each account's password a mark that tells when another one was stored."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT account, sha256(sealed) FROM account_secret")
        return dict(rows.fetchall())
