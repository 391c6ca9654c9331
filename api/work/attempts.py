"""An attempt to let a mail leave, as it is recorded: begun, concluded, lost, interrupted."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from adapters.smtp.values import Outcome, Submission
from api.work.instance import Carteggio
from api.work.outbox import Outbox
from api.work.owncopies import by_outbox
from api.work.patience import LATER
from api.work.rates import Used
from domain.leaving import BeginSending, Conclude, LoseSight, Outgoing
from domain.outgoing import MailQueued, Result, Said
from domain.replies import Fate
from domain.values import Rejected

_SAID: Final = {
    Fate.ACCEPTED: Said.ACCEPTED,
    Fate.DEFERRED: Said.DEFERRED,
    Fate.REFUSED: Said.REFUSED,
}
_PATIENCE_S: Final = 20.0
_AGAIN_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Leaving:
    """A mail that is to be sent now, to whom it has not gone yet."""

    id: UUID
    state: Outgoing
    queued: MailQueued
    raw: bytes

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
        state = self._outbox.state(id)
        if state.queued is None:
            raise TakenBack
        raw = self._carteggio.blobs.get(state.queued.raw, id)
        return Leaving(id, state, state.queued, raw)

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
        """Say the same of one that a process was sending that died; TakenBack: it was erased."""
        state = self._outbox.state(mail)
        if state.queued is None:
            raise TakenBack
        self._record(mail, LoseSight(state.attempt, "the process that sent it ended"))

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
        if outcome.fate is Fate.UNCERTAIN:
            self.lose(leaving, outcome.reply.text)
            return
        told = dict(zip(leaving.left, outcome.recipients, strict=True))
        command = Conclude(
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
            begun=used is None,
        )
        if used is not None:
            used.count(command.at, len(leaving.left))
        self._record(leaving.id, command, used.write if used else None)

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
        until = time.monotonic() + (0 if isinstance(command, BeginSending) else _PATIENCE_S)
        while True:
            try:
                self._outbox.record(mail, command, by_outbox(), also)
            except LATER:
                if time.monotonic() > until:
                    raise
                time.sleep(_AGAIN_S)
            else:
                return
