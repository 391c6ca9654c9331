"""What joins a message to others, by what its forms say: a form that is read anew is replaced."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.message import Further, MessageReceived
from domain.recorded import Recorded
from domain.rereading import MessageReread
from projections.conversations import refs
from projections.projection import Rows, Table


@dataclass(slots=True)
class Reading:
    """What one form of a message names, of a message that has several; the first form is ''."""

    message: UUID
    form: str
    refs: list[UUID]


READING = Table("letter_reading", Reading, key=("message", "form"))


def heard(rows: Rows[Reading], recorded: Recorded, before: Iterable[UUID] | None) -> set[UUID]:
    """Give all that a message names after an event; nothing where that is as `before`."""
    event, message = recorded.event, recorded.stream
    if isinstance(event, MessageReceived):
        return refs(message, event.content)
    if not isinstance(event, Further | MessageReread) or event.content is None:
        return set()
    if before is None or not event.content_key:
        return set()
    said = refs(message, event.content)
    anew = isinstance(event, MessageReread)
    known = [one for one in rows if one.message == message]
    if anew and not known:
        return said
    if not known:
        known.append(rows.put(Reading(message, "", sorted(before))))
    form = event.content_key
    if anew:
        form = form if rows.get(message, form) else ""
    also = [] if anew else [name for one in known if one.form == form for name in one.refs]
    rows.put(Reading(message, form, sorted({*said, *also})))
    others = [name for one in known if one.form != form for name in one.refs]
    return {*said, *also, *others}
