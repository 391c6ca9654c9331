"""What is asked of each message before it can be told what nobody has answered.

A letter is a message as the question sees it: which way it went, whether it wants an answer, which
one of its conversation answers it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.answering import UNPROVEN
from domain.choosing import TargetKind
from domain.classes import dataclass
from domain.message import (
    Direction,
    Further,
    LinkState,
    MessageClassified,
    MessageCompleted,
    MessageCopyFound,
    MessageLinked,
    MessageReceived,
    MessageReopened,
    MessageUnlinked,
)
from domain.recorded import Recorded
from domain.rereading import MessageReread
from domain.rules import ADDRESS, ANNOUNCED, DOMAIN, FORM, FORWARD, REMEMBERED
from projections import conversations, readings, returned, sides
from projections.conversations import Groups, Says, known_before, refers
from projections.projection import Names, Rows, Table
from projections.reader import Reader, columns_of, rows_of
from projections.readings import READING, Reading

_INBOUND: Final = Direction.INBOUND.value
_OUTBOUND: Final = Direction.OUTBOUND.value
_HOLDS: Final = (LinkState.AUTOMATIC, LinkState.CONFIRMED)
_BY_ADDRESS: Final = frozenset(
    one.name for one in (ADDRESS, ANNOUNCED, DOMAIN, FORM, FORWARD, REMEMBERED)
)
"""Rules that say to whom an address in a message belongs."""


@dataclass(slots=True)
class Letter:
    """What is asked of a message here. `answered_by` is the message that ends its waiting.

    `heard`: the position of its first event. `unproven`: a server denies that we sent it.
    `reopened`: somebody said that it needs an answer. `writers`, `readers`: keys of those between
    whom it goes (projections/sides.py); `reached`: the readers' addresses, hashed; `parties`: to whom
    they belong, by master data. `lost`: whom, by this notice, another one did not reach.
    `returned_by`: what would have answered it, had it not come back.
    """

    message: UUID
    at: datetime
    mailboxes: list[UUID]
    archived: bool
    heard: int
    direction: str | None = None
    automatic: bool = False
    wants: bool = False
    reopened: bool = False
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    writers: list[UUID] = field(default_factory=list)
    readers: list[UUID] = field(default_factory=list)
    reached: list[UUID] = field(default_factory=list)
    parties: list[UUID] = field(default_factory=list)
    lost: list[UUID] = field(default_factory=list)
    returned_by: UUID | None = None
    unproven: bool = False


LETTER = Table("letter", Letter, key=("message",))


@dataclass(slots=True)
class Letters:
    """Letters in memory. What is seen anew is a whole conversation: of each all letters are there."""

    groups: Groups = field(default_factory=Groups)
    rows: Rows[Letter] = field(default_factory=lambda: Rows(LETTER))
    readings: Rows[Reading] = field(default_factory=lambda: Rows(READING))
    """What the forms say of those messages that have several."""


def extend(
    connection: Connection[TupleRow], names: Names, state: Letters, batch: Sequence[Recorded]
) -> set[UUID]:
    """Read what a batch touches and is not in memory yet; give the conversations read."""
    read = conversations.extend(connection, names, state.groups, batch)
    old = known_before(batch)
    missing = [one for one in touched(state, batch, read) if state.rows.get(one) is None]
    if missing:
        state.rows.fetch(connection, names, "message = ANY(%b)", missing)
    if varied := {one.stream for one in batch if _may_say_more(one)} & old:
        state.readings.fetch(connection, names, "message = ANY(%b)", list(varied))
    return read


def touched(state: Letters, batch: Sequence[Recorded], read: Iterable[UUID]) -> set[UUID]:
    """Give the messages that a batch changes, and those of the conversations read for it."""
    members = state.groups.members_of
    return known_before(batch) | {one for each in read for one in members.get(each, ())}


def _may_say_more(recorded: Recorded) -> bool:
    event = recorded.event
    return isinstance(event, Further | MessageReread) and event.content is not None


def heard(state: Letters, recorded: Recorded) -> Says | None:
    """Give what joins an event's message to others from now on; nothing where that is as before."""
    member = state.groups.member(recorded.stream)
    letter = state.rows.get(recorded.stream)
    before = None
    if member is not None and letter is not None:
        people = tuple(letter.writers), tuple(letter.readers), tuple(letter.reached)
        before = Says(tuple(member.own), tuple(member.chain), *people)
    return readings.heard(state.readings, recorded, before)


def take(state: Letters, recorded: Recorded, said: Says | None) -> bool:
    """Bring the message's letter up to date; tell whether a person wrote it, or it asks.

    `said` is what it says from now on. Of a message that was not classified yet neither is known.
    """
    event, before = recorded.event, state.rows.get(recorded.stream)
    if isinstance(event, MessageReceived):
        boxes: list[UUID] = [event.mailbox]
        at, archived = event.received_at, event.archived
        new = Letter(recorded.stream, at, boxes, archived, recorded.position)
        state.rows.put(_read(new, recorded, said))
        return False
    if before is None:
        return False
    letter = _changed(before, recorded, said)
    if letter is before and isinstance(recorded.event, MessageLinked | MessageUnlinked):
        return False
    state.rows.put(letter)
    return any(counts(one) for one in (before, letter))


def _changed(letter: Letter, recorded: Recorded, said: Says | None) -> Letter:
    event, letter = recorded.event, _read(letter, recorded, said)
    match event:
        case MessageCopyFound() | MessageCompleted():
            letter = _also_seen(letter, event)
        case MessageClassified():
            letter = replace(
                letter,
                direction=event.direction.value,
                automatic=event.automatic,
                wants=event.wants_answer,
                unproven=event.reason == UNPROVEN,
            )
        case MessageReopened():
            letter = replace(letter, reopened=True)
        case MessageLinked() | MessageUnlinked():
            letter = _belonging(letter, event)
        case _:
            pass
    return letter


def _read(letter: Letter, recorded: Recorded, said: Says | None) -> Letter:
    """Take in between whom it goes, and what it tells of others as a notice."""
    lost = returned.lost_by(recorded, letter.lost)
    if said is None:
        return letter if lost == letter.lost else replace(letter, lost=lost)
    people = list(said.writers), list(said.readers), list(said.reached)
    writers, readers, reached = people
    return replace(letter, writers=writers, readers=readers, reached=reached, lost=lost)


def _belonging(letter: Letter, event: MessageLinked | MessageUnlinked) -> Letter:
    """Take in whose address is in it; what it inherits from others tells of nobody's address."""
    if event.kind is not TargetKind.PARTY:
        return letter
    parties = set(letter.parties) - {event.target}
    if isinstance(event, MessageLinked) and event.state in _HOLDS and event.rule in _BY_ADDRESS:
        parties.add(event.target)
    return letter if parties == set(letter.parties) else replace(letter, parties=sorted(parties))


def _also_seen(letter: Letter, copy: Further) -> Letter:
    return replace(
        letter,
        mailboxes=sorted({*letter.mailboxes, copy.mailbox}),
        at=min(letter.at, copy.received_at),
        archived=letter.archived and copy.archived,
    )


def order(letter: Letter) -> tuple[datetime, UUID]:
    """Give what letters are sorted by."""
    return letter.at, letter.message


def answers(letter: Letter) -> bool:
    """Tell whether a letter may answer another, as in domain/answering.py."""
    return letter.direction == _OUTBOUND and not letter.automatic and not letter.unproven


def asks(letter: Letter) -> bool:
    """Tell whether a letter wants an answer, or did so once by somebody's word."""
    return asked_by_itself(letter) or (letter.direction == _INBOUND and letter.reopened)


def asked_by_itself(letter: Letter) -> bool:
    """Tell whether a letter wants an answer, whatever people say."""
    return letter.direction == _INBOUND and letter.wants and not letter.automatic


def counts(letter: Letter) -> bool:
    """Tell whether a letter may change how its conversation stands."""
    by_person = letter.direction is not None and not letter.automatic
    return by_person or asks(letter) or bool(letter.lost)


def passes_on(letter: Letter) -> bool:
    """Tell whether a person of ours wrote it to colleagues alone."""
    by_person = not letter.automatic and not letter.unproven
    return letter.direction == Direction.INTERNAL.value and by_person


def passed_on(letter: Letter) -> Letter:
    """Give a mail of ours that went past who asked as what it is to him: passed on among others."""
    return replace(letter, direction=Direction.INTERNAL.value)


def is_theirs(letter: Letter) -> bool:
    """Tell whether a person outside wrote it."""
    return letter.direction == _INBOUND and not letter.automatic


Spoken = Sequence[tuple[Letter, bool]]
"""What people wrote in a conversation, in order, and whether it is ours."""


def spoken(mail: Iterable[Letter]) -> Spoken:
    """Give what people wrote, in order."""
    by_people = (one for one in mail if answers(one) or is_theirs(one) or asks(one))
    return [(one, answers(one)) for one in sorted(by_people, key=order)]


def gone_past(state: Letters, asked: Letter, said: Spoken) -> set[UUID]:
    """Give those mails of ours that went to nobody on the side of who asked."""
    own = sides.keys(asked)
    if all(sides.goes_to(one, own) for one, ours in said if ours):
        return set()
    member = state.groups.member(asked.message)
    for one, _ in said:
        other = state.groups.member(one.message)
        if member is not None and other is not None and refers(member, other):
            own |= sides.keys(one)
    return sides.missing(asked, own, said)


def returned_in(state: Letters, mail: Iterable[Letter]) -> set[UUID]:
    """Give which mail of ours in a conversation came back, by the notices in it."""
    members = {one.message: state.groups.member(one.message) for one in mail}
    notices = [
        (set(member.chain), one.lost)
        for one in mail
        if one.lost and (member := members[one.message]) is not None
    ]
    if not notices:
        return set()
    return {
        one.message
        for one in mail
        if answers(one) and (member := members[one.message]) is not None
        if returned.came_back(one.reached, member.own, notices)
    }


def answered(
    state: Letters, letter: Letter, ours: Iterable[Letter], back: Collection[UUID] = ()
) -> Letter:
    """Find the first message of ours after it, where `ours` are all that went to who asked.

    In the same second counts as after: servers know no smaller part (RFC 9051 2.3.3). What came
    `back` is no answer.
    """
    after = [one for one in ours if one.at >= letter.at]
    first = next((one for one in after if one.message not in back), None)
    by, at = (None, None) if first is None else (first.message, first.at)
    lost = next((one.message for one in after), None) if first is None else None
    if (by, at, lost) != (letter.answered_by, letter.answered_at, letter.returned_by):
        letter = state.rows.put(replace(letter, answered_by=by, answered_at=at, returned_by=lost))
    return letter


def flush(connection: Connection[TupleRow], names: Names, state: Letters) -> None:
    """Write what changed."""
    conversations.flush(connection, names, state.groups)
    state.rows.flush(connection, names)
    state.readings.flush(connection, names)


async def letters_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, messages: Sequence[UUID]
) -> dict[UUID, Letter]:
    """Give for messages whether they want an answer and what answered them."""
    query = names.sql(
        "SELECT {columns} FROM {letter} WHERE message = ANY(%(messages)s) AND {seen}",
        columns=columns_of(Letter),
        seen=reader.sees("mailboxes"),
    )
    params = {"messages": list(messages), **reader.params()}
    rows = await rows_of(connection, Letter, query, params)
    return {row.message: row for row in rows}
