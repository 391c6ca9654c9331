"""What leaves in bulk: messages as facts, one JSON object each, and raw mail byte for byte."""

import hashlib
import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.blobs import BlobMissing, Blobs, Damaged
from adapters.journal import Journal
from adapters.keyring import KeyDestroyed
from domain.content import Content
from domain.recorded import Recorded
from domain.rereading import as_read_now
from domain.values import BlobName, Rejected
from projections import company, documents, links, messages, parties
from projections.contents import AttachmentRow, ParticipantRow
from projections.history import LinkRow
from projections.letters import Letter, asks, letters_of
from projections.mail import MessageRow
from projections.messages import MessageFilter
from projections.occurrences import OccurrenceRow
from projections.projection import Names
from projections.reader import Reader
from projections.threads import conversations_of

_COUNTS = ("automatic", "confirmed")
_SUGGESTED = ("suggested", "ambiguous")


@dataclass(frozen=True, slots=True)
class _Portion:
    """What is known of some messages, got in one statement a kind."""

    rows: Mapping[UUID, MessageRow]
    occurrences: Mapping[UUID, Sequence[OccurrenceRow]]
    participants: Mapping[UUID, Sequence[ParticipantRow]]
    attachments: Mapping[UUID, Sequence[AttachmentRow]]
    links: Mapping[UUID, Sequence[LinkRow]]
    letters: Mapping[UUID, Letter]
    conversations: Mapping[UUID, UUID]
    codes: Mapping[UUID, str]
    answers: Mapping[UUID, MessageRow]
    mailboxes: Mapping[UUID, str]


async def message_lines(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    wanted: MessageFilter,
    variants_from: Journal | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """Give every message as an object, the oldest first; memory does not grow with their number.

    With a journal, each form in which a message was seen is an object of its own.
    """
    boxes = {one.id: one.address for one in await company.mailboxes(connection, names, reader)}
    async for ids in messages.all_ids(connection, names, reader, wanted):
        portion = await _portion(connection, names, reader, ids, boxes)
        for id in ids:
            if id not in portion.rows:
                continue
            line = _line(id, portion)
            if variants_from is None or not line["variants"]:
                yield line
                continue
            for form in _forms(variants_from.stream(id)):
                yield line | form


def _forms(past: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Give what each form of a message says, with the digests of the copies that say it."""
    forms: dict[str, dict[str, Any]] = {}
    digests: dict[str, set[str]] = {}
    for copy in as_read_now(recorded.event for recorded in past):
        digests.setdefault(copy.content_key, set()).add(copy.raw_sha256)
        if copy.content is not None:
            forms[copy.content_key] = _form(copy.content)
    return [form | {"raw_sha256": _one_or_all(digests[key])} for key, form in forms.items()]


def _form(content: Content) -> dict[str, Any]:
    return {
        "subject": content.subject,
        "from": [one.spec for one in content.authors],
        "to": [one.spec for one in content.to],
        "cc": [one.spec for one in content.cc],
        "attachments": [
            one.name for one in content.attachments if one.name and one.inside is None
        ],
    }


async def _portion(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    ids: Sequence[UUID],
    mailboxes: Mapping[UUID, str],
) -> _Portion:
    asked = connection, names, reader
    linked = await links.links_of(*asked, ids)
    letters = await letters_of(*asked, ids)
    targets = {one.target for found in linked.values() for one in found}
    answers = {by for one in letters.values() if (by := _reply(one)) is not None}
    return _Portion(
        rows=await messages.by_ids(*asked, ids),
        occurrences=await messages.occurrences_of(*asked, ids),
        participants=await messages.participants_of(*asked, ids),
        attachments=await messages.attachments_of(*asked, ids),
        links=linked,
        letters=letters,
        conversations=await conversations_of(*asked, ids),
        codes=await _codes(*asked, list(targets)),
        answers=await messages.by_ids(*asked, list(answers)),
        mailboxes=mailboxes,
    )


async def _codes(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, targets: Sequence[UUID]
) -> dict[UUID, str]:
    found = await parties.by_ids(connection, names, reader, targets)
    papers = await documents.by_ids(connection, names, reader, targets)
    codes = {id: row.erp_id for id, row in found.items()}
    return codes | {id: row.erp_id for id, row in papers.items()}


def _line(id: UUID, portion: _Portion) -> dict[str, Any]:
    row = portion.rows[id]
    return {
        **_as_written(row, portion),
        "parties": _targets(id, portion, "party", _COUNTS),
        "documents": _targets(id, portion, "document", _COUNTS),
        "suggested_parties": _targets(id, portion, "party", _SUGGESTED),
        "suggested_documents": _targets(id, portion, "document", _SUGGESTED),
        "conversation": str(portion.conversations[id]) if id in portion.conversations else None,
        "direction": row.direction,
        "automatic": row.automatic,
        "automatic_kind": row.kind or None,
        **_answer(id, portion),
        "closed": row.closed,
        "received_at": iso(row.received_at),
        "sent_at": iso(row.sent_at),
        "locations": _locations(id, portion),
        "archived": row.archived,
        "degraded": row.degraded,
        "variants": row.variants,
        "id": str(id),
    }


def _as_written(row: MessageRow, portion: _Portion) -> dict[str, Any]:
    people = portion.participants.get(row.id, ())
    files = portion.attachments.get(row.id, ())
    return {
        "message_id": header_id(row),
        "raw_sha256": _digests(portion.occurrences.get(row.id, ())),
        "subject": row.subject,
        "from": _addresses(people, "from"),
        "to": _addresses(people, "to"),
        "cc": _addresses(people, "cc"),
        "attachments": [one.name for one in files if one.name and one.inside is None],
    }


def _answer(id: UUID, portion: _Portion) -> dict[str, Any]:
    """Say whether it wants an answer, and which it got, be it one that came back."""
    letter = portion.letters.get(id)
    wanting = letter if letter is not None and asks(letter) else None
    reply = _reply(wanting) if wanting else None
    by = portion.answers.get(reply) if reply else None
    return {
        "needs_answer": wanting is not None,
        "answered_by": header_id(by) if by else None,
        "answered_at": iso(wanting.answered_at or by.received_at) if by and wanting else None,
        "answer_came_back": bool(by and wanting and wanting.returned_by),
    }


def _reply(letter: Letter) -> UUID | None:
    return letter.answered_by or letter.returned_by


def _locations(id: UUID, portion: _Portion) -> list[str]:
    found = portion.occurrences.get(id, ())
    return sorted({f"{portion.mailboxes.get(x.mailbox, x.mailbox)}/{x.folder}" for x in found})


def header_id(row: MessageRow) -> str | None:
    """Give a Message-ID as it stands in the header."""
    return f"<{row.header_id}>" if row.header_id else None


def iso(moment: datetime | None) -> str | None:
    """Write a time in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None


def _digests(occurrences: Sequence[OccurrenceRow]) -> str | list[str]:
    return _one_or_all({one.raw_sha256 for one in occurrences})


def _one_or_all(digests: Collection[str]) -> str | list[str]:
    found = sorted(digests)
    return found[0] if len(found) == 1 else found


def _addresses(people: Iterable[ParticipantRow], role: str) -> list[str]:
    return [one.address for one in people if one.role == role]


def _targets(id: UUID, portion: _Portion, kind: str, states: tuple[str, ...]) -> list[str]:
    wanted = (
        one.target
        for one in portion.links.get(id, ())
        if one.kind == kind and one.state in states and one.target in portion.codes
    )
    return sorted({portion.codes[target] for target in wanted})


# ---- raw mail


@dataclass(slots=True)
class Written:
    """What an export of raw mail wrote, and what it could not."""

    messages: int = 0
    files: int = 0
    octets: int = 0
    troubles: list[str] = field(default_factory=list)


async def write_mail(
    connection: AsyncConnection[TupleRow],
    names: Names,
    reader: Reader,
    blobs: Blobs,
    wanted: MessageFilter,
    folder: Path,
) -> Written:
    """Write every copy of messages as it came, once where copies are equal, and a manifest."""
    _make(folder)
    written = Written()
    boxes = {one.id: one.address for one in await company.mailboxes(connection, names, reader)}
    with (folder / "manifest.jsonl").open("w", encoding="utf-8") as manifest:
        async for ids in messages.all_ids(connection, names, reader, wanted, at_once=200):
            found = await messages.occurrences_of(connection, names, reader, ids)
            rows = await messages.by_ids(connection, names, reader, ids)
            for id in ids:
                written.messages += 1
                for line in _write_one(rows[id], found.get(id, ()), blobs, folder, written):
                    line["mailbox"] = boxes.get(line["mailbox"], str(line["mailbox"]))
                    manifest.write(json.dumps(line, ensure_ascii=False) + "\n")
    return written


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Rejected("NOT_EMPTY", f"{folder} is not empty; choose a new folder")
    except (FileExistsError, NotADirectoryError):
        raise Rejected("INVALID", f"{folder} is not a folder; choose another") from None
    except PermissionError:
        raise Rejected("INVALID", f"{folder} cannot be written to by this user") from None


def _write_one(
    row: MessageRow,
    occurrences: Sequence[OccurrenceRow],
    blobs: Blobs,
    folder: Path,
    written: Written,
) -> Iterable[dict[str, Any]]:
    files: dict[str, str] = {}
    for one in occurrences:
        if one.raw_sha256 not in files:
            name = f"{row.id}{f'-{len(files) + 1}' if files else ''}.eml"
            if _write_raw(row.id, one, blobs, folder / name, written):
                files[one.raw_sha256] = name
        yield {
            "file": files.get(one.raw_sha256),
            "sha256": one.raw_sha256,
            "size": one.size,
            "id": str(row.id),
            "message_id": header_id(row),
            "mailbox": one.mailbox,
            "folder": one.folder,
            "received_at": iso(one.received_at),
        }


def _write_raw(
    message: UUID, one: OccurrenceRow, blobs: Blobs, path: Path, written: Written
) -> bool:
    try:
        raw = blobs.get(BlobName(one.raw), message)
    except (BlobMissing, Damaged, KeyDestroyed) as trouble:
        written.troubles.append(f"message {message}: {trouble}")
        return False
    if hashlib.sha256(raw).hexdigest() != one.raw_sha256:
        written.troubles.append(f"message {message}: its bytes are not those that were captured")
        return False
    path.write_bytes(raw)
    written.files += 1
    written.octets += len(raw)
    return True
