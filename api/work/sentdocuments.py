"""What follows when a server took over a mail that presents a document: the document was sent.

    outgoing.accepted, outgoing.resolved ──▶ document.sent, once for each mail

Its position, and the events that it records, move in one transaction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.journal import Journal, NewEvent
from adapters.matching import Lookups
from adapters.writing import Writing
from domain import document, leaving, sentdocument
from domain.document import Document
from domain.identity import reaction_event
from domain.outgoing import MailAccepted, MailQueued, MailResolved, Resolution, Said
from domain.recorded import Envelope, Origin, Recorded
from domain.sentdocument import DocumentSent, SentDocument, TellSent
from domain.values import Actor, ActorKind, DocumentId

_RULE, _VERSION = "document-sent", 1
_HEARD = ("outgoing.accepted", "outgoing.resolved")
_AT_ONCE = 500


class SentDocuments:
    """The feed's consumer that tells of sent documents."""

    name = "sent_documents"

    def __init__(self, journal: Journal) -> None:
        """Read from and write to `journal`."""
        self._journal = journal
        self._reached = 0

    def run_once(self) -> int:
        """Look at the next mails that left; give how many there were.

        Where there are none, which is nearly always, nothing is written.
        """
        head = self._journal.head()
        if head == self._reached or not self._next(self._reached, head, 1):
            self._reached = head
            return 0
        with self._journal.writing() as writing:
            lookups = Lookups(writing.connection)
            batch = self._next(lookups.position(self.name), head, _AT_ONCE)
            self._tell(writing, [one for one in batch if _left(one.event)])
            reached = batch[-1].position if len(batch) == _AT_ONCE else head
            lookups.move(self.name, reached)
        self._reached = reached
        return len(batch)

    def _next(self, after: int, head: int, limit: int) -> list[Recorded]:
        return self._journal.read(after, upto=head, limit=limit, names=_HEARD)

    def _tell(self, writing: Writing, left: Sequence[Recorded]) -> None:
        """Tell of the documents that these mails present, on all that is known of both."""
        mails = _by_stream(self._journal.streams({one.stream for one in left}))
        papers = {paper for one in left if (paper := _presented(mails[one.stream])) is not None}
        if not papers:
            return
        writing.prepare(papers)
        writing.lock()
        known = {paper: _Paper() for paper in papers}
        for recorded in self._journal.streams(papers):
            known[DocumentId(recorded.stream)].follow(recorded.event)
        events: list[NewEvent] = []
        for one in left:
            paper = _presented(mails[one.stream])
            if paper is not None:
                events += _told(one, mails[one.stream], paper, known[paper])
        writing.append(events)


@dataclass(slots=True)
class _Paper:
    """A document as it is now, and by which mails it was sent."""

    record: Document = document.initial
    sent: SentDocument = sentdocument.initial

    def follow(self, event: object) -> None:
        self.record = document.evolve(self.record, event)
        self.sent = sentdocument.evolve(self.sent, event)


def _told(
    one: Recorded, mail: Sequence[Recorded], paper: DocumentId, known: _Paper
) -> Iterator[NewEvent]:
    """Give what is told of a mail that left; nothing of a document that nobody knows, or erased."""
    queued = _queued(mail)
    if known.record.now is None or queued is None:
        return
    sent = DocumentSent(
        mail=one.stream,
        message=queued.message,
        mailbox=queued.mailbox,
        kind=known.record.now.record.kind,
        recipients=_accepted(mail, one.position),
        accepted_at=one.envelope.at,
        template=queued.template,
        template_version=queued.template_version,
        certified=queued.certified,
        files=queued.files,
        file_names=queued.file_names,
    )
    for event in sentdocument.decide(known.sent, TellSent(sent)):
        known.follow(event)
        yield NewEvent(paper, event, _envelope(one, paper))


def _queued(mail: Sequence[Recorded]) -> MailQueued | None:
    return next((one.event for one in mail if isinstance(one.event, MailQueued)), None)


def _presented(mail: Sequence[Recorded]) -> DocumentId | None:
    """Give the document that a mail presents; one that only concerns it, or was erased, tells of none."""
    queued = _queued(mail)
    return queued.document if queued is not None and queued.presents else None


def _accepted(mail: Sequence[Recorded], upto: int) -> int:
    """Count for whom a mail was taken over by then."""
    state = leaving.initial
    for recorded in mail:
        if recorded.position <= upto:
            state = leaving.evolve(state, recorded.event)
    return sum(said is Said.ACCEPTED for said in state.said.values())


def _left(event: object) -> bool:
    if isinstance(event, MailResolved):
        return event.resolution is Resolution.SENT
    return isinstance(event, MailAccepted)


def _by_stream(events: Sequence[Recorded]) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = {}
    for one in events:
        found.setdefault(one.stream, []).append(one)
    return found


def _envelope(cause: Recorded, paper: UUID) -> Envelope:
    return Envelope(
        event_id=reaction_event(cause.stream, _RULE, _VERSION, paper),
        at=cause.envelope.at,
        actor=Actor(ActorKind.RULE, f"{_RULE}@{_VERSION}"),
        origin=Origin("feed"),
        correlation=cause.envelope.correlation,
        causation=cause.envelope.event_id,
    )
