"""Webhooks as who connects programs has them: saved, paused, told once more, looked at, removed.

Their rows move with their events. Secrets lie sealed under the key of their webhook, and are shown
when they are drawn, never again. `delivering.py` tells what happens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from adapters.webhooks import Answer, Endpoint, new_secret, refuse_url, shown
from api.work.instance import Carteggio
from api.work.tellable import TELLABLE
from domain import webhook as stream
from domain.identity import webhook_id
from domain.recorded import Envelope
from domain.values import Rejected
from domain.webhook import (
    ChangeWebhookSecret,
    PauseReason,
    PauseWebhook,
    RemoveWebhook,
    ReplayWebhook,
    ResumeWebhook,
    SaveWebhook,
    Webhook,
    WebhookChanged,
    WebhookCommand,
)

_PURPOSE: Final = "webhook"
_MADE: Final[LiteralString] = (
    "INSERT INTO webhook (id, position) SELECT %s, least(coalesce(%s, head), head)"
    " FROM (SELECT max(notification_id) AS head FROM stored_events) AS log"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)
_SOON: Final[LiteralString] = (
    "UPDATE webhook SET due = clock_timestamp(), failures = 0, failing_since = NULL,"
    " paused = coalesce(%s, paused), position = coalesce(%s, position) WHERE id = %s"
)


@dataclass(frozen=True, slots=True)
class Row:
    """How far a webhook is: all up to `position` was told; `failures` in a row since a moment."""

    id: UUID
    position: int
    due: datetime
    paused: bool
    failures: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A webhook as it is now, and how far it is."""

    row: Row
    now: WebhookChanged
    paused: PauseReason | None

    @property
    def id(self) -> UUID:
        """Give its id."""
        return self.row.id


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving; `secret` is shown this once, where one was drawn."""

    id: UUID
    position: int | None
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to tell something; `trouble` is a word of ours, empty where it was taken."""

    number: int
    name: str
    delivery: str
    position: int | None
    attempt: int
    at: datetime
    ms: int
    status: int | None
    trouble: str


def out_of_reach(host: str) -> Rejected:
    """Say that nothing is told to a host, and who may allow it."""
    do = "the administrator may allow it by the setting webhook_networks_allowed"
    return Rejected("OUT_OF_REACH", f"url: nothing is told to {host}; {do}")


def save(
    carteggio: Carteggio, wanted: WebhookChanged, envelope: Envelope, after: int | None = None
) -> Saved:
    """Keep a webhook, new or changed; a new one is told what happens `after`, or from now on."""
    refuse_url(wanted.url, plain=wanted.plain)
    host = urlsplit(wanted.url).hostname or ""
    if not carteggio.webhook_reach.may_be_written(host):
        raise out_of_reach(host)
    if after is not None:
        _refuse_never(carteggio, after)
    if unknown := [one for one in wanted.events if one not in TELLABLE]:
        sentence = f"{unknown[0]!r} is told to nobody; these are: {', '.join(TELLABLE)}"
        raise Rejected("INVALID", sentence)
    id, secret = webhook_id(carteggio.identity_key, wanted.name), new_secret()
    sealed = carteggio.keyring.seal_secret(id, secret, _PURPOSE)
    drawn = ""

    def also(connection: Connection[TupleRow], _: Sequence[object]) -> None:
        nonlocal drawn
        if connection.execute(_MADE, (id, after)).fetchone():
            drawn = shown(secret)
            connection.execute(
                "INSERT INTO webhook_secret (webhook, sealed) VALUES (%s, %s)", (id, sealed)
            )
        else:
            connection.execute(_SOON, (None, None, id))

    position = carteggio.journal.record(id, stream, SaveWebhook(wanted), envelope, also)
    return Saved(id, position, drawn)


def draw_secret(carteggio: Carteggio, id: UUID, envelope: Envelope) -> Saved:
    """Sign by a new secret; for a day by the former one too."""
    secret, drawn = new_secret(), ""
    sealed = carteggio.keyring.seal_secret(id, secret, _PURPOSE)

    def also(connection: Connection[TupleRow], _: Sequence[object]) -> None:
        nonlocal drawn
        drawn = shown(secret)
        connection.execute(
            "UPDATE webhook_secret SET former = sealed, sealed = %s,"
            " former_until = clock_timestamp() + interval '1 day' WHERE webhook = %s",
            (sealed, id),
        )

    position = carteggio.journal.record(id, stream, ChangeWebhookSecret(), envelope, also)
    return Saved(id, position, drawn)


def pause(
    carteggio: Carteggio,
    id: UUID,
    envelope: Envelope,
    reason: PauseReason = PauseReason.ORDERED,
) -> int | None:
    """Tell it nothing for now."""
    query: LiteralString = "UPDATE webhook SET paused = true WHERE id = %s"
    return _record(carteggio, id, PauseWebhook(reason), envelope, _runs(query, (id,)))


def resume(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Tell it again, from where it was left."""
    return _record(carteggio, id, ResumeWebhook(), envelope, _runs(_SOON, (False, None, id)))


def replay(carteggio: Carteggio, id: UUID, after: int, envelope: Envelope) -> int | None:
    """Tell it once more what happened after a position; a later one than now passes over it."""
    _refuse_never(carteggio, after)
    return _record(carteggio, id, ReplayWebhook(after), envelope, _runs(_SOON, (None, after, id)))


def remove(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Tell it nothing any more, and destroy its secret."""

    def also(connection: Connection[TupleRow], _: Sequence[object]) -> None:
        connection.execute("DELETE FROM webhook WHERE id = %s", (id,))
        connection.execute("DELETE FROM webhook_secret WHERE webhook = %s", (id,))
        connection.execute("DELETE FROM webhook_delivery WHERE webhook = %s", (id,))

    return _record(carteggio, id, RemoveWebhook(), envelope, also)


def position_before(carteggio: Carteggio, time: datetime) -> int:
    """Give the position after which everything was recorded at this moment or later."""
    with carteggio.database.pool.connection() as connection:
        found = connection.execute(
            "SELECT notification_id - 1 FROM stored_events WHERE recorded_at >= %s"
            " ORDER BY notification_id LIMIT 1",
            (time,),
        ).fetchone()
    return carteggio.journal.head() if found is None else int(found[0])


def _refuse_never(carteggio: Carteggio, after: int) -> None:
    if not 0 <= after <= carteggio.journal.head():
        raise Rejected("INVALID", f"nothing was recorded at position {after} yet")


# ---- looking


def standing(carteggio: Carteggio, these: Sequence[UUID] | None = None) -> list[Standing]:
    """Give those of the webhooks that there are, or all, by name."""
    with (
        carteggio.database.pool.connection() as connection,
        connection.cursor(row_factory=class_row(Row)) as cursor,
    ):
        cursor.execute(
            "SELECT id, position, due, paused, failures, failing_since FROM webhook"
            " WHERE %(these)s::uuid[] IS NULL OR id = ANY(%(these)s)",
            {"these": None if these is None else list(these)},
        )
        rows = {row.id: row for row in cursor}
    states = dict.fromkeys(rows, stream.initial)
    for recorded in carteggio.journal.streams(rows):
        states[recorded.stream] = stream.evolve(states[recorded.stream], recorded.event)
    found = [_standing(rows[id], state) for id, state in states.items()]
    return sorted((one for one in found if one), key=lambda one: (one.now.name.casefold(), one.id))


def named(carteggio: Carteggio, name: str) -> Standing:
    """Give the webhook with a name."""
    id = webhook_id(carteggio.identity_key, name)
    for one in standing(carteggio, [id]):
        return one
    raise Rejected("NOT_FOUND", f"there is no webhook {name!r}; see: webhook list")


def deliveries(carteggio: Carteggio, id: UUID, most: int) -> list[Delivery]:
    """Give the last tries to tell something, the latest first."""
    with (
        carteggio.database.pool.connection() as connection,
        connection.cursor(row_factory=class_row(Delivery)) as cursor,
    ):
        return cursor.execute(
            "SELECT number, name, delivery, position, attempt, at, ms, status, trouble"
            " FROM webhook_delivery WHERE webhook = %s ORDER BY number DESC LIMIT %s",
            (id, most),
        ).fetchall()


def endpoint(carteggio: Carteggio, one: Standing) -> Endpoint:
    """Give where it is told, with the secrets that hold now."""
    with carteggio.database.pool.connection() as connection:
        found = connection.execute(
            "SELECT sealed, former FROM webhook_secret WHERE webhook = %s"
            " AND former_until > clock_timestamp() UNION ALL"
            " SELECT sealed, NULL FROM webhook_secret WHERE webhook = %s LIMIT 1",
            (one.id, one.id),
        ).fetchone()
    sealed = [part for part in found or () if part is not None]
    opened = tuple(carteggio.keyring.open_secret(one.id, part, _PURPOSE) for part in sealed)
    return Endpoint(one.now.url, opened, carteggio.webhook_reach, one.now.authorities)


def note(
    connection: Connection[Any],
    webhook: UUID,
    what: tuple[str, str, int | None],
    attempt: int,
    answer: Answer,
) -> None:
    """Write one try down; `what` is the event's name, the id that it was told by, its position."""
    connection.execute(
        "INSERT INTO webhook_delivery (webhook, name, delivery, position, attempt, ms, status,"
        " trouble) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (webhook, *what, attempt, answer.ms, answer.status, answer.trouble),
    )


def _standing(row: Row, state: Webhook) -> Standing | None:
    return None if state.now is None else Standing(row, state.now, state.paused)


def _record(
    carteggio: Carteggio,
    id: UUID,
    command: WebhookCommand,
    envelope: Envelope,
    also: Callable[[Connection[TupleRow], Sequence[object]], None],
) -> int | None:
    return carteggio.journal.record(id, stream, command, envelope, also)


def _runs(
    query: LiteralString, values: tuple[object, ...]
) -> Callable[[Connection[TupleRow], Sequence[object]], None]:
    def run(connection: Connection[TupleRow], _: Sequence[object]) -> None:
        connection.execute(query, values)

    return run
