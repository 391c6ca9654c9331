"""Which mail begins a conversation of its own, though it refers to an earlier one.

Some take an old mail to write a new one; many answer one mailing, each about his own affair.
"""

from datetime import datetime, timedelta

from domain.classes import dataclass
from domain.content import Content
from domain.correspondents import Ours
from domain.machine import NEWSLETTER, Machine
from domain.message import Direction, MessageClassified, MessageSetApart
from domain.rules import Rule
from domain.topics import subject_of
from domain.values import MessageId

TOPIC = Rule("new-topic", 1)
"""Another subject, after the conversation was closed or long after the mail that is referred to."""
MAILING = Rule("reply-to-mailing", 1)
"""What goes to many is answered by each for himself."""
MAILING_KIND = "mailing"
OLD = timedelta(days=5)
"""So long after a mail, one that refers to it under another subject, and bears no mark of an answer,
is about something else."""
_MANY = 10
_BLIND = 2


@dataclass(frozen=True, slots=True)
class Earlier:
    """The message that another refers to; `closed_at`: when a person closed what it is part of."""

    message: MessageId
    content: Content
    at: datetime
    closed_at: datetime | None = None


def is_mailing(content: Content, direction: Direction, ours: Ours, machine: Machine) -> bool:
    """Tell a mail of ours that goes to many, who shall not know of each other or hardly do."""
    if direction is Direction.INBOUND:
        return False
    blind = {one.key for one in content.bcc if not ours.holds(one)}
    outside = blind | {one.key for one in (*content.to, *content.cc) if not ours.holds(one)}
    to_many = len(blind) >= _BLIND or len(outside) >= _MANY
    return to_many or (machine.kind == NEWSLETTER and len(outside) != 1)


def replies_to_mailing(
    content: Content, parent: MessageId, said: MessageClassified
) -> MessageSetApart | None:
    """Say that a reply to what was sent to many is a conversation of its own."""
    inbound = said.direction is Direction.INBOUND and said.kind == NEWSLETTER
    if not (inbound or said.kind == MAILING_KIND):
        return None
    named = next(iter((*content.in_reply_to, *reversed(content.references))), "")
    return MessageSetApart(parent, MAILING.name, MAILING.version, 90, "reply", named)


def begins_new_topic(content: Content, at: datetime, earlier: Earlier) -> MessageSetApart | None:
    """Say that a mail only makes use of an earlier one."""
    subject, marked = subject_of(content)
    before, _ = subject_of(earlier.content)
    if not _differ(subject, before):
        return None
    closed = earlier.closed_at is not None and earlier.at <= earlier.closed_at <= at
    if not closed and (marked or at - earlier.at < OLD):
        return None
    return MessageSetApart(
        earlier.message, TOPIC.name, TOPIC.version, 80, "subject", content.subject
    )


def may_begin_anew(content: Content) -> bool:
    """Tell whether a mail bears no mark of an answer, so that it may be about something else."""
    subject, marked = subject_of(content)
    return bool(subject) and not marked


def _differ(one: str, other: str) -> bool:
    """Tell whether base subjects are of different things; one may say more of the same."""
    return bool(one and other) and not (one.startswith(other) or other.startswith(one))
