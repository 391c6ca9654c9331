"""Which earlier mail a message goes on with though it does not refer to it.

Many programs strip References, and some people answer in a new mail. Equal subjects alone join
nothing: the writer marks his mail as an answer (`AW:`), corresponds with the same person, and not
long after.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from domain.content import Content
from domain.correspondents import Ours
from domain.linking import Rule
from domain.machine import absence_mark, recognise, sent_by_program
from domain.message import MessageThreaded
from domain.subject import base_subject, is_forward, is_reply
from domain.values import Address, MessageId

SUBJECT = Rule("same-subject", 2)
QUESTION = Rule("answers-question", 1)
"""A mail of ours in a new thread, soon after what its reader asked about the same."""
ANSWERED_WITHIN = timedelta(days=5)
WINDOW = timedelta(days=30)
"""So long after a mail another may go on with it by its subject."""
_MOST_PEOPLE = 30
_TICKET = re.compile(r"^\[#?[\w-]{1,20}\]\s*")
"""A number that a help desk puts before the subject: `[#77033] Re: Anfrage`."""
Topic = tuple[str, str]
"""A person's address in lower case, and a base subject."""


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


def topics(content: Content) -> tuple[Topic, ...]:
    """Give the topics under which others may find a mail: each person in it, and the subject."""
    subject, _ = subject_of(content)
    people = dict.fromkeys(one.key for one in _people(content))
    return tuple((one, subject) for one in people if subject)[:_MOST_PEOPLE]


def goes_on_under(content: Content, ours: Ours) -> tuple[Topic, ...]:
    """Give the topics under which an earlier mail is gone on with; none without a mark.

    Everybody writes to us, so our own addresses tell nothing, except in mail among ourselves. Over
    a mailing list anybody answers anybody, and the list is in every mail: neither tells anything.
    """
    if content.notice is not None or not subject_of(content)[1] or recognise(content, ()).listed:
        return ()
    strangers = {one.key for one in _people(content) if not ours.holds(one)}
    return tuple(one for one in topics(content) if not strangers or one[0] in strangers)


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


def by_subject(parent: MessageId, content: Content) -> MessageThreaded:
    """Say that a mail goes on with another by its subject."""
    return MessageThreaded(parent, SUBJECT.name, SUBJECT.version, 90, "subject", content.subject)


def _people(content: Content) -> list[Address]:
    """Give everybody in a mail; a PEC envelope's From is the provider (RFC 6109)."""
    authors = (content.pec_sender,) if content.pec_sender else content.authors
    passed_on = (content.forwarded.sender,) if content.forwarded else ()
    everybody = (*authors, *content.reply_to, *content.to, *content.cc, *passed_on)
    return [one for one in everybody if "@" in one.spec]
