"""Reading: the documents around one: what it is a part of, and the sites that are parts of it."""

from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections import documents
from projections.directory import DocumentRow
from projections.documents import DocumentFilter
from projections.projection import Names
from projections.reader import Page, Reader

SITE: Final = "site"
"""The kind of a document that is a building, a plant: where an order is carried out."""
_HIGHEST: Final = 5
_MOST_SITES: Final = 50


async def around(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader, document: UUID
) -> list[DocumentRow]:
    """Give a document, what it is a part of, up to the whole, then the sites that are its parts.

    Empty if the reader may not see the document.
    """
    asked = connection, names, reader
    found: dict[UUID, DocumentRow] = {}
    wanted: UUID | None = document
    while wanted is not None and wanted not in found and len(found) <= _HIGHEST:
        row = await documents.by_id(*asked, wanted)
        if row is None:
            break
        found[row.id] = row
        wanted = row.part_of
    if document in found:
        parts = DocumentFilter(kinds=(SITE,), part_of=document)
        page = await documents.page(*asked, parts, Page(first=_MOST_SITES, counted=False))
        found |= {row.id: row for row in page.rows}
    return list(found.values())
