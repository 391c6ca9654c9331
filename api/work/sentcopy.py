"""A copy of what was sent lies in the mailbox's folder of sent mail, and lies there once.

    accepted ─▶ looked for, by policy several times ─▶ found: done
                                                   └─▶ due again in a minute ─▶ APPEND ─▶ done

Nothing is filed before a server took the mail over. A process that dies at the APPEND leaves the
look due: it is looked again, and found. Who hands his mail to Google or Microsoft, and reads it
there, finds it filed by them.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from api.work import sentlooks
from api.work.instance import Carteggio
from api.work.outbox import Outbox
from api.work.sendingside import SendingSide
from api.work.sentfolder import SentFolder
from api.work.sentlooks import Look

APPEND, NEVER = "append", "never"
LOOKS: Final = tuple(timedelta(seconds=one) for one in (15, 45, 120))
"""Where the server may file it by itself, so long is waited between the looks for it."""
_UNDER_WAY: Final = timedelta(minutes=1)
"""So long a server may be at an APPEND whose client died."""
_FILE_THEMSELVES: Final = {
    "smtp.gmail.com": "google",
    "imap.gmail.com": "google",
    "imap.googlemail.com": "google",
    "smtp.googlemail.com": "google",
    "smtp.office365.com": "microsoft",
    "outlook.office365.com": "microsoft",
    "smtp-mail.outlook.com": "microsoft",
    "imap-mail.outlook.com": "microsoft",
}


def filed_by_provider(sending: str, fetching: str) -> bool:
    """Say whether who takes mail over at one host files a copy that is found at the other."""
    names = (one.strip().rstrip(".").casefold() for one in (sending, fetching))
    providers = [_FILE_THEMSELVES.get(one) for one in names]
    return providers[0] is not None and providers[0] == providers[1]


def is_to_file(sending: SendingSide, sent: SentFolder) -> bool:
    """Say whether copies of what a mailbox sends are ours to see to."""
    policy, host = sending.configured.sent_copy, sending.configured.host
    return policy == APPEND or (policy != NEVER and not filed_by_provider(host, sent.host))


async def file_copy(
    carteggio: Carteggio, sending: SendingSide, sent: SentFolder, look: Look
) -> datetime | None:
    """See to a mail's copy; give when to look again, None where nothing is left to be done.

    Raises what `SentFolder` raises.
    """
    always = sending.configured.sent_copy == APPEND
    queued = (await asyncio.to_thread(Outbox(carteggio).state, look.mail)).queued
    if queued is None or await sent.holds(queued.message_id, look.since):
        return None
    if not always and look.tries < len(LOOKS):
        return datetime.now(UTC) + LOOKS[look.tries]
    raw = await asyncio.to_thread(carteggio.blobs.get, queued.raw, look.mail)
    until = datetime.now(UTC) + _UNDER_WAY
    await asyncio.to_thread(sentlooks.put_off, carteggio.database, look, until)
    await sent.file(raw, look.since)
    return None
