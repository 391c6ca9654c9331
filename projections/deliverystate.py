"""What a batch of events about mail that left touches: read once, then judged in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.classes import dataclass
from domain.message import Further
from domain.missing import ReceiptMissed
from domain.outgoing import MailAccepted, MailQueued, OutgoingEvent
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections.deliveryrows import (
    DELIVERY,
    REPORT,
    SENT_MAIL,
    DeliveryRow,
    ReportRow,
    SentMailRow,
    refs_of,
)
from projections.projection import Names, Rows
from projections.refs import ref


@dataclass(slots=True)
class State:
    """The mails that a batch touches, each with its recipients and all notices about it."""

    mails: Rows[SentMailRow] = field(default_factory=lambda: Rows(SENT_MAIL))
    deliveries: Rows[DeliveryRow] = field(default_factory=lambda: Rows(DELIVERY))
    reports: Rows[ReportRow] = field(default_factory=lambda: Rows(REPORT))
    mails_of: dict[UUID, set[UUID]] = field(default_factory=dict)
    """By what others call them."""
    reports_of: dict[UUID, set[tuple[UUID, str, int]]] = field(default_factory=dict)
    """Keys of reports, by what they are about."""
    forms_of: dict[UUID, set[tuple[UUID, str, int]]] = field(default_factory=dict)
    """Keys of reports, by the notice."""


# ---- loading


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read the mails that a batch tells of, and all that is reported of each.

    By what a server calls a mail its reports are found, and not other mails: some say the same of all.
    """
    state = State()
    again = {one.stream for one in batch if isinstance(one.event, Further | MessageReread)}
    own = {mail for one in batch for mail in _mails_in(one)}
    noticed = {one for recorded in batch for one in _noticed_in(recorded)}
    if again:
        for row in state.reports.fetch(connection, names, "message = ANY(%b)", list(again)):
            know_report(state, row)
            noticed.update(row.refs)
    if not own and not noticed:
        return state
    found = state.mails.fetch(
        connection, names, "mail = ANY(%b) OR refs && %b::uuid[]", list(own), list(noticed)
    )
    named = noticed | {one for recorded in batch for one in _called_in(recorded)}
    for mail in found:
        know_mail(state, mail)
        named.update(mail.refs)
    for row in state.reports.fetch(connection, names, "refs && %b::uuid[]", list(named)):
        know_report(state, row)
    state.deliveries.fetch(connection, names, "mail = ANY(%b)", [one.mail for one in found])
    return state


def _mails_in(recorded: Recorded) -> Iterator[UUID]:
    match recorded.event:
        case ReceiptMissed(mail=mail):
            yield mail
        case event if isinstance(event, OutgoingEvent):
            yield recorded.stream


def _called_in(recorded: Recorded) -> Iterator[UUID]:
    """Give what a mail of ours is called from now on."""
    match recorded.event:
        case MailQueued(message_id=id):
            yield from (ref(id), recorded.stream)
        case MailAccepted(known_as=id) if id:
            yield ref(id)
        case _:
            return


def _noticed_in(recorded: Recorded) -> Iterator[UUID]:
    """Give what mail is called in a notice about it."""
    event = recorded.event
    if (
        isinstance(event, Saying)
        and event.content is not None
        and event.content.notice is not None
    ):
        yield from refs_of(event.content.notice)


def know_mail(state: State, mail: SentMailRow) -> None:
    """Find a mail by what others call it from now on."""
    for one in mail.refs:
        state.mails_of.setdefault(one, set()).add(mail.mail)


def know_report(state: State, row: ReportRow) -> None:
    """Find a report by what it is about, and by its notice."""
    key = (row.message, row.form, row.place)
    state.forms_of.setdefault(row.message, set()).add(key)
    for one in row.refs:
        state.reports_of.setdefault(one, set()).add(key)
