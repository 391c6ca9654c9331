"""What is kept to tell what became of mail that left: the mails, their recipients, the notices."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from domain.authentication import FIELD, FORGED, results
from domain.classes import dataclass
from domain.content import Content, Notice, NoticeKind, Report
from domain.delivery import DeliveryState, Standing, Told
from domain.values import MessageId
from projections.projection import Table
from projections.refs import ref


@dataclass(slots=True)
class SentMailRow:
    """A mail that is to leave, or left; `targets` are what it belongs to by its sender's word.

    `refs` are hashes of the ids under which others speak of it: its Message-IDs, and its own id.
    """

    mail: UUID
    message: UUID
    mailbox: UUID
    at: datetime
    certified: bool
    subject: str
    sender: str
    targets: list[UUID]
    refs: list[UUID]
    failed: bool
    """For a recipient at least it failed."""


@dataclass(slots=True)
class DeliveryRow:
    """A mail for one of its recipients: how it stands, by which proof; `said_…` by our own server.

    `certified`: whether the address is a PEC, if a receipt tells. `hard`: that address itself was
    found not to exist, or to take no mail. `waits_since`: a receipt is due since then; `alarm` is
    what was told of that (warning, alarm), or empty.
    """

    mail: UUID
    place: int
    mailbox: UUID
    message: UUID
    address: str
    address_key: str
    name: str
    role: str
    said_state: str
    said_at: datetime
    said_code: int
    said_status: str
    said_text: str
    state: str
    at: datetime
    code: int
    status: str
    text: str
    proof: UUID | None
    certified: bool | None
    hard: bool
    alarm: str
    waits_since: datetime | None

    @property
    def said(self) -> Standing:
        """Give what our own server said."""
        state = DeliveryState(self.said_state)
        return Standing(state, self.said_at, self.said_code, self.said_status, self.said_text)

    def say(self, one: Standing) -> None:
        """Keep what our own server said."""
        self.said_state, self.said_at, self.said_code = one.state.value, one.at, one.code
        self.said_status, self.said_text = one.status, one.text


@dataclass(slots=True)
class ReportRow:
    """What a form of a notice says of one recipient; `form` as in `message_content`.

    `at`, `mailboxes` and `doubted` are of all copies with that content.
    """

    message: UUID
    form: str
    place: int
    refs: list[UUID]
    at: datetime
    mailboxes: list[UUID]
    kind: str
    outcome: str
    status: str
    text: str
    recipient_key: str
    final_key: str
    certified: bool | None
    doubted: bool
    signed: bool

    def told(self, mailbox: UUID) -> Told:
        """Give it as it is judged about a mail that left from a mailbox."""
        return Told(
            message=MessageId(self.message),
            at=self.at,
            kind=NoticeKind(self.kind),
            outcome=self.outcome,
            status=self.status,
            text=self.text,
            recipient=self.recipient_key,
            final=self.final_key,
            doubted=self.doubted,
            signed=self.signed,
            here=mailbox in self.mailboxes,
            certified=self.certified,
        )


SENT_MAIL = Table(
    "sent_mail",
    SentMailRow,
    key=("mail",),
    indexes=("USING gin (refs)",),
    late=("(message)", "(at, mail)", "USING gin (targets)", "(at, mail) WHERE failed"),
)
DELIVERY = Table(
    "delivery",
    DeliveryRow,
    key=("mail", "place"),
    late=(
        "(address_key)",
        "(waits_since) WHERE waits_since IS NOT NULL",
        "(message)",
        "(at) WHERE hard",
    ),
)
REPORT = Table(
    "delivery_report",
    ReportRow,
    key=("message", "form", "place"),
    indexes=("USING gin (refs)",),
)
TABLES = (SENT_MAIL, DELIVERY, REPORT)


def refs_of(notice: Notice) -> list[UUID]:
    """Give by which ids a notice names the message that it concerns; the envelope's may be ours."""
    named = [ref(one) for one in notice.concerns]
    with suppress(ValueError):
        named.append(UUID(hex=notice.envelope))
    return sorted(set(named))


def reports(
    message: UUID, form: str, content: Content, at: datetime, mailbox: UUID
) -> Iterator[ReportRow]:
    """Give what a content tells of mail that left; nothing where it is no such notice."""
    notice = content.notice
    if notice is None or notice.kind not in (NoticeKind.DELIVERY, NoticeKind.PEC):
        return
    refs = refs_of(notice)
    alone = Report(notice.recipient, notice.outcome, notice.status, final=notice.recipient)
    for place, one in enumerate(notice.reports or (alone,)):
        yield ReportRow(
            message=message,
            form=form,
            place=place,
            refs=refs,
            at=at,
            mailboxes=[mailbox],
            kind=notice.kind.value,
            outcome=one.outcome or notice.outcome,
            status=one.status,
            text=one.text,
            recipient_key=one.recipient.casefold(),
            final_key=one.final.casefold(),
            certified=one.certified,
            doubted=is_doubted(content.trace),
            signed=_is_signed(content),
        )


def _is_signed(content: Content) -> bool:
    """Tell whether the whole of it is signed, as far as it can be told, and not only a part."""
    whole = content.signal("content-type").strip().lower().startswith("multipart/signed")
    return whole and content.protection == "smime-signed" and content.signature != "broken"


def is_doubted(trace: Iterable[tuple[str, str]]) -> bool:
    """Tell whether any server found the sender forged (DMARC).

    It needs not to be one of ours: nobody gains by saying so of his own mail.
    """
    return any(
        (one.method, one.result) == FORGED
        for name, value in trace
        if name == FIELD
        for one in results(value)
    )
