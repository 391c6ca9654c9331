"""Which earlier mail a message goes on with though it does not refer to it.

Many programs strip References, and some people answer in a new mail. Equal subjects alone join
nothing: the writer marks his mail as an answer (`AW:`), corresponds with the same person, and not
long after; or it bears the index that Exchange gives to all mail of a thread. A mail that its
provider delivers under another id goes on with the one that was sent.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from uuid import UUID

from domain.classes import dataclass
from domain.content import Content
from domain.correspondents import Ours
from domain.freemail import company_domains
from domain.machine import absence_mark, recognise, sent_by_program
from domain.message import FolderRole, MessageThreaded
from domain.rules import Rule
from domain.subject import base_subject, is_forward, is_reply
from domain.values import Address, MessageId

SUBJECT = Rule("same-subject", 2)
INDEX = Rule("thread-index", 1)
REWRITTEN = Rule("rewritten-id", 1)
QUESTION = Rule("answers-question", 1)
"""A mail of ours in a new thread, soon after what its reader asked about the same."""
ANSWERED_WITHIN = timedelta(days=5)
WINDOW = timedelta(days=30)
"""So long after a mail another may go on with it by its subject."""
INDEX_WINDOW = timedelta(days=180)
DELIVERED_WITHIN = timedelta(hours=12)
_REWRITERS = re.compile(r"@(?:[\w-]+\.)*amazonses\.com$", re.IGNORECASE)
"""Ids of a provider that gives each mail one of its own and does not tell the sender's: Amazon SES."""
_ROOT_OCTETS, _ANSWER_OCTETS = 22, 5
_ROOT_LETTERS = _ROOT_OCTETS * 8 // 6
"""So many letters of an index are equal in all mail of a thread."""
_MOST_PEOPLE = 30
_TICKET = re.compile(r"^\[#?[\w-]{1,20}\]\s*")
"""A number that a help desk puts before the subject: `[#77033] Re: Anfrage`."""
Topic = tuple[str, str]
"""A person's address in lower case and a base subject; or another ground, and whom it concerns."""


def subject_of(content: Content) -> tuple[str, bool]:
    """Give the base subject, and whether a mark says that the mail goes on with another."""
    left, marked = content.subject, False
    while True:
        plain = _TICKET.sub("", left)
        mark = absence_mark(plain)
        marked = marked or mark > 0 or is_reply(plain) or is_forward(plain)
        shorter = base_subject(plain[mark:])
        if shorter == left:
            return left, marked
        left = shorter


def topics(content: Content, roles: Collection[FolderRole] = ()) -> tuple[Topic, ...]:
    """Give the topics under which others may find a mail: each person in it, and the subject.

    Besides, what is told of it by Exchange's index, and by its being sent.
    """
    subject, _ = subject_of(content)
    people = dict.fromkeys(one.key for one in _people(content))
    said = tuple((one, subject) for one in people if subject)[:_MOST_PEOPLE]
    return (*said, *_indexed(content, people), *_sent(content, roles)[:1])


def goes_on_under(content: Content, ours: Ours) -> tuple[Topic, ...]:
    """Give the topics under which an earlier mail is gone on with; none without a mark.

    Everybody writes to us, so our own addresses tell nothing, except in mail among ourselves. Over
    a mailing list anybody answers anybody, and the list is in every mail: neither tells anything.
    """
    if _joins_by_names_only(content) or not subject_of(content)[1]:
        return ()
    subject, _ = subject_of(content)
    return tuple((one, subject) for one in _others(content, ours) if subject)[:_MOST_PEOPLE]


def _others(content: Content, ours: Ours) -> list[str]:
    """Give whom a mail is exchanged with, in lower case; among ourselves everybody in it."""
    everybody = dict.fromkeys(_people(content))
    strangers = [one for one in everybody if not ours.holds(one)]
    return list(dict.fromkeys(one.key for one in strangers or everybody))


def _by_index(content: Content, _roles: object, ours: Ours) -> tuple[Topic, ...]:
    """Give the topics of a thread by Exchange's index.

    Many write a new mail out of an old one, and programs all mail out of one: so the subject has to
    be the same, and the same people, or their firm, take part.
    """
    return () if _joins_by_names_only(content) else _indexed(content, _others(content, ours))


def _joins_by_names_only(content: Content) -> bool:
    return content.notice is not None or recognise(content, ()).listed


def _indexed(content: Content, people: Iterable[str]) -> tuple[Topic, ...]:
    root = index_root(content.thread_index)
    if not root:
        return ()
    ground = f"index {root} {subject_of(content)[0]}"
    known = list(people)
    firms = (f"@{one}" for key in known for one in company_domains(key.rpartition("@")[2]))
    return tuple((ground, one) for one in dict.fromkeys((*known, *firms)))[:_MOST_PEOPLE]


def index_root(index: str) -> str:
    """Give the letters of a Thread-Index that all mail of the thread has; empty if it is none.

    22 octets in base64, then 5 for each answer ([MS-OXOMSG] 2.2.1.3).
    """
    try:
        octets = b64decode(index + "=" * (-len(index) % 4), validate=True)
    except ValueError:
        return ""
    left = len(octets) - _ROOT_OCTETS
    return "" if left < 0 or left % _ANSWER_OCTETS else index[:_ROOT_LETTERS]


def _by_sending(content: Content, roles: Collection[FolderRole], _ours: Ours) -> tuple[Topic, ...]:
    return _sent(content, roles)[1:]


def _sent(content: Content, roles: Collection[FolderRole]) -> tuple[Topic, ...]:
    """Give how a mail is found by its other form, and how that is: one was sent, one delivered."""
    delivered = _REWRITERS.search(content.message_id) is not None
    if content.sent_at is None or not content.authors:
        return ()
    if FolderRole.SENT not in roles and not delivered:
        return ()
    readers = sorted({one.key for one in (*content.to, *content.cc)})
    same = "\n".join((content.sent_at.isoformat(), content.subject, *readers))
    forms = ("delivered", "sent") if delivered else ("sent", "delivered")
    return tuple((f"{form} {content.authors[0].key}", same) for form in forms)


def questions(content: Content, documents: Iterable[UUID]) -> tuple[Topic, ...]:
    """Give the topics of a question: each who wrote it, with the subject and each document."""
    authors = (content.pec_sender,) if content.pec_sender else content.authors
    return _asked(dict.fromkeys((*authors, *content.reply_to)), content, documents)


def answers_under(content: Content, documents: Iterable[UUID]) -> tuple[Topic, ...]:
    """Give the topics of questions that a person's mail may answer, though it begins anew.

    What a program of ours sends (an order's confirmation) answers nothing by itself.
    """
    if subject_of(content)[1] or sent_by_program(content):
        return ()
    return _asked(dict.fromkeys((*content.to, *content.cc)), content, documents)


def _asked(
    people: Iterable[Address], content: Content, documents: Iterable[UUID]
) -> tuple[Topic, ...]:
    subject, _ = subject_of(content)
    about = [*([f"?{subject}"] if subject else []), *(f"#{one.hex}" for one in documents)]
    keys = dict.fromkeys(one.key for one in people if "@" in one.spec)
    return tuple((key, one) for key in keys for one in about)[:_MOST_PEOPLE]


def by_question(parent: MessageId, content: Content) -> MessageThreaded:
    """Say that a mail answers a question by what it is about."""
    return MessageThreaded(parent, QUESTION.name, QUESTION.version, 80, "subject", content.subject)


@dataclass(frozen=True, slots=True)
class Ground:
    """On which ground mail goes on with earlier mail, how long after it, and how sure that is.

    `under` gives the topics of that ground; `evidence` the place of the words that tell it, and
    these words.
    """

    rule: Rule
    confidence: int
    window: timedelta
    under: Callable[[Content, Collection[FolderRole], Ours], tuple[Topic, ...]]
    evidence: Callable[[Content], tuple[str, str]]

    def told(self, parent: MessageId, content: Content) -> MessageThreaded:
        """Say that a mail goes on with another on this ground."""
        where, evidence = self.evidence(content)
        rule = self.rule
        return MessageThreaded(parent, rule.name, rule.version, self.confidence, where, evidence)


GROUNDS = (
    Ground(
        REWRITTEN, 95, DELIVERED_WITHIN, _by_sending, lambda mail: ("message-id", mail.message_id)
    ),
    Ground(
        INDEX, 95, INDEX_WINDOW, _by_index,
        lambda mail: ("thread-index", index_root(mail.thread_index)),
    ),
    Ground(
        SUBJECT, 90, WINDOW, lambda mail, _, ours: goes_on_under(mail, ours),
        lambda mail: ("subject", mail.subject),
    ),
)  # fmt: skip
"""The surest first."""
LONGEST_WINDOW = max(one.window for one in GROUNDS)


def _people(content: Content) -> list[Address]:
    """Give everybody in a mail; a PEC envelope's From is the provider (RFC 6109)."""
    authors = (content.pec_sender,) if content.pec_sender else content.authors
    passed_on = (content.forwarded.sender,) if content.forwarded else ()
    everybody = (*authors, *content.reply_to, *content.to, *content.cc, *passed_on)
    return [one for one in everybody if "@" in one.spec]
