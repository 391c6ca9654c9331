"""Which documents a mail presents, as links of earlier mail stand now: asked of before it leaves."""

from collections.abc import Iterable
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from adapters.building.builder import brought
from api.work.generations import active_names
from api.work.instance import PROJECTIONS, Carteggio
from api.work.tosend import ToSend
from domain.choosing import Target, TargetKind
from domain.presenting import Bearing, presented
from domain.values import DocumentId
from projections.projection import Names
from projections.timelines import COUNTS


def presented_by(carteggio: Carteggio, wanted: ToSend) -> tuple[DocumentId, ...]:
    """Give the documents for each of which a mail has to be permitted and approved.

    All links count, also those that its sender does not see: else they were a way around.
    """
    passed_on = {*wanted.carries, *filter(None, [wanted.forwards])}
    earlier = {*passed_on, *filter(None, [wanted.answers])}
    of: dict[UUID, list[DocumentId]] = {}
    if earlier:
        with carteggio.database.pool.connection() as connection:
            of = _documents_of(connection, active_names(connection, PROJECTIONS), earlier)
    return presented(
        Bearing(
            named=wanted.document,
            linked=_documents_in(wanted.targets),
            removed=_documents_in(wanted.removed),
            answered=tuple(of.get(wanted.answers, ())) if wanted.answers else (),
            passed_on=tuple(paper for one in sorted(passed_on) for paper in of.get(one, ())),
            files=bool(brought(wanted.mail, wanted.contents)),
        )
    )


def _documents_in(targets: Iterable[Target]) -> tuple[DocumentId, ...]:
    return tuple(DocumentId(id) for kind, id in targets if kind is TargetKind.DOCUMENT)


def _documents_of(
    connection: Connection[TupleRow], names: Names, messages: Iterable[UUID]
) -> dict[UUID, list[DocumentId]]:
    query = names.sql(
        "SELECT l.message, l.target FROM {link} l WHERE l.message = ANY(%s)"
        " AND l.kind = 'document' AND l.to_position IS NULL AND {counts} ORDER BY l.message, l.target",
        counts=COUNTS,
    )
    found: dict[UUID, list[DocumentId]] = {}
    for message, target in connection.execute(query, (list(messages),)):
        found.setdefault(message, []).append(DocumentId(target))
    return found
