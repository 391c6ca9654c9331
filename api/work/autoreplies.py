"""Mail to colleagues who are away is answered: looked for in what was classified, in its order.

    message.classified ─▶ who is away at its mailbox? ─▶ api/work/autoreplying.py

Whatever is cut off is done again: the same message and person make the same command, so the same
mail, and once. Several workers do no harm.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import Final
from uuid import UUID

from adapters.logs import log
from api.work.absentees import Absentee, absentees
from api.work.autoreplying import decide_on
from api.work.instance import Carteggio
from api.work.lookout import Lookout, every_second
from api.work.patience import LATER
from api.work.projector import where
from domain.recorded import Recorded

NAME: Final = "autoreplies"
_SAYS_WHO_IS_AWAY: Final = (
    "absence.entered", "absence.changed", "absence.cancelled", "colleague.registered",
    "mailbox.registered", "company.described",
)  # fmt: skip


_LOOKOUT: Final = Lookout(
    NAME, ("message.classified",), ("absences", "company"), _SAYS_WHO_IS_AWAY
)


async def run(carteggio: Carteggio, stop: Event) -> None:
    """Look every second until told to stop."""
    await every_second(NAME, carteggio, answer, stop)


async def answer(carteggio: Carteggio, now: datetime) -> int:
    """Decide on the next mail that was classified; give how many events there were.

    While the read models do not know yet who is away, nothing is decided.
    """

    async def on(batch: Sequence[Recorded]) -> None:
        away = await absentees(carteggio, now)
        for message in dict.fromkeys(one.stream for one in batch) if away else ():
            await _apart(carteggio, away, message, now)

    return await _LOOKOUT.next(carteggio, on)


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
