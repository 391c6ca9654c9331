"""An ERP learns that a document was sent: once for each mail, when a server took it over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.leaving import BeginSending, LoseSight, ResolveSending
from domain.outgoing import Resolution, Said
from domain.sentdocument import DocumentSent
from domain.values import DocumentId
from events import envelope
from instances import events_of
from leaving import BOX, REPORT, Papers
from projections.reader import EVERYTHING, Reader

if TYPE_CHECKING:
    from api.work.instance import Carteggio


@pytest.fixture
def papers(carteggio: "Carteggio") -> Papers:
    papers = Papers(carteggio)
    papers.register()
    return papers


def sent(papers: Papers) -> list[DocumentSent]:
    papers.caught_up()
    return events_of(papers.carteggio, "document.sent")


def test_a_document_is_sent_when_a_server_took_its_mail_over(papers: Papers) -> None:
    mail = papers.send()
    (told,) = sent(papers)
    assert (told.mail, told.mailbox, told.kind) == (mail, BOX, "work_report")
    assert (told.recipients, told.files) == (2, ("ab" * 32,))
    assert told.file_names == ("Rapporto 118.pdf",)
    (recorded,) = papers.carteggio.journal.read(0, names=["document.sent"])
    assert recorded.stream == REPORT
    assert b"Rapporto" not in papers.carteggio.journal.rows(0, names=["document.sent"])[0].state


def test_it_is_told_once_however_often_recipients_are_tried(papers: Papers) -> None:
    mail = papers.queue()
    papers.conclude(mail, Said.ACCEPTED, Said.DEFERRED)
    assert [one.recipients for one in sent(papers)] == [1]
    papers.conclude(mail, Said.ACCEPTED)
    assert [one.recipients for one in sent(papers)] == [1]
    papers.send(2)
    assert len(sent(papers)) == 2


def test_mail_that_is_refused_or_presents_nothing_tells_nothing(papers: Papers) -> None:
    papers.conclude(papers.queue(), Said.REFUSED, Said.REFUSED)
    papers.send(2, paper=None)
    papers.send(3, paper=DocumentId(UUID(int=5)))
    papers.conclude(papers.queue(4, presents=False), Said.ACCEPTED, Said.ACCEPTED)
    assert sent(papers) == []


@pytest.mark.parametrize(("resolution", "times"), [(Resolution.SENT, 1), (Resolution.GIVEN_UP, 0)])
def test_what_was_uncertain_counts_when_it_came_out(
    papers: Papers, resolution: Resolution, times: int
) -> None:
    from api.work.outbox import Outbox  # noqa: PLC0415

    outbox, mail = Outbox(papers.carteggio), papers.queue()
    outbox.record(mail, BeginSending(datetime.now(UTC)), envelope())
    outbox.record(mail, LoseSight(1, "gone"), envelope())
    assert sent(papers) == []
    outbox.resolve(mail, ResolveSending(resolution, "sent_folder"), envelope())
    assert [one.recipients for one in sent(papers)] == [2] * times


def test_two_workers_and_one_that_begins_anew_tell_nothing_twice(papers: Papers) -> None:
    from api.work.sentdocuments import SentDocuments  # noqa: PLC0415

    for number in range(20):
        papers.send(number)
    workers = [SentDocuments(papers.carteggio.journal) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(SentDocuments.run_once, workers))
    assert len(sent(papers)) == 20
    with papers.carteggio.database.pool.connection() as connection:
        connection.execute("DELETE FROM matching_position WHERE name = 'sent_documents'")
    assert SentDocuments(papers.carteggio.journal).run_once() == 20
    assert len(sent(papers)) == 20


async def test_its_trail_tells_it_to_whom_the_mailbox_is_open(papers: Papers) -> None:
    from projections.trails import trail_of  # noqa: PLC0415

    mail = papers.send()
    papers.caught_up()

    async def said(reader: Reader, object: UUID = REPORT) -> list[str]:
        async with papers.carteggio.reading() as (connection, names):
            found = await trail_of(connection, names, reader, object)
        return [row.name for row in found.rows]

    assert await said(EVERYTHING) == ["document.registered", "document.sent"]
    assert (await said(EVERYTHING, mail))[-1] == "document.sent"
    assert await said(Reader((BOX,))) == ["document.registered", "document.sent"]
    assert await said(Reader((UUID(int=2),))) == ["document.registered"]
