"""Rows become what is told of mail that left: read for a whole page, and only what is wanted."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from api.graphql.deliverytypes import Delivery, DeliveryState
from api.graphql.node import Node
from api.graphql.reading import Reading
from api.graphql.selection import Selection
from domain.missing import Level
from domain.outgoing import RecipientRole
from projections.delivered import AnswerRow, answers_to, deliveries_of
from projections.deliveryrows import DeliveryRow

Mails = Callable[[Reading, Collection[UUID], Selection], Awaitable[Mapping[UUID, Any]]]


async def deliveries_by_message(
    read: Reading, ids: Collection[UUID], wanted: Selection | None, mails: Mails
) -> dict[UUID, list[Delivery]]:
    """Give what became of messages for each recipient; `mails` makes messages of their ids."""
    if wanted is None or not ids:
        return {}
    rows = await deliveries_of(*read.asked, ids)
    answers: Mapping[tuple[UUID, str], AnswerRow] = {}
    if wanted.any("answeredBy", "answeredAt"):
        answers = await answers_to(*read.asked, list(rows))
    receipts: Mapping[UUID, Node] = {}
    if "receipt" in wanted:
        proofs = {one.proof for found in rows.values() for one in found if one.proof}
        receipts = await mails(read, proofs, wanted["receipt"])
    written: Mapping[UUID, Node] = {}
    if "answeredBy" in wanted:
        written = await mails(read, {one.answer for one in answers.values()}, wanted["answeredBy"])
    return {
        message: [
            _delivery(one, receipts, answers.get((message, one.address_key)), written)
            for one in found
        ]
        for message, found in rows.items()
    }


def _delivery(
    row: DeliveryRow,
    receipts: Mapping[UUID, Node],
    answer: AnswerRow | None,
    written: Mapping[UUID, Node],
) -> Delivery:
    return Delivery(
        recipient=row.address,
        name=row.name or None,
        role=RecipientRole(row.role),
        state=DeliveryState(row.state),
        at=row.at,
        code=row.code or None,
        status=row.status or None,
        text=row.text or None,
        is_pec=row.certified,
        missing_receipt=Level(row.alarm) if row.alarm else None,
        receipt=receipts.get(row.proof) if row.proof else None,
        answered_by=written.get(answer.answer) if answer else None,
        answered_at=answer.at if answer else None,
    )
