"""A move as it is told now and as it was told before give the same read models."""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.content import Content
from domain.marking import MessageMarked, MessageMoved
from domain.message import FolderRole, MessageCopyFound, MessageReceived
from domain.values import Address, BlobName, MailboxId
from events import NOON
from filling import fill, recorded, rows
from projections.folders import FOLDER, folders
from projections.history import MESSAGE as HISTORY
from projections.history import history
from projections.mail import MESSAGE, mail
from projections.occurrences import OCCURRENCE

if TYPE_CHECKING:
    from adapters.database import Database

BOX = MailboxId(UUID(int=1))
RECEIVED = MessageReceived(
    mailbox=BOX, role=FolderRole.INBOX, received_at=NOON, size=120, raw=BlobName("blob"),
    content_key="same", header_key="", folder="INBOX", raw_sha256="00",
    content=Content(reader=1, subject="Order", authors=(Address("ada@acme.example"),)),
)  # fmt: skip
LEFT = MessageMarked(BOX, "INBOX", (), (), gone=True, moved_to="Sent")
COPY = MessageCopyFound(
    mailbox=BOX, role=FolderRole.SENT, received_at=NOON, size=120, raw=BlobName("blob"),
    content_key="same", folder="Sent", raw_sha256="00",
)  # fmt: skip
OUT = MessageMoved(BOX, FolderRole.SENT, NOON, 120, BlobName("blob"), "INBOX", "Sent")
BACK = replace(OUT, role=FolderRole.INBOX, folder="Sent", moved_to="INBOX", known_there=True)
OLD_BACK = (
    MessageMarked(BOX, "Sent", (), (), gone=True, moved_to="INBOX"),
    MessageMarked(BOX, "INBOX", (), (), gone_before=True),
)
BOTH = replace(OUT, known_there=True, lay_there=True)


@pytest.mark.parametrize(
    ("now", "before"),
    [((OUT,), (LEFT, COPY)), ((OUT, BACK), (LEFT, COPY, *OLD_BACK)), ((COPY, BOTH), (COPY, LEFT))],
)
def test_a_move_is_folded_as_the_pair_of_events_that_it_replaced(
    database: "Database", now: tuple[object, ...], before: tuple[object, ...]
) -> None:
    found = []
    with database.connect() as connection:
        for at, events in enumerate((now, before)):
            told = recorded((UUID(int=7), event) for event in (RECEIVED, *events))
            tables: list[list[str]] = []
            for projection, table, leave in (
                (mail, MESSAGE, ()),
                (mail, OCCURRENCE, ("position", "recorded_at", "ordered")),
                (folders, FOLDER, ("last_recorded_at",)),
                (history, HISTORY, ()),
            ):
                names = fill(connection, projection, [told], 60 + 10 * at + len(tables))
                columns = [name for name, _, _ in table.columns()]
                kept = [at for at, name in enumerate(columns) if name not in leave]
                filled = rows(connection, names, table)
                tables.append(sorted(str([row[at] for at in kept]) for row in filled))
            found.append(tables)
    assert found[0] == found[1]
