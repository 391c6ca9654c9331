"""What one order said of many mails is told to each whom it concerns by one mail that lists them.

The id of such a mail follows from order and person: whatever is cut off is done again, and is told once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.work.instance import Carteggio
from api.work.noticing import OLDEST, Notice, write
from api.work.toldmails import ToldMails, doer_of, order_of, told_mails
from domain.handing import Line
from domain.recorded import Recorded

Words = Callable[[Sequence[Line], str], tuple[str, str]]
"""Writes subject and text of some lines, with the note that may be told: none outside the company."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What one order said: its events, who gave it, and the mails as they are told."""

    said: Sequence[Recorded]
    doer: UUID | None
    mails: ToldMails

    @property
    def by(self) -> str:
        """Give what who gave it is called."""
        return self.mails.by(self.doer)

    async def tell(
        self,
        carteggio: Carteggio,
        what: tuple[str, str],
        whom: tuple[UUID, Sequence[UUID]],
        words: Words,
        note: str,
        now: datetime,
    ) -> None:
        """Write to somebody of his mails, once; `what` are who writes and what it is about."""
        (name, about), (colleague, ids) = what, whom
        mails = self.mails
        if colleague not in mails.people.known:
            return
        shown = note if mails.people.is_inside(colleague) else ""
        subject, text = words(mails.lines(colleague, ids), shown)
        notice = Notice(
            command=f"{about}-{order_of(self.said[0]).hex}-{colleague.hex}",
            to=colleague,
            subject=subject,
            text=text,
            there=mails.there(ids),
        )
        await write(carteggio, mails.people, name, notice, now)


def by_order(batch: Sequence[Recorded], now: datetime) -> list[list[Recorded]]:
    """Give what is told yet of a batch, order by order."""
    orders: dict[UUID, list[Recorded]] = {}
    for one in batch:
        if one.envelope.at > now - OLDEST:
            orders.setdefault(order_of(one), []).append(one)
    return list(orders.values())


async def ordered(carteggio: Carteggio, said: Sequence[Recorded]) -> Ordered:
    """Read what is told of an order."""
    async with carteggio.reading() as asked:
        mails = await told_mails(asked, carteggio.settings.zone, [one.stream for one in said])
    return Ordered(said, doer_of(said[0].envelope), mails)
