"""What joins a message to others, and between whom it goes, by what its forms say: a form that is read anew is replaced."""

from collections.abc import Iterable
from uuid import UUID

from domain.classes import dataclass
from domain.message import Further, MessageReceived
from domain.recorded import Recorded
from domain.rereading import MessageReread
from projections.conversations import Says, says
from projections.projection import Rows, Table


@dataclass(slots=True)
class Reading:
    """What one form of a message says of ids and people, of a message that has several; the first form is ''."""

    message: UUID
    form: str
    own: list[UUID]
    chain: list[UUID]
    writers: list[UUID]
    readers: list[UUID]
    reached: list[UUID]

    @property
    def says(self) -> Says:
        """Give what it says."""
        people = tuple(self.writers), tuple(self.readers), tuple(self.reached)
        return Says(tuple(self.own), tuple(self.chain), *people)


READING = Table("letter_reading", Reading, key=("message", "form"))


def heard(rows: Rows[Reading], recorded: Recorded, before: Says | None) -> Says | None:
    """Give all that a message says after an event; nothing where that is as `before`."""
    event, message = recorded.event, recorded.stream
    if isinstance(event, MessageReceived):
        return says(message, event.content)
    if not isinstance(event, Further | MessageReread) or event.content is None:
        return None
    if before is None or not event.content_key:
        return None
    said = says(message, event.content)
    anew = isinstance(event, MessageReread)
    known = [one for one in rows if one.message == message]
    if anew and not known:
        return said
    if not known:
        known.append(rows.put(_reading(message, "", before)))
    form = event.content_key
    if anew:
        form = form if rows.get(message, form) else ""
    also = [] if anew else [one.says for one in known if one.form == form]
    now = rows.put(_reading(message, form, _together([said, *also])))
    return _together([now.says, *(one.says for one in known if one.form != form)])


def _reading(message: UUID, form: str, said: Says) -> Reading:
    people = list(said.writers), list(said.readers), list(said.reached)
    return Reading(message, form, list(said.own), list(said.chain), *people)


def _together(several: Iterable[Says]) -> Says:
    """Give what forms say together, whichever came first."""
    forms = list(several)
    own = _all(one.own for one in forms)
    chain = dict.fromkeys(id for each in sorted({one.chain for one in forms}) for id in each)
    return Says(
        own,
        tuple(one for one in chain if one not in own),
        _all(one.writers for one in forms),
        _all(one.readers for one in forms),
        _all(one.reached for one in forms),
    )


def _all(several: Iterable[tuple[UUID, ...]]) -> tuple[UUID, ...]:
    return tuple(sorted({id for one in several for id in one}))
