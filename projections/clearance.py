"""Reading: who is cleared for which parties and contacts, and what is confidential to a reader."""

import json
from collections.abc import Collection
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import Composable

from projections.projection import Names
from projections.reader import Reader

PRIVACY_LEVEL: Final = "privacy_level"
"""The column of colleagues.csv that says it, a whole number; without one it is 0."""
_LONGEST: Final = 4


async def clearance_of(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, colleague: UUID
) -> int:
    """Give the level that master data gives a colleague, whom every `reader` may know; 0 at least."""
    del reader
    query = names.sql("SELECT attributes FROM {colleague} WHERE id = %s")
    row = await (await connection.execute(query, (colleague,))).fetchone()
    return level_in(row[0]) if row is not None else 0


def confidential(names: Names) -> Composable:
    """Give the ids of parties, contacts and documents above `clearance`: each as its party is."""
    return names.sql(
        "SELECT p.id FROM {party} p WHERE p.privacy_level > %(clearance)s"
        " UNION ALL SELECT k.id FROM {contact} k WHERE k.privacy_level > %(clearance)s"
        " UNION ALL SELECT k.id FROM {contact} k JOIN {party} p ON p.id = k.party"
        " WHERE p.privacy_level > %(clearance)s"
        " UNION ALL SELECT d.id FROM {document} d JOIN {party} p ON p.id = d.party"
        " WHERE p.privacy_level > %(clearance)s"
    )


async def hidden_among(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, ids: Collection[UUID]
) -> set[UUID]:
    """Give those of some parties, contacts and documents that the reader is not cleared for."""
    if reader.clearance is None or not ids:
        return set()
    query = names.sql(
        "SELECT hidden.id FROM ({above}) AS hidden WHERE hidden.id = ANY(%(ids)s)",
        above=confidential(names),
    )
    given = {**reader.params(), "ids": list(ids)}
    return {one[0] for one in await (await connection.execute(query, given)).fetchall()}


def level_in(attributes: str) -> int:
    """Read the level out of a colleague's attributes (JSON); what is no whole number clears nothing."""
    text = str(json.loads(attributes or "{}").get(PRIVACY_LEVEL, "")).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0
