"""How reception stands: of each account its last look, what is behind, what is seen, what is stale.

Nothing here asks a mail server: it is what was noted at the last looks and comparisons.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.database import Database
from adapters.mailservers import TroubleKind
from api.work.accounts import Account, accounts_in
from api.work.consent import NEEDS, endings, ends_of
from api.work.instance import Carteggio
from api.work.ledger import Standing, is_overdue, ledgers_of
from api.work.looks import NOT_READ, AccountState, states_of
from projections.projection import Names
from projections.reader import EVERYTHING, Reader

STALE_AFTER: Final = 3
"""So many intervals without a good look, and an account is stale."""

NO_SENT_OVER_POP3: Final = "POP3 shows no Sent folder: answers sent elsewhere are not seen"
_NO_SENT: Final = "no Sent folder was read: name it with --sent, or answers are not seen"
_SENT_UNREAD: Final = "the Sent folder was not read in the last look: answers may be missing"
_NOT_LOOKED: Final = "not looked into yet"

_SAID: Final[Mapping[str, str]] = {
    TroubleKind.UNREACHABLE: "the mail server cannot be reached",
    TroubleKind.TLS: "the mail server gives no secure connection, or is not the trusted one",
    TroubleKind.LOGIN_REFUSED: "the mail server does not let the user in; is the password right?",
    TroubleKind.REFUSED: "the mail server refuses what is asked of it",
    TroubleKind.PROTOCOL: "the mail server answers what is no answer",
    TroubleKind.TIMEOUT: "the mail server does not answer in time",
    TroubleKind.TOO_MUCH_DATA: "the mail server sends more than it may",
    TroubleKind.LOST: "the mail server broke the connection off",
    NOT_READ: "a chosen folder is not there or cannot be opened, the others are fetched;"
    " which one: carteggio account test",
    "no_password": "no password is kept",
    "needs_consent": "nobody has consented, or no longer",
    "client_refused": "the provider refuses the client's id or secret",
    "local": "something on this machine stands in the way: disk, database, or a file",
    "fault": "an error of Carteggio; the log says where",
}


class Sort(StrEnum):
    """How an account is."""

    NEW = "new"
    OK = "ok"
    TROUBLE = "trouble"
    PAUSED = "paused"
    NEEDS_CONSENT = NEEDS


@dataclass(frozen=True, slots=True)
class Overview:
    """One account as it stands at `at`, of what was noted of it.

    `moved_at` is when mail of it was last taken in; `interval` is the time between two looks.
    """

    account: Account
    look: AccountState | None
    ledger: Standing | None
    consent_ends_at: datetime | None
    moved_at: datetime | None
    interval: timedelta
    at: datetime

    @property
    def sort(self) -> Sort:
        """Say how the account is."""
        if self.account.paused:
            return Sort.PAUSED
        if self.account.needs_consent:
            return Sort.NEEDS_CONSENT
        if self.look is None:
            return Sort.NEW
        return Sort.TROUBLE if self.look.trouble else Sort.OK

    @property
    def trouble(self) -> str:
        """Say what went wrong at the last look, in a sentence; empty if nothing did."""
        kind = self.look.trouble if self.look else ""
        return _SAID.get(kind, kind)

    @property
    def endings(self) -> list[str]:
        """Say what ends within a week, and what to do."""
        return endings(self.account, self.consent_ends_at, self.at)

    @property
    def ends_at(self) -> datetime | None:
        """Say when consent or the client's secret ends, whichever comes first."""
        secret = self.account.oauth.secret_ends_on if self.account.oauth else None
        day = datetime(secret.year, secret.month, secret.day, tzinfo=UTC) if secret else None
        return min((one for one in (self.consent_ends_at, day) if one), default=None)

    @property
    def is_overdue(self) -> bool:
        """Say whether it is fetched, and was not compared with its server for too long."""
        return is_overdue(self.ledger, self.look.fetched_at if self.look else None)

    @property
    def next_at(self) -> datetime | None:
        """Say when it is looked into again, at the latest; None where nobody will."""
        if self.sort in (Sort.PAUSED, Sort.NEEDS_CONSENT):
            return None
        if self.look is None:
            return self.at
        return self.look.next_at or self.look.tried_at + self.interval

    @property
    def backlog(self) -> int | None:
        """Count what lay on the server and is not taken in; None if it was never compared."""
        return self.ledger.missing if self.ledger and self.ledger.checked_at else None

    @property
    def compared_at(self) -> datetime | None:
        """Say when it was last compared with its server."""
        return self.ledger.checked_at if self.ledger else None

    @property
    def sent_read_at(self) -> datetime | None:
        """Say when a folder of sent mail was last read."""
        return self.look.sent_read_at if self.look else None

    @property
    def not_covered(self) -> str:
        """Say why answers that are sent elsewhere are not seen; empty if they are."""
        if self.account.protocol == "pop3":
            return NO_SENT_OVER_POP3
        if self.look is None or self.look.fetched_at is None:
            return _NOT_LOOKED
        if self.look.sent_read_at is None:
            return _NO_SENT
        return "" if self.look.sent_read_at >= self.look.fetched_at else _SENT_UNREAD

    @property
    def age(self) -> timedelta:
        """Give how long ago mail came, a look was good, or the account was made active."""
        fetched = self.look.fetched_at if self.look else None
        known = [one for one in (fetched, self.moved_at, self.account.active_since) if one]
        return max(timedelta(0), self.at - max(known, default=self.at))

    @property
    def is_stale(self) -> bool:
        """Say whether mail may lie on the server that nobody takes in, and somebody has to act."""
        if self.account.paused:
            return False
        return self.account.needs_consent or self.age > STALE_AFTER * self.interval


async def overview_of(carteggio: Carteggio) -> list[Overview]:
    """Give how each account stands, by address."""
    async with carteggio.reading() as (connection, names):
        return await overview(carteggio, connection, names, EVERYTHING)


async def overview(
    carteggio: Carteggio, connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[Overview]:
    """Give how the accounts of the mailboxes that the reader sees stand, by address."""
    accounts = await accounts_in(connection, names, reader)
    return await asyncio.to_thread(_overview, carteggio, accounts)


def _overview(carteggio: Carteggio, accounts: list[Account]) -> list[Overview]:
    looks, ledgers = states_of(carteggio), ledgers_of(carteggio.database)
    ends, moved = ends_of(carteggio), _moved(carteggio.database)
    interval, now = timedelta(seconds=carteggio.settings.poll_seconds), datetime.now(UTC)
    return [
        Overview(
            account=one,
            look=looks.get(one.id),
            ledger=ledgers.get(one.id),
            consent_ends_at=ends.get(one.id),
            moved_at=moved.get(one.id),
            interval=interval,
            at=now,
        )
        for one in accounts
    ]


def _moved(database: Database) -> dict[UUID, datetime]:
    """Give when mail of each account was last taken in: a first look may take hours."""
    with database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT account, max(at) FROM ("
            " SELECT account, moved_at AS at FROM folder_cursor"
            " UNION ALL SELECT account, max(seen_at) FROM maildrop_seen GROUP BY account"
            ") AS moved GROUP BY account"
        )
        return dict(rows.fetchall())
