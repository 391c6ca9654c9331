"""What joins a message to others, by what its forms say: a form that is read anew is replaced."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.content import Content
from domain.message import Further, MessageReceived
from domain.recorded import Recorded
from domain.rereading import MessageReread
from domain.subject import base_subject
from projections.conversations import ref, refs
from projections.projection import Rows, Table


@dataclass(slots=True)
class Reading:
    """What one form of a message says, of a message that has several; the first form is ''."""

    message: UUID
    form: str
    refs: list[UUID]
    asked_under: list[UUID]
    answers_under: list[UUID]


READING = Table("letter_reading", Reading, key=("message", "form"))


@dataclass(frozen=True, slots=True)
class Joins:
    """What joins a message to others: names, and topics of its writers and of its readers."""

    refs: Iterable[UUID]
    asked: Iterable[UUID]
    answered: Iterable[UUID]


def heard(rows: Rows[Reading], recorded: Recorded, before: Joins | None) -> Joins | None:
    """Give what joins a message to others after an event; None where that is as `before`."""
    event, message = recorded.event, recorded.stream
    if isinstance(event, MessageReceived):
        return joins_of(message, event.content)
    if not isinstance(event, Further | MessageReread) or event.content is None:
        return None
    if before is None or not event.content_key:
        return None
    said = joins_of(message, event.content)
    anew = isinstance(event, MessageReread)
    known = [one for one in rows if one.message == message]
    if anew and not known:
        return said
    if not known:
        known.append(rows.put(_reading(message, "", [before])))
    form = event.content_key
    if anew:
        form = form if rows.get(message, form) else ""
    also = [] if anew else [_joins(one) for one in known if one.form == form]
    others = [one for one in known if one.form != form]
    mine = rows.put(_reading(message, form, [said, *also]))
    return _joins(_reading(message, "", map(_joins, [*others, mine])))


def joins_of(message: UUID, content: Content) -> Joins:
    """Give what joins a message to others if this is all that it says."""
    return Joins(refs(message, content), *topics(content))


def topics(content: Content) -> tuple[set[UUID], set[UUID]]:
    """Give the topics of a message's writers and of its readers: a person and a base subject."""
    base = base_subject(content.subject)
    if not base:
        return set(), set()
    inner = (content.pec_sender,) if content.pec_sender else ()
    writers = {ref(f"{one.key}\n{base}") for one in (*content.authors, *content.reply_to, *inner)}
    if content.forwarded is not None:
        about = base_subject(content.forwarded.subject) or base
        writers.add(ref(f"{content.forwarded.sender.key}\n{about}"))
    readers = {ref(f"{one.key}\n{base}") for one in (*content.to, *content.cc)}
    return writers, readers


def _joins(one: Reading) -> Joins:
    return Joins(one.refs, one.asked_under, one.answers_under)


def _reading(message: UUID, form: str, said: Iterable[Joins]) -> Reading:
    every = list(said)
    return Reading(
        message,
        form,
        sorted({name for one in every for name in one.refs}),
        sorted({topic for one in every for topic in one.asked}),
        sorted({topic for one in every for topic in one.answered}),
    )
