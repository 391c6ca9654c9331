"""Drafts: saved as they are written, seen by their author or by all who share the mailbox.

Whoever saves says on which version that rests: over somebody else's newer words nothing is saved.
What a draft says is sealed under a key of its own, which is destroyed when it is deleted or sent.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from adapters import drafts
from adapters.drafts import DraftRow, Whose
from adapters.keyring import KeyDestroyed
from api.work import uploads
from api.work.accounts import Stamp
from api.work.approved import void
from api.work.instance import Carteggio
from api.work.making import made
from api.work.sending import Sent, send, sent_before
from domain.draft import Draft, refuse_immense
from domain.identity import draft_id
from domain.values import BlobName, ColleagueId, Rejected
from projections import company
from projections.reader import EVERYTHING, Reader

_KIND: Final = "draft"
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: his id as the API gives it, what he sees, on whose mail he may act, who he is.

    `also` are mailboxes from which he may send though their mail is not his to act on.
    """

    id: str
    sees: Reader
    acts: Reader
    colleague: ColleagueId | None = None
    also: tuple[UUID, ...] = ()

    @property
    def sends(self) -> Reader:
        """Give from which mailboxes he may send, as far as they are concerned."""
        boxes = self.acts.mailboxes
        return self.acts if boxes is None else replace(self.acts, mailboxes=(*boxes, *self.also))

    @property
    def whose(self) -> Whose:
        """Give whose drafts he sees."""
        return Whose(self.id, self.acts.mailboxes)

    def refuse_mailbox(self, mailbox: UUID) -> None:
        """Raise Rejected for a mailbox from which he may not send; the same where there is none."""
        if self.sends.mailboxes is not None and mailbox not in self.sends.mailboxes:
            raise Rejected("NOT_FOUND", "there is no such mailbox from which you may send")

    def refuse_unknown(self, mailbox: UUID) -> None:
        """Raise the same for a mailbox that he neither sends from nor sees: nothing is told of it."""
        if self.sees.mailboxes is not None and mailbox not in self.sees.mailboxes:
            self.refuse_mailbox(mailbox)

    def refuse_sender(self, mailbox: UUID) -> None:
        """Raise the same for a program; of a colleague api/work/permission.py decides, and keeps it."""
        if self.colleague is None:
            self.refuse_mailbox(mailbox)


OPERATOR: Final = Writer("operator", EVERYTHING, EVERYTHING)
"""Whoever works at the command line."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft as it is now; `by` saved it last, `shared`: others of the mailbox see it."""

    id: UUID
    version: int
    saved_at: datetime
    by: str
    author: str
    shared: bool
    draft: Draft
    writers: tuple[str, ...] = ()


def save(
    carteggio: Carteggio,
    writer: Writer,
    draft: Draft,
    command_id: str,
    *,
    id: UUID | None = None,
    version: int = 0,
    shared: bool = False,
) -> Saved:
    """Save a draft, a new one without an `id`; `version` is the one that this rests on.

    Raises Rejected: CONFLICT where somebody saved it since; NOT_FOUND where it is not seen.
    """
    refuse_immense(draft)
    writer.refuse_mailbox(draft.mailbox)
    new = id is None
    id = id or draft_id(carteggio.identity_key, writer.id, command_id)
    files = {one.upload for one in draft.files if one.upload is not None}
    uploads.refuse_too_much(uploads.uploads(carteggio, files, writer.id, id).values())
    sealed = _sealed(carteggio, id, draft)
    with carteggio.database.pool.connection() as connection, connection.transaction():
        before = drafts.draft_of(connection, writer.whose, id, locked=True)
        if before is not None and drafts.saved_with(connection, id) == command_id:
            return _opened(carteggio, before)
        _refuse_stale(before, new=new, version=version)
        author, writers, approval = _before(carteggio, before, writer, draft)
        now = DraftRow(
            id, draft.mailbox, author, shared, version + 1, datetime.now(UTC), writer.id, sealed,
            None, writers, approval,
        )  # fmt: skip
        drafts.write_draft(connection, now, command_id)
        left = drafts.give_uploads(connection, files, id)
        gone = uploads.release(carteggio, connection, left)
    uploads.ended(carteggio, left, gone)
    if before is not None and before.approval not in (None, approval):
        void(carteggio, before.approval, writer.id)
    return _opened(carteggio, now)


def saved(carteggio: Carteggio, writer: Writer, id: UUID) -> Saved:
    """Give a draft that the writer sees; Rejected: there is none."""
    with carteggio.database.pool.connection() as connection:
        row = drafts.draft_of(connection, writer.whose, id)
    if row is None or row.sealed is None:
        raise _not_there()
    return _opened(carteggio, row)


def lying(carteggio: Carteggio, id: UUID) -> Saved | None:
    """Give a draft whoever's it is, for one who was asked to approve it; None: it is gone."""
    with carteggio.database.pool.connection() as connection:
        row = drafts.draft_lying(connection, id)
    return None if row is None else _opened(carteggio, row)


def all_saved(carteggio: Carteggio, writer: Writer) -> list[Saved]:
    """Give the drafts that the writer sees, the last saved first; 500 at most."""
    with carteggio.database.pool.connection() as connection:
        rows = drafts.drafts_of(connection, writer.whose, _MOST)
    return [_opened(carteggio, row) for row in rows]


def delete(carteggio: Carteggio, writer: Writer, id: UUID) -> None:
    """Delete a draft with its files, and destroy its key; one that is not there is deleted."""
    with carteggio.database.pool.connection() as connection, connection.transaction():
        row = drafts.draft_of(connection, writer.whose, id, locked=True)
        if row is None:
            return
        if row.sent_as is not None:
            raise Rejected("CONFLICT", "it was sent: take the mail back (messageCancel)")
        gone = _forgotten(carteggio, connection, id, None)
    uploads.ended(carteggio, *gone)
    if row.approval is not None:
        void(carteggio, row.approval, writer.id)


async def send_draft(
    carteggio: Carteggio, writer: Writer, id: UUID, version: int, stamp: Stamp
) -> Sent:
    """Send a draft as it was saved, and delete it; what is wrong leaves it there.

    `version` is the one that the sender saw: Rejected (CONFLICT) if it is another one now.
    """
    command = stamp("").command_id
    if command and (
        before := await asyncio.to_thread(_sent_already, carteggio, writer, id, command)
    ):
        return before
    found = await asyncio.to_thread(saved, carteggio, writer, id)
    if found.version != version:
        named = await who_saved(carteggio, [found.by])
        raise _conflict(named[found.by], found.saved_at, found.version)
    writer.refuse_sender(found.draft.mailbox)
    wanted = await made(carteggio, found.draft, reader=writer.sees, colleague=writer.colleague,
                        owner=writer.id, id=id)  # fmt: skip
    gone: list[tuple[list[UUID], list[BlobName]]] = []

    def also(connection: Connection[Any], mail: UUID) -> None:
        row = drafts.draft_of(connection, writer.whose, id, locked=True)
        if row is None or row.sealed is None or row.version != version:
            raise Rejected("CONFLICT", "somebody changed, sent or deleted this draft meanwhile")
        gone.append(_forgotten(carteggio, connection, id, mail))

    sent = await send(carteggio, wanted, stamp, also)
    for one in gone:
        await asyncio.to_thread(uploads.ended, carteggio, *one)
    return sent


async def who_saved(carteggio: Carteggio, ids: Collection[str]) -> dict[str, str]:
    """Give the names of colleagues by their ids as the API gives them."""
    async with carteggio.reading() as asked:
        people = await company.colleagues(*asked, EVERYTHING)
    named = {f"col_{one.id.hex}": one.name for one in people}
    return {one: named.get(one, one) for one in ids}


def _sent_already(carteggio: Carteggio, writer: Writer, id: UUID, command: str) -> Sent | None:
    """Give what this command sent already; Rejected: it sent another mail than this draft."""
    before = sent_before(carteggio, command)
    if before is None:
        return None
    with carteggio.database.pool.connection() as connection:
        row = drafts.draft_of(connection, writer.whose, id)
    if row is None or row.sent_as != before.mail:
        sentence = "this command id was used for another mail; take a new one"
        raise Rejected("COMMAND_ID_REUSED", sentence)
    return before


def _forgotten(
    carteggio: Carteggio, connection: Connection[Any], id: UUID, mail: UUID | None
) -> tuple[list[UUID], list[BlobName]]:
    """Forget a draft and its files in a transaction; give the keys and octets that go behind it."""
    left = drafts.give_uploads(connection, (), id)
    drafts.forget_draft(connection, id, mail)
    return [id, *left], uploads.release(carteggio, connection, left)


def _before(
    carteggio: Carteggio, before: DraftRow | None, writer: Writer, draft: Draft
) -> tuple[str, tuple[str, ...], UUID | None]:
    """Give who began it, all who wrote it, and the approval that is asked for these very words."""
    if before is None:
        return writer.id, (writer.id,), None
    writers = {*before.writers, before.author, before.saved_by, writer.id}
    same = before.approval and _words(_opened(carteggio, before).draft) == _words(draft)
    return before.author, tuple(sorted(writers)), before.approval if same else None


def _words(draft: Draft) -> Draft:
    """Give what an approval is of: when it leaves, and what is acknowledged, is none of it."""
    return replace(draft, not_before=None, acknowledged=())


def _refuse_stale(before: DraftRow | None, *, new: bool, version: int) -> None:
    if before is None:
        if not new:
            raise _not_there()
        return
    if before.sealed is None:
        raise Rejected("CONFLICT", "this draft was sent; begin a new one")
    if before.version != version:
        raise _conflict(before.saved_by, before.saved_at, before.version)


class DraftConflict(Rejected):
    """Somebody saved a draft since: `by` (an id as the API gives it), when, and as which version."""

    def __init__(self, by: str, at: datetime, version: int) -> None:
        """Say who and when."""
        super().__init__(
            "CONFLICT",
            f"{by} saved this draft at {at:%Y-%m-%d %H:%M:%S} UTC, as version {version}: load it "
            "anew, and enter there what is yours",
        )
        self.by, self.at, self.version = by, at, version


def _conflict(by: str, at: datetime, version: int) -> Rejected:
    return DraftConflict(by, at.astimezone(UTC), version)


def _not_there() -> Rejected:
    return Rejected("NOT_FOUND", "there is no such draft that you may see; it may have been sent")


def _sealed(carteggio: Carteggio, id: UUID, draft: Draft) -> bytes:
    try:
        return carteggio.keyring.seal_secret(id, msgspec.json.encode(draft), _KIND)
    except KeyDestroyed:
        raise Rejected("CONFLICT", "this draft was sent or deleted; begin a new one") from None


def _opened(carteggio: Carteggio, row: DraftRow) -> Saved:
    if row.sealed is None:
        raise _not_there()
    opened = carteggio.keyring.open_secret(row.id, row.sealed, _KIND)
    draft = msgspec.json.decode(opened, type=Draft)
    at = row.saved_at
    writers = tuple({*row.writers, row.author, row.saved_by})
    return Saved(row.id, row.version, at, row.saved_by, row.author, row.shared, draft, writers)
