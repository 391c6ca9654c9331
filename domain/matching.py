"""What is decided on a message: which way it went, what it asks for, what it belongs to."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain import answering
from domain.answering import wants_answer
from domain.authentication import is_forged
from domain.choosing import Target, TargetKind
from domain.claims import Claim, Known, Voucher, claim_of, linked
from domain.content import Content
from domain.correspondents import FORM, FORWARDED, Ours, behind, correspondents, direction
from domain.linking import link
from domain.machine import Machine, recognise
from domain.message import (
    CaptureEvent,
    Direction,
    FolderRole,
    Further,
    MessageClassified,
    MessageCompleted,
    MessageEvent,
    MessageLinked,
    MessageReceived,
    MessageThreaded,
    MessageUnlinked,
)
from domain.naming import NumberedDocument
from domain.numbers import Sighting, sightings
from domain.remembering import Choice
from domain.signedtoken import Named, Names, Seen, gathered, tokens_in, tokens_in_trace
from domain.values import Address, MailboxId, MessageId
from domain.vouching import NOBODY, Speaking, speaking
from domain.wording import new_text

_ADDED_BY_LISTS = ("precedence", "x-precedence", "feedback-id")
_KINDS = {FORM: "web_form", FORWARDED: "forwarded"}
NO_THREAD = MessageThreaded(None, "", 0, 0, "", "")
TEXT_MATCHED = 4_000
"""So many characters of new text are searched for numbers."""


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
        first = self.forms[0]
        if len(self.forms) > 1:
            first = min(self.forms, key=lambda form: (form.received_at, form.raw_sha256))
        return replace(first.content, signals=self.signals, bcc=self.bcc)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided last; `round` counts decisions that changed something."""

    round: int
    classified: MessageClassified
    links: tuple[MessageLinked, ...] = field(default=())
    thread: MessageThreaded | None = None

    def claims(self) -> dict[Target, Claim]:
        """Give the links as an answering message inherits them."""
        return {(one.kind, one.target): claim_of(one) for one in self.links}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a message: looked up by the shell.

    `parent` is the nearest known message that this one concerns or answers, and its verdict;
    `thread` tells why, where it does not refer to it. The rest is as in `Known`.
    """

    ours: Ours
    parties_at: Mapping[str, tuple[UUID, ...]]
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]]
    numbers: tuple[tuple[str, tuple[Sighting, ...]], ...]
    parent: tuple[MessageId, Verdict] | None = None
    thread: MessageThreaded | None = None
    parties_of_domain: Mapping[str, tuple[UUID, ...]] = field(default_factory=dict)
    announced_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents_anywhere: tuple[NumberedDocument, ...] = ()
    confirmed: Mapping[Target, str] = field(default_factory=dict)
    rejected: frozenset[Target] = frozenset()
    remembered: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    vouchers: tuple[Voucher, ...] = ()


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
        yield _form(copy, form.content) if same and earlier else form
    if not known and copy.content is not None:
        yield _form(copy, copy.content)


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
    return Form(seen.content_key, seen.received_at, seen.raw_sha256, cut)


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


def numbers_in(content: Content) -> tuple[tuple[str, tuple[Sighting, ...]], ...]:
    """Find what may be a document's number, text by text: subject, new text, attachment names."""
    inside = content.forwarded
    texts = (
        ("subject", content.subject),
        ("subject", inside.subject if inside else ""),
        ("text", content.text),
        ("forwarded", inside.text if inside and inside.text != content.text else ""),
        *(("attachment", one.name) for one in content.attachments),
    )
    seen = ((where, tuple(sightings(text))) for where, text in texts)
    return tuple((where, found) for where, found in seen if found)


def judge(facts: Facts, around: Surroundings) -> Verdict:
    """Decide on a message by what is known now."""
    content, parent = facts.content, around.parent
    classified = _classified(content, facts, around.ours)
    known = Known(
        direction=classified.direction,
        correspondents=correspondents(content, around.ours),
        numbers=around.numbers,
        at=facts.at.date(),
        parties_of_domain=around.parties_of_domain,
        announced_by=around.announced_by,
        documents_anywhere=around.documents_anywhere,
        confirmed=around.confirmed,
        rejected=around.rejected,
        remembered=around.remembered,
        listed=classified.kind == "list",
        parties_at=around.parties_at,
        documents_of=around.documents_of,
        forged=classified.direction is Direction.INBOUND
        and is_forged(facts.traces, around.ours.servers),
        answers=None if parent is None else parent[0],
        inherited={} if parent is None else parent[1].claims(),
        vouchers=around.vouchers,
        speaking=speaking_in(facts, around.ours) if around.vouchers else NOBODY,
    )
    claims = link(known)
    links = tuple(linked(target, claims[target]) for target in sorted(claims, key=_in_order))
    return Verdict(0, classified, links, around.thread)


def _classified(content: Content, facts: Facts, ours: Ours) -> MessageClassified:
    real = behind(content, ours)
    machine = recognise(content, facts.traces)
    if real is not None and content.notice is None:  # a person wrote, whatever sent it
        machine = Machine(automatic=False, kind=_KINDS[real.role], evidence=real.sent_by.spec)
    way = direction(content, ours, facts.roles)
    want = wants_answer(content, way, machine)
    return MessageClassified(
        direction=way,
        automatic=machine.automatic,
        kind=machine.kind,
        wants_answer=want.wanted,
        reason=want.reason,
        rule_version=answering.VERSION,
        evidence=want.evidence or ("" if real is None else machine.evidence),
    )


def changes(before: Verdict | None, now: Verdict) -> list[MessageEvent]:
    """Tell the difference between two verdicts as events."""
    if before is None:
        return [now.classified, *([now.thread] if now.thread else []), *now.links]
    events: list[MessageEvent] = []
    if before.thread != now.thread:
        events.append(now.thread or NO_THREAD)
    if before.classified != now.classified:
        events.append(now.classified)
    kept = {(one.kind, one.target) for one in now.links}
    events.extend(_unlinked(one) for one in before.links if (one.kind, one.target) not in kept)
    events.extend(one for one in now.links if one not in before.links)
    return events


def in_next_round(before: Verdict | None, now: Verdict) -> Verdict:
    """Count the verdict as one that changed something."""
    return replace(now, round=1 if before is None else before.round + 1)


def parties_matched(verdict: Verdict) -> Collection[UUID]:
    """Give the parties that a message is linked to or may belong to."""
    return [one.target for one in verdict.links if one.kind is TargetKind.PARTY]


def _in_order(target: Target) -> tuple[str, UUID]:
    return target[0].value, target[1]


def _unlinked(link: MessageLinked) -> MessageUnlinked:
    return MessageUnlinked(
        link.kind, link.target, link.rule, link.rule_version, "its ground is gone"
    )
