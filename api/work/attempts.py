"""An attempt to let a mail leave, as it is recorded: begun, concluded, lost, interrupted."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.journal import Conflict
from adapters.logs import log
from adapters.sealing import Key
from adapters.smtp.values import Outcome, Submission
from api.work.instance import Carteggio
from api.work.outbox import Also, Outbox
from api.work.patience import LATER
from api.work.rates import Used
from api.work.told import Told, by_outbox
from domain import leaving as leaving_of
from domain.leaving import BeginSending, Conclude, LoseSight, Outgoing, OutgoingState
from domain.outgoing import MailQueued, Result, Said
from domain.replies import Fate
from domain.values import BlobName, Rejected

_SAID: Final = {
    Fate.ACCEPTED: Said.ACCEPTED,
    Fate.DEFERRED: Said.DEFERRED,
    Fate.REFUSED: Said.REFUSED,
}
_AT_ONCE: Final = 4_000_000
"""So many octets of mail are read at once."""
ENDED: Final = "the process that sent it ended"
_PATIENCE_S: Final = 20.0
_AGAIN_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Leaving:
    """A mail that is to be sent now, to whom it has not gone yet."""

    id: UUID
    state: Outgoing
    version: int
    queued: MailQueued
    raw: bytes
    key: Key | None = None

    @property
    def left(self) -> list[int]:
        return sorted(self.state.left)

    def places(self, addresses: frozenset[str]) -> frozenset[int]:
        """Give where these stand among the recipients."""
        people = self.queued.recipients
        return frozenset(one for one in self.left if people[one].address.spec in addresses)

    @property
    def attempt(self) -> int:
        return self.state.attempt + 1

    @property
    def submission(self) -> Submission:
        people = [self.queued.recipients[one].address.spec for one in self.left]
        sender = self.queued.sender.spec if self.queued.returns else ""
        header = self.raw.partition(b"\r\n\r\n")[0]
        return Submission(
            sender=sender,
            recipients=tuple(people),
            raw=self.raw,
            envid=self.id.hex,
            wants_utf8=not header.isascii(),
        )


class TakenBack(Exception):
    """Somebody took a mail back, or it was erased, since its row was read."""


class Attempts:
    """Records attempts; what it does waits for the database."""

    def __init__(self, carteggio: Carteggio) -> None:
        """Write to its outbox."""
        self._carteggio = carteggio
        self._outbox = Outbox(carteggio)
        self._began: UUID | None = None

    def opened(self, id: UUID) -> Leaving:
        """Give a mail with its octets; TakenBack: it was erased."""
        state, version = self.standing([id])[id]
        if state.queued is None:
            raise TakenBack
        raw = self._carteggio.blobs.get(state.queued.raw, id)
        return Leaving(id, state, version, state.queued, raw)

    def opened_many(self, ids: Sequence[UUID]) -> list[Leaving]:
        """Give the first of some mails with their octets, not too many; those that can be read."""
        standing, octets = self.standing(ids), 0
        wanted: dict[UUID, BlobName] = {}
        for id, (state, _) in standing.items():
            octets += state.queued.size if state.queued else 0
            if octets > _AT_ONCE and wanted:
                break
            if state.queued is not None:
                wanted[id] = state.queued.raw
        raws = self._carteggio.blobs.get_many(wanted)
        keys = self._carteggio.keyring.ensure(raws.keys())
        return [
            Leaving(id, state, version, state.queued, raws[id], keys[id])
            for id, (state, version) in standing.items()
            if state.queued is not None and id in raws and id in keys
        ]

    def standing(self, ids: Sequence[UUID]) -> dict[UUID, tuple[Outgoing, int]]:
        """Give how mails stand, and at which version."""
        standing: dict[UUID, tuple[Outgoing, int]] = dict.fromkeys(ids, (leaving_of.initial, 0))
        for one in self._carteggio.journal.streams(ids):
            state, _ = standing[one.stream]
            standing[one.stream] = leaving_of.evolve(state, one.event), one.version
        return standing

    def begin(self, leaving: Leaving, taken: frozenset[str], used: Used) -> None:
        """Say that the content is about to be offered to some, and count it; raise TakenBack."""
        now, places = datetime.now(UTC), leaving.places(taken)
        used.count(now, len(places))
        self._began = None
        try:
            self._record(leaving.id, BeginSending(now, places), used.write)
        except Rejected as refusal:
            raise TakenBack from refusal
        self._began = leaving.id

    def lose(self, leaving: Leaving, why: str) -> None:
        """Say that nobody knows whether it left."""
        self._record(leaving.id, LoseSight(leaving.attempt, why))

    def left_behind(self, mail: UUID) -> None:
        """Say the same of one that a process was sending that died; TakenBack: it was erased.

        One of which only the row says that it is being sent gets its row anew: it would stay so.
        """
        state = self._outbox.state(mail)
        if state.queued is None:
            raise TakenBack
        if state.state is not OutgoingState.SENDING:
            self._outbox.mend(mail)
            return
        self._record(mail, LoseSight(state.attempt, ENDED))

    def interrupt(self, leaving: Leaving) -> None:
        """Say of a mail whose content was begun from here, and not offered yet, that it waits."""
        if self._began == leaving.id:
            why = "stopped before its content"
            self._put_off(leaving.id, leaving.attempt, leaving.state, why, begun=True)

    def give_up(self, mail: UUID, why: str) -> None:
        """Say of a mail that was put off for too long that it is given up; TakenBack: it was erased."""
        state = self._outbox.state(mail)
        if state.queued is None:
            raise TakenBack
        self._put_off(mail, state.attempt + 1, state, why, begun=False, last=True)

    def conclude(self, leaving: Leaving, outcome: Outcome, used: Used | None) -> None:
        """Record what was said; `used` counts an attempt that came to no content."""
        command = concluding(leaving, outcome, begun=used is None)
        if isinstance(command, Conclude) and used is not None:
            used.count(command.at, len(leaving.left))
            self._record(leaving.id, command, used.write)
        else:
            self._record(leaving.id, command)

    def tell(self, told: Sequence[Told], also: Also | None = None) -> None:
        """Record what was said of many together; where that cannot be, of each by itself.

        Whatever was recorded of an attempt meanwhile, an answer to it counts as ever. `also` writes
        what belongs to it, in that transaction, or after each was told.
        """
        try:
            patiently(lambda: self._outbox.record_all(told, also))
        except (Conflict, Rejected):
            for one in told:
                self._tell_alone(one)
            if also is not None:
                patiently(lambda: self._outbox.record_all([], also))

    def _tell_alone(self, told: Told) -> None:
        try:
            for at, command in told.commands:
                patiently(partial(self._outbox.record, told.mail, command, by_outbox(at)))
        except Rejected as refusal:
            log("outbox").error("what was said is not recorded", mail=told.mail, code=refusal.code)

    def _put_off(
        self,
        mail: UUID,
        attempt: int,
        state: Outgoing,
        why: str,
        *,
        begun: bool,
        last: bool = False,
    ) -> None:
        results = {place: Result(place, Said.DEFERRED) for place in state.left}
        now = datetime.now(UTC)
        command = Conclude(attempt, now, results, {}, why, begun=begun, last=last)
        self._record(mail, command)

    def _record(
        self,
        mail: UUID,
        command: BeginSending | Conclude | LoseSight,
        also: Callable[[Connection[Any]], None] | None = None,
    ) -> None:
        """Record it; what became of a mail is known only here, so the database is waited for."""
        seconds = 0 if isinstance(command, BeginSending) else _PATIENCE_S
        patiently(lambda: self._outbox.record(mail, command, by_outbox(), also), seconds)


def concluding(leaving: Leaving, outcome: Outcome, *, begun: bool) -> Conclude | LoseSight:
    """Give what an outcome says of an attempt."""
    if outcome.fate is Fate.UNCERTAIN:
        return LoseSight(leaving.attempt, outcome.reply.text)
    told = dict(zip(leaving.left, outcome.recipients, strict=True))
    return Conclude(
        attempt=leaving.attempt,
        at=datetime.now(UTC),
        results={
            place: Result(place, _SAID[one.fate], one.reply.code, one.reply.enhanced)
            for place, one in told.items()
        },
        texts={place: one.reply.text for place, one in told.items()},
        reply=outcome.reply.text,
        known_as=outcome.named,
        spread=random.random(),  # noqa: S311  no secret
        begun=begun,
    )


def patiently(record: Callable[[], object], seconds: float = _PATIENCE_S) -> None:
    """Record something, and wait for a database that is away."""
    until = time.monotonic() + seconds
    while True:
        try:
            record()
        except LATER:
            if time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)
        else:
            return
