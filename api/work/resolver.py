"""What became of a mail of which nobody knows whether it left: told by what can be seen of it.

    uncertain ─▶ a copy, or a message about it, was captured? ─▶ resolved: sent
              ─▶ it lies in the folder of sent mail? (some minutes) ─▶ resolved: sent
              ─▶ left to a person, and resolved still if a message about it comes

It is never sent again from here, and that nothing is found proves nothing. Where a server took it
over for somebody earlier, its copy tells nothing of this attempt, nor does what they say.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.ids import uuid7
from adapters.matching import Lookups
from api.work.instance import Carteggio
from api.work.outbox import Outbox
from api.work.sentfolder import SentFolder
from api.work.sentlooks import Look
from domain.facts import Facts
from domain.leaving import Outgoing, OutgoingState, ResolveSending
from domain.message import FolderRole
from domain.outgoing import Resolution, Said
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind, Rejected

SENT_FOLDER, NOTICE = "sent_folder", "notice"
LOOKS: Final = tuple(timedelta(seconds=one) for one in (20, 60, 180, 360))
"""So long is waited between the looks into the folder of sent mail."""
_AFTERWARDS: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
_LASTING: Final = timedelta(days=30)
"""So long it is looked for messages about it."""


async def resolve(carteggio: Carteggio, sent: SentFolder | None, look: Look) -> datetime | None:
    """See whether an uncertain mail left after all; give when to look again, None if not at all.

    Raises what `SentFolder` raises.
    """
    outbox = Outbox(carteggio)
    state = await asyncio.to_thread(outbox.state, look.mail)
    if state.state is not OutgoingState.UNCERTAIN or state.queued is None:
        return None
    found_by = await asyncio.to_thread(told, carteggio, state)
    looks = look.tries <= len(LOOKS) and not _partly(state)
    if not found_by and sent is not None and looks:
        found = await sent.holds(state.queued.message_id, look.since)
        found_by = SENT_FOLDER if found else ""
    if not found_by:
        return _again(look)
    command = ResolveSending(Resolution.SENT, found_by)
    with suppress(Rejected):  # somebody was faster
        await asyncio.to_thread(outbox.resolve, look.mail, command, _envelope(found_by))
    return None


def told(carteggio: Carteggio, state: Outgoing) -> str:
    """Say by what was captured that a mail left; empty where nothing tells it."""
    queued = state.queued
    if queued is None:
        return ""
    id = queued.message_id
    with carteggio.database.pool.connection() as connection, connection.transaction():
        lookups = Lookups(connection)
        itself = lookups.known_as([id]).get(id, ())
        copies = lookups.facts([*itself, queued.message]).values()
        about = lookups.named_by([id]).get(id, ())
        others = lookups.facts([one for one in about if one not in itself]).values()
    if not _partly(state):
        roles = {role for one in copies for role in one.roles}
        if FolderRole.SENT in roles:
            return SENT_FOLDER
        if FolderRole.INBOX in roles:
            return NOTICE
        return NOTICE if any(_tells(one) for one in others) else ""
    tried = {queued.recipients[one].address.key for one in state.tried}
    return NOTICE if any(_tells(one, tried) for one in others) else ""


def _tells(about: Facts, people: Collection[str] | None = None) -> bool:
    """Say whether a message that names a mail could be written only if that had left.

    What we wrote ourselves names it too. `people`: it has to be of one of these, or about him.
    """
    if FolderRole.SENT in about.roles:
        return False
    return people is None or not set(people).isdisjoint(_concerned(about))


def _concerned(about: Facts) -> Iterator[str]:
    content = about.content
    yield from (one.key for one in content.authors)
    if content.notice is not None and content.notice.recipient:
        yield content.notice.recipient.casefold()


def _partly(state: Outgoing) -> bool:
    return Said.ACCEPTED in state.said.values()


def _again(look: Look) -> datetime | None:
    now = datetime.now(UTC)
    if now - look.since > _LASTING:
        return None
    if look.tries < len(LOOKS):
        return now + LOOKS[look.tries]
    return now + _AFTERWARDS[min(look.tries - len(LOOKS), len(_AFTERWARDS) - 1)]


def _envelope(found_by: str) -> Envelope:
    channel = "imap" if found_by == SENT_FOLDER else "feed"
    return Envelope(uuid7(), datetime.now(UTC), Actor(ActorKind.SYSTEM, "outbox"), Origin(channel))
