"""Reading: up to which privacy level of parties and contacts a colleague is cleared."""

import json
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

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


def level_in(attributes: str) -> int:
    """Read the level out of a colleague's attributes (JSON); what is no whole number clears nothing."""
    text = str(json.loads(attributes or "{}").get(PRIVACY_LEVEL, "")).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0
