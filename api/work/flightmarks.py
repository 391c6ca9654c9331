"""The marks of mails in flights: which content may have been offered, and what was answered to it.

They are made from the loop that sends, over one connection for all lanes of a process.
"""

import asyncio
from typing import Final, LiteralString
from uuid import UUID

from adapters.database import Database
from adapters.statements import Statements
from api.work.flights import Answer
from domain.leaving import BeginSending

_ANSWERED: Final[LiteralString] = """
WITH answered AS (
    INSERT INTO outbox_answer (flight, mail, said) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
)
"""
_OFFER: Final[LiteralString] = """
UPDATE outbox SET offered_at = %s WHERE mail = %s AND flight = %s AND offered_at IS NULL
RETURNING set_config('synchronous_commit', 'off', true)
"""
_OFFER_SOME: Final[LiteralString] = """
UPDATE outbox SET offered = %s, offered_at = %s
WHERE mail = %s AND flight = %s AND offered_at IS NULL RETURNING mail
"""
_QUERIES: Final[dict[str, LiteralString]] = {
    "offer": _OFFER,
    "offer_some": _OFFER_SOME,
    "answered": _ANSWERED + "SELECT",
    "answered_offer": _ANSWERED + _OFFER,
    "answered_offer_some": _ANSWERED + _OFFER_SOME,
}


class Marks:
    """Marks mails for all lanes of one process."""

    def __init__(self, database: Database) -> None:
        """Connect when the first mark is made, and anew where that connection is lost."""
        self._database = database
        self._statements: Statements | None = None
        self._connecting = asyncio.Lock()

    async def offer(
        self, flight: UUID, mail: UUID, begin: BeginSending, answer: Answer | None
    ) -> bool:
        """Mark that a content is about to be offered, and what was answered last; False: not ours.

        To whom is marked where it is not all who are left, and durably: nothing else tells.
        """
        said = () if answer is None else (flight, answer.mail, answer.said)
        some = () if begin.taken is None else (sorted(begin.taken),)
        name = ("answered_" if said else "") + "offer" + ("_some" if some else "")
        statements = await self._connected()
        return await statements.run(name, *said, *some, begin.at, mail, flight) > 0

    async def answered(self, flight: UUID, answer: Answer) -> None:
        """Mark what was answered."""
        await (await self._connected()).run("answered", flight, answer.mail, answer.said)

    async def close(self) -> None:
        """Give the connection back."""
        if self._statements is not None:
            await self._statements.close()
            self._statements = None

    async def _connected(self) -> Statements:
        if self._statements is not None and self._statements.is_open:
            return self._statements
        async with self._connecting:
            if self._statements is None or not self._statements.is_open:
                await self.close()
                self._statements = await Statements.prepared(self._database, _QUERIES)
            return self._statements
