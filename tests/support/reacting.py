"""Facts written into a journal, and what reactions make of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from domain.content import Content
from domain.message import (
    FolderRole,
    MessageLinked,
    MessageReceived,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.party import ContactRegistered, PartyRegistered
from domain.values import Address, BlobName, ContactId, MailboxId, PartyId
from events import envelope

if TYPE_CHECKING:
    from adapters.database import Database
    from adapters.journal import Journal

Fact = tuple[UUID, object]
Links = set[tuple[UUID, str, UUID, str, str]]

BOX = MailboxId(UUID(int=1))


def party(key: PartyId, name: str) -> Fact:
    return key, PartyRegistered("erp", name, "customer", "it", "IT", 0, name)


def contact(number: int, owner: PartyId, address: str) -> Fact:
    return owner, ContactRegistered(ContactId(UUID(int=number)), "", 0, (), address)


def received(
    key: UUID,
    author: str,
    to: str,
    subject: str,
    *,
    hours: int = 0,
    text: str = "Buongiorno, potete confermare?",
    role: FolderRole = FolderRole.INBOX,
    **more: object,
) -> Fact:
    """Give a mail that is received so many hours after the first."""
    given: dict[str, object] = {"message_id": f"{key.int}@x.example", "text": text, **more}
    content = Content(
        reader=1,
        subject=subject,
        authors=(Address(author),),
        to=(Address(to),),
        **given,  # type: ignore[arg-type]
    )
    at = datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(hours=hours)
    return key, MessageReceived(
        mailbox=BOX, role=role, received_at=at, size=1, raw=BlobName("b"),
        content_key="k", header_key="", folder="INBOX", raw_sha256="0" * 64, content=content,
    )  # fmt: skip


def happened(log: "Journal", facts: Sequence[Fact]) -> None:
    from adapters.journal import NewEvent  # noqa: PLC0415

    with log.writing() as writing:
        writing.append([NewEvent(stream, event, envelope()) for stream, event in facts])


def settle(log: "Journal", database: "Database", ticket_marker: str = "") -> None:
    from api.work.reactions import Reactions  # noqa: PLC0415

    reactions = Reactions(log, database, ticket_marker)
    while reactions.run_once():
        pass


def links(log: "Journal") -> Links:
    """Give the links as they stand: (message, kind, target, state, rule)."""
    found: dict[tuple[UUID, str, UUID], MessageLinked] = {}
    for recorded in log.read(0, limit=10_000):
        event = recorded.event
        if isinstance(event, MessageLinked):
            found[recorded.stream, event.kind.value, event.target] = event
        elif isinstance(event, MessageUnlinked):
            del found[recorded.stream, event.kind.value, event.target]
    return {(*key, event.state.value, event.rule) for key, event in found.items()}


def threads(log: "Journal") -> dict[UUID, tuple[UUID, str]]:
    """Give what goes on with what, and by which rule, as it stands."""
    found: dict[UUID, tuple[UUID, str]] = {}
    for recorded in log.read(0, limit=10_000):
        event = recorded.event
        if isinstance(event, MessageThreaded):
            found.pop(recorded.stream, None)
            if event.parent is not None:
                found[recorded.stream] = (event.parent, event.rule)
    return found


def apart(log: "Journal") -> dict[UUID, tuple[UUID, str]]:
    """Give what begins anew though it refers to what, and by which rule, as it stands."""
    found: dict[UUID, tuple[UUID, str]] = {}
    for recorded in log.read(0, limit=10_000):
        event = recorded.event
        if isinstance(event, MessageSetApart):
            found.pop(recorded.stream, None)
            if event.ancestor is not None:
                found[recorded.stream] = (event.ancestor, event.rule)
    return found
