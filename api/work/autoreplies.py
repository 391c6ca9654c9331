"""Mail to colleagues who are away is answered: looked for in what was classified, in its order.

    message.classified ─▶ who is away at its mailbox? ─▶ api/work/autoreplying.py

Whatever is cut off is done again: the same message and person make the same command, so the same
mail, and once. Several workers do no harm.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from adapters.logs import log
from adapters.matching import Lookups
from api.work.absentees import Absentee, absentees
from api.work.autoreplying import decide_on
from api.work.caughtup import is_behind
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.projector import where
from domain.recorded import Recorded

NAME: Final = "autoreplies"
_EVERY_S: Final = 1
_AT_ONCE: Final = 500
_MODELS: Final = ("absences", "company")
_SAYS_WHO_IS_AWAY: Final = (
    "absence.entered", "absence.changed", "absence.cancelled", "colleague.registered",
    "mailbox.registered", "company.described",
)  # fmt: skip


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    while not stop.is_set():
        try:
            while await answer(carteggio, carteggio.clock()) and not stop.is_set():
                pass
        except LATER as trouble:
            log(NAME).warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
            log(NAME).error("fails and tries again", error=where(error))
        await asyncio.sleep(_EVERY_S)


async def answer(carteggio: Carteggio, now: datetime) -> int:
    """Decide on the next mail that was classified; give how many events there were.

    While the read models do not know yet who is away, nothing is decided.
    """
    batch, head = await asyncio.to_thread(_next, carteggio)
    upto = batch[-1].position if len(batch) == _AT_ONCE else head
    if batch:
        if await asyncio.to_thread(is_behind, carteggio, _MODELS, _SAYS_WHO_IS_AWAY, upto):
            return 0
        away = await absentees(carteggio, now)
        for message in dict.fromkeys(one.stream for one in batch) if away else ():
            await _apart(carteggio, away, message, now)
    await asyncio.to_thread(_move, carteggio, upto)
    return len(batch)


async def _apart(
    carteggio: Carteggio, away: Mapping[UUID, Absentee], message: UUID, now: datetime
) -> None:
    """Decide on one message; what is wrong with it stops no other."""
    try:
        await decide_on(carteggio, away, message, now)
    except LATER:
        raise
    except Exception as error:  # noqa: BLE001  it gets no answer, and is logged
        log(NAME).error("a mail gets no answer", message=message, error=where(error))


def _next(carteggio: Carteggio) -> tuple[list[Recorded], int]:
    head = carteggio.journal.head()
    with carteggio.database.pool.connection() as connection:
        after = Lookups(connection).position(NAME)
    names = ("message.classified",)
    return carteggio.journal.read(after, upto=head, limit=_AT_ONCE, names=names), head


def _move(carteggio: Carteggio, upto: int) -> None:
    with carteggio.database.pool.connection() as connection:
        lookups = Lookups(connection)
        if lookups.position(NAME) < upto:
            lookups.move(NAME, upto)
