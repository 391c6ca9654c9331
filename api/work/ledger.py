"""The ledger of receiving: what servers hold, less what was taken in, is nothing, or is listed.

What was missing at the last comparison and came since is missing no longer: `ledgers_of` takes it
away when it is read, so that mail that comes while folders are compared raises no alarm for long.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.database import Database
from api.work.looks import NOT_READ

OLD: Final = timedelta(days=2)
"""A comparison that is older tells nothing any more."""

_STANDING: Final = (
    "SELECT f.account, count(*),"
    " coalesce(sum((SELECT count(*) FROM unnest(f.missing) AS uid WHERE NOT EXISTS"
    " (SELECT FROM folder_message m WHERE m.folder = f.folder"
    " AND m.uid_validity = f.uid_validity AND m.uid = uid.uid) AND NOT EXISTS"
    " (SELECT FROM not_fetched n WHERE n.account = f.account AND n.folder = f.folder"
    " AND n.uid_validity = f.uid_validity AND n.uid = uid.uid))), 0)::bigint"
    " FROM folder_ledger f LEFT JOIN folder_cursor c USING (account, folder)"
    # A folder that was renumbered since is listed from its beginning: old UIDs say nothing.
    " WHERE c.uid_validity IS NOT DISTINCT FROM f.uid_validity OR c.moved_at IS NULL"
    " OR c.moved_at <= f.checked_at GROUP BY f.account"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A folder as the server shows it, beside what was taken in of it; UIDs in rising order.

    In a maildrop, which has no UIDs, a number made of the server's unique id stands for one.
    """

    key: UUID
    folder: str
    role: str
    uid_validity: int
    on_server: int
    captured: int
    missing: tuple[int, ...]
    not_fetched: Mapping[int, str]
    vanished: tuple[int, ...]
    checked_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account's ledger stands; `missing` counts what is still missing now."""

    checked_at: datetime | None
    trouble: str
    folders: int
    missing: int


@dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of a folder here: UIDs taken in, and those left out with the reason."""

    captured: Collection[int]
    left: Mapping[int, str]

    @classmethod
    def of(cls, database: Database, account: UUID, key: UUID, uid_validity: int) -> "Noted":
        """Read what is noted of a folder in one numbering."""
        same = (key, uid_validity)
        with database.pool.connection() as connection:
            taken = connection.execute(
                "SELECT uid FROM folder_message WHERE folder = %s AND uid_validity = %s", same
            )
            captured = {row[0] for row in taken}
            left = connection.execute(
                "SELECT uid, reason FROM not_fetched"
                " WHERE account = %s AND folder = %s AND uid_validity = %s",
                (account, *same),
            )
            return cls(captured, dict(left.fetchall()))


def compared(
    key: UUID, named: tuple[str, str], uid_validity: int, there: Collection[int], noted: Noted
) -> Compared:
    """Compare a folder, `named` by name and role, with what is noted of it."""
    left = {uid: noted.left[uid] for uid in sorted(there) if uid in noted.left}
    captured, here = set(noted.captured) - left.keys(), set(there)
    folder, role = named
    return Compared(
        key=key,
        folder=folder,
        role=role,
        uid_validity=uid_validity,
        on_server=len(here),
        captured=len(here & captured),
        missing=tuple(sorted(here - captured - left.keys())),
        not_fetched=left,
        vanished=tuple(sorted(set(noted.captured) - here)),
    )


def begin(database: Database, account: UUID, again: timedelta | None = None) -> bool:
    """Take on a comparison; False if one was begun less than `again` ago."""
    with database.pool.connection() as connection:
        row = connection.execute(
            "INSERT INTO account_ledger AS known (account, begun_at)"
            " VALUES (%s, clock_timestamp()) ON CONFLICT (account) DO UPDATE"
            " SET begun_at = excluded.begun_at"
            " WHERE known.begun_at <= clock_timestamp() - %s::interval RETURNING 1",
            (account, again or timedelta(0)),
        ).fetchone()
    return row is not None


def keep(database: Database, account: UUID, folders: Sequence[Compared], trouble: str) -> None:
    """Keep how a comparison went; after trouble, what was known of other folders stays.

    With the trouble NOT_READ the others were all compared.
    """
    with database.pool.connection() as connection, connection.transaction():
        connection.execute(
            "UPDATE account_ledger SET trouble = %s,"
            " checked_at = CASE WHEN %s THEN clock_timestamp() ELSE checked_at END"
            " WHERE account = %s",
            (trouble, trouble in ("", NOT_READ), account),
        )
        keys = [one.key for one in folders]
        connection.execute(
            "DELETE FROM folder_ledger WHERE account = %s AND (folder = ANY(%b)"
            " OR %s = '' AND folder <> ALL(%b))",
            (account, keys, trouble, keys),
        )
        _enter(connection, account, folders)


def _enter(connection: Connection[Any], account: UUID, folders: Iterable[Compared]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO folder_ledger (account, folder, role, uid_validity, on_server, captured,"
            " missing, not_fetched, vanished, checked_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    account, one.key, one.role, one.uid_validity, one.on_server, one.captured,
                    list(one.missing), len(one.not_fetched), len(one.vanished), one.checked_at,
                )
                for one in folders
            ],
        )  # fmt: skip


def ledgers_of(database: Database) -> dict[UUID, Standing]:
    """Give how each account's ledger stands now, of those ever compared."""
    with database.pool.connection() as connection:
        rows = connection.execute(_STANDING).fetchall()
        counts = {account: (folders, missing) for account, folders, missing in rows}
        noted = connection.execute("SELECT account, checked_at, trouble FROM account_ledger")
        return {
            account: Standing(checked_at, trouble, *counts.get(account, (0, 0)))
            for account, checked_at, trouble in noted.fetchall()
        }


def is_overdue(one: Standing | None, fetched_at: datetime | None) -> bool:
    """Say whether an account is fetched, and its last comparison too old to tell anything."""
    since = datetime.now(UTC) - OLD
    checked_at = one.checked_at if one else None
    return fetched_at is not None and fetched_at > since and (checked_at or since) <= since
