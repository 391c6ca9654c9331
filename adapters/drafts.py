"""Where drafts and uploaded files lie: plain rows, what they say sealed under keys of their own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import args_row, tuple_row

Rows = Connection[Any]
_DRAFT: LiteralString = (
    "id, mailbox, author, shared, version, saved_at, saved_by, sealed, sent_as, writers, approval"
)
_UPLOAD: LiteralString = "id, owner, draft, size, blob, sealed"


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft as it lies there; `sealed` is None once it was sent, `sent_as` the mail then.

    `writers` are all who saved it, `approval` the one that is asked for it as it is now.
    """

    id: UUID
    mailbox: UUID
    author: str
    shared: bool
    version: int
    saved_at: datetime
    saved_by: str
    sealed: bytes | None
    sent_as: UUID | None
    writers: Sequence[str] = ()
    approval: UUID | None = None


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An uploaded file as it lies there."""

    id: UUID
    owner: str
    draft: UUID | None
    size: int
    blob: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose drafts are seen: those of an author, and shared ones of mailboxes (None: of all)."""

    author: str
    mailboxes: tuple[UUID, ...] | None

    @property
    def params(self) -> dict[str, object]:
        """Give the values of the predicate."""
        boxes = None if self.mailboxes is None else list(self.mailboxes)
        return {"author": self.author, "boxes": boxes}


_SEEN: LiteralString = (
    "(author = %(author)s OR (shared AND (%(boxes)s::uuid[] IS NULL OR mailbox = ANY(%(boxes)s))))"
)


def draft_of(rows: Rows, whose: Whose, id: UUID, *, locked: bool = False) -> DraftRow | None:
    """Give a draft that is seen; `locked` until the transaction ends."""
    query: LiteralString = f"SELECT {_DRAFT} FROM draft WHERE id = %(id)s AND {_SEEN}"  # noqa: S608
    if locked:
        query += " FOR UPDATE"
    with rows.cursor(row_factory=args_row(DraftRow)) as cursor:
        return cursor.execute(query, {**whose.params, "id": id}).fetchone()


def draft_lying(rows: Rows, id: UUID) -> DraftRow | None:
    """Give a draft, whoever's it is: for one who was asked to approve it."""
    query: LiteralString = f"SELECT {_DRAFT} FROM draft WHERE id = %s AND sealed IS NOT NULL"  # noqa: S608
    with rows.cursor(row_factory=args_row(DraftRow)) as cursor:
        return cursor.execute(query, (id,)).fetchone()


def ask_for(rows: Rows, id: UUID, version: int, approval: UUID) -> bool:
    """Say which approval is asked for a draft; False: it is another version meanwhile."""
    done = rows.execute(
        "UPDATE draft SET approval = %s WHERE id = %s AND version = %s AND sealed IS NOT NULL",
        (approval, id, version),
    )
    return done.rowcount == 1


def drafts_of(rows: Rows, whose: Whose, most: int) -> list[DraftRow]:
    """Give the drafts that are seen and were not sent, the last saved first."""
    query: LiteralString = (
        f"SELECT {_DRAFT} FROM draft WHERE sealed IS NOT NULL AND {_SEEN}"  # noqa: S608
        " ORDER BY saved_at DESC, id LIMIT %(most)s"
    )
    with rows.cursor(row_factory=args_row(DraftRow)) as cursor:
        return cursor.execute(query, {**whose.params, "most": most}).fetchall()


def saved_with(rows: Rows, id: UUID) -> str | None:
    """Give the command by which a draft was saved last."""
    with rows.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute("SELECT saved_with FROM draft WHERE id = %s", (id,)).fetchone()
    return found[0] if found else None


def write_draft(rows: Rows, row: DraftRow, command: str | None) -> None:
    """Write a draft, new or as it is now."""
    rows.execute(
        "INSERT INTO draft (id, mailbox, author, shared, version, saved_at, saved_by, saved_with,"
        " sealed, writers, approval) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET"
        " mailbox = excluded.mailbox, shared = excluded.shared, version = excluded.version,"
        " saved_at = excluded.saved_at, saved_by = excluded.saved_by,"
        " saved_with = excluded.saved_with, sealed = excluded.sealed,"
        " writers = excluded.writers, approval = excluded.approval",
        (row.id, row.mailbox, row.author, row.shared, row.version, row.saved_at, row.saved_by,
         command, row.sealed, list(row.writers), row.approval),
    )  # fmt: skip


def forget_draft(rows: Rows, id: UUID, sent_as: UUID | None) -> None:
    """Forget what a draft says; its row stays only if it was sent."""
    if sent_as is None:
        rows.execute("DELETE FROM draft WHERE id = %s", (id,))
    else:
        rows.execute("UPDATE draft SET sealed = NULL, sent_as = %s WHERE id = %s", (sent_as, id))


# ---- uploads


def write_upload(rows: Rows, row: UploadRow) -> None:
    """Write that a file was uploaded."""
    rows.execute(
        "INSERT INTO upload (id, owner, draft, size, blob, sealed) VALUES (%s, %s, %s, %s, %s, %s)",
        (row.id, row.owner, row.draft, row.size, row.blob, row.sealed),
    )


def uploads_of(
    rows: Rows, ids: Collection[UUID], owner: str, draft: UUID | None
) -> list[UploadRow]:
    """Give those of these uploads that the owner has, or the draft."""
    query: LiteralString = (
        f"SELECT {_UPLOAD} FROM upload WHERE id = ANY(%(ids)s)"  # noqa: S608
        " AND ((draft IS NULL AND owner = %(owner)s) OR draft = %(draft)s)"
    )
    with rows.cursor(row_factory=args_row(UploadRow)) as cursor:
        asked = {"ids": list(ids), "owner": owner, "draft": draft}
        return cursor.execute(query, asked).fetchall()


def give_uploads(rows: Rows, ids: Collection[UUID], draft: UUID) -> list[UUID]:
    """Let uploads belong to a draft; give those of it that do so no longer."""
    rows.execute("UPDATE upload SET draft = %s WHERE id = ANY(%s)", (draft, list(ids)))
    with rows.cursor(row_factory=tuple_row) as cursor:
        left = cursor.execute(
            "SELECT id FROM upload WHERE draft = %s AND id <> ALL(%s)", (draft, list(ids))
        ).fetchall()
    return [one[0] for one in left]


def hold_uploads(rows: Rows, owner: str) -> None:
    """Let nobody else upload for an owner until the transaction ends."""
    rows.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"upload {owner}",))


def uploaded(rows: Rows, owner: str) -> int:
    """Give the octets that an owner has uploaded, those of drafts included."""
    query: LiteralString = "SELECT coalesce(sum(size), 0) FROM upload WHERE owner = %s"
    with rows.cursor(row_factory=tuple_row) as cursor:
        (found,) = cursor.execute(query, (owner,)).fetchone() or (0,)
    return int(found)


def stale_uploads(rows: Rows, older_than: timedelta) -> list[UUID]:
    """Give uploads that no draft has, and that nobody has used for so long."""
    with rows.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(
            "SELECT id FROM upload WHERE draft IS NULL AND uploaded_at < now() - %s LIMIT 100",
            (older_than,),
        ).fetchall()
    return [one[0] for one in found]


def forget_uploads(rows: Rows, ids: Sequence[UUID]) -> None:
    """Forget uploads; their octets are released beside."""
    rows.execute("DELETE FROM upload WHERE id = ANY(%s)", (list(ids),))
