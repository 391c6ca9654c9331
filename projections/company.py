"""The company itself: its description, colleagues, mailboxes, and where those are fetched from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.account import (
    AccountConfigured,
    AccountConsentGiven,
    AccountConsentLost,
    AccountPaused,
    AccountRemoved,
    AccountResumed,
    OAuth,
    asks_anew,
)
from domain.classes import dataclass
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.recorded import Recorded
from projections.directory import json_object
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, one_of, rows_of


@dataclass(slots=True)
class ColleagueRow:
    """A person of the company."""

    id: UUID
    address: str
    address_key: str
    name: str
    role: str
    collected: bool
    attributes: str


@dataclass(slots=True)
class MailboxRow:
    """A mailbox whose mail is collected."""

    id: UUID
    address: str
    address_key: str
    name: str
    certified: bool


@dataclass(slots=True)
class CompanyRow:
    """The company itself; `aliases` and `lists` are JSON objects."""

    id: UUID
    name: str
    domains: list[str]
    aliases: str
    lists: str

    def names_of(self, address_key: str) -> frozenset[str]:
        """Give all addresses that are one person's, in lower case: the one given, and its aliases."""
        aliases: Mapping[str, str] = json.loads(self.aliases)
        own = (one.casefold() for one, of in aliases.items() if of.casefold() == address_key)
        return frozenset((address_key, *own))


@dataclass(slots=True)
class AccountRow:
    """Where a mailbox is fetched from; the secret lies elsewhere.

    The columns from `provider` on are empty where there is a password. `consented`: a person, or
    an administrator, lets us in. `active_since`: added, resumed, or let in again.
    """

    id: UUID
    mailbox: UUID
    protocol: str
    host: str
    port: int
    security: str
    user_name: str
    ca_file: str
    authorities: str
    pin: str
    sent: str
    folders: list[str]
    paused: bool
    delete_after_days: int | None
    provider: str
    client: str
    tenant: str
    unattended: bool
    scopes: list[str]
    endpoints: list[str]
    secret_ends_on: date | None
    consented: bool
    active_since: datetime

    @property
    def oauth(self) -> OAuth | None:
        """Give whom access is asked of; None where there is a password."""
        if not self.provider:
            return None
        return OAuth(
            provider=self.provider,
            client=self.client,
            tenant=self.tenant,
            unattended=self.unattended,
            scopes=tuple(self.scopes),
            endpoints=tuple(self.endpoints),
            secret_ends_on=self.secret_ends_on,
        )


COLLEAGUE = Table("colleague", ColleagueRow, key=("id",))
MAILBOX = Table("mailbox", MailboxRow, key=("id",))
COMPANY = Table("company", CompanyRow, key=("id",))
ACCOUNT = Table("account", AccountRow, key=("id",))
TABLE_OF: Mapping[type, Table[Any]] = {
    CompanyDescribed: COMPANY,
    ColleagueRegistered: COLLEAGUE,
    MailboxRegistered: MAILBOX,
    AccountConfigured: ACCOUNT,
    AccountPaused: ACCOUNT,
    AccountResumed: ACCOUNT,
    AccountConsentGiven: ACCOUNT,
    AccountConsentLost: ACCOUNT,
    AccountRemoved: ACCOUNT,
}


@dataclass(slots=True)
class State:
    """What a batch touches."""

    companies: Rows[CompanyRow] = field(default_factory=lambda: Rows(COMPANY))
    colleagues: Rows[ColleagueRow] = field(default_factory=lambda: Rows(COLLEAGUE))
    mailboxes: Rows[MailboxRow] = field(default_factory=lambda: Rows(MAILBOX))
    accounts: Rows[AccountRow] = field(default_factory=lambda: Rows(ACCOUNT))

    def rows(self) -> tuple[Rows[Any], ...]:
        """Give the rows of every table."""
        return self.companies, self.colleagues, self.mailboxes, self.accounts


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the records that the batch changes."""
    state = State()
    for rows in state.rows():
        streams = {one.stream for one in batch if TABLE_OF.get(type(one.event)) is rows.table}
        if streams:
            rows.fetch(connection, names, "id = ANY(%b)", list(streams))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take over a record as its source has it."""
    own, event = recorded.stream, recorded.event
    match event:
        case CompanyDescribed(name, domains, aliases, lists):
            state.companies.put(
                CompanyRow(own, name, list(domains), json_object(aliases), json_object(lists))
            )
        case ColleagueRegistered():
            state.colleagues.put(_colleague(own, event))
        case MailboxRegistered(certified, address, name):
            state.mailboxes.put(MailboxRow(own, address, address.casefold(), name, certified))
        case AccountConfigured():
            state.accounts.put(_account(recorded, event, state.accounts.get(own)))
        case AccountRemoved():
            state.accounts.remove(own)
        case _:
            account = state.accounts.get(own)
            if account is not None:
                _change(account, recorded)
                state.accounts.put(account)


def _change(account: AccountRow, recorded: Recorded) -> None:
    match recorded.event:
        case AccountPaused():
            account.paused = True
        case AccountResumed():
            account.paused = False
            account.active_since = recorded.recorded_at
        case AccountConsentGiven():
            account.consented = True
            account.active_since = recorded.recorded_at
        case AccountConsentLost():
            account.consented = False
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    for rows in state.rows():
        rows.flush(connection, names)


def _colleague(own: UUID, event: ColleagueRegistered) -> ColleagueRow:
    return ColleagueRow(
        id=own,
        address=event.address,
        address_key=event.address.casefold(),
        name=event.name,
        role=event.role,
        collected=event.collected,
        attributes=json_object(event.attributes),
    )


def _account(
    recorded: Recorded, event: AccountConfigured, before: AccountRow | None
) -> AccountRow:
    asked = event.oauth or OAuth("", "")
    same = before is not None and not asks_anew(before.oauth, event.oauth)
    return AccountRow(
        id=recorded.stream,
        mailbox=event.mailbox,
        protocol=event.protocol,
        host=event.host,
        port=event.port,
        security=event.security,
        user_name=event.user,
        ca_file=event.ca_file,
        authorities=event.authorities,
        pin=event.pin,
        sent=event.sent,
        folders=list(event.folders),
        paused=before is not None and before.paused,
        delete_after_days=event.delete_after_days,
        provider=asked.provider,
        client=asked.client,
        tenant=asked.tenant,
        unattended=asked.unattended,
        scopes=list(asked.scopes),
        endpoints=list(asked.endpoints),
        secret_ends_on=asked.secret_ends_on,
        consented=before is not None and before.consented and same,
        active_since=before.active_since if before else recorded.recorded_at,
    )


company = Projection(
    "company",
    version=7,
    tables=(COMPANY, COLLEAGUE, MAILBOX, ACCOUNT),
    hears=tuple(TABLE_OF),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def description(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> CompanyRow | None:
    """Give the company's own description, which every `reader` may know; None before its first."""
    del reader
    query = names.sql("SELECT {columns} FROM {company}", columns=columns_of(CompanyRow))
    return await one_of(connection, CompanyRow, query, {})


async def colleagues(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[ColleagueRow]:
    """Give the people of the company, whom every `reader` may know, by name."""
    del reader
    query = names.sql(
        'SELECT {columns} FROM {colleague} ORDER BY name COLLATE "C", id',
        columns=columns_of(ColleagueRow),
    )
    return await rows_of(connection, ColleagueRow, query, {})


async def mailboxes(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[MailboxRow]:
    """Give the mailboxes that the reader sees, by address."""
    query = names.sql(
        'SELECT {columns} FROM {mailbox} WHERE {sees} ORDER BY address_key COLLATE "C", id',
        columns=columns_of(MailboxRow),
        sees=reader.sees("ARRAY[id]"),
    )
    return await rows_of(connection, MailboxRow, query, reader.params())


async def mailboxes_by_ids(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, ids: Sequence[UUID]
) -> dict[UUID, MailboxRow]:
    """Give many mailboxes at once, as far as the reader sees them."""
    query = names.sql(
        "SELECT {columns} FROM {mailbox} WHERE id = ANY(%(ids)s) AND {sees}",
        columns=columns_of(MailboxRow),
        sees=reader.sees("ARRAY[id]"),
    )
    rows = await rows_of(connection, MailboxRow, query, {**reader.params(), "ids": list(ids)})
    return {row.id: row for row in rows}


async def mailbox_by_address(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, address: str
) -> MailboxRow | None:
    """Give the mailbox of an address, if the reader sees it."""
    query = names.sql(
        "SELECT {columns} FROM {mailbox} WHERE address_key = %(address)s AND {sees}",
        columns=columns_of(MailboxRow),
        sees=reader.sees("ARRAY[id]"),
    )
    values = {**reader.params(), "address": address.casefold()}
    return await one_of(connection, MailboxRow, query, values)


async def accounts(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[AccountRow]:
    """Give the accounts of the mailboxes that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {account} WHERE {sees} ORDER BY mailbox, id",
        columns=columns_of(AccountRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, AccountRow, query, reader.params())
