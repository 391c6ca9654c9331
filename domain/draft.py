"""A mail that somebody is writing: as it was typed, and of what it is about to be made."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.choosing import Target
from domain.classes import dataclass
from domain.values import Address, DocumentId, MailboxId, MessageId, Rejected, TemplateId

MOST_TEXT: Final = 1_000_000
"""Characters of a draft's text, and of its HTML."""
MOST_LISTED: Final = 1_000
"""Recipients, and other things of which a draft may have many."""
UNDECIDED: Final = MailboxId(UUID(int=0))
"""In place of the mailbox of a proposal for which one is still to be chosen; nothing leaves from it."""
_ANGLED: Final = re.compile(r"\s*(.*?)\s*<([^<>]*)>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a draft: one that was uploaded, or out of a message that was taken in.

    `place` is its place among the message's attachments; None: the whole message. `key` is its own
    within the draft; with a `content_id` it is a picture in the HTML.
    """

    key: str
    name: str
    media_type: str
    upload: UUID | None = None
    message: MessageId | None = None
    place: int | None = None
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written. Nothing is checked: a draft may be wrong.

    Recipients are as they were typed: `Marco Verdi <marco@verdi.example>`. `quotes`: what is answered
    or passed on stands below. `removed` are links that were proposed and taken away.
    """

    mailbox: MailboxId
    sender: str = ""
    sender_name: str = ""
    company: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    language: str = ""
    quotes: bool = False
    files: tuple[Attached, ...] = ()
    targets: tuple[Target, ...] = ()
    removed: tuple[Target, ...] = ()
    document: DocumentId | None = None
    presents: bool = False
    template: TemplateId | None = None
    template_version: int = 0
    answers: MessageId | None = None
    forwards: MessageId | None = None
    not_before: datetime | None = None
    acknowledged: tuple[str, ...] = ()


def typed(text: str) -> Address:
    """Read an address as people type it; what is none stays as it is, to be objected to."""
    found = _ANGLED.fullmatch(text)
    if found is None:
        return Address(text.strip())
    return Address(found[2].strip(), found[1].strip('"').replace('\\"', '"'))


def written(address: Address) -> str:
    """Write an address as people type it."""
    return f"{address.name} <{address.spec}>" if address.name else address.spec


def refuse_immense(draft: Draft) -> None:
    """Raise Rejected for what no mail can be, before it is stored."""
    if max(len(draft.text), len(draft.html)) > MOST_TEXT:
        raise Rejected("TOO_LARGE", f"a text has {MOST_TEXT:,} characters at most; attach it")
    listed = (draft.to, draft.cc, draft.bcc, draft.reply_to, draft.files, draft.targets)
    people = (*draft.to, *draft.cc, *draft.bcc, *draft.reply_to, *draft.acknowledged)
    short = (
        *people,
        draft.subject,
        draft.sender,
        draft.sender_name,
        draft.company,
        draft.language,
    )
    if any(len(one) > MOST_LISTED for one in (*listed, draft.removed, draft.acknowledged)):
        raise Rejected("TOO_LARGE", f"{MOST_LISTED:,} of one kind are the most")
    if any(len(one) > 2_000 for one in short):
        raise Rejected("TOO_LARGE", "a name, address or subject has 2,000 characters at most")
