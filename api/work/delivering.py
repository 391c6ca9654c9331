"""Telling webhooks what happens: each in order, at least once, until it takes it.

    every second: who has something to be told? ─▶ taken for a while ─▶ the next event that it wants
    ─▶ POST ─▶ taken: on to the next │ not: again later, after days paused │ 410: paused

Nobody waits for another's server. Whoever is killed leaves nothing behind: what was not noted as
told is told again, under the same id, when his time is over.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

import msgspec

from adapters.ids import uuid7
from adapters.logs import log
from adapters.webhooks import PATIENCE_S, Answer, telling
from api.work import webhooks
from api.work.instance import Carteggio
from api.work.patience import LATER
from api.work.projector import where
from api.work.tellable import Told, told_of
from api.work.webhooks import Standing
from domain.recorded import Envelope, Origin
from domain.values import Actor, ActorKind
from domain.webhook import PauseReason

TEST: Final = "webhook.test"
BACKOFF_S: Final = (5, 30, 120, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600)
"""How long after each try the next one comes; after the last of these always that long."""
LONGEST: Final = timedelta(days=3)
"""So long one thing is tried; then the webhook is paused."""
KEPT: Final = timedelta(days=30)
_TAKEN_S: Final = 2 * PATIENCE_S + 5
"""Who tells has so long for one event until another believes that he died."""
_AT_ONCE: Final = 16
_IN_A_ROW: Final = 100
_AHEAD: Final = 1_000
_LOOK_S: Final = 1.0
_SLICE_S: Final = 0.25
_GONE: Final = 410
_PRUNE_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class _Next:
    """What a webhook is to be told next; None: nothing up to a position."""

    told: Told | None
    through: int


class Delivering:
    """Tells webhooks what happens; as many may do so as there are processes."""

    def __init__(self, carteggio: Carteggio) -> None:
        """Read from its journal."""
        self._carteggio = carteggio
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._seen: dict[UUID, tuple[int, int]] = {}
        """Of each webhook: at which position it stood, and up to where there was nothing for it."""
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self, stop: Event) -> None:
        """Tell, until told to stop."""
        pruned = 0.0
        loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                try:
                    await self.begin()
                    if loop.time() - pruned > _PRUNE_S or not pruned:
                        pruned = loop.time()
                        await asyncio.to_thread(self._prune)
                except LATER as trouble:
                    log("webhooks").warning("waits, tries again", trouble=type(trouble).__name__)
                except Exception as error:  # noqa: BLE001  mail is fetched whatever happens here
                    log("webhooks").error("fails and tries again", error=where(error))
                await _rest(stop)
        finally:
            await self._end()

    async def begin(self) -> int:
        """Begin with all that have something to be told; give how many are at it."""
        for one in await asyncio.to_thread(self._waiting):
            if one.id not in self._running:
                self._running[one.id] = asyncio.create_task(
                    self._deliver(one), name="carteggio-webhook"
                )
        return len(self._running)

    async def settle(self) -> None:
        """Tell all that is due now, and wait for it."""
        while await self.begin():
            await asyncio.gather(*self._running.values())

    async def _end(self) -> None:
        tasks = list(self._running.values())
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, one: Standing) -> None:
        """Tell one webhook what there is; whatever goes wrong here stays with it."""
        try:
            async with self._room:
                if await asyncio.to_thread(self._take, one):
                    await self._tell_taken(one)
        except LATER as trouble:
            log("webhooks").warning("waits, tries again", trouble=type(trouble).__name__)
        except Exception as error:  # noqa: BLE001  the others are told whatever happens here
            log("webhooks").error("cannot tell a webhook", webhook=one.id, error=where(error))
        finally:
            del self._running[one.id]

    async def _tell_taken(self, one: Standing) -> None:
        try:
            more = await self._tell_all(one)
        except asyncio.CancelledError:
            await asyncio.to_thread(self._release, one)
            raise
        if more:
            await asyncio.to_thread(self._release, one)

    async def _tell_all(self, one: Standing) -> bool:
        """Tell some in a row; False: it waits until a later moment."""
        end = await asyncio.to_thread(webhooks.endpoint, self._carteggio, one)
        position, failures = one.row.position, one.row.failures
        async with telling(end) as program:
            for _ in range(_IN_A_ROW):
                following = await asyncio.to_thread(self._next, one, position)
                if following.told is None:
                    return True
                answer = await program.tell(following.told.id, following.told.body)
                on = await asyncio.to_thread(
                    self._note, one, position, following.told, failures, answer
                )
                if not on:
                    return False
                position, failures = following.told.position, 0
        return True

    # ---- in threads: what is stored

    def _waiting(self) -> list[Standing]:
        """Give the webhooks whose time has come, and for which there may be something."""
        with self._carteggio.database.pool.connection() as connection:
            rows = connection.execute(
                "SELECT id, position FROM webhook WHERE NOT paused AND due <= clock_timestamp()"
            ).fetchall()
        head = self._carteggio.journal.head()
        new = [id for id, position in rows if self._seen.get(id) != (position, head)]
        found = webhooks.standing(self._carteggio, new) if new else []
        return [one for one in found if self._next(one, one.row.position).told is not None]

    def _next(self, one: Standing, position: int) -> _Next:
        """Give the next thing that it wants to be told, and may be."""
        journal = self._carteggio.journal
        head = journal.head()
        after = position
        while batch := journal.read(after, upto=head, limit=50, names=one.now.events):
            for recorded in batch:
                told = told_of(journal, recorded)
                if told is not None and _may_know(one, told):
                    return _Next(told, recorded.position)
            after = batch[-1].position
        self._seen[one.id] = (position, head)
        if head - position >= _AHEAD:
            self._move(one.id, position, head)
        return _Next(None, head)

    def _move(self, id: UUID, position: int, to: int) -> None:
        with self._carteggio.database.pool.connection() as connection:
            connection.execute(
                "UPDATE webhook SET position = %s WHERE id = %s AND position = %s",
                (to, id, position),
            )

    def _take(self, one: Standing) -> bool:
        """Take a webhook for a while, unless somebody else has, or it moved."""
        with self._carteggio.database.pool.connection() as connection:
            found = connection.execute(
                "UPDATE webhook SET due = clock_timestamp() + %s * interval '1 s' WHERE id = %s"
                " AND NOT paused AND due <= clock_timestamp() AND position = %s RETURNING id",
                (_TAKEN_S, one.id, one.row.position),
            )
            return found.fetchone() is not None

    def _release(self, one: Standing) -> None:
        """Let the next one be told at once."""
        with self._carteggio.database.pool.connection() as connection:
            connection.execute(
                "UPDATE webhook SET due = clock_timestamp() WHERE id = %s", (one.id,)
            )

    def _note(
        self, one: Standing, position: int, told: Told, failures: int, answer: Answer
    ) -> bool:
        """Write down what came of telling; True if the next thing may be told."""
        what = (told.name, told.id, told.position)
        with self._carteggio.database.pool.connection() as connection, connection.transaction():
            webhooks.note(connection, one.id, what, failures + 1, answer)
            if answer.taken:
                moved = connection.execute(
                    "UPDATE webhook SET position = %s, failures = 0, failing_since = NULL,"
                    " due = clock_timestamp() + %s * interval '1 s'"
                    " WHERE id = %s AND position = %s RETURNING paused",
                    (told.position, _TAKEN_S, one.id, position),
                ).fetchone()
                return moved == (False,)
            failing = connection.execute(
                "UPDATE webhook SET failures = failures + 1, due = clock_timestamp()"
                " + %s * interval '1 s', failing_since = coalesce(failing_since, clock_timestamp())"
                " WHERE id = %s AND position = %s AND NOT paused RETURNING failing_since",
                (pause_after(failures, answer), one.id, position),
            ).fetchone()
        if failing is not None:
            self._give_up(one, answer, failing[0])
        return False

    def _give_up(self, one: Standing, answer: Answer, since: datetime) -> None:
        """Pause a webhook that is gone, or that took nothing for days."""
        late = datetime.now(UTC) - since > LONGEST
        if answer.status != _GONE and not late:
            return
        reason = PauseReason.GONE if answer.status == _GONE else PauseReason.FAILING
        webhooks.pause(self._carteggio, one.id, _envelope(), reason)
        log("webhooks").warning("a webhook is paused", webhook=one.id, reason=reason.value)

    def _prune(self) -> None:
        with self._carteggio.database.pool.connection() as connection:
            connection.execute(
                "DELETE FROM webhook_delivery WHERE at < %s", (datetime.now(UTC) - KEPT,)
            )


async def tried(carteggio: Carteggio, one: Standing) -> Answer:
    """Tell a webhook a thing that means nothing, now, also one that is paused; note it."""
    id = f"test_{uuid7().hex}"
    body = {
        "type": TEST,
        "timestamp": datetime.now(UTC),
        "data": {"company": carteggio.company, "webhook": one.now.name},
    }
    end = await asyncio.to_thread(webhooks.endpoint, carteggio, one)
    async with telling(end) as program:
        answer = await program.tell(id, msgspec.json.encode(body))

    def noted() -> None:
        with carteggio.database.pool.connection() as connection:
            webhooks.note(connection, one.id, (TEST, id, None), 1, answer)

    await asyncio.to_thread(noted)
    return answer


def pause_after(failures: int, answer: Answer) -> float:
    """Give the seconds until the next try; sooner than it asks for it is not told again."""
    usual = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)] * random.uniform(1.0, 1.2)  # noqa: S311
    return max(usual, min(answer.retry_after or 0.0, float(BACKOFF_S[-1])))


def _may_know(one: Standing, told: Told) -> bool:
    boxes: Sequence[UUID] | None = one.now.mailboxes
    return boxes is None or (told.mailbox is not None and told.mailbox in boxes)


def _envelope() -> Envelope:
    actor = Actor(ActorKind.SYSTEM, "webhooks")
    return Envelope(uuid7(), datetime.now(UTC), actor, Origin("webhook"))


async def _rest(stop: Event) -> None:
    for _ in range(round(_LOOK_S / _SLICE_S)):
        if stop.is_set():
            return
        await asyncio.sleep(_SLICE_S)
