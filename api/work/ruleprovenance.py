"""Through which rules a message came: told by the log, from the ids in it that are our own.

Every mail of ours ends its Message-ID with the id of its stream, so what we sent by a rule is known
when it comes back: by its own id, or, where a machine wrote it, by what it answers.
"""

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from api.work.instance import Carteggio
from domain.content import Content
from domain.outgoing import MailQueued
from domain.ruleactions import MOST_DEPTH, RuleApplied
from domain.values import ActorKind

_OWN: Final = re.compile(r"(?:.*\.)?([0-9a-f]{32})@[^@]+")
_MOST: Final = 20


def through(carteggio: Carteggio, content: Content, *, automatic: bool) -> tuple[UUID, ...]:
    """Give the rules by whose mail a message came, the last one last; none: it came by itself.

    What a person answers is his own word, whatever it answers.
    """
    ids = [content.message_id, *content.also_known_as]
    if automatic:
        ids += [*content.in_reply_to, *reversed(content.references)]
    for mail in dict.fromkeys(_mails(ids[:_MOST])):
        if found := _sent_by(carteggio, mail):
            return found
    return ()


def _mails(ids: list[str]) -> Iterator[UUID]:
    for one in ids:
        if (own := _OWN.fullmatch(one.strip().lower())) is not None:
            yield UUID(own[1])


def _sent_by(carteggio: Carteggio, mail: UUID) -> tuple[UUID, ...]:
    """Give through which rules a mail of ours left; none: no rule sent it."""
    first = next(iter(carteggio.journal.stream(mail)), None)
    if first is None or first.envelope.actor.kind is not ActorKind.RULE:
        return ()
    if not isinstance(first.event, MailQueued):
        return ()
    before = first.event.forwards or first.event.answers
    for one in carteggio.journal.stream(before) if before is not None else ():
        if isinstance(one.event, RuleApplied) and any(x.mail == mail for x in one.event.done):
            return (*one.event.through, one.event.rule)[-MOST_DEPTH:]
    return ()
