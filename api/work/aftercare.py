"""After mail left, or may have left: its copy is filed, and what is uncertain is looked for.

A lane's mail does not wait for this: it has its own lock and its own connection, and what fails is
tried again later, for longer each time, and given up in the end.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from adapters.imap.commands import Refused
from adapters.imap.values import ImapTrouble, Limits, TroubleKind
from adapters.logs import log
from api.work import sentlooks
from api.work.accounts import Account, accounts_of
from api.work.consent import Consents
from api.work.instance import Carteggio
from api.work.patience import LATER, pause_after
from api.work.projector import where
from api.work.resolver import resolve
from api.work.sendingside import SendingSide, sendings_of
from api.work.sentcopy import file_copy, is_to_file
from api.work.sentfolder import LIMITS, SentFolder
from api.work.sentlooks import Look, What
from domain.values import Rejected

_LASTING: Final = {What.COPY: timedelta(days=7), What.SIGHT: timedelta(days=30)}
"""What could not be looked for so long is given up."""
_LEAST_S: Final = 30.0
_RESTS: Final = timedelta(hours=1)


async def look_after(
    carteggio: Carteggio, consents: Consents, mailbox: UUID, limits: Limits = LIMITS
) -> None:
    """Do what is due for the mail of a mailbox that left or may have left, and ask for what follows.

    Nothing of one mail, nor of the server, is raised.
    """
    async with _alone(carteggio, mailbox) as ours:
        if not ours:
            return
        while looks := await asyncio.to_thread(sentlooks.due, carteggio.database, mailbox):
            if not await _all(carteggio, consents, looks, limits):
                break
    await asyncio.to_thread(sentlooks.ask_for_next, carteggio.database, mailbox)


async def _all(
    carteggio: Carteggio, consents: Consents, looks: list[Look], limits: Limits
) -> bool:
    """Do these looks over one connection; give whether all were done."""
    account = await _fetched(carteggio, looks[0].lane)
    sides = [one for one in await sendings_of(carteggio) if one.mailbox == looks[0].lane]
    sending = sides[0] if sides else None
    left = list(looks)
    try:
        async with AsyncExitStack() as opened:
            sent: SentFolder | None = None
            waits = account is not None and (account.paused or account.needs_consent)
            if account is not None and not waits:
                folder = SentFolder(carteggio, consents, account, limits)
                sent = await opened.enter_async_context(folder)
            if not waits and (sending is None or sent is None or not is_to_file(sending, sent)):
                left = await asyncio.to_thread(_without_copies, carteggio, left)
            while left:
                await _one(carteggio, sending, sent, left[0], waits=waits)
                del left[0]
    except LATER:
        raise
    except (ImapTrouble, Rejected, OSError) as trouble:
        if left:
            await asyncio.to_thread(_failed, carteggio, left, _kind(trouble))
    return not left


async def _one(
    carteggio: Carteggio,
    sending: SendingSide | None,
    sent: SentFolder | None,
    look: Look,
    *,
    waits: bool,
) -> None:
    """Do one look; a server's no, or a fault, concerns it alone. `waits`: nobody may connect now."""
    try:
        if look.what is What.SIGHT:
            again = await resolve(carteggio, sent, look)
        elif waits or sending is None or sent is None:
            again = datetime.now(UTC) + _RESTS
        else:
            again = await file_copy(carteggio, sending, sent, look)
    except Refused as refusal:
        await asyncio.to_thread(_failed, carteggio, [look], refusal.code.casefold())
        return
    except (ImapTrouble, Rejected, OSError, *LATER):
        raise
    except Exception as error:  # noqa: BLE001  the others go on; it is logged here, and tried again
        log("outbox").error("a look fails", mail=look.mail, error=where(error))
        await asyncio.to_thread(_failed, carteggio, [look], "fault")
        return
    await asyncio.to_thread(_settled, carteggio, look, again)


def _settled(carteggio: Carteggio, look: Look, again: datetime | None) -> None:
    if again is not None:
        sentlooks.put_off(carteggio.database, look, again)
        return
    with carteggio.database.pool.connection() as connection:
        sentlooks.done(connection, [look.mail], look.what)


def _without_copies(carteggio: Carteggio, looks: Sequence[Look]) -> list[Look]:
    """Look for copies no more where they are not ours to see to; give the other looks."""
    mails = [one.mail for one in looks if one.what is What.COPY]
    with carteggio.database.pool.connection() as connection:
        sentlooks.done(connection, mails, What.COPY)
    return [one for one in looks if one.what is not What.COPY]


def _failed(carteggio: Carteggio, looks: list[Look], kind: str) -> None:
    """Put off what could not be looked for, and give up what failed for too long."""
    now = datetime.now(UTC)
    log("outbox").warning("cannot look into sent mail", mailbox=looks[0].lane, kind=kind)
    for look in looks:
        if now - look.since > _LASTING[look.what]:
            log("outbox").error("is looked for no more", what=look.what, mail=look.mail, kind=kind)
            _settled(carteggio, look, None)
            continue
        pause = pause_after(kind, look.failures + 1, random.random())  # noqa: S311  no secret
        until = now + timedelta(seconds=max(pause, _LEAST_S))
        sentlooks.put_off(carteggio.database, look, until, failed=True)


def _kind(trouble: Exception) -> str:
    if isinstance(trouble, ImapTrouble):
        return trouble.kind.value
    return trouble.code.casefold() if isinstance(trouble, Rejected) else TroubleKind.LOST.value


async def _fetched(carteggio: Carteggio, mailbox: UUID) -> Account | None:
    """Give the account by which a mailbox is fetched by IMAP; None if it is not."""
    found = [one for one in await accounts_of(carteggio) if one.mailbox == mailbox]
    return next((one for one in found if one.protocol == "imap"), None)


@asynccontextmanager
async def _alone(carteggio: Carteggio, mailbox: UUID) -> AsyncIterator[bool]:
    """Be the only one who looks for a mailbox; False where another is at it."""
    key = f"{carteggio.database.schema} sent {mailbox.hex}"
    connection = await carteggio.database.connect_async(direct=True)
    async with connection:
        query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        row = await (await connection.execute(query, (key,))).fetchone()
        yield row is not None and bool(row[0])
