"""Rules act on mail that came: after it was linked and classified, each rule once, in their order.

    message.classified, message.copy_found ─▶ new? ─▶ facts ─▶ asked, rule by rule ─▶ api/work/ruleacting.py

Mail that is older than a rule, that was archived by an import, or that is decided on once more is
acted on by none. A copy that comes later into another mailbox asks the rules of that one. Whatever is
cut off is done again, and is done once; several workers do no harm.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from adapters.logs import log
from api.work.instance import Carteggio
from api.work.lookout import Lookout, every_second
from api.work.mailfacts import Known, knowledge
from api.work.mailrules import standing
from api.work.patience import LATER
from api.work.projector import where
from api.work.ruleacting import Run, act
from api.work.ruleactions import acts_of
from api.work.rulearound import House, house
from api.work.ruleprovenance import through
from domain.capture import CaptureEvent, FolderRole, MessageCopyFound
from domain.mailfacts import Facts
from domain.mailrules import Rule, asked
from domain.message import Direction, MessageClassified
from domain.recorded import Recorded
from domain.rereading import as_read_now
from domain.ruleactions import Act
from domain.values import MailboxId, MessageId, Rejected

NAME: Final = "rules"
_MODELS: Final = (
    "correspondence", "mail", "company", "absences", "staffgroups", "directory", "templates",
)  # fmt: skip
_LOOKOUT: Final = Lookout(NAME, ("message.classified", "message.copy_found"), _MODELS, None, 100)


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule that is asked: its actions, read, and from when on it is asked."""

    rule: Rule
    acts: tuple[Act, ...]
    since: datetime


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    await every_second(NAME, carteggio, apply, stop)


async def apply(carteggio: Carteggio, now: datetime) -> int:
    """Let rules act on the next mail that was decided on; give how many events there were.

    While the read models do not know what came before it, nothing is done.
    """

    async def act_on(batch: Sequence[Recorded]) -> None:
        rules = await asyncio.to_thread(ready, carteggio)
        if rules:
            await _through(carteggio, batch, rules, now)

    return await _LOOKOUT.next(carteggio, act_on)


def ready(carteggio: Carteggio) -> list[Ready]:
    """Give the rules that are asked, in their order; one whose actions cannot be read is left out."""
    found = []
    rules = standing(carteggio)
    begun = {one.stream: one for one in reversed(carteggio.journal.streams([r.id for r in rules]))}
    for rule in rules:
        try:
            acts = acts_of(carteggio, rule)
        except Rejected as wrong:
            log(NAME).error("a rule is not asked", rule=rule.id, why=wrong.sentence)
            continue
        found.append(
            (rule.order, begun[rule.id].position, Ready(rule, acts, _since(begun[rule.id])))
        )
    return [one for _, _, one in sorted(found, key=lambda one: one[:2])]


def _since(first: Recorded) -> datetime:
    """Give from when on a rule is asked: servers tell times of mail in whole seconds."""
    return first.envelope.at.replace(microsecond=0)


async def _through(
    carteggio: Carteggio, batch: Sequence[Recorded], rules: Sequence[Ready], now: datetime
) -> None:
    wanted = await asyncio.to_thread(_wanted, carteggio, batch)
    if not wanted:
        return
    known = await knowledge(carteggio, Known.THEN)
    later = await knowledge(carteggio, Known.NOW) if any(one.later for one in wanted) else known
    ids = [one.message for one in wanted]
    first = await asyncio.to_thread(known.facts_of, ids)
    copies = await asyncio.to_thread(later.facts_of, [one.message for one in wanted if one.later])
    around = await house(carteggio, ids, now)
    for one in wanted:
        facts = (copies if one.later else first).get(MessageId(one.message))
        if facts is not None:
            await _apart(carteggio, around, rules, one, facts)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A message about which rules are asked: those of one mailbox alone, if it names one.

    `later`: it came there after it was decided on, so facts are those of now.
    """

    message: UUID
    cause: UUID
    past: Sequence[Recorded]
    mailbox: MailboxId | None = None
    later: bool = False


def _wanted(carteggio: Carteggio, batch: Sequence[Recorded]) -> list[_Wanted]:
    streams: dict[UUID, list[Recorded]] = {}
    for one in carteggio.journal.streams({one.stream for one in batch}):
        streams.setdefault(one.stream, []).append(one)
    return [found for one in batch for found in _asks(one, streams.get(one.stream, []))]


def _asks(one: Recorded, past: Sequence[Recorded]) -> Iterator[_Wanted]:
    """Say whether an event lets rules be asked: the first decision, or a copy in another mailbox.

    Mail of others that lies in a folder of sent mail alone, as what was passed on, has not come yet.
    """
    first = next((x for x in past if isinstance(x.event, MessageClassified)), None)
    if first is None or not isinstance(first.event, MessageClassified):
        return
    inbound = first.event.direction is Direction.INBOUND
    came = [
        (x.position, x.event.mailbox)
        for x in past
        if isinstance(x.event, CaptureEvent)
        and not x.event.archived
        and not (inbound and x.event.role is FolderRole.SENT)
    ]
    id = one.envelope.event_id
    if one.position == first.position and any(at < one.position for at, _ in came):
        yield _Wanted(one.stream, id, past)
    elif isinstance(one.event, MessageCopyFound) and one.position > first.position:
        before = {box for at, box in came if at < one.position}
        if (one.position, one.event.mailbox) in came and one.event.mailbox not in before:
            yield _Wanted(one.stream, id, past, one.event.mailbox if before else None, later=True)


async def _apart(
    carteggio: Carteggio, around: House, rules: Sequence[Ready], one: _Wanted, facts: Facts
) -> None:
    """Ask the rules about one message; what is wrong with it stops no other."""
    try:
        await _ask(carteggio, around, rules, one, facts)
    except LATER:
        raise
    except Exception as error:  # noqa: BLE001  the mail stays as it is, and it is logged
        log(NAME).error("a mail is left by the rules", message=one.message, error=where(error))


async def _ask(
    carteggio: Carteggio, around: House, rules: Sequence[Ready], one: _Wanted, facts: Facts
) -> None:
    fitting = [
        rule
        for rule in rules
        if rule.since <= facts.at and (one.mailbox is None or rule.rule.mailbox == one.mailbox)
    ]
    by_id = {rule.rule.id: rule for rule in fitting}
    answers = [x for x in asked([rule.rule for rule in fitting], facts) if x.applies]
    if not answers:
        return
    came = await asyncio.to_thread(_came_through, carteggio, one, facts)
    for answer in answers:
        rule = by_id[answer.rule.id]
        box = rule.rule.mailbox or one.mailbox or facts.mailboxes[0]
        await act(
            Run(carteggio, around, facts, answer, rule.acts, box, rule.since, came, one.cause)
        )


def _came_through(carteggio: Carteggio, one: _Wanted, facts: Facts) -> tuple[UUID, ...]:
    copies = as_read_now(x.event for x in one.past)
    contents = (copy.content for copy in copies if copy.content is not None)
    found = (through(carteggio, x, automatic=facts.automatic) for x in contents)
    return next(filter(None, found), ())
