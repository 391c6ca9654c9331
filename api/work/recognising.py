"""Messages of a folder that lie here already are told by their header or the server's own id.

They are then taken from our own store, and not fetched once more: a folder that was renamed or
renumbered, a message that lies under several labels. A message is taken for a known one of the same
account if its header is the same to the octet, and so are its size and the time of its arrival.
"""

import asyncio
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg import Connection

from adapters.blobs import BlobMissing, Damaged
from adapters.imap.session import ImapSession
from adapters.imap.values import Fetched, Shown
from adapters.keyring import KeyDestroyed
from api.work.arrivals import Place
from api.work.cursors import Cursor
from api.work.excluding import PassedOver
from api.work.instance import Carteggio
from api.work.screening import Screening
from domain.identity import header_key, occurrence_id
from domain.marking import Place as Lying
from domain.message import CaptureEvent, MessageMoved
from domain.values import BlobName

Listed = Sequence[tuple[int, int]]
"""Messages, as (UID, size)."""

_NOT_HERE: Final = (BlobMissing, Damaged, KeyDestroyed)


@dataclass(frozen=True, slots=True)
class Facts:
    """By what a message will be known again."""

    uid: int
    place: UUID
    fingerprint: UUID
    server_id: UUID | None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What of a portion lies here already, and what has to be fetched."""

    known: list[Fetched]
    rest: Listed
    out: Mapping[int, PassedOver] = field(default_factory=dict)
    """What the do-not-capture list keeps out by its header, by UID."""
    server_ids: Mapping[int, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Match:
    """A message that is noted already, and the place where its octets were seen."""

    message: UUID
    place: UUID


class Recognising:
    """Recognises messages of one company's accounts."""

    def __init__(self, carteggio: Carteggio, screening: Screening) -> None:
        """Look at headers through `screening`, too, where something is to be kept out."""
        self._screening = screening
        self._carteggio = carteggio
        self._key = carteggio.identity_key

    async def recognise(
        self,
        session: ImapSession,
        account: UUID,
        portion: Listed,
        place: Place,
        *,
        by_header: bool,
    ) -> Recognised:
        """Ask what tells these messages of the selected folder, and look for them here.

        What the do-not-capture list keeps out by its header is not to be fetched either.
        """
        screened = await asyncio.to_thread(self._screening.minds, place.mailbox)
        if not (by_header or session.knows_messages or screened):
            return Recognised([], portion)
        header = by_header or screened
        shown = await session.shown([uid for uid, _ in portion], header=header)
        told = await asyncio.to_thread(
            self._looked_up, account, portion, shown, by_header=by_header
        )
        return await asyncio.to_thread(self._screened, told, shown, place) if screened else told

    def facts(self, account: UUID, item: Fetched, place: UUID, server_id: UUID | None) -> Facts:
        """Give what a message that was fetched will be known by."""
        print = self._fingerprint(account, item.raw, len(item.raw), item.received_at)
        return Facts(item.uid, place, print, server_id)

    def fingerprint_of(self, account: UUID, one: Shown) -> UUID:
        """Give the same of a message of which only the header is known."""
        return self._fingerprint(account, one.header, one.size, one.received_at)

    def sample(self, cursor: Cursor, most: int) -> dict[int, UUID]:
        """Give the fingerprints of some messages that are noted in a folder, by UID."""
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT uid, fingerprint FROM folder_message WHERE folder = %s"
                " AND uid_validity = %s AND fingerprint IS NOT NULL ORDER BY uid DESC LIMIT %s",
                (cursor.folder, cursor.uid_validity, most),
            )
            return dict(rows.fetchall())

    def _screened(self, told: Recognised, shown: Mapping[int, Shown], place: Place) -> Recognised:
        """Take out of what is to be fetched what is kept out by its header."""
        uids = [uid for uid, _ in told.rest if uid in shown and shown[uid].header]
        over = self._screening.by_header(place, [shown[uid].header for uid in uids])
        out = {uid: one for uid, one in zip(uids, over, strict=True) if one is not None}
        return replace(told, rest=[one for one in told.rest if one[0] not in out], out=out)

    def _looked_up(
        self,
        account: UUID,
        portion: Listed,
        shown: Mapping[int, Shown],
        *,
        by_header: bool,
    ) -> Recognised:
        ids = {
            uid: uuid5(account, header_key(self._key, one.server_id))
            for uid, one in shown.items()
            if one.server_id
        }
        headed = {uid: one for uid, one in shown.items() if one.header and by_header}
        prints = {uid: self.fingerprint_of(account, one) for uid, one in headed.items()}
        matches = self._matches(prints, ids)
        known = self._from_store(matches, shown)
        here = {one.uid for one in known}
        return Recognised(known, [one for one in portion if one[0] not in here], server_ids=ids)

    def _matches(
        self, prints: Mapping[int, UUID], ids: Mapping[int, UUID]
    ) -> dict[int, list[_Match]]:
        wanted = {*prints.values(), *ids.values()}
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT DISTINCT fingerprint, message, place FROM folder_message"
                " WHERE fingerprint = ANY(%(these)b) AND place IS NOT NULL UNION"
                " SELECT DISTINCT server_id, message, place FROM folder_message"
                " WHERE server_id = ANY(%(these)b) AND place IS NOT NULL",
                {"these": list(wanted)},
            ).fetchall()
        noted: dict[UUID, list[_Match]] = {}
        for told, message, place in rows:
            noted.setdefault(told, []).append(_Match(message, place))
        return {
            uid: found
            for uid in prints.keys() | ids.keys()
            if (found := _one_of(noted, ids.get(uid)) or _one_of(noted, prints.get(uid)))
        }

    def _from_store(
        self, matches: Mapping[int, list[_Match]], shown: Mapping[int, Shown]
    ) -> list[Fetched]:
        """Give those whose octets lie here and are as many as the server says."""
        every = [one for found in matches.values() for one in found]
        blobs = self._blobs_of(every)
        known = []
        for uid, found in sorted(matches.items()):
            one = shown[uid]
            raws = {raw for match in found for raw in self._octets(blobs, match, one.size)}
            if len(raws) == 1:  # else two differ in their bodies alone: it is fetched
                known.append(Fetched(uid, one.flags, one.received_at, raws.pop()))
        return known

    def _blobs_of(self, matches: Iterable[_Match]) -> dict[UUID, list[BlobName]]:
        """Give the blobs in which the octets of each place lie."""
        places = {one.place: one.message for one in matches}
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT exact, place FROM occurrence WHERE place = ANY(%b)", (list(places),)
            ).fetchall()
        wanted: dict[UUID, UUID] = dict(rows)
        found: dict[UUID, list[BlobName]] = {}
        digests: dict[BlobName, str] = {}
        for recorded in self._carteggio.journal.streams(set(places.values())):
            event = recorded.event
            if isinstance(event, CaptureEvent):
                digests[event.raw] = event.raw_sha256
                exact = self._exact((event.mailbox, event.folder), event.raw_sha256)
            elif isinstance(event, MessageMoved) and event.raw in digests:
                exact = self._exact((event.mailbox, event.moved_to), digests[event.raw])
            else:
                continue
            if exact in wanted:
                found.setdefault(wanted[exact], []).append(event.raw)
        return found

    def _exact(self, place: Lying, raw_sha256: str) -> UUID:
        mailbox, folder = place
        return occurrence_id(self._key, mailbox, f"{folder}\0exact", bytes.fromhex(raw_sha256))

    def _octets(
        self, blobs: Mapping[UUID, Sequence[BlobName]], match: _Match, size: int
    ) -> Iterator[bytes]:
        for name in blobs.get(match.place, ()):
            with suppress(*_NOT_HERE):
                raw = self._carteggio.blobs.get(name, match.message)
                if len(raw) == size:
                    yield raw

    def _fingerprint(
        self, account: UUID, raw: bytes, size: int, received_at: datetime | None
    ) -> UUID:
        header = raw.partition(b"\r\n\r\n")[0].rstrip(b"\r\n")
        told = b"%b %d %b " % (account.bytes, size, str(received_at).encode())
        return UUID(bytes=hmac.digest(self._key, told + header, "sha256")[:16])


def _one_of(noted: Mapping[UUID, list[_Match]], told: UUID | None) -> list[_Match]:
    """Give what is noted under this; nothing where it stands for more than one message."""
    found = noted.get(told, []) if told else []
    return found if len({one.message for one in found}) == 1 else []


def note(
    connection: Connection[Any], folder: UUID, uid_validity: int, facts: Sequence[Facts]
) -> None:
    """Note by what messages will be known again, beside their UIDs."""
    connection.execute(
        "UPDATE folder_message m SET place = n.place, fingerprint = n.fingerprint,"
        " server_id = n.server_id FROM unnest(%b::bigint[], %b::uuid[], %b::uuid[], %b::uuid[])"
        " AS n (uid, place, fingerprint, server_id)"
        " WHERE m.folder = %b AND m.uid_validity = %b AND m.uid = n.uid",
        (
            [one.uid for one in facts],
            [one.place for one in facts],
            [one.fingerprint for one in facts],
            [one.server_id for one in facts],
            folder,
            uid_validity,
        ),
    )
