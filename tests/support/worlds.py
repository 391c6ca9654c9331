"""Little worlds for tests of projections: companies whose mail arrives by the drawing of lots."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from domain import message as mail
from domain.access import Scope, TokenIssued, TokenRevoked
from domain.account import AccountConfigured, AccountPaused, AccountRemoved, AccountResumed
from domain.catalog import BY_CLASS
from domain.choosing import TargetKind
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.content import Attachment, Content
from domain.document import DocumentChanged, DocumentRecord, DocumentRegistered
from domain.mailbox import MailboxShared, MailboxShareRevoked, Role
from domain.merging import PartyMerged, PartyMergeUndone
from domain.message import (
    CaptureMessage,
    CloseReason,
    Direction,
    FolderRole,
    LinkState,
    Message,
    MessageClassified,
    MessageClosed,
    MessageLinked,
    MessageReceived,
    MessageReopened,
    MessageUnlinked,
)
from domain.party import ContactRegistered, ContactRemoved, PartyChanged, PartyRegistered
from domain.recorded import Envelope, Erased, Origin, Recorded
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from domain.values import (
    Actor,
    ActorKind,
    Address,
    BlobName,
    ColleagueId,
    ContactId,
    MailboxId,
    MessageId,
    PartyId,
)
from projections.projection import Names, Projection

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPACE = UUID("5a5f1f7a-6b3f-5d0c-9b5e-0c2c4f1f7a55")
SYSTEM = Actor(ActorKind.SYSTEM, "tests")


def named(name: object) -> UUID:
    """Give the same id for the same name."""
    return uuid5(SPACE, str(name))


MAILBOXES = [MailboxId(named(f"mailbox {at}")) for at in range(3)]
PARTIES = [PartyId(named(f"party {at}")) for at in range(4)]
DOCUMENTS = [named(f"document {at}") for at in range(4)]


@dataclass
class Log:
    """A journal in memory."""

    events: list[Recorded] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)

    def add(self, stream: UUID, event: object, *, erased: bool = False) -> Recorded:
        position = len(self.events) + 1
        at = NOON + timedelta(seconds=position)
        envelope = Envelope(named(f"event {position}"), at, SYSTEM, Origin("cli"))
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        name = BY_CLASS[type(event)].name
        fact = Erased(name) if erased else event
        self.events.append(Recorded(position, at, stream, version, name, envelope, fact))
        return self.events[-1]


def content(number: int, variant: int = 0) -> Content:
    """Make what message `number` says; every variant says it otherwise."""
    return Content(
        reader=1,
        message_id=f"m{number}@client.example",
        sent_at=NOON + timedelta(hours=number),
        subject=f"Angebot {number}" + "!" * variant,
        authors=(Address(f"Buyer{variant}@client.example", "Béatrice"),),
        to=(Address("info@house.example"), Address("Sales@house.example", "Sales")),
        cc=(Address("boss@client.example"),) if number % 2 else (),
        bcc=(Address("hidden@house.example"),) if number % 3 == 0 else (),
        text=f"Text {number}.{variant}\n" * 20,
        attachments=(Attachment(f"offer{variant}.pdf", "application/pdf", 1000 + variant),)
        * (number % 2),
        trace=(("delivered-to", "x"),),
        degraded=number % 7 == 0,
    )


def capture(
    number: int,
    copy: int = 0,
    *,
    mailbox: MailboxId = MAILBOXES[0],
    variant: int = 0,
    minutes: int = 0,
    role: FolderRole = FolderRole.INBOX,
    header: str | None = None,
    archived: bool = False,
) -> CaptureMessage:
    """Make the command that keeps a copy of message `number`."""
    said = content(number, variant)
    received = MessageReceived(
        mailbox=mailbox,
        role=role,
        received_at=NOON + timedelta(hours=number, minutes=minutes),
        size=2000 + copy,
        raw=BlobName(f"raw-{number}-{copy}"),
        content_key=f"content-{number}-{variant}",
        header_key=f"header-{number}" if header is None else header,
        folder="Sent" if role is FolderRole.SENT else "INBOX",
        raw_sha256=f"{named((number, copy)).hex}",
        content=said,
        files=tuple(BlobName(f"file-{number}-{at}") for at in range(len(said.attachments))),
        flags=("seen",) if copy % 2 else (),
        archived=archived,
    )
    return CaptureMessage(named(("occurrence", number, copy)), received)


def message_id(number: int) -> MessageId:
    """Give the stream of message `number`."""
    return MessageId(named(f"message {number}"))


def captured(captures: Iterable[tuple[int, CaptureMessage]]) -> Iterator[tuple[UUID, object]]:
    """Let the decider say what happens when copies are captured in this order."""
    states: dict[int, Message] = {}
    for number, command in captures:
        state = states.get(number, Message())
        for event in mail.decide(state, command):
            state = mail.evolve(state, event)
            yield message_id(number), event
        states[number] = replace(state, occurrences=state.occurrences | {command.occurrence})


def linked(
    target: UUID,
    state: LinkState = LinkState.AUTOMATIC,
    kind: TargetKind = TargetKind.PARTY,
    rule: str = "address-exact",
) -> MessageLinked:
    """Make a link."""
    return MessageLinked(kind, target, state, rule, 1, 99, "from", "buyer@client.example")


def classified(direction: Direction = Direction.INBOUND, **more: Any) -> MessageClassified:
    """Make a classification."""
    given: dict[str, Any] = {
        "automatic": False,
        "kind": "",
        "wants_answer": True,
        "reason": "person_writes",
    }
    return MessageClassified(direction=direction, rule_version=1, **(given | more))


def world(seed: int, length: int = 250) -> list[Recorded]:
    """Draw a company and what happens to it; some of its messages were erased."""
    lots = random.Random(seed)  # noqa: S311
    log = Log()
    states: dict[int, Message] = {}
    erased = {number for number in range(40) if lots.random() < 0.05}
    while len(log.events) < length:
        if lots.random() < 0.3:
            log.add(*_master_data(lots), erased=lots.random() < 0.02)
            continue
        number = lots.randrange(40)
        stream, known = message_id(number), states.get(number)
        if known is None or lots.random() < 0.3:
            command = _lot_of_a_copy(lots, number)
            state = known or Message()
            for event in mail.decide(state, command):
                log.add(stream, event, erased=number in erased)
                state = mail.evolve(state, event)
            states[number] = state
        else:
            log.add(stream, _afterwards(lots), erased=number in erased)
    return log.events


def _lot_of_a_copy(lots: random.Random, number: int) -> CaptureMessage:
    return capture(
        number,
        lots.randrange(1000),
        mailbox=lots.choice(MAILBOXES),
        variant=lots.choice((0, 0, 0, 1, 2)),
        minutes=lots.randrange(60),
        role=lots.choice(list(FolderRole)),
        header=lots.choice((None, None, "", "shared")),
        archived=lots.random() < 0.2,
    )


def _afterwards(lots: random.Random) -> object:
    kind = lots.choice(list(TargetKind))
    target = lots.choice(PARTIES if kind is TargetKind.PARTY else DOCUMENTS)
    return lots.choice((
        classified(lots.choice(list(Direction)), automatic=lots.random() < 0.3),
        linked(target, lots.choice(list(LinkState)), kind),
        linked(target, LinkState.AUTOMATIC, kind, "reply-to-linked"),
        MessageUnlinked(kind, target, "address-exact", 1, "the contact is gone"),
        MessageClosed(lots.choice(list(CloseReason)), "by telephone"),
        MessageReopened(),
    ))  # fmt: skip


def _master_data(lots: random.Random) -> tuple[UUID, object]:
    party, document = lots.choice(PARTIES), lots.choice(DOCUMENTS)
    number = lots.randrange(9)
    record = DocumentRecord("offer", f"A/{number}", party, date(2026, 1, 1 + number))
    contact, address = ContactId(named(("contact", number))), f"c{number}@Client.example"
    mailbox = lots.choice(MAILBOXES)
    account, choice = named(("account", mailbox)), named(("choice", number))
    token = named(("token", number % 3))
    colleague = ColleagueId(named(("colleague", number % 3)))
    return lots.choice((
        (party, PartyRegistered("erp", f"C{number}", "customer", "it", "IT", 0, f"Àlpha {number}")),
        (party, PartyChanged("supplier", "it", "IT", number % 3, f"Beta {number}", "IT 012.3")),
        (party, ContactRegistered(contact, "sales", 0, ("invoice",), address, "Ada")),
        (party, ContactRemoved(contact)),
        (party, PartyMerged(lots.choice(PARTIES))),
        (party, PartyMergeUndone()),
        (choice, ChoiceRemembered(party, lots.choice((None, mailbox)), f"s{number}@x.example")),
        (choice, ChoiceForgotten()),
        (document, DocumentRegistered("erp", f"D{number}", record, (("agent", "Ada"),))),
        (document, DocumentChanged(record)),
        (named("company"), CompanyDescribed("House", ("house.example",), (("a", "b"),))),
        (named(("colleague", number)), ColleagueRegistered("sales", True, f"{number}@house.example")),
        (mailbox, MailboxRegistered(False, f"{mailbox.hex}@house.example")),
        (account, AccountConfigured(mailbox, "imap", 993, "tls", "mail.example", "ada")),
        (account, AccountPaused()),
        (account, AccountResumed()),
        (account, AccountRemoved()),
        (mailbox, MailboxShared(colleague, lots.choice(list(Role)))),
        (mailbox, MailboxShareRevoked(colleague)),
        (token, TokenIssued("hash", (Scope.READ_MAIL,), (MAILBOXES[0],), None, "erp")),
        (token, TokenRevoked()),
    ))  # fmt: skip


def names_for(*projections: Projection[Any], generation: int = 1) -> Names:
    """Name the tables of some projections."""
    return Names({table.name: generation for one in projections for table in one.tables})


def create(
    connection: Connection[TupleRow],
    names: Names,
    *projections: Projection[Any],
    late: bool = True,
) -> None:
    """Create their tables."""
    for table in (table for one in projections for table in one.tables):
        columns = SQL(", ").join(
            SQL(f'"{name}" {kind}{"" if nullable else " NOT NULL"}')
            for name, kind, nullable in table.columns()
        )
        key = SQL(", ".join(f'"{name}"' for name in table.key))
        query = SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))")
        connection.execute(query.format(names[table.name], columns, key))
        for index in (*table.indexes, *(table.late if late else ())):
            connection.execute(SQL("CREATE INDEX ON {} " + index).format(names[table.name]))


def fill(
    connection: Connection[TupleRow],
    names: Names,
    projection: Projection[Any],
    events: Sequence[Recorded],
    sizes: Sequence[int] = (10_000,),
) -> None:
    """Fold the events in batches of these sizes, over and over."""
    heard = {BY_CLASS[event].name for event in projection.hears}
    start, turn = 0, 0
    while start < len(events):
        end = start + sizes[turn % len(sizes)]
        batch = [one for one in events[start:end] if one.name in heard]
        state = projection.load(connection, names, batch)
        for recorded in batch:
            projection.fold(state, recorded)
        projection.flush(connection, names, state)
        start, turn = end, turn + 1


def content_of(
    connection: Connection[TupleRow], names: Names, projection: Projection[Any]
) -> dict[str, list[str]]:
    """Give all rows of all tables, comparable."""
    found = {}
    for table in projection.tables:
        rows = connection.execute(SQL("SELECT * FROM {}").format(names[table.name])).fetchall()
        found[table.name] = sorted(map(repr, rows))
    return found


def plain(rows: Iterable[Any], *without: str) -> list[tuple[object, ...]]:
    """Give rows as tuples, some fields left out."""
    return [astuple(replace(row, **dict.fromkeys(without))) for row in rows]
