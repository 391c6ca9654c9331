"""Where the copies of messages lie, and what our mail servers found about who sent them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.graphql.parts import Authentication, Occurrence, occurrence
from api.graphql.reading import Reading, mailbox_objects, places_pending
from api.graphql.selection import Selection
from projections import messages
from projections.authentication import ResultRow, results_of


async def places_of(
    read: Reading, ids: Sequence[UUID], wanted: Selection
) -> Mapping[UUID, list[Occurrence]]:
    """Give the places of many messages, as far as their mailboxes may be seen."""
    rows = await messages.occurrences_of(*read.asked, ids, read.as_of)
    boxes = await mailbox_objects(read, {one.mailbox for found in rows.values() for one in found})
    proofs: Mapping[tuple[UUID, int], list[ResultRow]] = {}
    if "authentication" in wanted:
        proofs = await results_of(*read.asked, ids)
    pending: set[tuple[UUID, int]] = set()
    if "isPending" in wanted:
        there = [one for found in rows.values() for one in found if not one.gone]
        pending = await places_pending(read, there)
    return {
        message: [
            occurrence(
                row,
                boxes[row.mailbox],
                pending=(message, row.position) in pending,
                proofs=list(map(authentication, proofs.get((message, row.position), ()))),
            )
            for row in found
            if row.mailbox in boxes
        ]
        for message, found in rows.items()
    }


def authentication(row: ResultRow) -> Authentication:
    """Say what a server found."""
    return Authentication(method=row.method, result=row.result, about=row.about, server=row.server)
