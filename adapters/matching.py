"""The reactions' look-ups in PostgreSQL: what matching reads, folded from events."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from adapters.owning import Own
from domain.linking import NumberedDocument
from domain.matching import Facts, Verdict
from domain.numbers import Number, parse_number
from domain.values import MessageId

_FACTS = msgspec.json.Decoder(Facts)
_VERDICT = msgspec.json.Decoder(Verdict)
_ENCODER = msgspec.json.Encoder()


def ref(text: str) -> UUID:
    """Hash a Message-ID or an address key: header values of 15 KB exist, an index bears no such."""
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())


def number_key(number: Number) -> str:
    """Write what equal numbers share as one text."""
    return "/".join(number.key)


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
        return {row[0]: _VERDICT.decode(row[1]) for row in rows}

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
            [_ENCODER.encode(one) for one in verdicts.values()],
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

    def keep_addresses(self, seen: Collection[tuple[str, UUID]]) -> None:
        """Store which addresses (keys) stand in which messages."""
        pairs = {(ref(address), message) for address, message in seen}
        self._pairs("matching_seen", "address", pairs)

    def with_address(self, address: str) -> list[UUID]:
        """Give the messages in which an address (key) stands."""
        query: LiteralString = "SELECT message FROM matching_seen WHERE address = %s"
        return [row[0] for row in self._rows(query, ref(address))]

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

    # ---- what makes messages due

    def due(self, messages: Iterable[UUID], cause: UUID) -> None:
        """Ask for a decision on messages."""
        self._run(
            "INSERT INTO matching_due SELECT message, %s FROM unnest(%b::uuid[]) AS d(message)"
            " ON CONFLICT DO NOTHING",
            cause,
            list(messages),
        )

    def due_naming(self, message_ids: Collection[str], cause: UUID) -> None:
        """Ask for a decision on messages that name one of these Message-IDs."""
        self._run(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_named_id"
            " WHERE ref = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            [ref(one) for one in message_ids],
        )

    def due_naming_each(self, causes: Sequence[tuple[str, UUID]]) -> None:
        """Ask the same for each Message-ID by a cause of its own; the first that asks is kept."""
        self._run(
            "INSERT INTO matching_due SELECT DISTINCT ON (message) message, asked.cause"
            " FROM unnest(%b::uuid[], %b::uuid[]) WITH ORDINALITY AS asked(ref, cause, at)"
            " JOIN matching_named_id USING (ref) ORDER BY message, asked.at"
            " ON CONFLICT DO NOTHING",
            [ref(one) for one, _ in causes],
            [cause for _, cause in causes],
        )

    def due_with_addresses(self, addresses: Collection[UUID], cause: UUID) -> None:
        """Ask for a decision on messages in which an address (hashed) stands."""
        self._run(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_seen"
            " WHERE address = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            list(addresses),
        )

    def due_linked(self, targets: Collection[UUID], cause: UUID) -> None:
        """Ask for a decision on messages that are linked to a party or document."""
        self._run(
            "INSERT INTO matching_due SELECT DISTINCT message, %s::uuid FROM matching_link"
            " WHERE target = ANY(%b) ON CONFLICT DO NOTHING",
            cause,
            list(targets),
        )

    def due_everywhere(self, cause: UUID) -> None:
        """Ask for a decision on every message."""
        self._run(
            "INSERT INTO matching_due SELECT message, %s FROM matching_message"
            " ON CONFLICT DO NOTHING",
            cause,
        )

    def take_due(self, limit: int) -> dict[UUID, UUID]:
        """Take so many messages off the list of what is to be decided, with their causes."""
        rows = self._rows(
            "DELETE FROM matching_due WHERE message IN"
            " (SELECT message FROM matching_due ORDER BY message LIMIT %s)"
            " RETURNING message, cause",
            limit,
        )
        return {row[0]: row[1] for row in rows}

    def count_due(self, most: int) -> int:
        """Count the messages that are due, no further than `most`."""
        rows = self._rows(
            "SELECT count(*) FROM (SELECT 1 FROM matching_due LIMIT %s) AS due", most
        )
        return int(rows[0][0])

    def settled(self, messages: Collection[UUID]) -> None:
        """Take messages off that list: they were judged after what they answer."""
        self._run("DELETE FROM matching_due WHERE message = ANY(%b)", list(messages))

    # ---- master data

    def set_contacts(self, contacts: Collection[tuple[UUID, str, UUID]]) -> list[UUID]:
        """Store (contact, address key, party); give the addresses (hashed) they had before."""
        keys = [contact for contact, _, _ in contacts]
        before = self.remove_contacts(keys)
        self._run(
            "INSERT INTO matching_contact SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[])",
            keys,
            [ref(address) for _, address, _ in contacts],
            [party for _, _, party in contacts],
        )
        return before

    def remove_contacts(self, contacts: Collection[UUID]) -> list[UUID]:
        """Forget contacts; give the addresses (hashed) they had."""
        query: LiteralString = (
            "DELETE FROM matching_contact WHERE contact = ANY(%b) RETURNING address"
        )
        return [row[0] for row in self._rows(query, list(contacts))]

    def set_numbers(
        self, document: UUID, party: UUID | None, numbers: Collection[str]
    ) -> list[UUID]:
        """Store the numbers of a document; give the party that it belonged to before."""
        before = self._rows(
            "DELETE FROM matching_number WHERE document = %s RETURNING party", document
        )
        parsed = {text: parse_number(text) for text in numbers if text}
        rows = [(text, number) for text, number in parsed.items() if number is not None]
        if party is not None and rows:
            self._run(
                "INSERT INTO matching_number SELECT %s, %s, * FROM unnest(%b::text[], %b::text[])",
                document,
                party,
                [number_key(number) for _, number in rows],
                [text for text, _ in rows],
            )
        return [row[0] for row in before]

    # ---- what a decision asks

    def parties_at(self, addresses: Collection[str]) -> dict[str, tuple[UUID, ...]]:
        """Give the parties of address keys."""
        by_ref = {ref(address): address for address in addresses}
        found: dict[str, set[UUID]] = defaultdict(set)
        query: LiteralString = (
            "SELECT address, party FROM matching_contact WHERE address = ANY(%b)"
        )
        for row in self._rows(query, list(by_ref)):
            found[by_ref[row[0]]].add(row[1])
        return {address: tuple(sorted(parties)) for address, parties in found.items()}

    def documents_named(
        self, parties: Collection[UUID], keys: Collection[str]
    ) -> dict[UUID, tuple[NumberedDocument, ...]]:
        """Give the parties' documents that have a number with one of these keys."""
        rows = self._rows(
            "SELECT party, document, array_agg(number ORDER BY number) FROM matching_number"
            " WHERE party = ANY(%b) AND key = ANY(%b) GROUP BY party, document ORDER BY document",
            list(parties),
            list(keys),
        )
        found: dict[UUID, list[NumberedDocument]] = defaultdict(list)
        for party, document, texts in rows:
            numbers = tuple(number for text in texts if (number := parse_number(text)))
            found[party].append(NumberedDocument(document, party, numbers))
        return {party: tuple(documents) for party, documents in found.items()}

    def known_as(self, message_ids: Collection[str]) -> dict[str, tuple[MessageId, ...]]:
        """Give the messages that have these Message-IDs."""
        by_ref = {ref(one): one for one in message_ids}
        found: dict[str, list[MessageId]] = defaultdict(list)
        query: LiteralString = (
            "SELECT ref, message FROM matching_own_id WHERE ref = ANY(%b) ORDER BY message"
        )
        for row in self._rows(query, list(by_ref)):
            found[by_ref[row[0]]].append(MessageId(row[1]))
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
