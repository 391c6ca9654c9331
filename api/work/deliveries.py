"""Receipts of certified mail that do not come are told: a warning after 12 hours, an alarm after 24.

Whatever is due is found in the read model by the clock, and told once by the journal; so it
survives restarts, and several workers may look.
"""

import asyncio
from datetime import UTC, datetime
from itertools import groupby
from threading import Event
from typing import Final

from adapters.ids import uuid7
from adapters.logs import log
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.projector import where
from domain import missing
from domain.missing import AFTER, Level, MissReceipts
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, MailboxId, MessageId
from projections.delivered import without_receipt
from projections.deliveryrows import DeliveryRow
from projections.reader import EVERYTHING

_EVERY_S: Final = 60
_MAY_BRING_RECEIPTS: Final = (
    "message.received",
    "message.copy_found",
    "message.completed",
    "message.reread",
)


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every minute until told to stop."""
    while not stop.is_set():
        try:
            await miss_receipts(carteggio, datetime.now(UTC))
        except LATER as trouble:
            log("deliveries").warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
            log("deliveries").error("fails and tries again", error=where(error))
        for _ in range(_EVERY_S):
            if stop.is_set():
                return
            await asyncio.sleep(1)


async def miss_receipts(carteggio: Carteggio, now: datetime) -> int:
    """Tell which receipts did not come by now; give how many events that were.

    While mail that was captured is not in the read model yet, nothing is missed.
    """
    if await asyncio.to_thread(_is_behind, carteggio):
        return 0
    async with carteggio.reading() as asked:
        rows = await without_receipt(*asked, EVERYTHING, now - AFTER[Level.WARNING])
    recorded = 0
    for _, found in groupby(rows, key=lambda row: row.mail):
        recorded += await asyncio.to_thread(_miss, carteggio, list(found), now)
    return recorded


def _is_behind(carteggio: Carteggio) -> bool:
    with carteggio.database.pool.connection() as connection:
        row = connection.execute(
            "SELECT position FROM projection WHERE active AND name = 'deliveries'"
        ).fetchone()
    reached = int(row[0]) if row else 0
    return bool(carteggio.journal.read(reached, limit=1, names=_MAY_BRING_RECEIPTS))


def _miss(carteggio: Carteggio, rows: list[DeliveryRow], now: datetime) -> int:
    mail = rows[0]
    since = {one.place: one.waits_since for one in rows if one.waits_since is not None}
    command = MissReceipts(mail.mail, MessageId(mail.message), MailboxId(mail.mailbox), since, now)
    actor = Actor(ActorKind.SYSTEM, "deliveries")
    envelope = Envelope(uuid7(), now, actor, Origin("work"))
    position = carteggio.journal.record(missing.stream_of(mail.mail), missing, command, envelope)
    return 0 if position is None else 1
