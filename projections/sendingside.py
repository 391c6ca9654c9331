"""How mail of mailboxes is sent; the secrets for it lie elsewhere."""

from collections.abc import Sequence
from dataclasses import field
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from domain.account import AccountRemoved
from domain.classes import dataclass
from domain.recorded import Recorded
from domain.sendingside import AccountSendingConfigured, AccountSendingRemoved
from projections.projection import Names, Projection, Rows, Table
from projections.reader import Reader, columns_of, rows_of


@dataclass(slots=True)
class SendingSideRow:
    """How mail of a mailbox is sent, by the id of its account.

    Of the limits None is what is usual for the server.
    """

    id: UUID
    mailbox: UUID
    host: str
    port: int
    security: str
    login: str
    user_name: str
    senders: list[str]
    sent_copy: str
    mails_per_minute: int | None
    recipients_per_day: int | None
    connections: int | None
    ca_file: str
    authorities: str
    pin: str
    reply_to: str
    delivery_reports: str


SENDING_SIDE = Table("sending_side", SendingSideRow, key=("id",))


@dataclass(slots=True)
class State:
    """What a batch touches."""

    rows: Rows[SendingSideRow] = field(default_factory=lambda: Rows(SENDING_SIDE))


def load(connection: Connection[TupleRow], names: Names, batch: Sequence[Recorded]) -> State:
    """Read what the batch changes."""
    state = State()
    state.rows.fetch(connection, names, "id = ANY(%b)", list({one.stream for one in batch}))
    return state


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case AccountSendingConfigured() as event:
            state.rows.put(_row(recorded.stream, event))
        case AccountSendingRemoved() | AccountRemoved():
            state.rows.remove(recorded.stream)
        case _:
            return


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.rows.flush(connection, names)


def _row(own: UUID, event: AccountSendingConfigured) -> SendingSideRow:
    return SendingSideRow(
        id=own,
        mailbox=event.mailbox,
        host=event.host,
        port=event.port,
        security=event.security,
        login=event.login,
        user_name=event.user,
        senders=list(event.senders),
        sent_copy=event.sent_copy,
        mails_per_minute=event.mails_per_minute,
        recipients_per_day=event.recipients_per_day,
        connections=event.connections,
        ca_file=event.ca_file,
        authorities=event.authorities,
        pin=event.pin,
        reply_to=event.reply_to,
        delivery_reports=event.delivery_reports,
    )


sendingside = Projection(
    "sendingside",
    version=3,
    tables=(SENDING_SIDE,),
    hears=(AccountSendingConfigured, AccountSendingRemoved, AccountRemoved),
    load=load,
    fold=fold,
    flush=flush,
)

# ---- reading


async def sendings(
    connection: AsyncConnection[TupleRow], names: Names, reader: Reader
) -> list[SendingSideRow]:
    """Give how mail is sent of the mailboxes that the reader sees."""
    query = names.sql(
        "SELECT {columns} FROM {sending_side} WHERE {sees} ORDER BY mailbox, id",
        columns=columns_of(SendingSideRow),
        sees=reader.sees("ARRAY[mailbox]"),
    )
    return await rows_of(connection, SendingSideRow, query, reader.params())
