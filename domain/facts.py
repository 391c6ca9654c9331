"""What matching keeps of a message: gathered from all its copies, whatever their order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.authentication import denied, is_forged
from domain.classes import dataclass
from domain.content import Content
from domain.correspondents import Ours, correspondents, direction
from domain.message import (
    CaptureEvent,
    Direction,
    FolderRole,
    Further,
    MessageCompleted,
    MessageReceived,
)
from domain.numbers import Sighting, sightings
from domain.rules import QUOTED
from domain.signedtoken import Named, Names, Seen, gathered, tokens_in, tokens_in_trace
from domain.values import Address, MailboxId
from domain.vouching import Speaking, speaking
from domain.wording import below, new_text

_ADDED_BY_LISTS = ("precedence", "x-precedence", "feedback-id")
TEXT_MATCHED = 4_000
"""So many characters of new text, a subject or a name are searched for numbers."""
QUOTED_MATCHED = 2_000
"""So many of what is quoted below it."""


Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One content under which a message was seen, and when the first copy of it was received.

    `content.text` is the new text only, cut to what is matched.
    """

    content_key: str
    received_at: datetime
    raw_sha256: str
    content: Content
    quoted: str = ""
    """What stands below the new text, cut to what is matched."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message from all its copies, in whatever order they were captured."""

    forms: tuple[Form, ...]
    roles: tuple[FolderRole, ...]
    traces: Headers
    signals: Headers
    bcc: tuple[Address, ...]
    mailboxes: tuple[MailboxId, ...] = ()
    """Of messages that were taken in before this was kept, some may be missing."""
    tokens: tuple[Seen, ...] = ()
    """What looks like a token of ours, quoted text included."""

    @property
    def at(self) -> datetime:
        """Tell when the first copy was received."""
        return min(form.received_at for form in self.forms)

    @property
    def content(self) -> Content:
        """Give the content received first, with what only some copies tell."""
        return replace(self.first.content, signals=self.signals, bcc=self.bcc)

    @property
    def quoted(self) -> str:
        """Give what stands below the new text of that content."""
        return self.first.quoted

    @property
    def first(self) -> Form:
        """Give the form received first: what the message says."""
        if len(self.forms) == 1:
            return self.forms[0]
        return min(self.forms, key=lambda form: (form.received_at, form.raw_sha256))


def facts_of(received: MessageReceived) -> Facts:
    """Keep what matching needs of a message's first copy."""
    content = received.content
    form = _form(received, content)
    signals = tuple(sorted(set(content.signals)))
    boxes = (received.mailbox,)
    tokens = gathered(tokens_in(content))
    return Facts((form,), (received.role,), content.trace, signals, content.bcc, boxes, tokens)


def also_seen(facts: Facts, copy: Further) -> Facts:
    """Add what a further copy tells; the order of copies does not matter.

    What only some copies have from a mailing list does not count: the message came directly too.
    """
    mine, theirs = set(facts.signals), set(copy.signals)
    signals = {one for one in mine | theirs if not _by_list(one) or one in mine & theirs}
    bcc = {one.key: one for one in sorted((*copy.bcc, *facts.bcc), key=_spelling, reverse=True)}
    tokens = tokens_in_trace(copy.trace) if copy.content is None else tokens_in(copy.content)
    return Facts(
        forms=tuple(_also_as(facts.forms, copy)),
        roles=tuple(sorted({*facts.roles, copy.role})),
        traces=tuple(sorted({*facts.traces, *copy.trace})),
        signals=tuple(sorted(signals)),
        bcc=tuple(bcc[key] for key in sorted(bcc)),
        mailboxes=tuple(sorted({*facts.mailboxes, copy.mailbox})),
        tokens=gathered((*facts.tokens, *tokens)),
    )


def also_in(facts: Facts, role: FolderRole) -> Facts:
    """Let a message lie in a folder for another role, too; the copy that was moved is known."""
    return replace(facts, roles=tuple(sorted({*facts.roles, role})))


def _also_as(forms: tuple[Form, ...], copy: Further) -> Iterator[Form]:
    """Give the forms with that of a further copy; a header alone is none once the whole is there."""
    known = False
    for form in forms:
        if isinstance(copy, MessageCompleted) and form.content_key == copy.header_content_key:
            continue
        same = form.content_key == copy.content_key
        earlier = (copy.received_at, copy.raw_sha256) < (form.received_at, form.raw_sha256)
        known = known or same
        yield _as_of(form, copy) if same and earlier else form
    if not known and copy.content is not None:
        yield _form(copy, copy.content)


def _as_of(form: Form, copy: Further) -> Form:
    """Let a form have been received with this copy first."""
    return replace(form, received_at=copy.received_at, raw_sha256=copy.raw_sha256)


def _form(seen: CaptureEvent, content: Content) -> Form:
    """Cut a content to what is matched: where @fwd says so, the forwarded text is the mail's."""
    passed_on = content.forwarded
    text = content.text
    if passed_on is not None:
        inside = passed_on.text or ("" if passed_on.begins is None else text[passed_on.begins :])
        if passed_on.by_command and passed_on.begins is not None:
            text = inside
        passed_on = replace(passed_on, begins=None, text=new_text(inside)[:TEXT_MATCHED])
    said = new_text(text)[:TEXT_MATCHED]
    cut = replace(content, text=said, forwarded=passed_on, trace=(), signals=())
    quoted = "" if passed_on else below(text)[:QUOTED_MATCHED]
    return Form(seen.content_key, seen.received_at, seen.raw_sha256, cut, quoted)


def _spelling(address: Address) -> tuple[str, str]:
    return address.spec, address.name


def _by_list(signal: tuple[str, str]) -> bool:
    return signal[0].startswith("list-") or signal[0] in _ADDED_BY_LISTS


def named_ids(content: Content) -> tuple[str, ...]:
    """Give the Message-IDs of what a message concerns or answers, the nearest first."""
    concerned = content.notice.concerns if content.notice else ()
    return tuple(dict.fromkeys((*concerned, *content.in_reply_to, *reversed(content.references))))


def own_ids(content: Content) -> tuple[str, ...]:
    """Give the Message-IDs under which others may name a message."""
    ids = (content.message_id, content.pec_message_id, *content.also_known_as)
    return tuple(dict.fromkeys(one for one in ids if one))


def ref_of(message: UUID) -> str:
    """Name a message by its id, where it is not referred to by a Message-ID."""
    return Named(Names.MESSAGE, message).ref


def names_of(message: UUID, content: Content) -> tuple[str, ...]:
    """Give all under which others may name a message, or rest on it."""
    return (*own_ids(content), ref_of(message))


def speaking_in(facts: Facts, ours: Ours) -> Speaking:
    """Tell on whose word the tokens in a message stand."""
    content = facts.content
    return speaking(
        correspondents(content, ours),
        direction(content, ours, facts.roles),
        forged=is_forged(facts.traces, ours.servers),
    )


def forged_in(facts: Facts, ours: Ours) -> bool:
    """Tell whether a server of ours says that who wrote to us is not who he claims to be."""
    inbound = direction(facts.content, ours, facts.roles) is Direction.INBOUND
    return inbound and is_forged(facts.traces, ours.servers)


def unproven_in(facts: Facts, ours: Ours) -> str:
    """Give the words of a server that denies that we sent what claims to be ours; empty: none does.

    What lies in a folder of sent mail is ours, whatever servers found on its way.
    """
    content = facts.content
    if FolderRole.SENT in facts.roles or not content.authors:
        return ""
    found = denied(facts.traces, content.authors[0].domain, ours.servers)
    return "" if found is None else "=".join(found)


def numbers_in(content: Content, quoted: str = "") -> tuple[tuple[str, tuple[Sighting, ...]], ...]:
    """Find what may be a document's number, text by text: subject, new text, attachment names.

    What is quoted comes last: it is weaker evidence.
    """
    inside = content.forwarded
    texts = (
        ("subject", content.subject),
        ("subject", inside.subject if inside else ""),
        ("text", content.text),
        ("forwarded", inside.text if inside and inside.text != content.text else ""),
        *(("attachment", one.name) for one in content.attachments),
        (QUOTED, quoted),
    )
    seen = ((where, tuple(sightings(text[:TEXT_MATCHED]))) for where, text in texts)
    return tuple((where, found) for where, found in seen if found)
