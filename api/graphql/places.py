"""Where the copies of messages lie, and what our mail servers found about who sent them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.graphql.parts import Authentication, Occurrence, SenderCheck, occurrence
from api.graphql.reading import Reading, mailbox_objects, places_pending
from api.graphql.selection import Selection
from domain.authentication import FORGED
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


async def sender_checks(read: Reading, ids: Sequence[UUID]) -> dict[UUID, SenderCheck]:
    """Give what was found about the senders of many messages, of the copies that may be seen."""
    found: dict[UUID, dict[tuple[str, ...], ResultRow]] = {}
    for (message, _), rows in (await results_of(*read.asked, ids)).items():
        each = found.setdefault(message, {})
        for row in rows:
            each.setdefault((row.method, row.result, row.about, row.server), row)
    return {
        message: SenderCheck(
            is_forged=any((one.method, one.result) == FORGED for one in each.values()),
            results=list(map(authentication, each.values())),
        )
        for message, each in found.items()
    }


def authentication(row: ResultRow) -> Authentication:
    """Say what a server found."""
    return Authentication(method=row.method, result=row.result, about=row.about, server=row.server)
