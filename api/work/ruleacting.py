"""One message and one rule that held for it: everything is decided and recorded in one transaction.

    acts ─▶ who gets it is planned ─▶ mail is written ─▶ { lock: drawn, message.rule_applied, its effects,
                                                           the mail in the outbox }

A process that dies before the commit has done nothing, after it all; the rule is told once of the
message, so whoever comes again does nothing.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from psycopg import Connection

from adapters import ruleturns
from adapters.journal import NewEvent, Writing
from api.work.handover import order_id
from api.work.instance import Carteggio
from api.work.ruleactions import not_approved
from api.work.rulearound import House
from api.work.rulemails import Answer, Meanwhile, answered, count, passed_on
from api.work.sending import ToSend, send
from domain import attention, choosing, ruleactions, tagging
from domain.attention import HandedBecause, HandOver, Snooze
from domain.autoreply import Refusal
from domain.choosing import ChooseLink, ChoosingEvent
from domain.drawing import Way
from domain.identity import mailbox_id, reaction_event
from domain.mailfacts import Facts
from domain.mailrules import Asked
from domain.message import CloseReason, MessageClosed
from domain.recorded import Envelope, Origin, Recorded
from domain.ruleactions import (
    ASSIGNS,
    SENDS,
    Act,
    ActionKind,
    Done,
    PartyEventRegistered,
    RuleApplied,
    Why,
    loops,
)
from domain.ruleplans import Planned, planned, settled
from domain.rulewords import told
from domain.tagging import TagMessage
from domain.values import Actor, ActorKind, ColleagueId, MailboxId, MessageId, Rejected


@dataclass(frozen=True, slots=True)
class Run:
    """A rule that held for a message; `since`: from when on the rule is asked."""

    carteggio: Carteggio
    house: House
    facts: Facts
    asked: Asked
    acts: tuple[Act, ...]
    mailbox: MailboxId
    since: datetime
    through: tuple[UUID, ...]
    cause: UUID

    @property
    def envelope(self) -> Envelope:
        """Give the envelope of what it does: the same rule and message give the same one."""
        rule, message = self.asked.rule, self.facts.message
        return Envelope(
            event_id=reaction_event(message, "rule", 1, rule.id),
            at=self.house.now,
            actor=Actor(ActorKind.RULE, f"{rule.id.hex}@{rule.version}"),
            origin=Origin("work"),
            command_id=f"rule-{rule.id.hex}-{message.hex}",
            causation=self.cause,
        )

    @property
    def mark(self) -> str:
        """Give what its mail says of itself."""
        return f"{self.asked.rule.id.hex}@{self.asked.rule.version}"


@dataclass(slots=True)
class _Doing:
    """What is done, and what is said of it, while it is decided."""

    done: list[Done] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    effects: list[object] = field(default_factory=list)
    beside: list[tuple[UUID, object]] = field(default_factory=list)
    owner: ColleagueId | None = None
    turns: list[tuple[UUID, ColleagueId]] = field(default_factory=list)


class _Already(Exception):
    """Somebody else did it meanwhile."""


_Mail = ToSend | Answer | Done
"""A mail that a rule sends, or why it does not."""


async def act(run: Run) -> bool:
    """Do what a rule does with a message; give whether anything was recorded."""
    mails: dict[int, tuple[_Mail, str]] = {}
    looped = loops(run.asked.rule.id, run.through)
    for at, one in enumerate(run.acts):
        if one.kind in SENDS and not looped:
            mails[at] = await _mail(run, one)
    going = next((one for one, _ in mails.values() if not isinstance(one, Done)), None)
    try:
        if going is not None:
            return await _sent(run, going, mails)
        return await asyncio.to_thread(_recorded, run, mails)
    except _Already:
        return False


async def _sent(run: Run, going: ToSend | Answer, mails: dict[int, tuple[_Mail, str]]) -> bool:
    """Record it in the transaction in which its mail is queued; without it, if it cannot be sent."""
    wanted = going.wanted if isinstance(going, Answer) else going

    def also(connection: Connection[Any], mail: UUID) -> None:
        if isinstance(going, Answer):
            count(run.carteggio, connection, going, run.house.now)
        _write(run, connection, mails, mail)

    try:
        await send(run.carteggio, wanted, lambda _: run.envelope, also)
    except Meanwhile as meanwhile:
        why, more = Why.NOT_ANSWERABLE, str(meanwhile.refusal.why.value)
    except Rejected as refusal:
        why, more = Why.NOT_SENDABLE, refusal.sentence
    else:
        return True
    kept = {
        at: (Done(run.acts[at].kind, done=False, why=why), more) if one is going else (one, said)
        for at, (one, said) in mails.items()
    }
    return await asyncio.to_thread(_recorded, run, kept)


def _recorded(run: Run, mails: dict[int, tuple[_Mail, str]]) -> bool:
    with run.carteggio.journal.writing() as writing:
        writing.prepare([run.facts.message])
        _write(run, writing.connection, mails, None)
    return True


async def _mail(run: Run, one: Act) -> tuple[_Mail, str]:
    """Write the mail of an action; or say why there is none."""
    message, box = run.facts.message, run.mailbox
    if one.kind is ActionKind.FORWARD and (
        wrong := await asyncio.to_thread(not_approved, run.carteggio, one)
    ):
        return Done(one.kind, done=False, why=Why.NOT_APPROVED), f"{wrong[0]} is not approved"
    key = run.carteggio.identity_key
    where = {one.mailbox} if one.mailbox else {mailbox_id(key, x.spec) for x in one.to}
    if where and where <= set(run.facts.mailboxes):
        return Done(one.kind, done=False, why=Why.ALREADY_SO, to=one.mailbox), ""
    try:
        if one.kind is not ActionKind.REPLY:
            return await passed_on(run.carteggio, message, box, one, run.mark), ""
        asked = run.asked.rule.id, run.since, run.envelope, run.mark
        found = await answered(run.carteggio, message, box, one, asked)
    except Rejected as refusal:
        return Done(one.kind, done=False, why=Why.NOT_SENDABLE), refusal.sentence
    if isinstance(found, Refusal):
        return Done(one.kind, done=False, why=Why.NOT_ANSWERABLE), found.why.value
    return found, ""


# ---- within the transaction


def _write(
    run: Run, connection: Connection[Any], mails: dict[int, tuple[_Mail, str]], mail: UUID | None
) -> None:
    """Draw, decide and append, while nobody else appends; raise _Already: the rule acted before."""
    journal, message = run.carteggio.journal, run.facts.message
    writing = Writing(journal.recorder, journal.keyring, connection)
    writing.lock()
    past = journal.stream(message)
    doing = _Doing()
    for at, one in enumerate(run.acts):
        _do(run, connection, past, doing, one, mails.get(at), mail)
    applied = RuleApplied(
        rule=run.asked.rule.id,
        version=run.asked.rule.version,
        mailbox=run.mailbox,
        through=run.through,
        done=tuple(doing.done),
        name=run.asked.rule.name,
        because=run.asked.held.explanation,
        said=tuple(doing.said),
    )
    state = ruleactions.initial
    for recorded in past:
        state = ruleactions.evolve(state, recorded.event)
    happened = ruleactions.decide(state, ruleactions.ApplyRule(applied, tuple(doing.effects)))
    if not happened:
        raise _Already
    _append(run, writing, happened, doing.beside)
    for group, member in doing.turns:
        ruleturns.keep(connection, group, member)
    if doing.owner is not None:
        run.house.became(message, doing.owner)


def _append(
    run: Run, writing: Writing, happened: Sequence[object], beside: Iterable[tuple[UUID, object]]
) -> None:
    """Append it all; what was said of the message is undone by the id of the command."""
    stamp, message = run.envelope, run.facts.message
    command = f"{stamp.command_id}#{message.hex}"
    events = [
        NewEvent(message, event, _own(stamp, at, None if at == 0 else command))
        for at, event in enumerate(happened)
    ]
    events += [
        NewEvent(stream, event, _own(stamp, len(events) + at, None))
        for at, (stream, event) in enumerate(beside)
    ]
    positions = writing.append(events)
    if len(happened) > 1:
        writing.connection.execute(
            "INSERT INTO command (command_id, fingerprint, stream, position)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (command, b"rule", message, positions[len(happened) - 1]),
        )


def _own(stamp: Envelope, at: int, command: str | None) -> Envelope:
    id = uuid5(stamp.event_id, str(at)) if at else stamp.event_id
    return replace(stamp, event_id=id, command_id=command if at else stamp.command_id)


def _do(
    run: Run,
    connection: Connection[Any],
    past: Sequence[Recorded],
    doing: _Doing,
    one: Act,
    mail: tuple[_Mail, str] | None,
    queued: UUID | None,
) -> None:
    """Do one action: what came of it, what it says, and what follows on the message and beside it."""
    more = ""
    if loops(run.asked.rule.id, run.through) and one.kind is not ActionKind.STOP:
        done = Done(one.kind, done=False, why=Why.LOOP)
    elif one.kind in ASSIGNS:
        done = _assigned(run, connection, doing, one)
    elif mail is not None:
        found, more = mail
        done = found if isinstance(found, Done) else Done(one.kind, to=one.mailbox, mail=queued)
        if done.done and one.kind is ActionKind.HAND_TO_MAILBOX:
            note = f"by the rule {run.asked.rule.name}"
            doing.effects.append(MessageClosed(CloseReason.DELEGATED, note))
    else:
        done = _said(run, past, doing, one)
    doing.done.append(done)
    doing.said.append(told(one, done, run.house.names, more))


def _assigned(run: Run, connection: Connection[Any], doing: _Doing, one: Act) -> Done:
    plan: Planned = planned(one, run.house.around(run.facts))
    last = None
    if one.way is Way.TURN and one.group is not None:
        last = ruleturns.last_of(connection, one.group)
    done = settled(plan, secrets.randbelow, last)
    if not done.done or done.to is None:
        return done
    doing.owner = ColleagueId(done.to)
    note = f"by the rule {run.asked.rule.name}"
    order = HandOver(order_id(run.envelope), doing.owner, HandedBecause.RULE, note)
    doing.effects.append(attention.said(order))
    if one.way is Way.TURN and done.draw is not None and done.draw.candidate is not None:
        doing.turns.append((done.draw.group, done.draw.candidate.member))
    return done


def _said(run: Run, past: Sequence[Recorded], doing: _Doing, one: Act) -> Done:
    rule, message = run.asked.rule, MessageId(run.facts.message)
    match one.kind:
        case ActionKind.TAG:
            tags = tagging.initial
            for event in (*(each.event for each in past), *doing.effects):
                tags = tagging.evolve(tags, event)
            given = tagging.decide(tags, TagMessage(one.words, rule.id))
            if not given:
                return Done(one.kind, done=False, why=Why.ALREADY_SO)
            doing.effects += given
        case ActionKind.LINK if one.target is not None:
            happened = _linked(past, one, rule.name)
            if not happened:
                return Done(one.kind, done=False, why=Why.ALREADY_SO, to=one.target[1])
            doing.effects += happened
            return Done(one.kind, to=one.target[1])
        case ActionKind.REGISTER_EVENT:
            if not run.facts.parties:
                return Done(one.kind, done=False, why=Why.NO_PARTY)
            event = PartyEventRegistered(rule.id, rule.version, message, one.words)
            doing.beside += [(party.id, event) for party in run.facts.parties]
            return Done(one.kind, to=run.facts.parties[0].id)
        case ActionKind.SNOOZE:
            now = run.house.now
            until = now + timedelta(hours=one.hours) if one.hours else None
            order = uuid5(order_id(run.envelope), "snooze")
            doing.effects.append(attention.said(Snooze(order, now, until, rule.name)))
        case ActionKind.STOP:
            pass
        case _:
            return Done(one.kind, done=False, why=Why.CANNOT)
    return Done(one.kind)


def _linked(past: Sequence[Recorded], one: Act, name: str) -> Sequence[object]:
    choices: choosing.Choices = {}
    for recorded in past:
        if isinstance(recorded.event, ChoosingEvent):
            choices = choosing.evolve(choices, recorded.event)
    if one.target is None:
        return []
    kind, target = one.target
    return choosing.decide(choices, ChooseLink(kind, target, belongs=True, note=f"rule {name}"))
