"""A company with many conversations, as the read models hold them, for what waits to be asked of it.

Master data, calendar and targets come in by the front door: shared mailboxes and people's own, parties
with sales managers and categories, documents of several kinds. The rows of conversations are
written as the read models would hold them: mail a few minutes apart, the large parties with most of
it, some in two mailboxes, a third of it answered once before, answers after minutes or days, links,
hand-overs, snoozes, pauses, and with every answered wait the row that was known before the answer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg import ClientCursor

from api.work.calendars import save_calendar, set_target
from api.work.directory import import_directory
from api.work.generations import active_names
from api.work.instance import PROJECTIONS, Carteggio
from api.work.tokens import by_operator
from domain.calendars import CalendarSaved, TargetScope, TargetSet
from domain.hours import read_week
from domain.identity import mailbox_id
from domain.values import MailboxId
from projections.projection import Names

SHARED: Final = ("info", "orders", "sales", "invoices", "claims", "spares", "export", "pec")
PEOPLE: Final = ("Giulia Neri", "Paolo Verdi", "Anna Sala", "Luca Riva", "Eva Conti", "Ugo Galli")
PARTIES: Final = 1_000
DOCUMENTS: Final = 2_000
_KINDS: Final = ("invoice", "sales_order", "offer", "delivery_note")
_LONG_AGO: Final = datetime(2010, 1, 1, tzinfo=UTC)
_OFFICE: Final = CalendarSaved(
    "Europe/Rome", read_week("Mon-Fri 08:30-12:30 14:00-18:00"), "IT", "", (), (), _LONG_AGO, "Office"
)  # fmt: skip
_HOUR: Final = 3_600


def address(name: str) -> str:
    """Give a mailbox's address."""
    return f"{name.partition(' ')[0].casefold()}@firm.example"


BOXES: Final = tuple(map(address, (*SHARED, *PEOPLE)))


def equip(carteggio: Carteggio, folder: Path) -> None:
    """Bring in master data, a calendar and targets."""
    people = "".join(f"{one},{address(one)},sales\n" for one in PEOPLE)
    parties = "".join(
        f"C{n},customer,Customer {n},{PEOPLE[n % 5]},{'key' if n % 9 == 0 else 'usual'}\n"
        for n in range(PARTIES)
    )
    contacts = "".join(f"C{n},Buyer {n},buyer@c{n}.example\n" for n in range(PARTIES))
    papers = "".join(
        f"D{n},{_KINDS[n % 4]},2026/{n},C{n % PARTIES},2026-01-20\n" for n in range(DOCUMENTS)
    )
    files = {
        "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
        "mailboxes.csv": "address\n" + "\n".join(BOXES),
        "colleagues.csv": f"name,email,role\n{people}",
        "parties.csv": f"party_id,kind,name,sales_manager,category\n{parties}",
        "contacts.csv": f"party_id,name,email\n{contacts}",
        "documents.csv": f"doc_id,type,number,party_id,date\n{papers}",
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    import_directory(carteggio, folder)
    save_calendar(carteggio, _OFFICE, by_operator())
    pec = MailboxId(mailbox_id(carteggio.identity_key, address("pec")))
    for scope, hours in (
        (TargetScope(), 8),
        (TargetScope(mailbox=pec), 4),
        (TargetScope(category="key"), 2),
        (TargetScope(kind="invoice"), 40),
    ):
        target = TargetSet(scope, hours * _HOUR, hours * _HOUR // 2, 75, (), _LONG_AGO)
        set_target(carteggio, target, by_operator())
    carteggio.feed.catch_up(carteggio.journal.head())


@dataclass(frozen=True, slots=True)
class Filled:
    """How much there is."""

    conversations: int
    waiting: int


_MADE: Final = """CREATE TEMP TABLE made AS SELECT n, h, md5('c' || n)::uuid AS id, at,
 CASE WHEN h %% 20 = 0 THEN ARRAY[box, other] ELSE ARRAY[box] END AS boxes, party, document,
 CASE WHEN NOT open THEN at + answered END AS until,
 (count - n) * 10 AS pos, CASE WHEN NOT open THEN (count - n) * 10 + minutes * 2 + 1 END AS known
 FROM (SELECT n, h, count, now() - n * interval '4 minutes' - h %% 200 * interval '1 second' AS at,
 boxes[1 + (h %% 1000) * (h %% 1000) * array_length(boxes, 1) / 1000000] AS box,
 boxes[1 + h %% array_length(boxes, 1)] AS other,
 CASE WHEN h %% 8 > 0 THEN parties[1 + (h / 8 %% 1000) * (h / 8 %% 1000) * array_length(parties, 1)
 / 1000000] END AS party,
 CASE WHEN h %% 3 = 0 THEN documents[1 + h / 5 %% array_length(documents, 1)] END AS document,
 5 + h / 7 %% 2800 AS minutes, (5 + h / 7 %% 2800) * interval '1 minute' AS answered,
 n <= wanted / 2 OR n %% ((count - wanted / 2) / greatest(wanted / 2, 1)) = 0 AS open
 FROM (SELECT n, abs(hashint8(n)::int8) AS h, %(count)s::int8 AS count, %(open)s::int8 AS wanted,
 %(boxes)s::uuid[] AS boxes, %(parties)s::uuid[] AS parties, %(documents)s::uuid[] AS documents
 FROM generate_series(1, %(count)s::int8) AS n) AS numbered) AS placed"""
_ROWS: Final = (
    """INSERT INTO {conversation_member} (message, conversation, at, from_position, own, chain,
 found, beyond, placed, joined) SELECT id, id, at, pos, none, none, none, none, false, none
 FROM made, (SELECT ARRAY[]::uuid[] AS none) AS e""",
    """INSERT INTO {waiting} SELECT id, id, at, until, until_by, reason, boxes, fr, upto, at
 FROM (SELECT id, at, until, CASE WHEN until IS NOT NULL THEN md5('a' || n)::uuid END AS until_by,
 CASE WHEN until IS NULL THEN 'waiting' ELSE 'answered' END AS reason, boxes,
 coalesce(known, pos) AS fr, NULL::int8 AS upto FROM made
 UNION ALL SELECT id, at, NULL, NULL, 'waiting', boxes, pos, known FROM made WHERE known IS NOT NULL)
 AS both_""",
    """INSERT INTO {waiting} SELECT id, md5('e' || n)::uuid, at - interval '3 days',
 at - interval '2 days', md5('f' || n)::uuid, 'answered', boxes, pos, NULL, at - interval '3 days'
 FROM made WHERE h %% 3 = 1""",
    """INSERT INTO {attention} (conversation, since, until, state, owner, because, owned_at, note,
 in_hand, passed_on, snoozed, snoozed_until, paused, reason, mailboxes, from_position)
 SELECT id, at, coalesce(until, until_woken), CASE WHEN snoozed THEN 'snoozed' WHEN paused THEN
 'paused' WHEN owner IS NOT NULL THEN 'in_hand' ELSE 'waiting' END, owner,
 CASE WHEN owner IS NULL THEN '' ELSE 'handed_over' END, at, '', owner IS NOT NULL, false, snoozed,
 until_woken, paused, '', boxes, pos FROM (SELECT *, h / 3 %% 100 IN (25, 26, 27) AS snoozed,
 h / 3 %% 100 IN (28, 29) AS paused, CASE WHEN h / 3 %% 100 = 27 AND until IS NULL
 THEN now() + interval '3 days' END AS until_woken, CASE WHEN h / 3 %% 100 < 25 THEN
 (%(people)s::uuid[])[1 + h / 11 %% array_length(%(people)s::uuid[], 1)] END AS owner
 FROM made WHERE h / 3 %% 100 < 30) AS attended""",
    """INSERT INTO {link} (id, message, kind, target, state, rule, rule_version, confidence, place,
 evidence, rejected, actor_kind, actor_id, at, mailboxes, direction, from_position, from_time,
 unlink_rule, unlink_reason) SELECT gen_random_uuid(), id, kind, target, 'automatic', 'contact', 1,
 100, 'from', '', ARRAY[]::uuid[], 'system', '', at, boxes, 'inbound', pos, at, '', ''
 FROM (SELECT *, 'party' AS kind, party AS target FROM made WHERE party IS NOT NULL
 UNION ALL SELECT *, 'document', document FROM made WHERE document IS NOT NULL) AS linked""",
    """INSERT INTO {message} SELECT id, '', false, '', '', at, boxes, ARRAY[]::uuid[], '',
 'About ' || n, 'When does it come?', 'buyer@c' || h %% 1000 || '.example', 'Buyer', at, 2000, 0, 0,
 false, 1, 'inbound', false, 'mail', true, '', '', false, NULL, until IS NOT NULL, '', pos, at
 FROM made""",
)
_CLOSE: Final = """UPDATE {waiting} SET until = now(), reason = 'closed' WHERE until IS NULL
 AND to_position IS NULL AND message NOT IN (SELECT message FROM {waiting} WHERE until IS NULL
 AND to_position IS NULL ORDER BY md5(message::text) LIMIT %(open)s)"""


def fill(carteggio: Carteggio, count: int, open_: int) -> Filled:
    """Write so many conversations, of which about so many wait; half of these are the newest."""
    with carteggio.database.connect() as connection:
        names = active_names(connection, PROJECTIONS)

        def ids(table: str) -> list[UUID]:
            query = names.sql("SELECT id FROM {table} ORDER BY id", table=names[table])
            return [row[0] for row in connection.execute(query).fetchall()]

        values = {
            "count": count, "open": open_, "boxes": ids("mailbox"), "parties": ids("party"),
            "documents": ids("document"), "people": ids("colleague"),
        }  # fmt: skip
        for query in (_MADE, *_ROWS):
            ClientCursor(connection).execute(names.sql(query), values)
        connection.execute("DROP TABLE made")
        return _settled(connection, names)


def close_all_but(carteggio: Carteggio, open_: int) -> Filled:
    """End waits until only so many are left."""
    with carteggio.database.connect() as connection:
        names = active_names(connection, PROJECTIONS)
        connection.execute(names.sql(_CLOSE), {"open": open_})
        return _settled(connection, names)


def _settled(connection: Any, names: Names) -> Filled:
    connection.execute("VACUUM ANALYZE")
    count = "SELECT count(*) FROM {waiting} WHERE until IS NULL AND to_position IS NULL"
    waiting = connection.execute(names.sql(count)).fetchone()[0]
    made = connection.execute(names.sql("SELECT count(*) FROM {conversation_member}")).fetchone()[
        0
    ]
    return Filled(made, waiting)
