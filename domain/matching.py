"""What is decided on a message: which way it went, what it asks for, what it belongs to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain import answering
from domain.answering import wants_answer
from domain.content import Content
from domain.correspondents import Ours, correspondents, direction
from domain.linking import Claim, Known, NumberedDocument, Rule, Target, link
from domain.machine import recognise
from domain.message import (
    FolderRole,
    MessageClassified,
    MessageEvent,
    MessageLinked,
    MessageUnlinked,
    TargetKind,
)
from domain.numbers import Sighting, sightings
from domain.values import MessageId
from domain.wording import new_text

TEXT_MATCHED = 4_000
"""So many characters of new text are searched for numbers."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message from all its copies: where it lay, and their trace headers.

    `content.text` is the new text only, cut to what is matched.
    """

    content: Content
    roles: tuple[FolderRole, ...]
    traces: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided last; `round` counts decisions that changed something."""

    round: int
    classified: MessageClassified
    links: tuple[MessageLinked, ...] = field(default=())

    def claims(self) -> dict[Target, Claim]:
        """Give the links as an answering message inherits them."""
        return {(one.kind, one.target): _claim(one) for one in self.links}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a message: looked up by the shell.

    `parent` is the nearest known message that this one concerns or answers, and its verdict.
    """

    ours: Ours
    parties_at: Mapping[str, tuple[UUID, ...]]
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]]
    numbers: tuple[tuple[str, Sighting], ...]
    parent: tuple[MessageId, Verdict] | None = None


def facts_of(content: Content, role: FolderRole) -> Facts:
    """Keep what matching needs of a message's first copy."""
    cut = replace(content, text=new_text(content.text)[:TEXT_MATCHED], trace=())
    return Facts(cut, (role,), content.trace)


def also_seen(facts: Facts, role: FolderRole, trace: tuple[tuple[str, str], ...]) -> Facts:
    """Add what a further copy tells; the order of copies does not matter."""
    roles = tuple(sorted({*facts.roles, role}))
    return replace(facts, roles=roles, traces=tuple(sorted({*facts.traces, *trace})))


def named_ids(content: Content) -> tuple[str, ...]:
    """Give the Message-IDs of what a message concerns or answers, the nearest first."""
    concerned = content.notice.concerns if content.notice else ()
    return tuple(dict.fromkeys((*concerned, *content.in_reply_to, *reversed(content.references))))


def own_ids(content: Content) -> tuple[str, ...]:
    """Give the Message-IDs under which others may name a message."""
    return tuple(one for one in (content.message_id, content.pec_message_id) if one)


def numbers_in(content: Content) -> tuple[tuple[str, Sighting], ...]:
    """Find what may be a document's number: in the subject, the new text, attachment names."""
    texts = (
        ("subject", content.subject),
        ("text", content.text),
        *(("attachment", one.name) for one in content.attachments),
    )
    return tuple((where, sighting) for where, text in texts for sighting in sightings(text))


def judge(facts: Facts, around: Surroundings) -> Verdict:
    """Decide on a message by what is known now."""
    content, parent = facts.content, around.parent
    classified = _classified(facts, around.ours)
    known = Known(
        direction=classified.direction,
        correspondents=correspondents(content, around.ours),
        numbers=around.numbers,
        parties_at=around.parties_at,
        documents_of=around.documents_of,
        answers=None if parent is None else parent[0],
        inherited={} if parent is None else parent[1].claims(),
    )
    claims = link(known)
    links = tuple(_linked(target, claims[target]) for target in sorted(claims, key=_in_order))
    return Verdict(0, classified, links)


def _classified(facts: Facts, ours: Ours) -> MessageClassified:
    machine = recognise(facts.content, facts.traces)
    way = direction(facts.content, ours, facts.roles)
    want = wants_answer(facts.content, way, machine)
    return MessageClassified(
        direction=way,
        automatic=machine.automatic,
        kind=machine.kind,
        wants_answer=want.wanted,
        reason=want.reason,
        rule_version=answering.VERSION,
        evidence=want.evidence,
    )


def changes(before: Verdict | None, now: Verdict) -> list[MessageEvent]:
    """Tell the difference between two verdicts as events."""
    if before is None:
        return [now.classified, *now.links]
    events: list[MessageEvent] = []
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


def _linked(target: Target, claim: Claim) -> MessageLinked:
    return MessageLinked(
        kind=target[0],
        target=target[1],
        state=claim.state,
        rule=claim.rule.name,
        rule_version=claim.rule.version,
        confidence=claim.confidence,
        where=claim.where,
        evidence=claim.evidence,
        inherited_from=claim.inherited_from,
        rejected=claim.rejected,
    )


def _unlinked(link: MessageLinked) -> MessageUnlinked:
    return MessageUnlinked(
        link.kind, link.target, link.rule, link.rule_version, "its ground is gone"
    )


def _claim(link: MessageLinked) -> Claim:
    return Claim(
        state=link.state,
        rule=Rule(link.rule, link.rule_version),
        confidence=link.confidence,
        where=link.where,
        evidence=link.evidence,
        inherited_from=link.inherited_from,
        rejected=link.rejected,
    )
