"""A mail that is to leave, and what comes of it: the words of api/work/sending.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from domain.choosing import Target
from domain.composing import Composed
from domain.objections import Objection
from domain.values import ColleagueId, DocumentId, MailboxId, MessageId, TemplateId
from projections.reader import EVERYTHING, Reader

Also = Callable[[Connection[Any], UUID], None]
"""Writes, in the transaction in which a mail is queued, what else belongs to it."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """A mail that is to leave from a mailbox.

    Of `mail` the Message-ID, date, threading, marker and whether it is certified are put in here;
    `contents` are the octets of its files by their keys. `targets` are what it belongs to by the
    sender's word, `removed` what was proposed and does not. `presents`: it brings the document, and
    so needs a file. `reader` is what the sender may see, `colleague` who he is, `acknowledged` the
    names of doubts (domain/doubts.py), `draft` the one of which it was made. `carries` are messages
    of which it brings a file. `undo` is how long it waits at least; None: as is usual.
    """

    mailbox: MailboxId
    mail: Composed
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    targets: tuple[Target, ...] = ()
    removed: tuple[Target, ...] = ()
    document: DocumentId | None = None
    presents: bool = False
    template: TemplateId | None = None
    template_version: int = 0
    answers: MessageId | None = None
    forwards: MessageId | None = None
    carries: frozenset[MessageId] = frozenset()
    not_before: datetime | None = None
    undo: timedelta | None = None
    acknowledged: frozenset[str] = frozenset()
    colleague: ColleagueId | None = None
    draft: UUID | None = None
    reader: Reader = EVERYTHING


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail in the outbox: its stream, the message as which it will be known, and since when.

    `remarks` is what did not block. `due`: from then on it leaves, until then it can be taken back.
    """

    mail: UUID
    message: MessageId
    position: int
    due: datetime
    remarks: tuple[Objection, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What would leave: the mail with all that is put in, and what speaks against it."""

    mail: Composed
    objections: tuple[Objection, ...]
    due: datetime
