"""Mail in quarantine is read once more because somebody ordered it: by whoever works, not the API.

    order ─▶ quarantine.reprocessing_ordered, and rows that wait ─▶ read patiently ─▶ message.reread

A row goes once its message was tried, whatever came of it: what still cannot be read stays in
quarantine, and may be ordered again. What was begun and cut off is begun again after a while.
"""

from collections.abc import Collection, Sequence
from threading import Event
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from adapters.logs import log
from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.rereading import PATIENT, Rereading
from domain import quarantine
from domain.identity import quarantine_stream
from domain.quarantine import OrderReprocessing, ReprocessingOrdered
from domain.recorded import Envelope

_AT_ONCE: Final = 5
_TAKEN_S: Final = 3 * _AT_ONCE * PATIENT.wall_seconds
"""Whoever begins has so long for a few messages until another believes that it was cut off."""
_Cause = tuple[UUID, UUID | None]
_TAKE: Final = (
    "UPDATE reprocess_order SET due_at = clock_timestamp() + %s * interval '1 s' WHERE message IN"
    " (SELECT message FROM reprocess_order WHERE due_at <= clock_timestamp()"
    " ORDER BY message LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING message, cause, correlation"
)


def order(
    carteggio: Carteggio, wanted: ReprocessingOrdered, messages: Sequence[UUID], envelope: Envelope
) -> int | None:
    """Record that `wanted` is ordered, and let its `messages` wait; give the event's position."""

    def wait(connection: Connection[TupleRow], _events: Sequence[object]) -> None:
        connection.execute(
            "INSERT INTO reprocess_order (message, cause, correlation)"
            " SELECT message, %s, %s FROM unnest(%b::uuid[]) AS wanted(message)"
            " ON CONFLICT (message) DO NOTHING",
            (envelope.event_id, envelope.correlation, list(messages)),
        )

    stream = quarantine_stream(carteggio.company)
    return carteggio.journal.record(stream, quarantine, OrderReprocessing(wanted), envelope, wait)


async def ordered_of(
    connection: AsyncConnection[TupleRow], messages: Collection[UUID]
) -> set[UUID]:
    """Give those of the messages that wait to be read once more."""
    rows = await connection.execute(
        "SELECT message FROM reprocess_order WHERE message = ANY(%b)", (list(messages),)
    )
    return {row[0] async for row in rows}


def reprocess(carteggio: Carteggio, stop: Event) -> None:
    """Read what is ordered, until nothing waits."""
    while not stop.is_set() and (taken := _take(carteggio)):
        for cause, messages in taken.items():
            with ReadingWorker(PATIENT) as worker:
                done = Rereading(carteggio, worker, "work", cause).run(messages, stop=stop)
            if stop.is_set() and done.messages < done.of:
                return
            _end(carteggio, messages)
            log("reread").info("read once more", messages=done.messages, mended=done.mended)


def _take(carteggio: Carteggio) -> dict[_Cause, list[UUID]]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(_TAKE, (_TAKEN_S, _AT_ONCE)).fetchall()
    taken: dict[_Cause, list[UUID]] = {}
    for message, cause, correlation in rows:
        taken.setdefault((cause, correlation), []).append(message)
    return taken


def _end(carteggio: Carteggio, messages: Sequence[UUID]) -> None:
    with carteggio.database.pool.connection() as connection:
        connection.execute(
            "DELETE FROM reprocess_order WHERE message = ANY(%b)", (list(messages),)
        )
