"""What was said about who may send, and what one decision asks of it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow, dict_row
from psycopg.sql import Composed

from domain.classes import dataclass
from domain.mailbox import ACTING
from domain.permission import (
    COLLEAGUE_ID,
    RESPONSIBLE,
    House,
    Person,
    names_one_of,
    roles_in,
    said_of_kind,
)
from domain.recorded import Recorded
from domain.sendingrules import (
    EVERY_KIND,
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    OfficeRoleGiven,
    OfficeRoleTaken,
    Reach,
    SendingGranted,
    SendingRule,
    SendingRuleSet,
    SendingWithdrawn,
    SendRight,
    SendRightGiven,
    SendRightTaken,
)
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of

SWITCH, RULE, KIND, ROLE, RIGHT = "switch", "rule", "kind", "role", "right"
ON, OFF = "on", "off"
_WHOLES_MOST: Final = 8
"""So many records up, a document's wholes are asked who is responsible."""


@dataclass(slots=True)
class SendingWordRow:
    """What stands of what was said, by whom and why.

    `subject` is the colleague whom it is about, or the company. `topic` and `name`: switch; rule;
    kind and the kind; role and the role; right and the mailbox's id (which is `mailbox`, too).
    `value` is on or off, the rule, a reach or off, or the right.
    """

    subject: UUID
    topic: str
    name: str
    value: str
    mailbox: UUID | None
    reason: str
    actor_kind: str
    actor_id: str
    at: datetime


SENDING_WORD = Table("sending_word", SendingWordRow, key=("subject", "topic", "name"))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    rows: Rows[SendingWordRow] = field(default_factory=lambda: Rows(SENDING_WORD))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read what stands about the batch's colleagues and the company."""
    state = State()
    subjects = {_subject(one) for one in batch}
    state.rows.fetch(connection, names, "subject = ANY(%b)", list(subjects))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case CompanySendingSwitched(on, reason) | ColleagueSendingSwitched(on, reason):
            _say(state, recorded, SWITCH, "", ON if on else OFF, reason)
        case SendingRuleSet(rule, reason):
            _say(state, recorded, RULE, "", rule.value, reason)
        case SendingGranted(kind, reach, reason):
            _say(state, recorded, KIND, kind, reach.value, reason)
        case SendingWithdrawn(kind, reason):
            _say(state, recorded, KIND, kind, OFF, reason)
        case OfficeRoleGiven(role, reason):
            _say(state, recorded, ROLE, role.value, ON, reason)
        case OfficeRoleTaken(role):
            state.rows.remove(recorded.stream, ROLE, role.value)
        case SendRightGiven(_, right, reason):
            _say(state, recorded, RIGHT, recorded.stream.hex, right.value, reason)
        case SendRightTaken(colleague):
            state.rows.remove(colleague, RIGHT, recorded.stream.hex)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


def _subject(recorded: Recorded) -> UUID:
    event = recorded.event
    if isinstance(event, SendRightGiven | SendRightTaken):
        return event.colleague
    return recorded.stream


def _say(state: State, recorded: Recorded, topic: str, name: str, value: str, reason: str) -> None:
    by = recorded.envelope.on_behalf_of or recorded.envelope.actor
    row = SendingWordRow(
        subject=_subject(recorded),
        topic=topic,
        name=name,
        value=value,
        mailbox=recorded.stream if topic == RIGHT else None,
        reason=reason,
        actor_kind=by.kind.value,
        actor_id=by.id,
        at=recorded.recorded_at,
    )
    state.rows.put(row)


permission = Projection(
    "permission",
    version=1,
    tables=(SENDING_WORD,),
    hears=(
        CompanySendingSwitched,
        SendingRuleSet,
        ColleagueSendingSwitched,
        SendingGranted,
        SendingWithdrawn,
        OfficeRoleGiven,
        OfficeRoleTaken,
        SendRightGiven,
        SendRightTaken,
    ),
    load=load,
    fold=fold,
    flush=flush,
    uses=("colleague", "company", "mailbox", "member", "document"),
)

# ---- reading


async def words(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[SendingWordRow]:
    """Give all that stands; of rights those on mailboxes that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {sending_word} WHERE mailbox IS NULL OR {sees}"
        ' ORDER BY subject, topic, name COLLATE "C"',
        columns=columns_of(SendingWordRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, SendingWordRow, query, reader.params())


async def sent_from(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, colleague: UUID
) -> list[UUID]:
    """Give the mailboxes from which a colleague sends beside those that are shared with him.

    His own, and those for which he was given a right. Every `reader` may know it of himself.
    """
    del reader
    query = names.sql(
        "SELECT mailbox FROM {sending_word} WHERE subject = %(colleague)s AND mailbox IS NOT NULL"
        " UNION SELECT b.id FROM {mailbox} b JOIN {colleague} c ON c.address_key = b.address_key"
        " WHERE c.id = %(colleague)s"
    )
    rows = await connection.execute(query, {"colleague": colleague})
    return [one[0] for one in await rows.fetchall()]


_DOCUMENT: Final = (
    "WITH RECURSIVE whole (id, kind, attributes, part_of, far) AS ("
    " SELECT id, kind, attributes, part_of, 0 FROM {document} WHERE id = %(document)s"
    " UNION ALL SELECT d.id, d.kind, d.attributes, d.part_of, far + 1"
    " FROM {document} d JOIN whole ON d.id = whole.part_of WHERE far < %(most)s)"
    " SELECT kind, attributes FROM whole ORDER BY far"
)
_PERSON: Final = (
    "SELECT c.address_key, c.role, c.attributes, b.address_key AS box_key, m.role AS member,"
    " (SELECT aliases FROM {company} LIMIT 1) AS aliases"
    " FROM (SELECT %(colleague)s::uuid AS id, %(mailbox)s::uuid AS box) AS asked"
    " LEFT JOIN {colleague} c ON c.id = asked.id LEFT JOIN {mailbox} b ON b.id = asked.box"
    " LEFT JOIN {member} m ON m.mailbox = asked.box AND m.colleague = asked.id"
)
_WORDS: Final = (
    "SELECT subject, topic, name, value FROM {sending_word}"
    " WHERE subject = %(company)s OR subject = %(colleague)s"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to send from which mailbox which document; `company` is the company's stream."""

    company: UUID
    colleague: UUID | None
    mailbox: UUID
    document: UUID | None


def standing(
    connection: Connection[TupleRow], names: Names, asked: Asked
) -> tuple[House, Person | None]:
    """Give what decides whether a mail may be sent: three short look-ups, whatever was said before."""
    given = {
        "company": asked.company,
        "colleague": asked.colleague,
        "mailbox": asked.mailbox,
        "document": asked.document,
        "most": _WHOLES_MOST,
    }
    said = _asked(connection, names.sql(_WORDS), given)
    house = _house([one for one in said if one["subject"] == asked.company])
    if asked.colleague is None:
        return house, None
    of_him = [one for one in said if one["subject"] == asked.colleague]
    (who,) = _asked(connection, names.sql(_PERSON), given)
    chain = _asked(connection, names.sql(_DOCUMENT), given) if asked.document else []
    return house, _person(of_him, who, chain, asked)


def _asked(
    connection: Connection[TupleRow], query: Composed, given: Mapping[str, object]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, given).fetchall()


def _house(said: Sequence[Mapping[str, Any]]) -> House:
    values = {one["topic"]: one["value"] for one in said}
    return House(values.get(SWITCH) != OFF, SendingRule(values.get(RULE, SendingRule.OPEN)))


def _person(
    said: Sequence[Mapping[str, Any]],
    who: Mapping[str, Any],
    chain: Sequence[Mapping[str, Any]],
    asked: Asked,
) -> Person:
    topics: dict[str, dict[str, str]] = {}
    for one in said:
        topics.setdefault(one["topic"], {})[one["name"]] = one["value"]
    kinds = topics.get(KIND, {})
    reaches = {kind: None if value == OFF else Reach(value) for kind, value in kinds.items()}
    kind = chain[0]["kind"] if chain else EVERY_KIND
    reach = said_of_kind(reaches, kind)
    names = _names(who)
    return Person(
        on=topics.get(SWITCH, {}).get("") != OFF,
        right=_right(who, topics.get(RIGHT, {}).get(asked.mailbox.hex)),
        withdrawn=reach is None,
        any=reach is Reach.ANY,
        document=asked.document is not None,
        assigned=any(names_one_of(_responsible(one["attributes"]), names) for one in chain),
        role=bool(roles_in(who["role"] or "")) or ROLE in topics,
    )


def _right(who: Mapping[str, Any], given: str | None) -> SendRight | None:
    """His own mailbox, and one that he is a member of, he sends from as it is; a reader does not."""
    own = who["address_key"] is not None and who["address_key"] == who["box_key"]
    if own or who["member"] in ACTING:
        return SendRight.SEND_AS
    return SendRight(given) if given else None


def _names(who: Mapping[str, Any]) -> Collection[str]:
    """Give what a colleague is called by: address, aliases of it, ERP id."""
    address = who["address_key"] or ""
    aliases: Mapping[str, str] = json.loads(who["aliases"] or "{}")
    own = [alias for alias, of in aliases.items() if of.casefold() == address]
    return [address, *own, json.loads(who["attributes"] or "{}").get(COLLEAGUE_ID, "")]


def _responsible(attributes: str) -> str:
    found: str = json.loads(attributes).get(RESPONSIBLE, "")
    return found
