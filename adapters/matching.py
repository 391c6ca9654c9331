"""The reactions' look-ups in PostgreSQL: what matching reads, folded from events."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import permutations
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from adapters.owning import Own
from domain.document import DocumentRecord
from domain.facts import Facts
from domain.kinds import kind_of
from domain.matching import Verdict
from domain.naming import NumberedDocument
from domain.numbers import Number, parse_number, without_year
from domain.values import MessageId

_FACTS = msgspec.json.Decoder(Facts)
_VERDICT = msgspec.json.Decoder(Verdict)
_ENCODER = msgspec.json.Encoder()
_FILLED = (
    "matching_own_id",
    "matching_named_id",
    "matching_alias",
    "matching_seen",
    "matching_contact",
    "matching_announced",
    "matching_choice",
    "matching_closed",
    "matching_merge",
    "matching_remembered",
    "matching_number",
    "matching_document",
    "matching_ours",
)
_FEW = 5
"""A number that more documents bear is none that tells one of them."""


def ref(text: str) -> UUID:
    """Hash a Message-ID or an address key: header values of 15 KB exist, an index bears no such."""
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())


def number_key(number: Number) -> str:
    """Write what equal numbers share as one text."""
    return "/".join(number.key)


def number_keys(record: DocumentRecord) -> list[str]:
    """Give the keys under which a document may be named."""
    return [key for key, _, _ in _numbers(record)]


def read_verdict(stored: bytes) -> Verdict:
    """Read a verdict as `written_verdict` wrote it."""
    return _VERDICT.decode(stored)


def written_verdict(verdict: Verdict) -> bytes:
    """Write a verdict to be kept."""
    return _ENCODER.encode(verdict)


class Lookups:
    """The look-ups within one transaction; every method is one statement for a whole batch."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection
        self.own = Own(connection)

    def position(self, name: str) -> int:
        """Give the position up to which events were folded, and hold the row."""
        self._run("INSERT INTO matching_position VALUES (%s, 0) ON CONFLICT DO NOTHING", name)
        query: LiteralString = "SELECT position FROM matching_position WHERE name = %s FOR UPDATE"
        return int(self._rows(query, name)[0][0])

    def begin_anew(self, name: str, version: int, upto: int) -> bool:
        """Empty look-ups of another version, to be filled up to a position; tell whether so.

        What was decided, what follows from that (questions, who seeks, who is mentioned), and what is
        due stays.
        """
        query: LiteralString = (
            "UPDATE matching_position SET version = %s, filling_up_to = %s, position = 0"
            " WHERE name = %s AND version <> %s RETURNING position"
        )
        if not self._rows(query, version, upto, name, version):
            return False
        for table in _FILLED:
            self._connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
        self._run("DELETE FROM matching_topic WHERE NOT question")
        return True

    def filling_up_to(self, name: str) -> int:
        """Give the position up to which they are filled anew; 0 if they are there."""
        query: LiteralString = (
            "SELECT filling_up_to FROM matching_position"
            " WHERE name = %s AND position < filling_up_to"
        )
        return sum(row[0] for row in self._rows(query, name))

    def move(self, name: str, position: int) -> None:
        """Move that position."""
        self._run("UPDATE matching_position SET position = %s WHERE name = %s", position, name)

    # ---- messages

    def facts(self, messages: Collection[UUID]) -> dict[UUID, Facts]:
        """Give what is known of messages."""
        rows = self._rows(
            "SELECT message, facts FROM matching_message WHERE message = ANY(%b)", list(messages)
        )
        return {row[0]: _FACTS.decode(row[1]) for row in rows}

    def verdicts(self, messages: Collection[UUID]) -> dict[UUID, Verdict]:
        """Give what was decided last on messages."""
        rows = self._rows(
            "SELECT message, verdict FROM matching_message"
            " WHERE message = ANY(%b) AND verdict IS NOT NULL",
            list(messages),
        )
        return {row[0]: read_verdict(row[1]) for row in rows}

    def keep_facts(self, facts: Mapping[UUID, Facts]) -> None:
        """Store what is known of messages."""
        self._run(
            "INSERT INTO matching_message (message, facts) SELECT * FROM unnest(%b::uuid[],"
            " %b::bytea[]) ON CONFLICT (message) DO UPDATE SET facts = EXCLUDED.facts",
            list(facts),
            [_ENCODER.encode(one) for one in facts.values()],
        )

    def keep_verdicts(self, verdicts: Mapping[UUID, Verdict]) -> None:
        """Store what was decided, and whom messages are linked to now."""
        messages = list(verdicts)
        self._run(
            "UPDATE matching_message m SET verdict = n.verdict FROM unnest(%b::uuid[],"
            " %b::bytea[]) AS n(message, verdict) WHERE m.message = n.message",
            messages,
            [written_verdict(one) for one in verdicts.values()],
        )
        self._run("DELETE FROM matching_link WHERE message = ANY(%b)", messages)
        links = {(link.target, key) for key, one in verdicts.items() for link in one.links}
        self._pairs("matching_link", "target", links)

    def keep_ids(
        self, own: Collection[tuple[str, UUID]], named: Collection[tuple[str, UUID]]
    ) -> None:
        """Store under which Message-IDs messages are known, and which they name."""
        self._pairs("matching_own_id", "ref", {(ref(one), message) for one, message in own})
        self._pairs("matching_named_id", "ref", {(ref(one), message) for one, message in named})

    def keep_aliases(self, told: Mapping[UUID, Collection[str]]) -> None:
        """Store which Message-IDs notices give to one message, in place of what they gave before."""
        self._run("DELETE FROM matching_alias WHERE message = ANY(%b)", list(told))
        rows = [
            (ref(a), ref(b), one) for one, ids in told.items() for a, b in permutations(ids, 2)
        ]
        self._run(
            "INSERT INTO matching_alias SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[])"
            " ON CONFLICT DO NOTHING",
            *([row[at] for row in rows] for at in range(3)),
        )

    def keep_addresses(self, seen: Collection[tuple[str, UUID]]) -> None:
        """Store which addresses (keys) stand in which messages."""
        pairs = {(ref(address), message) for address, message in seen}
        self._pairs("matching_seen", "address", pairs)

    def forget_names(
        self,
        own: Collection[tuple[str, UUID]],
        named: Collection[tuple[str, UUID]],
        seen: Collection[tuple[str, UUID]],
    ) -> None:
        """Forget these of what `keep_ids` and `keep_addresses` stored: they were read wrongly."""
        for table, column, pairs in (
            ("matching_own_id", "ref", own),
            ("matching_named_id", "ref", named),
            ("matching_seen", "address", seen),
        ):
            query = SQL(
                "DELETE FROM {} t USING unnest(%b::uuid[], %b::uuid[]) AS gone(key, message)"
                " WHERE t.{} = gone.key AND t.message = gone.message"
            ).format(Identifier(table), Identifier(column))
            keys = [ref(one) for one, _ in pairs]
            self._connection.execute(query, (keys, [message for _, message in pairs]))

    def _pairs(self, table: str, column: str, pairs: Collection[tuple[UUID, UUID]]) -> None:
        query = SQL(
            "INSERT INTO {} ({}, message) SELECT * FROM unnest(%b::uuid[], %b::uuid[])"
            " ON CONFLICT DO NOTHING"
        ).format(Identifier(table), Identifier(column))
        if pairs:
            keys, messages = zip(*sorted(pairs), strict=True)
            self._connection.execute(query, (list(keys), list(messages)))

    def keep_mentions(self, keys: Mapping[UUID, Collection[str]]) -> None:
        """Store which numbers (keys) stand in messages that belong to nobody, anew."""
        self._run("DELETE FROM matching_mention WHERE message = ANY(%b)", list(keys))
        rows = sorted((key, message) for message, found in keys.items() for key in set(found))
        self._run(
            "INSERT INTO matching_mention SELECT * FROM unnest(%b::text[], %b::uuid[])",
            [key for key, _ in rows],
            [message for _, message in rows],
        )

    # ---- master data

    def set_numbers(self, document: UUID, record: DocumentRecord) -> list[UUID]:
        """Store the numbers of a document; give the party that it belonged to before."""
        before = self._rows(
            "DELETE FROM matching_number WHERE document = %s RETURNING party", document
        )
        rows = _numbers(record)
        if record.party is not None and rows:
            self._run(
                "INSERT INTO matching_number"
                " (document, party, kind, issued_on, part_of, key, number, short)"
                " SELECT %s, %s, %s, %s, %s, * FROM unnest(%b::text[], %b::text[], %b::bool[])"
                " ON CONFLICT DO NOTHING",
                document,
                record.party,
                record.kind,
                record.issued_on,
                record.part_of,
                *(list(column) for column in zip(*rows, strict=True)),
            )
        return [row[0] for row in before]

    # ---- what a decision asks

    def documents_named(
        self, parties: Collection[UUID], keys: Collection[str]
    ) -> dict[UUID, tuple[NumberedDocument, ...]]:
        """Give the parties' documents, and their duplicates', with a number of one of these keys."""
        rows = self._rows(
            "SELECT coalesce(survivor, party) AS owner, document, kind, issued_on, part_of,"
            " array_agg(number ORDER BY number), array_agg(short ORDER BY number)"
            " FROM matching_number LEFT JOIN matching_merge USING (party)"
            " WHERE party = ANY(%b::uuid[] || ARRAY(SELECT party FROM matching_merge"
            " WHERE survivor = ANY(%b))) AND key = ANY(%b)"
            " GROUP BY owner, document, kind, issued_on, part_of ORDER BY document",
            list(parties),
            list(parties),
            list(keys),
        )
        found: dict[UUID, list[NumberedDocument]] = defaultdict(list)
        for row in rows:
            found[row[0]].append(_document(*row))
        return {party: tuple(documents) for party, documents in found.items()}

    def documents_anywhere(self, keys: Collection[str]) -> tuple[NumberedDocument, ...]:
        """Give any party's documents with one of these keys, where so few share it that it tells."""
        rows = self._rows(
            "SELECT coalesce(m.survivor, n.party) AS owner, n.document, n.kind, n.issued_on,"
            " n.part_of, array_agg(n.number ORDER BY n.number),"
            " array_agg(n.short ORDER BY n.number) FROM unnest(%b::text[]) AS asked(key),"
            " LATERAL (SELECT * FROM matching_number WHERE key = asked.key"
            " ORDER BY part_of IS NOT NULL, document LIMIT %s) AS n"
            " LEFT JOIN matching_merge m ON m.party = n.party"
            " GROUP BY owner, n.document, n.kind, n.issued_on, n.part_of ORDER BY n.document",
            list(keys),
            _FEW,
        )
        return tuple(_document(*row) for row in rows)

    def known_as(self, message_ids: Collection[str]) -> dict[str, tuple[MessageId, ...]]:
        """Give the messages that have these Message-IDs."""
        by_ref = {ref(one): one for one in message_ids}
        found: dict[str, list[MessageId]] = defaultdict(list)
        query: LiteralString = (
            "SELECT ref, message FROM matching_known WHERE ref = ANY(%b) ORDER BY message"
        )
        for row in self._rows(query, list(by_ref)):
            found[by_ref[row[0]]].append(MessageId(row[1]))
        return {one: tuple(messages) for one, messages in found.items()}

    def named_by(self, message_ids: Collection[str]) -> dict[str, tuple[UUID, ...]]:
        """Give the messages that name these Message-IDs."""
        by_ref = {ref(one): one for one in message_ids}
        found: dict[str, list[UUID]] = defaultdict(list)
        query: LiteralString = "SELECT ref, message FROM matching_naming WHERE ref = ANY(%b)"
        for row in self._rows(query, list(by_ref)):
            found[by_ref[row[0]]].append(row[1])
        return {one: tuple(messages) for one, messages in found.items()}

    def naming(self, pairs: Collection[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
        """Give those pairs whose message names the Message-ID."""
        by_ref = {ref(one): one for one, _ in pairs}
        rows = self._rows(
            "SELECT ref, message FROM matching_named_id"
            " JOIN unnest(%b::uuid[], %b::uuid[]) AS asked(ref, message) USING (ref, message)",
            [ref(one) for one, _ in pairs],
            [message for _, message in pairs],
        )
        return {(by_ref[row[0]], row[1]) for row in rows}

    def _run(self, query: LiteralString, *values: object) -> None:
        self._connection.execute(query, values)

    def _rows(self, query: LiteralString, *values: object) -> list[TupleRow]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()


def _numbers(record: DocumentRecord) -> list[tuple[str, str, bool]]:
    """Give (key, number, short) of a document's numbers, whole and without their year."""
    parsed = [(text, parse_number(text)) for text in (record.number, record.party_reference)]
    rows = {(number_key(one), text, False) for text, one in parsed if one is not None}
    own = parsed[0][1]
    if own is not None and record.issued_on is not None:
        short = without_year(own, record.issued_on.year)
        if short is not None:
            rows.add((number_key(short), record.number, True))
    return sorted(rows)


def _document(
    party: UUID,
    document: UUID,
    kind: str,
    issued_on: date | None,
    part_of: UUID | None,
    texts: Sequence[str],
    short: Sequence[bool],
) -> NumberedDocument:
    parsed = [(parse_number(text), cut) for text, cut in zip(texts, short, strict=True)]
    year = issued_on.year if issued_on else 0
    return NumberedDocument(
        document,
        party,
        numbers=tuple(one for one, cut in parsed if one and not cut),
        short=tuple(
            left for one, cut in parsed if one and cut and (left := without_year(one, year))
        ),
        kind=kind_of(kind),
        issued_on=issued_on,
        part_of=part_of,
    )
