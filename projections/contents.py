"""What mails say: texts, participants, attachments, for each form in which a message was seen."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.content import Content
from domain.rereading import MessageReread, Saying
from domain.signedtoken import without_token
from domain.values import Address
from projections.projection import Names, Rows, Table

SNIPPET = 200
LONGEST_KEY = 500
"""An index bears no address of 15 KB."""


@dataclass(slots=True)
class ContentRow:
    """What one copy or variant of a message says."""

    message: UUID
    content: str
    header_id: str
    subject: str
    snippet: str
    sender: str
    sender_name: str
    sent_at: datetime | None
    attachments: int
    degraded: bool
    reader: int
    html: bool
    protection: str
    defects: list[str]
    text: str
    text_rest: str | None


@dataclass(slots=True)
class ParticipantRow:
    """An address in the header; `role` is from, sender, reply_to, to, cc, bcc or pec_sender.

    `address_key` is without a signed token, which may stand behind a plus.
    """

    message: UUID
    content: str
    role: str
    ordinal: int
    address: str
    address_key: str
    name: str


@dataclass(slots=True)
class AttachmentRow:
    """An attachment; `blob` is where its octets lie, `inside` the one out of which it was taken."""

    message: UUID
    content: str
    ordinal: int
    name: str
    media_type: str
    size: int
    inline: bool
    content_id: str
    blob: str | None
    inside: int | None
    title: str

    @property
    def shown_name(self) -> str:
        """Give its name, for an attached mail without one the subject."""
        return self.name or (f"{self.title}.eml" if self.title else "")


@dataclass(slots=True)
class BlindCopyRow:
    """A Bcc address (RFC 5322 3.6.3): only some copies name it, those with the octets `raw`."""

    message: UUID
    raw: str
    address_key: str
    address: str
    name: str


ROLES = ("from", "to", "cc", "reply_to", "sender", "pec_sender")

CONTENT = Table("message_content", ContentRow, key=("message", "content"))
PARTICIPANT = Table(
    "participant",
    ParticipantRow,
    key=("message", "content", "role", "ordinal"),
    late=("(hashtextextended(address_key, 0), message)",),
    late_key=True,
)
ATTACHMENT = Table(
    "attachment", AttachmentRow, key=("message", "content", "ordinal"), late_key=True
)
BLIND_COPY = Table("blind_copy", BlindCopyRow, key=("message", "raw", "address_key"))
TABLES = (CONTENT, PARTICIPANT, ATTACHMENT, BLIND_COPY)


@dataclass(slots=True)
class Said:
    """The contents that a batch brings, and those of which one may have to be shown instead."""

    contents: Rows[ContentRow] = field(default_factory=lambda: Rows(CONTENT))
    participants: Rows[ParticipantRow] = field(default_factory=lambda: Rows(PARTICIPANT))
    attachments: Rows[AttachmentRow] = field(default_factory=lambda: Rows(ATTACHMENT))
    blind_copies: Rows[BlindCopyRow] = field(default_factory=lambda: Rows(BLIND_COPY))
    anew: set[UUID] = field(default_factory=set)
    """Messages that the batch reads anew: their rows may change."""

    def read_anew(
        self, connection: Connection[TupleRow], names: Names, messages: Collection[UUID]
    ) -> None:
        """Read what messages say so far, as they are read anew in this batch."""
        self.anew.update(messages)
        for rows in (self.contents, self.participants, self.attachments, self.blind_copies):
            rows.fetch(connection, names, "message = ANY(%b)", list(messages))

    def hide(self, message: UUID, raw: str, addresses: Sequence[Address]) -> None:
        """Keep the blind recipients that a copy names; the first spelling in order stays."""
        for one in addresses:
            key = one.key[:LONGEST_KEY]
            row = BlindCopyRow(message, raw, key, one.spec, one.name)
            known = self.blind_copies.get(message, raw, key)
            if known is None or (row.address, row.name) < (known.address, known.name):
                self.blind_copies.put(row)

    def hide_anew(self, message: UUID, raw: str, addresses: Sequence[Address]) -> None:
        """Keep those that a copy names as it is read now, and no others of it."""
        for one in self.blind_copies:
            if (one.message, one.raw) == (message, raw):
                self.blind_copies.remove(message, raw, one.address_key)
        self.hide(message, raw, addresses)

    def take(self, message: UUID, said: Content, event: Saying) -> ContentRow:
        """Keep what a copy says."""
        row = _content(message, said, event)
        further = message in self.anew
        for role, addresses in _roles(said):
            for place, one in enumerate(addresses):
                who = ParticipantRow(
                    message, row.content, role, place, one.spec, without_token(one.key), one.name
                )
                self.participants.put(who) if further else self.participants.add(who)
        for attachment in _attachments(row, said, event.files):
            self.attachments.put(attachment) if further else self.attachments.add(attachment)
        return self.contents.put(row)

    def take_anew(self, message: UUID, event: MessageReread) -> ContentRow | None:
        """Let what was read anew stand for what a copy said; None if that was erased."""
        before = self.contents.get(message, event.content_key)
        if before is None:
            return None
        if event.content is None:
            before.reader = event.reader
            return self.contents.put(before)
        for role in ROLES:
            place = 0
            while self.participants.get(message, event.content_key, role, place):
                self.participants.remove(message, event.content_key, role, place)
                place += 1
        for place in range(before.attachments):
            self.attachments.remove(message, event.content_key, place)
        return self.take(message, event.content, event)

    def flush(self, connection: Connection[TupleRow], names: Names) -> None:
        """Write what came."""
        self.contents.flush(connection, names)
        self.participants.flush(connection, names)
        self.attachments.flush(connection, names)
        self.blind_copies.flush(connection, names)


def _content(message: UUID, said: Content, event: Saying) -> ContentRow:
    author = said.authors[0] if said.authors else said.sender or Address("")
    return ContentRow(
        message=message,
        content=event.content_key,
        header_id=said.message_id,
        subject=said.subject,
        snippet=" ".join(said.text[: 4 * SNIPPET].split())[:SNIPPET],
        sender=author.spec,
        sender_name=author.name,
        sent_at=said.sent_at,
        attachments=len(said.attachments),
        degraded=said.degraded,
        reader=said.reader,
        html=said.html,
        protection=said.protection,
        defects=list(said.defects),
        text=said.text,
        text_rest=event.text_rest,
    )


def _attachments(row: ContentRow, said: Content, files: Sequence[str]) -> Iterable[AttachmentRow]:
    for place, file in enumerate(said.attachments):
        yield AttachmentRow(
            message=row.message,
            content=row.content,
            ordinal=place,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            inline=file.inline,
            content_id=file.content_id,
            blob=files[place] if place < len(files) else None,
            inside=file.inside,
            title=file.title,
        )


def _roles(said: Content) -> Iterable[tuple[str, Sequence[Address]]]:
    yield "from", said.authors
    yield "to", said.to
    yield "cc", said.cc
    yield "reply_to", said.reply_to
    yield "sender", (said.sender,) if said.sender else ()
    yield "pec_sender", (said.pec_sender,) if said.pec_sender else ()
