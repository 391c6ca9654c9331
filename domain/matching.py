"""What is decided on a message: which way it went, what it asks for, what it belongs to."""

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from uuid import UUID

from domain import answering
from domain.announcing import Announcement
from domain.answering import UNPROVEN, Want, wants_answer
from domain.apart import (
    MAILING_KIND,
    TOPIC,
    Earlier,
    begins_new_topic,
    is_mailing,
    replies_to_mailing,
)
from domain.choosing import Target, TargetKind
from domain.claims import Claim, Known, Voucher, claim_of, linked
from domain.classes import dataclass
from domain.content import Content
from domain.correspondents import FORM, FORWARDED, Ours, behind, correspondents, direction
from domain.facts import Facts, forged_in, speaking_in, unproven_in
from domain.linking import link
from domain.machine import Machine, recognise
from domain.message import (
    Direction,
    MessageClassified,
    MessageEvent,
    MessageLinked,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.naming import NumberedDocument
from domain.numbers import Sighting
from domain.remembering import Choice
from domain.values import MessageId
from domain.vouching import NOBODY

_KINDS = {FORM: "web_form", FORWARDED: "forwarded"}
NO_THREAD = MessageThreaded(None, "", 0, 0, "", "")
NOT_APART = MessageSetApart(None, "", 0, 0, "", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided last; `round` counts decisions that changed something."""

    round: int
    classified: MessageClassified
    links: tuple[MessageLinked, ...] = field(default=())
    thread: MessageThreaded | None = None
    apart: MessageSetApart | None = None

    def claims(self) -> dict[Target, Claim]:
        """Give the links as an answering message inherits them."""
        return {(one.kind, one.target): claim_of(one) for one in self.links}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a message: looked up by the shell.

    `parent` is the nearest known message that this one concerns or answers, and its verdict;
    `thread` tells why, where it does not refer to it; `earlier` tells more of it where it may be about
    something else. The rest is as in `Known`.
    """

    ours: Ours
    parties_at: Mapping[str, tuple[UUID, ...]]
    documents_of: Mapping[UUID, tuple[NumberedDocument, ...]]
    numbers: tuple[tuple[str, tuple[Sighting, ...]], ...]
    parent: tuple[MessageId, Verdict] | None = None
    thread: MessageThreaded | None = None
    earlier: Earlier | None = None
    parties_of_domain: Mapping[str, tuple[UUID, ...]] = field(default_factory=dict)
    announced_by: Mapping[str, tuple[Announcement, ...]] = field(default_factory=dict)
    documents_anywhere: tuple[NumberedDocument, ...] = ()
    confirmed: Mapping[Target, str] = field(default_factory=dict)
    rejected: frozenset[Target] = frozenset()
    remembered: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    vouchers: tuple[Voucher, ...] = ()


def judge(facts: Facts, around: Surroundings) -> Verdict:
    """Decide on a message by what is known now."""
    content, parent = facts.content, around.parent
    classified = _classified(content, facts, around.ours)
    apart = _apart(facts, content, classified, around)
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
        forged=forged_in(facts, around.ours),
        answers=None if parent is None else parent[0],
        anew=apart is not None and apart.rule == TOPIC.name,
        inherited={} if parent is None else parent[1].claims(),
        vouchers=around.vouchers,
        speaking=speaking_in(facts, around.ours) if around.vouchers else NOBODY,
    )
    claims = link(known)
    links = tuple(linked(target, claims[target]) for target in sorted(claims, key=_in_order))
    return Verdict(0, classified, links, around.thread, apart)


def _apart(
    facts: Facts, content: Content, said: MessageClassified, around: Surroundings
) -> MessageSetApart | None:
    """Tell whether a person's mail begins a conversation of its own, though it refers to another."""
    if around.parent is None or around.thread is not None or said.automatic or content.notice:
        return None
    parent, verdict = around.parent
    alone = replies_to_mailing(content, parent, verdict.classified)
    if alone is None and around.earlier is not None:
        alone = begins_new_topic(content, facts.at, around.earlier)
    return alone


def _classified(content: Content, facts: Facts, ours: Ours) -> MessageClassified:
    real = behind(content, ours)
    machine = recognise(content, facts.traces)
    if real is not None and content.notice is None:  # a person wrote, whatever sent it
        machine = Machine(automatic=False, kind=_KINDS[real.role], evidence=real.sent_by.spec)
    way = direction(content, ours, facts.roles)
    want = wants_answer(content, way, machine)
    if way is not Direction.INBOUND and not machine.automatic:
        doubt = unproven_in(facts, ours)
        want = Want(wanted=False, reason=UNPROVEN, evidence=doubt) if doubt else want
    return MessageClassified(
        direction=way,
        automatic=machine.automatic,
        kind=MAILING_KIND if is_mailing(content, way, ours, machine) else machine.kind,
        wants_answer=want.wanted,
        reason=want.reason,
        rule_version=answering.VERSION,
        evidence=want.evidence or ("" if real is None else machine.evidence),
    )


def changes(before: Verdict | None, now: Verdict) -> list[MessageEvent]:
    """Tell the difference between two verdicts as events."""
    if before is None:
        found = [one for one in (now.thread, now.apart) if one]
        return [now.classified, *found, *now.links]
    events: list[MessageEvent] = []
    if before.thread != now.thread:
        events.append(now.thread or NO_THREAD)
    if before.apart != now.apart:
        events.append(now.apart or NOT_APART)
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
