"""Reading: the business documents of the ERP."""

from collections.abc import Sequence
from datetime import date
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composable

from domain.classes import dataclass
from projections.directory import DocumentRow, number_key
from projections.projection import Names
from projections.reader import (
    FIRST_PAGE,
    Order,
    Page,
    Reader,
    Slice,
    columns_of,
    rows_of,
    slice_of,
    text_key,
)

Connection = AsyncConnection[TupleRow]
BY_DATE = Order("document.date", ("d.issued_key", "d.id"), kinds="du")

LAST_LETTER = "\U0010ffff"
_BEGINS: Final = (
    '(d.number_key COLLATE "C" >= %(text)s AND d.number_key COLLATE "C" < %(end)s'
    ' OR d.title_key COLLATE "C" >= %(title)s AND d.title_key COLLATE "C" < %(title_end)s'
    " AND d.title_key <> '')"
)


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents; an empty filter means all. Days are those of issue: [from, to].

    `text` is the beginning of a number or title; `part_of` what they are parts of.
    """

    kinds: tuple[str, ...] = ()
    parties: tuple[UUID, ...] = ()
    from_day: date | None = None
    to_day: date | None = None
    text: str = ""
    part_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class _KindRow:
    kind: str


async def by_id(
    connection: Connection, names: Names, reader: Reader, document: UUID
) -> DocumentRow | None:
    """Give a document."""
    return (await by_ids(connection, names, reader, [document])).get(document)


async def by_ids(
    connection: Connection, names: Names, reader: Reader, documents: Sequence[UUID]
) -> dict[UUID, DocumentRow]:
    """Give many documents at once."""
    condition = SQL("d.id = ANY(%(ids)s)")
    found = await _where(connection, names, reader, condition, ids=list(documents))
    return {row.id: row for row in found}


async def by_erp_id(
    connection: Connection, names: Names, reader: Reader, erp_id: str
) -> list[DocumentRow]:
    """Give the documents with an id of the ERP: one, unless several sources share it."""
    condition = SQL(
        "hashtextextended(d.erp_id, 0) = hashtextextended(%(erp_id)s, 0) AND d.erp_id = %(erp_id)s"
    )
    return await _where(connection, names, reader, condition, erp_id=erp_id)


async def by_number(
    connection: Connection, names: Names, reader: Reader, kind: str, number: str
) -> list[DocumentRow]:
    """Give the documents of a kind (empty: any) by number as the ERP writes it, case aside."""
    condition = SQL(
        "d.number_key COLLATE \"C\" = %(number)s AND d.number_key <> '' AND %(kind)s IN ('', d.kind)"
    )
    values = {"number": number_key(number), "kind": kind}
    return await _where(connection, names, reader, condition, **values)


async def kinds_of_documents(connection: Connection, names: Names, reader: Reader) -> list[str]:
    """Give by which words the ERP calls the documents that the reader sees."""
    query = names.sql(
        "SELECT DISTINCT d.kind FROM {document} d WHERE d.kind <> '' AND {cleared} ORDER BY d.kind",
        cleared=_cleared(names, reader),
    )
    return [one.kind for one in await rows_of(connection, _KindRow, query, reader.params())]


async def page(
    connection: Connection,
    names: Names,
    reader: Reader,
    wanted: DocumentFilter,
    at: Page = FIRST_PAGE,
) -> Slice[DocumentRow]:
    """Give documents, the newest first (order BY_DATE)."""
    text, title = number_key(wanted.text), text_key(wanted.text)
    conditions: dict[LiteralString, bool] = {
        "d.kind = ANY(%(kinds)s)": bool(wanted.kinds),
        "d.party = %(party)s": len(wanted.parties) == 1,  # keeps to the index's order
        "d.party = ANY(%(parties)s)": len(wanted.parties) > 1,
        "d.issued_key >= %(from_day)s": wanted.from_day is not None,
        "d.issued_key <= %(to_day)s": wanted.to_day is not None,
        "d.part_of = %(part_of)s": wanted.part_of is not None,
        _BEGINS: bool(text),
    }
    chosen = [SQL(condition) for condition, asked in conditions.items() if asked]
    source = names.sql(
        "FROM {document} d WHERE {all}",
        all=SQL(" AND ").join([*chosen, _cleared(names, reader)]),
    )
    values = {
        **reader.params(),
        "kinds": list(wanted.kinds),
        "party": next(iter(wanted.parties), None),
        "parties": list(wanted.parties),
        "from_day": wanted.from_day,
        "to_day": wanted.to_day,
        "text": text,
        "end": text + LAST_LETTER,
        "title": title,
        "title_end": title + LAST_LETTER,
        "part_of": wanted.part_of,
    }
    return await slice_of(
        connection, DocumentRow, columns_of(DocumentRow, "d"), source, BY_DATE, at, values
    )


def _cleared(names: Names, reader: Reader) -> Composable:
    """A document is as confidential as its party."""
    if reader.clearance is None:
        return SQL("true")
    return names.sql(
        "NOT EXISTS (SELECT FROM {party} p WHERE p.id = d.party AND NOT {cleared})",
        cleared=reader.cleared("p.privacy_level"),
    )


async def _where(
    connection: Connection, names: Names, reader: Reader, condition: Composable, **values: object
) -> list[DocumentRow]:
    query = names.sql(
        "SELECT {columns} FROM {document} d WHERE {condition} AND {cleared}"
        " ORDER BY d.issued_key DESC, d.id DESC",
        columns=columns_of(DocumentRow, "d"),
        condition=condition,
        cleared=_cleared(names, reader),
    )
    return await rows_of(connection, DocumentRow, query, {**reader.params(), **values})
