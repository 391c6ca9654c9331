"""How far folders were fetched, and what they are called: state, which moves with the events."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import Connection

from adapters.database import Database
from adapters.imap.folders import named
from adapters.imap.values import FolderState, RemoteFolder
from adapters.keyring import Keyring
from adapters.logs import log
from domain.identity import header_key

ARCHIVE: Final = timedelta(days=30)
"""Mail that was older at an account's first sync is archive: nothing of it waits."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was fetched; `mailbox_id` is the server's own for it, keyed."""

    account: UUID
    folder: UUID
    role: str
    uid_validity: int
    last_uid: int
    cut_off: datetime | None
    highest_modseq: int
    mailbox_id: UUID | None = None
    has_name: bool = False
    renumbered: bool = False
    """Whether an earlier numbering is still noted: the new one is not read to its end yet."""

    def move(self, connection: Connection[Any]) -> None:
        """Keep it, in the transaction of what was recorded up to it."""
        connection.execute(
            "INSERT INTO folder_cursor"
            " (account, folder, role, uid_validity, last_uid, cut_off, highest_modseq, mailbox_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (account, folder) DO UPDATE SET"
            " role = excluded.role, uid_validity = excluded.uid_validity,"
            " last_uid = excluded.last_uid, highest_modseq = excluded.highest_modseq,"
            " mailbox_id = excluded.mailbox_id, gone_at = NULL, moved_at = clock_timestamp()",
            (
                self.account, self.folder, self.role, self.uid_validity, self.last_uid,
                self.cut_off, self.highest_modseq, self.mailbox_id,
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A folder that was fetched, under the name that it had."""

    key: UUID
    folder: RemoteFolder


def first(account: UUID, key: UUID, cut_off: datetime | None) -> Cursor:
    """Begin with a folder that was never fetched."""
    return Cursor(account, key, "", 0, 0, cut_off or datetime.now(UTC) - ARCHIVE, 0)


def from_the_beginning(cursor: Cursor, state: FolderState) -> Cursor:
    """Follow a folder that got a new numbering (UIDVALIDITY, RFC 3501 2.3.1.1)."""
    renumbered = cursor.uid_validity != 0
    if renumbered:
        log("sync").warning(
            "a folder was renumbered", account=cursor.account, folder=cursor.folder
        )
    return replace(
        cursor,
        uid_validity=state.uidvalidity,
        last_uid=0,
        highest_modseq=0,
        renumbered=renumbered,
    )


class Cursors:
    """The cursors of one company's accounts. Names lie sealed."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def key(self, account: UUID, folder: RemoteFolder) -> UUID:
        """Give the key under which a folder is known here, which does not tell its name."""
        return folder_key(self._keyring.identity_key, account, folder)

    def mailbox_id(self, account: UUID, state: FolderState) -> UUID | None:
        """Key the server's own id of a folder; None where it tells none."""
        if not state.mailbox_id:
            return None
        return uuid5(account, header_key(self._keyring.identity_key, state.mailbox_id))

    def find(self, account: UUID, key: UUID) -> Cursor | None:
        """Give how far a folder was fetched; None if it never was."""
        with self._database.pool.connection() as connection:
            row = connection.execute(
                "SELECT role, uid_validity, last_uid, cut_off, highest_modseq, mailbox_id,"
                " wire IS NOT NULL, EXISTS (SELECT FROM"
                " folder_message m WHERE m.folder = c.folder AND m.uid_validity < c.uid_validity)"
                " OR EXISTS (SELECT FROM folder_message m WHERE m.folder = c.folder"
                " AND m.uid_validity > c.uid_validity)"
                " FROM folder_cursor c WHERE account = %s AND folder = %s",
                (account, key),
            ).fetchone()
        return Cursor(account, key, *row) if row else None

    def settle(self, cursor: Cursor, folder: RemoteFolder) -> None:
        """Keep it also where nothing came, so that a first look is remembered as such."""
        with self._database.pool.connection() as connection, connection.transaction():
            cursor.move(connection)
            if not cursor.has_name:
                sealed = self._keyring.seal_secret(cursor.account, folder.wire, "folder")
                connection.execute(
                    "UPDATE folder_cursor SET wire = %s WHERE account = %s AND folder = %s",
                    (sealed, cursor.account, cursor.folder),
                )

    def beside(self, account: UUID, there: Collection[UUID]) -> list[Known]:
        """Give the account's folders that were fetched and are not among these."""
        with self._database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT folder, wire FROM folder_cursor WHERE account = %s AND gone_at IS NULL"
                " AND wire IS NOT NULL AND folder <> ALL(%b)",
                (account, list(there)),
            ).fetchall()
        return [
            Known(key, named(self._keyring.open_secret(account, sealed, "folder")))
            for key, sealed in rows
        ]

    def are_moving(self, account: UUID) -> bool:
        """Say whether a folder of the account is noted in an earlier numbering still."""
        with self._database.pool.connection() as connection:
            row = connection.execute(
                "SELECT FROM folder_cursor c WHERE account = %s AND (EXISTS (SELECT FROM"
                " folder_message m WHERE m.folder = c.folder AND m.uid_validity < c.uid_validity)"
                " OR EXISTS (SELECT FROM folder_message m WHERE m.folder = c.folder"
                " AND m.uid_validity > c.uid_validity)) LIMIT 1",
                (account,),
            ).fetchone()
        return row is not None

    def numberings(self, account: UUID, key: UUID) -> list[int]:
        """Give the numberings in which a folder is noted; all of it counts as read."""
        with self._database.pool.connection() as connection, connection.transaction():
            connection.execute(
                "UPDATE folder_cursor SET last_uid = greatest(last_uid, (SELECT max(uid)"
                " FROM folder_message WHERE folder = %s)) WHERE account = %s AND folder = %s",
                (key, account, key),
            )
            rows = connection.execute(
                "SELECT DISTINCT uid_validity FROM folder_message WHERE folder = %s", (key,)
            )
            return [row[0] for row in rows]

    def close(self, account: UUID, key: UUID) -> None:
        """Note that a folder is gone: if it comes back, it is read from its beginning."""
        with self._database.pool.connection() as connection, connection.transaction():
            connection.execute(
                "UPDATE folder_cursor SET gone_at = clock_timestamp(), uid_validity = 0,"
                " last_uid = 0, highest_modseq = 0, mailbox_id = NULL"
                " WHERE account = %s AND folder = %s",
                (account, key),
            )
            connection.execute(
                "DELETE FROM not_fetched WHERE account = %s AND folder = %s", (account, key)
            )


def folder_key(identity_key: bytes, account: UUID, folder: RemoteFolder) -> UUID:
    """Give the key under which a folder is known here, which does not tell its name."""
    return uuid5(account, header_key(identity_key, folder.wire.decode("latin-1")))
