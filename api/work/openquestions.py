"""Mail of ours that begins anew, and yet answers what its reader asked shortly before.

What a message is about is known when it was judged, so this comes after: what answers a question
is judged again, with all that inherits from it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from api.work.docket import Docket, judge_in
from api.work.masterdata import Tables
from domain.answering import answers
from domain.choosing import TargetKind
from domain.facts import names_of
from domain.matching import Verdict
from domain.message import Direction
from domain.rules import NUMBER, QUOTED
from domain.topics import ANSWERED_WITHIN, Topic, answers_under, by_question, questions
from domain.values import MessageId

On = dict[UUID, tuple[datetime, tuple[Topic, ...]]]


def answer_questions(tables: Tables, docket: Docket) -> None:
    """Let messages of ours go on with the open questions that they answer."""
    sought: On = {
        message: (docket.facts[message].at, topics)
        for message in docket.judged
        if message not in docket.parents and (topics := _answers(docket, message))
    }
    for message, (at, topics) in sought.items():
        docket.seeking[message] = (at, (*docket.seeking[message][1], *topics))
    found = tables.topics.nearest_before(sought, ANSWERED_WITHIN)
    open_ = _still_open(tables, docket, found)
    anew = set[UUID]()
    for message, near in found.items():
        question = next((one for one in near if one in open_), None)
        if question is not None:
            content = docket.facts[message].content
            docket.parents[message] = question
            docket.threads[message] = by_question(MessageId(question), content)
            anew.add(message)
    for message in list(docket.judged):
        if message in anew or not anew.isdisjoint(docket.grounds(message)):
            anew.add(message)
            judge_in(docket, message)


def asked_in(docket: Docket) -> On:
    """Give what the questions among the messages judged are about; nothing for all others."""
    asked: On = {}
    for message, verdict in docket.judged.items():
        facts, said = docket.facts[message], verdict.classified
        asks = said.direction is Direction.INBOUND and not said.automatic and said.wants_answer
        topics = questions(facts.content, _documents(verdict)) if asks else ()
        asked[message] = (facts.at, topics)
    return asked


def _answers(docket: Docket, message: UUID) -> tuple[Topic, ...]:
    verdict = docket.judged[message]
    if not answers(verdict.classified):
        return ()
    named = _documents(verdict, only=NUMBER.name)
    return answers_under(docket.facts[message].content, named)


def _documents(verdict: Verdict, only: str = "") -> Iterable[UUID]:
    return [
        one.target
        for one in verdict.links
        if one.kind is TargetKind.DOCUMENT and only in ("", one.rule) and one.where != QUOTED
    ]


def _still_open(
    tables: Tables, docket: Docket, found: Mapping[UUID, list[UUID]]
) -> dict[UUID, bool]:
    """Give those questions that nothing else of ours answers."""
    asked = {one for near in found.values() for one in near}
    facts = tables.lookups.facts(asked) if asked else {}
    names = {one: names_of(one, facts[one].content) for one in facts}
    heirs = tables.lookups.named_by({id for ids in names.values() for id in ids}) if names else {}
    others = {one for near in heirs.values() for one in near} - found.keys()
    elsewhere = others - docket.judged.keys()
    verdicts = {**docket.judged, **(tables.lookups.verdicts(elsewhere) if elsewhere else {})}
    answered = {one for one in others if one in verdicts and answers(verdicts[one].classified)}
    return {
        question: True
        for question, ids in names.items()
        if answered.isdisjoint(heir for id in ids for heir in heirs.get(id, ()))
    }
