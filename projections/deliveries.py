"""What became of mail that left, for each recipient: how far it came, and by which proof.

What our server said comes with the mail's own events; what others report, with the notices that
were captured. Whatever comes last, the mail's rows are judged anew from all that is there
(domain/delivery.py), so the order in which it came is indifferent.
"""

from collections.abc import Sequence
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.aliveness import HARD
from domain.delivery import (
    FAILED,
    Standing,
    Told,
    about,
    counts,
    means,
    sent,
    standing,
    waits_since,
)
from domain.message import MessageCompleted, MessageCopyFound, MessageReceived
from domain.missing import ReceiptMissed
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
    OutgoingEvent,
)
from domain.recorded import Recorded
from domain.rereading import MessageReread, Saying
from projections.deliveryrows import (
    TABLES,
    DeliveryRow,
    ReportRow,
    SentMailRow,
    is_doubted,
    reports,
)
from projections.deliverystate import State, know_mail, know_report, load
from projections.projection import Names, Projection
from projections.refs import ref

# ---- folding


def fold(state: State, recorded: Recorded) -> None:
    """Take one event in, and judge anew the mails that it is about."""
    match recorded.event:
        case MailQueued() as event:
            _queue(state, recorded, event)
        case ReceiptMissed(mail=mail, level=level, recipients=places):
            for row in (state.deliveries.get(mail, place) for place in places):
                if row is not None:
                    row.alarm = level.value
                    state.deliveries.put(row)
        case event if isinstance(event, OutgoingEvent):
            _go_on(state, recorded, event)
        case event if isinstance(event, Saying):
            for concerned in _report(state, recorded, event):
                _judge(state, concerned)


def _queue(state: State, recorded: Recorded, event: MailQueued) -> None:
    mail, at = recorded.stream, recorded.envelope.at
    targets = {target for _, target in event.targets} | {event.document} - {None}
    row = SentMailRow(
        mail=mail,
        message=event.message,
        mailbox=event.mailbox,
        at=at,
        certified=event.certified,
        subject=event.subject,
        sender=event.sender.spec,
        targets=sorted(one for one in targets if one is not None),
        refs=[ref(event.message_id), mail],
        failed=False,
    )
    know_mail(state, state.mails.put(row))
    for place, said in enumerate(sent((), event, at)):
        state.deliveries.put(_delivery(row, event, place, said))
    _judge(state, row)


def _delivery(mail: SentMailRow, event: MailQueued, place: int, said: Standing) -> DeliveryRow:
    recipient = event.recipients[place]
    told = (said.state.value, said.at, said.code, said.status, said.text)
    return DeliveryRow(
        mail.mail,
        place,
        mail.mailbox,
        mail.message,
        recipient.address.spec,
        recipient.address.key,
        recipient.address.name,
        recipient.role.value,
        *told,
        *told,
        proof=None,
        certified=None,
        hard=False,
        alarm="",
        waits_since=None,
    )


def _go_on(state: State, recorded: Recorded, event: OutgoingEvent) -> None:
    mail = state.mails.get(recorded.stream)
    if mail is None:
        return  # it was erased
    rows = _recipients(state, mail)
    now = sent(tuple(one.said for one in rows), event, recorded.envelope.at)
    for row, said in zip(rows, now, strict=True):
        row.say(said)
    if isinstance(event, MailAccepted) and event.known_as and ref(event.known_as) not in mail.refs:
        mail.refs = [*mail.refs, ref(event.known_as)]
        know_mail(state, state.mails.put(mail))
    _judge(state, mail)


def _recipients(state: State, mail: SentMailRow) -> list[DeliveryRow]:
    found: list[DeliveryRow] = []
    while (row := state.deliveries.get(mail.mail, len(found))) is not None:
        found.append(row)
    return found


def _report(state: State, recorded: Recorded, event: Saying) -> list[SentMailRow]:
    """Keep what a copy of a notice tells; give the mails that this may change."""
    message = recorded.stream
    before = [state.reports.get(*one) for one in sorted(state.forms_of.get(message, ()))]
    rows = [one for one in before if one is not None and one.form == event.content_key]
    concerned = {one for row in rows for one in row.refs}
    if isinstance(event, MessageReread):
        if event.content is None or not event.content_key:
            return []
        _replace(state, rows, recorded, event)
    else:
        _copy(state, message, rows, event)
    if isinstance(event, MessageCompleted):
        heads = [x for x in before if x is not None and x.form == event.header_content_key]
        concerned.update(one for row in heads for one in row.refs)
        _forget(state, heads)
    for key in state.forms_of.get(message, ()):
        row = state.reports.get(*key)
        concerned.update(row.refs if row is not None else ())
    mails = {mail for one in concerned for mail in state.mails_of.get(one, ())}
    return [row for row in map(state.mails.get, sorted(mails)) if row is not None]


def _copy(
    state: State,
    message: UUID,
    rows: list[ReportRow],
    event: MessageReceived | MessageCopyFound | MessageCompleted,
) -> None:
    """Take a copy in: the first with its content is read, of others only where and when counts."""
    content = event.content
    if not rows and content is not None:
        for row in reports(message, event.content_key, content, event.received_at, event.mailbox):
            know_report(state, state.reports.put(row))
    trace = event.content.trace if isinstance(event, MessageReceived) else event.trace
    for row in rows:
        row.at = min(row.at, event.received_at)
        row.mailboxes = sorted({*row.mailboxes, event.mailbox})
        row.doubted = row.doubted or is_doubted(trace)
        state.reports.put(row)


def _replace(
    state: State, rows: list[ReportRow], recorded: Recorded, event: MessageReread
) -> None:
    """Let what was read anew stand for what a form said."""
    if event.content is None:
        return
    at = min((one.at for one in rows), default=recorded.envelope.at)
    boxes = {box for one in rows for box in one.mailboxes}
    doubted = any(one.doubted for one in rows)
    _forget(state, rows)
    for row in reports(recorded.stream, event.content_key, event.content, at, event.mailbox):
        row.mailboxes, row.doubted = sorted({*boxes, event.mailbox}), row.doubted or doubted
        know_report(state, state.reports.put(row))


def _forget(state: State, rows: list[ReportRow]) -> None:
    for row in rows:
        state.reports.remove(row.message, row.form, row.place)


# ---- judging


def _judge(state: State, mail: SentMailRow) -> None:
    """See anew how a mail stands for each of its recipients."""
    rows = _recipients(state, mail)
    told = _told(state, mail)
    keys = [one.address_key for one in rows]
    concerned: list[list[Told]] = [[] for _ in rows]
    for one in told:
        for place in about(one, keys):
            concerned[place].append(one)
    for row, found in zip(rows, concerned, strict=True):
        _settle(row, found, certified=mail.certified)
        state.deliveries.put(row)
    failed = any(one.state in FAILED for one in rows)
    if failed != mail.failed:
        mail.failed = failed
        state.mails.put(mail)


def _told(state: State, mail: SentMailRow) -> list[Told]:
    keys = {key for one in mail.refs for key in state.reports_of.get(one, ())}
    rows = [state.reports.get(*key) for key in sorted(keys)]
    told = [row.told(mail.mailbox) for row in rows if row is not None]
    return [one for one in told if counts(one, certified=mail.certified)]


def _settle(row: DeliveryRow, told: Sequence[Told], *, certified: bool) -> None:
    now = standing(row.said, told)
    row.state, row.at, row.code = now.state.value, now.at, now.code
    row.status, row.text, row.proof = now.status, now.text, now.proof
    kinds = {one.certified for one in told} - {None}
    row.certified = None if not kinds else all(kinds)
    row.waits_since = waits_since(row.said, now, certified=row.certified) if certified else None
    row.hard = now.state in FAILED and now.status in HARD and _is_himself(row, now, told)


def _is_himself(row: DeliveryRow, now: Standing, told: Sequence[Told]) -> bool:
    """Tell whether the address failed to which was written, and not one behind it."""
    final = next(
        (
            x.final
            for x in told
            if x.message == now.proof and means(x.kind, x.outcome) == now.state
        ),
        "",
    )
    return final in ("", row.address_key)


def flush(connection: Connection[TupleRow], names: Names, state: State) -> None:
    """Write what changed."""
    state.mails.flush(connection, names)
    state.deliveries.flush(connection, names)
    state.reports.flush(connection, names)


deliveries = Projection(
    "deliveries",
    version=3,
    tables=TABLES,
    hears=(
        MailQueued,
        MailSendingBegun,
        MailAccepted,
        MailDeferred,
        MailRefused,
        MailUncertain,
        MailResolved,
        MailCancelled,
        ReceiptMissed,
        MessageReceived,
        MessageCopyFound,
        MessageCompleted,
        MessageReread,
    ),
    load=load,
    fold=fold,
    flush=flush,
    uses=("conversation_member", "letter", "participant", "link"),
)
