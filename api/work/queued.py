"""What waits in the outbox, for people: how each mail stands, what was said, and what to do."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from api.ids import Kind
from api.work.instance import Carteggio
from api.work.outbox import Outbox
from api.work.outboxrows import Row
from api.work.resting import Rest, Rests
from domain import leaving
from domain.leaving import Outgoing, OutgoingState
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
)
from domain.recorded import Recorded
from domain.values import Rejected
from projections import company
from projections.reader import EVERYTHING, Order, Page, Reader, Slice, columns_of, slice_of

DUE_FIRST: Final = Order("outbox.due", ("due", "mail"), descending=False)
_SHORTEST: Final = 4


class Standing(StrEnum):
    """How a mail in the outbox stands."""

    WAITING = "waiting"
    RESTING = "resting"
    """It is not to wait, but all mail of its mailbox does."""
    SENDING = "sending"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail in the outbox; `said` is the last that was said of it, or of its whole mailbox."""

    mail: UUID
    mailbox: str
    state: str
    due: datetime
    attempts: int
    recipients: tuple[str, ...]
    subject: str
    said: str
    do: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a mail, in a word, and what was said then."""

    at: datetime
    what: str
    said: str


@dataclass(frozen=True, slots=True)
class Told:
    """All that is known of a mail; `recipients` with what was said of each so far."""

    mail: UUID
    mailbox: str
    state: str
    due: datetime | None
    message_id: str
    sender: str
    subject: str
    recipients: Mapping[str, str]
    happened: tuple[Happened, ...]


def addresses_of(carteggio: Carteggio) -> dict[UUID, str]:
    """Give the mailboxes' addresses, as far as they can be told now."""

    async def found() -> dict[UUID, str]:
        async with carteggio.reading() as asked:
            return {one.id: one.address for one in await company.mailboxes(*asked, EVERYTHING)}

    try:
        return asyncio.run(found())
    except (LookupError, psycopg.Error):
        return {}


@dataclass(frozen=True, slots=True)
class QueuedFilter:
    """Which mail of the outbox: that stands in one of these ways, from these mailboxes; all, if none."""

    states: frozenset[Standing] = frozenset()
    mailboxes: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A mail in the outbox, as its row says."""

    mail: UUID
    lane: UUID
    due: datetime
    state: str


def queued_mail(
    carteggio: Carteggio,
    addresses: Mapping[UUID, str],
    state: Standing | None,
    limit: int,
    mailbox: UUID | None = None,
) -> list[Queued]:
    """Give what is in the outbox, what is due first; `addresses` are those of the mailboxes."""
    states = frozenset({state} if state is not None else ())
    wanted = QueuedFilter(states, (mailbox,) if mailbox is not None else ())

    async def found() -> list[Queued]:
        async with await carteggio.database.connect_async() as connection:
            page = Page(first=limit, counted=False)
            rows, told = await queued_in(
                carteggio, connection, EVERYTHING, page, wanted, addresses
            )
        return [told[one.mail] for one in rows.rows]

    return asyncio.run(found())


async def queued_in(
    carteggio: Carteggio,
    connection: AsyncConnection[TupleRow],
    reader: Reader,
    page: Page,
    wanted: QueuedFilter,
    addresses: Mapping[UUID, str],
) -> tuple[Slice[OutboxRow], dict[UUID, Queued]]:
    """Give a page of what is in the outbox of mailboxes that the reader sees, what is due first.

    The outbox holds no mail that is done with, so this grows with what waits, not with what left.
    """
    rests = await asyncio.to_thread(Rests(carteggio.database).now)
    resting = {one.lane: one for one in rests}
    source = SQL(
        "FROM outbox WHERE state <> 'done' AND {seen} AND (%(all)s OR lane = ANY(%(boxes)s))"
        " AND (%(any)s OR CASE WHEN state = 'waiting' AND due <= now()"
        " AND lane = ANY(%(resting)s) THEN 'resting' ELSE state END = ANY(%(states)s))"
    ).format(seen=reader.sees("ARRAY[lane]"))
    params = {
        **reader.params(),
        "all": not wanted.mailboxes,
        "boxes": list(wanted.mailboxes),
        "any": not wanted.states,
        "states": [one.value for one in wanted.states],
        "resting": list(resting),
    }
    found = await slice_of(
        connection, OutboxRow, columns_of(OutboxRow), source, DUE_FIRST, page, params
    )
    told = await asyncio.to_thread(_told, carteggio, found.rows, resting, addresses)
    return found, told


def _told(
    carteggio: Carteggio,
    rows: list[OutboxRow],
    resting: Mapping[UUID, Rest],
    addresses: Mapping[UUID, str],
) -> dict[UUID, Queued]:
    streams: dict[UUID, list[Recorded]] = {}
    for one in carteggio.journal.streams([row.mail for row in rows]):
        streams.setdefault(one.stream, []).append(one)
    return {
        row.mail: _queued(
            row,
            addresses.get(row.lane, str(row.lane)),
            resting.get(row.lane),
            streams.get(row.mail, []),
        )
        for row in rows
    }


def _queued(row: OutboxRow, address: str, rest: Rest | None, past: list[Recorded]) -> Queued:
    mail, due, stored = row.mail, row.due, row.state
    state = _state(past)
    rests = rest is not None and stored == Row.WAITING and due <= datetime.now(UTC)
    said, do = _last(past), ""
    if rest is not None and rests:
        said, do = f"{rest.why}: {rest.said}".rstrip(": "), rest.to_do(address)
    elif stored == Row.WAITING and is_aside(state, due):
        said, do = "it cannot be sent from here; the log says why", "run: carteggio doctor"
    if stored == Row.UNCERTAIN:
        do = f"carteggio outbox resolve {mail} --sent, --again or --give-up"
    people = state.queued.recipients if state.queued else ()
    return Queued(
        mail=mail,
        mailbox=address,
        state=Standing.RESTING if rests else stored,
        due=rest.until if rest is not None and rests else due,
        attempts=state.attempt,
        recipients=tuple(people[one].address.spec for one in sorted(state.left)),
        subject=state.queued.subject if state.queued else "",
        said=said,
        do=do,
    )


def told_of(carteggio: Carteggio, addresses: Mapping[UUID, str], mail: UUID) -> Told:
    """Give all that is known of a mail; Rejected: there is none."""
    past = carteggio.journal.stream(mail)
    state = _state(past)
    queued = state.queued
    if queued is None:
        raise Rejected("NOT_FOUND", f"there is no mail {mail}; see: carteggio outbox list")
    waits = state.state in (OutgoingState.QUEUED, OutgoingState.DEFERRED)
    return Told(
        mail=mail,
        mailbox=addresses.get(queued.mailbox, str(queued.mailbox)),
        state=state.state.value,
        due=(state.due or queued.not_before) if waits else None,
        message_id=queued.message_id,
        sender=queued.sender.spec,
        subject=queued.subject,
        recipients={
            one.address.spec: state.said[place].value if place in state.said else ""
            for place, one in enumerate(queued.recipients)
        },
        happened=tuple(Happened(one.envelope.at, *_words(one.event)) for one in past),
    )


def mail_named(carteggio: Carteggio, text: str) -> UUID:
    """Give the mail of an id as anything shows it, or of its beginning where it is in the outbox.

    Rejected: none.
    """
    name = text.strip().lower().removeprefix(f"{Kind.MAIL.value}_").replace("-", "")
    with suppress(ValueError):
        return UUID(hex=name)
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute(
            "SELECT mail FROM outbox WHERE starts_with(replace(mail::text, '-', ''), %s) LIMIT 2",
            (name,),
        ).fetchall()
    if len(rows) != 1 or len(name) < _SHORTEST:
        raise Rejected("NOT_FOUND", f"{text} names no mail, or several: carteggio outbox list")
    return UUID(str(rows[0][0]))


def retry(carteggio: Carteggio, mailboxes: list[UUID]) -> int:
    """Let mail that was put off, and mailboxes that rest, be tried now; give how many mails wait.

    Mail that is planned for later stays so.
    """
    outbox, rests, count = Outbox(carteggio), Rests(carteggio.database), 0
    for lane in mailboxes:
        rests.end(lane)
        mails, now = outbox.standing(lane, Row.WAITING), datetime.now(UTC)
        outbox.hurry([one for one in mails if not _planned(outbox.state(one), now)])
        due = len(outbox.overdue(lane, datetime.now(UTC)))
        if due:
            outbox.wake(lane, datetime.now(UTC))
        count += due
    return count


def _planned(state: Outgoing, now: datetime) -> bool:
    """Tell whether a mail is not to leave yet, by the word of who sends it."""
    later = state.due is not None and state.due > now
    return later and state.state is not OutgoingState.DEFERRED


def is_aside(state: Outgoing, due: datetime) -> bool:
    """Tell whether a mail waits for longer than it is to: we failed on it ourselves."""
    return state.due is not None and due > state.due


def lanes_of(carteggio: Carteggio) -> list[UUID]:
    """Give the mailboxes of which mail waits."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT DISTINCT lane FROM outbox WHERE state = 'waiting'")
        return [one[0] for one in rows.fetchall()]


def _state(past: list[Recorded]) -> Outgoing:
    state = leaving.initial
    for one in past:
        state = leaving.evolve(state, one.event)
    return state


def _last(past: list[Recorded]) -> str:
    """Give what was said last of a mail that is still here."""
    return next((said for one in reversed(past) if (said := _words(one.event)[1])), "")


def _words(event: object) -> tuple[str, str]:
    """Say what happened in a word, and with what words it was told."""
    match event:
        case MailQueued():
            return "queued", ""
        case MailSendingBegun():
            return "begun", ""
        case MailAccepted() | MailDeferred() | MailRefused():
            texts = [*dict.fromkeys(filter(None, (*event.texts, event.reply)))]
            what = {MailAccepted: "accepted", MailDeferred: "put off", MailRefused: "refused"}
            given_up = isinstance(event, MailRefused) and event.given_up
            return "given up" if given_up else what[type(event)], "; ".join(texts)
        case MailUncertain(reason=reason):
            return "uncertain", reason
        case MailResolved(resolution=resolution, note=note):
            return f"resolved: {resolution.value.replace('_', ' ')}", note
        case MailCancelled(note=note):
            return "taken back", note
        case _:
            return "erased", ""
