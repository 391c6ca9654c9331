"""The reactions' look-ups of people: contacts, their companies' domains, addresses told of."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.matching import ref
from domain.freemail import company_domains

_MOST_PARTIES = 21
"""A domain that more parties share tells nothing of any of them."""


def domain_ref(domain: str) -> UUID:
    """Hash a domain, apart from addresses."""
    return ref(f"@{domain}")


class People:
    """Contacts within one transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Work in the transaction of `connection`."""
        self._connection = connection

    def set_contacts(self, contacts: Collection[tuple[UUID, str, UUID]]) -> list[UUID]:
        """Store (contact, address key, party); give what is touched, before and now (hashed)."""
        before = self.remove_contacts([contact for contact, _, _ in contacts])
        domains = [_domain(address) for _, address, _ in contacts]
        self._connection.execute(
            "INSERT INTO matching_contact (contact, address, party, domain)"
            " SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[])",
            (
                [contact for contact, _, _ in contacts],
                [ref(address) for _, address, _ in contacts],
                [party for _, _, party in contacts],
                domains,
            ),
        )
        now = [ref(address) for _, address, _ in contacts]
        return [*before, *now, *(one for one in domains if one is not None)]

    def remove_contacts(self, contacts: Collection[UUID]) -> list[UUID]:
        """Forget contacts; give the addresses and domains (hashed) that they had."""
        query: LiteralString = (
            "DELETE FROM matching_contact WHERE contact = ANY(%b) RETURNING address, domain"
        )
        rows = self._rows(query, list(contacts))
        return [one for row in rows for one in row if one is not None]

    def parties_at(self, addresses: Iterable[str]) -> dict[str, tuple[UUID, ...]]:
        """Give the parties of address keys, survivors for those merged."""
        query: LiteralString = (
            "SELECT address, coalesce(survivor, party) FROM matching_contact"
            " LEFT JOIN matching_merge USING (party) WHERE address = ANY(%b)"
        )
        return self._parties(query, {ref(address): address for address in addresses})

    def parties_of_domains(self, domains: Iterable[str]) -> dict[str, tuple[UUID, ...]]:
        """Give the parties with contacts in domains, so many at most as may be told of."""
        query: LiteralString = (
            "SELECT asked.domain, found.party FROM unnest(%b::uuid[]) AS asked(domain),"
            " LATERAL (SELECT DISTINCT coalesce(survivor, party) AS party"
            " FROM matching_contact c LEFT JOIN matching_merge USING (party)"
            " WHERE c.domain = asked.domain ORDER BY party LIMIT %s) AS found"
        )
        return self._parties(query, {domain_ref(one): one for one in domains}, _MOST_PARTIES)

    def _parties(
        self, query: LiteralString, by_ref: dict[UUID, str], *more: object
    ) -> dict[str, tuple[UUID, ...]]:
        found: dict[str, set[UUID]] = defaultdict(set)
        for key, party in self._rows(query, list(by_ref), *more):
            found[by_ref[key]].add(party)
        return {one: tuple(sorted(parties)) for one, parties in found.items()}

    def keep_announced(self, told: Collection[tuple[str, UUID, str]]) -> list[UUID]:
        """Store (address key, message, key of who told of it); give the addresses (hashed)."""
        addresses = [ref(address) for address, _, _ in told]
        self._connection.execute(
            "INSERT INTO matching_announced (address, message, teller, teller_ref) SELECT * FROM"
            " unnest(%b::uuid[], %b::uuid[], %b::text[], %b::uuid[]) ON CONFLICT DO NOTHING",
            (
                addresses,
                [message for _, message, _ in told],
                [teller for _, _, teller in told],
                [ref(teller) for _, _, teller in told],
            ),
        )
        return addresses

    def told_of_by(self, tellers: Collection[UUID]) -> list[UUID]:
        """Give the addresses (hashed) that these (hashed) told of."""
        query: LiteralString = (
            "SELECT DISTINCT address FROM matching_announced WHERE teller_ref = ANY(%b)"
        )
        return [row[0] for row in self._rows(query, list(tellers))]

    def forget_announced(self, messages: Collection[UUID]) -> list[UUID]:
        """Forget what messages told of; give the addresses (hashed)."""
        query: LiteralString = (
            "DELETE FROM matching_announced WHERE message = ANY(%b) RETURNING address"
        )
        return [row[0] for row in self._rows(query, list(messages))]

    def announced_in(self, addresses: Iterable[str]) -> dict[str, tuple[UUID, ...]]:
        """Give the messages whose writers told of addresses as their own."""
        by_ref = {ref(address): address for address in addresses}
        query: LiteralString = (
            "SELECT address, message FROM matching_announced WHERE address = ANY(%b)"
        )
        found: dict[str, set[UUID]] = defaultdict(set)
        for key, message in self._rows(query, list(by_ref)):
            found[by_ref[key]].add(message)
        return {one: tuple(sorted(messages)) for one, messages in found.items()}

    def _rows(self, query: LiteralString, *values: object) -> list[TupleRow]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()


def _domain(address: str) -> UUID | None:
    domains = company_domains(address.rpartition("@")[2])
    return domain_ref(domains[0]) if domains else None
