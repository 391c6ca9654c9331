"""An office that sends: its master data, mailboxes that send by a real server, and its lanes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from domain.values import Address, DocumentId, MailboxId
from outgoing import lane_of

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from submitting import Submitting

INFO, ANNA = "info@ditta.example", "anna@ditta.example"
FILES = {
    "company.json": '{"name": "Ditta SRL", "domains": ["ditta.example"]}',
    "colleagues.csv": "name,email,role,mailbox_collected\n"
    f"Anna Bianchi,{ANNA},sales,yes\nLuca Neri,luca@ditta.example,sales,no\n",
    "mailboxes.csv": f"address\n{INFO}\n{ANNA}\n",
    "parties.csv": "party_id,kind,name,language,privacy_level\n"
    "C1,customer,Verdi,it,0\nC2,customer,Rossi,it,0\nC3,customer,Condominio,de,0\n"
    "C4,customer,Segreto,it,5\n",
    "contacts.csv": "party_id,name,role,email,receives\n"
    "C1,Marco Verdi,titolare,marco@verdi.example,\n"
    "C1,Ada Verdi,acquisti,ada@verdi.example,sales_order\n"
    "C2,Bob Rossi,,bob@rossi.example,\nC3,Portinaio,custode,porta@condominio.example,\n"
    "C4,Spia,,spia@segreto.example,\n",
    "documents.csv": "doc_id,type,number,party_id,date,part_of,title\n"
    "S1,site,,C3,2026-01-02,,Via Po 1\nO1,sales_order,2026/118,C1,2026-01-20,S1,\n"
    "I1,invoice,77,C2,2026-02-21,,\n",
}
NOW = datetime.now(UTC)


def on_behalf(part: str = "") -> Any:
    """Give the envelope of what a colleague does."""
    from adapters.ids import uuid7  # noqa: PLC0415
    from domain.recorded import Envelope, Origin  # noqa: PLC0415
    from domain.values import Actor, ActorKind  # noqa: PLC0415

    token, person = Actor(ActorKind.CLIENT, "tok_1"), Actor(ActorKind.USER, "col_1")
    at = datetime.now(UTC)
    return Envelope(uuid7(), at, token, Origin("graphql"), person, part or None)


@dataclass
class Office:
    """The office; `server` is what takes its mail."""

    carteggio: "Carteggio"
    server: "Submitting"
    worker: "ReadingWorker"

    def box(self, address: str = INFO) -> MailboxId:
        from domain.identity import mailbox_id  # noqa: PLC0415

        return mailbox_id(self.carteggio.identity_key, address)

    def document(self, erp_id: str) -> DocumentId:
        from domain.identity import document_id  # noqa: PLC0415

        return document_id(self.carteggio.company, "erp", erp_id)

    def party(self, code: str) -> UUID:
        from domain.identity import party_id  # noqa: PLC0415

        return party_id(self.carteggio.company, "erp", code)

    def wanted(self, to: Sequence[str] = ("ada@verdi.example",), **more: Any) -> Any:
        """Give a mail from info about the order, linked with it and its customer."""
        from api.work.sending import ToSend  # noqa: PLC0415
        from domain.choosing import TargetKind  # noqa: PLC0415
        from domain.composing import Composed, Sender  # noqa: PLC0415

        order = self.document("O1")
        given = {
            name: more.pop(name) for name in ("subject", "text", "html", "files") if name in more
        }
        sender = more.pop("sender", Sender(INFO, "Anna Bianchi", "Ditta SRL"))
        people = tuple(Address(one) for one in to)
        mail = Composed("", NOW, sender, people, **{"subject": "Ordine", "text": "Ecco.", **given})
        about = ((TargetKind.PARTY, self.party("C1")), (TargetKind.DOCUMENT, order))
        return ToSend(**{"mailbox": self.box(), "mail": mail, "document": order,
                         "targets": about, **more})  # fmt: skip

    def send(self, wanted: Any, command: str = "", **more: Any) -> Any:
        from api.work.sending import send  # noqa: PLC0415

        return asyncio.run(send(self.carteggio, wanted, lambda _: on_behalf(command), **more))

    def drain(self, address: str = INFO) -> int:
        """Let what is due leave."""

        async def go() -> int:
            async with lane_of(self.carteggio, self.box(address), self.worker) as lane:
                return await lane.drain()

        tried = asyncio.run(go())
        self.settled()
        return tried

    def settled(self) -> None:
        """Let what follows follow."""
        from api.work.settling import settle  # noqa: PLC0415

        settle(self.carteggio, self.carteggio.journal.head())

    def arrives(self, raw: bytes, folder: Path, address: str = INFO) -> None:
        """Let a mail come into a mailbox."""
        from api.work.importing import Wanted, import_mail  # noqa: PLC0415
        from letters import mbox  # noqa: PLC0415

        import_mail(
            self.carteggio, Wanted(mbox(folder / "in.mbox", [raw]), address), lambda _: None
        )
        self.settled()

    def token(self, address: str, *, shared: str = INFO) -> str:
        """Give a token of a colleague with whom a mailbox is shared, as member."""
        from api.work.tokens import by_operator, issue  # noqa: PLC0415
        from domain import mailbox  # noqa: PLC0415
        from domain.access import Scope  # noqa: PLC0415
        from domain.identity import colleague_id  # noqa: PLC0415
        from domain.mailbox import Role, ShareMailbox  # noqa: PLC0415

        him = colleague_id(self.carteggio.identity_key, address)
        if shared:
            share = ShareMailbox(him, Role.MEMBER)
            self.carteggio.journal.record(self.box(shared), mailbox, share, by_operator())
        bearer = issue(self.carteggio, address, tuple(Scope), (), None, him)
        self.settled()
        return str(bearer)

    def links(self, message: UUID) -> set[tuple[str, UUID, str]]:
        """Give what a message belongs to now: kind, target, state."""
        from projections.links import links_of  # noqa: PLC0415
        from projections.reader import EVERYTHING  # noqa: PLC0415

        async def read() -> set[tuple[str, UUID, str]]:
            async with self.carteggio.reading() as asked:
                found = await links_of(*asked, EVERYTHING, [message])
            return {(one.kind, one.target, one.state) for one in found.get(message, [])}

        return asyncio.run(read())


@pytest.fixture
def sending_office(
    carteggio: "Carteggio",
    submission_server: "Submitting",
    worker: "ReadingWorker",
    tmp_path: Path,
) -> Office:
    """Give an office of the test's own, whose mailbox info sends also as anna."""
    from api.work.directory import import_directory  # noqa: PLC0415
    from api.work.sendingside import EnteredSending, configure_sending  # noqa: PLC0415
    from dovecot import PASSWORD  # noqa: PLC0415

    folder = tmp_path / "erp"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    import_directory(carteggio, folder)
    submission_server.sink.mails.clear()
    entered = EnteredSending(
        INFO, "127.0.0.1", submission_server.submissions, "tls", "password", "user1", PASSWORD,
        (ANNA,), ca_file=str(submission_server.dovecot.authority),
    )  # fmt: skip
    configure_sending(carteggio, entered)
    office = Office(carteggio, submission_server, worker)
    office.settled()
    return office
