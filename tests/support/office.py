"""An office whose mail was taken in, and asking its API without the network between."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from domain.access import Scope
from letters import letter

if TYPE_CHECKING:
    from api.work.instance import Carteggio
    from instances import Made
    from projections.reader import Reader

INFO, SALES, BULK = "info@firm.example", "sales@firm.example", "bulk@firm.example"
ALL = frozenset(Scope)
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "parties.csv": "party_id,kind,name,vat,city,privacy_level\n"
    "C1,customer,Acme,IT 012.3,Turin,0\nC2,customer,Rossi,,,1\nC3,customer,Bulk,,,0\n",
    "contacts.csv": "party_id,name,role,email\n"
    "C1,Ada,sales,ada@acme.example\nC2,Bob,,bob@rossi.example\nC3,Ben,,ben@bulk.example\n"
    "C1,Both,,both@shared.example\nC2,Both,,both@shared.example\n",
    "documents.csv": "doc_id,type,number,party_id,date,amount,currency\n"
    "D1,invoice,2026/17,C1,2026-01-20,119.00,EUR\nD2,offer,AG-2026-100,C2,2026-01-25,,\n",
}
ADA = "Ada <ada@acme.example>"
BOB = "Bob <bob@rossi.example>"
MULTIPART = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
WITH_A_FILE = (
    b"--x\nContent-Type: text/plain\n\nSee the file, please?\n--x\n"
    b"Content-Type: application/pdf\nContent-Disposition: attachment; filename=plan.pdf\n\n"
    b"pdf\n--x--\n"
)


def _on(day: int, hour: int = 9) -> str:
    return f"{day:02} Feb 2026 {hour:02}:00:00 +0100"


INBOX_OF_INFO = [
    letter("a1@acme.example", b"Invoice 2026/17", sender=ADA, date=_on(2)),
    letter("b1@rossi.example", b"Offer AG-2026-100", sender=BOB, date=_on(3)),
    letter(
        "n1@shop.example", b"News", sender="noreply@shop.example", date=_on(4),
        more=b"Auto-Submitted: auto-generated\n",
    ),
    letter("x1@shared.example", b"Who am I?", sender="both@shared.example", date=_on(5)),
    letter("y1@nowhere.example", b"Hello?", sender="eve@nowhere.example", date=_on(6)),
    letter("a2@acme.example", b"For both", sender=ADA, to=f"{INFO}, {SALES}", date=_on(7)),
    letter("y2@nowhere.example", b"Anybody?", sender="eve@nowhere.example", date=_on(15)),
]  # fmt: skip
INBOX_OF_SALES = [
    letter("a2@acme.example", b"For both", sender=ADA, to=f"{INFO}, {SALES}", date=_on(7)),
    letter("a3@acme.example", b"Delivery?", sender=ADA, to=SALES, date=_on(8)),
    letter("b2@rossi.example", b"Price list?", sender=BOB, to=SALES, date=_on(9)),
    letter("a4@acme.example", b"Plan", sender=ADA, to=SALES, date=_on(12), more=MULTIPART, body=WITH_A_FILE),
    letter(
        "y3@nowhere.example", b"Re: Anybody?", sender="eve@nowhere.example", to=SALES, date=_on(16),
        more=b"In-Reply-To: <y2@nowhere.example>\n",
    ),
]  # fmt: skip
SENT_OF_SALES = [
    letter(
        "s1@firm.example", b"Re: Delivery?", sender=f"Sales <{SALES}>", to="ada@acme.example",
        date=_on(10), more=b"In-Reply-To: <a3@acme.example>\nBcc: boss@firm.example\n",
        body=b"On Monday.\n",
    ),
]  # fmt: skip
BULKY = [
    letter(f"{n}@bulk.example", b"Letter %d" % n, sender="ben@bulk.example", to=BULK, date=_on(1 + n // 24, n % 24))
    for n in range(60)
]  # fmt: skip


def fill(carteggio: "Carteggio", folder: Path) -> None:
    """Take in master data, then the mail of three mailboxes; one answer before its question."""
    from api.work.directory import import_directory  # noqa: PLC0415
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    import_directory(carteggio, master_data(folder))
    for address, place, mail in (
        (INFO, "INBOX", INBOX_OF_INFO),
        (SALES, "Sent", SENT_OF_SALES),
        (SALES, "INBOX", INBOX_OF_SALES),
        (BULK, "INBOX", BULKY),
    ):
        path = folder / f"{place}-{address}.mbox"
        path.write_bytes(b"".join(map(delivered, mail)))
        import_mail(carteggio, Wanted(path, address, place), lambda _: None)


def master_data(folder: Path) -> Path:
    """Write the files from which master data is read; give their folder."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def delivered(one: bytes) -> bytes:
    """Write the From_ line: it tells when a copy was received; here, when it was written."""
    at = parsedate_to_datetime(message_from_bytes(one)["Date"]).astimezone(UTC)
    return b"From x@y " + at.strftime("%a %b %d %H:%M:%S %Y").encode() + b"\n" + one + b"\n"


@dataclass
class Asks:
    """Asks the schema as a viewer would."""

    carteggio: "Carteggio"
    pool: Any
    ids: dict[str, str] = field(default_factory=dict)

    def box(self, address: str) -> UUID:
        from domain.identity import mailbox_id  # noqa: PLC0415

        return mailbox_id(self.carteggio.identity_key, address)

    def reader(self, addresses: tuple[str, ...], clearance: int | None = None) -> "Reader":
        """Give who sees only these mailboxes; without any, everything."""
        from projections.reader import Reader  # noqa: PLC0415

        return Reader(tuple(map(self.box, addresses)) if addresses else None, clearance)

    async def result(
        self,
        query: str,
        sees: tuple[str, ...] = (),
        scopes: frozenset[Scope] = ALL,
        clearance: int | None = None,
        *,
        acts: bool = True,
        **more: Any,
    ) -> Any:
        """Ask, errors and all; who does not act is a colleague who only reads these mailboxes."""
        from api.graphql.context import Context, Viewer  # noqa: PLC0415
        from api.graphql.schema import schema  # noqa: PLC0415

        whose = None if acts else UUID(int=8)
        viewer = Viewer(UUID(int=7), "tests", scopes, self.reader(sees, clearance), whose)
        context = Context(self.carteggio, viewer, self.pool)
        return await schema.execute(query, variable_values=more, context_value=context)

    async def __call__(self, query: str, *sees: str, **variables: Any) -> Any:
        """Ask a question that is answered without errors; give its data."""
        found = await self.result(query, sees, **variables)
        assert found.errors is None, found.errors
        return found.data

    async def refusal(self, query: str, *sees: str, **more: Any) -> str:
        """Ask a question that has to fail; give the code and sentence of its first error."""
        from domain.values import Rejected  # noqa: PLC0415

        found = await self.result(query, sees, **more)
        assert found.errors, found.data
        cause = found.errors[0].original_error
        return cause.code if isinstance(cause, Rejected) else str(found.errors[0])

    async def message(self, header: str) -> str:
        """Give the id of the message with a Message-ID."""
        if not self.ids:
            data = await self("{ messages(first: 100) { edges { node { id headerId } } } }")
            nodes = [edge["node"] for edge in data["messages"]["edges"]]
            self.ids |= {one["headerId"].strip("<>"): one["id"] for one in nodes}
        return self.ids[header]


@pytest.fixture(scope="session")
def office(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Carteggio"]:
    """Give an instance whose mail was taken in; tests share it and change nothing."""
    from instances import opened_on  # noqa: PLC0415
    from servers import fresh_database  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("office")
    with fresh_database(postgres) as database, opened_on(database, folder / "home") as opened:
        fill(opened, folder / "erp")
        yield opened


@pytest.fixture
async def ask(office: "Carteggio") -> AsyncIterator[Asks]:
    """Give the API of the shared office."""
    async with office.database.async_pool() as pool:
        yield Asks(office, pool)


@pytest.fixture(scope="session")
def made_office(postgres: str, made_instance: "Made", server_folder: Path) -> "Made":
    """Make an office to be copied."""
    from instances import copied  # noqa: PLC0415

    with copied(postgres, made_instance, server_folder / "filled") as (made, opened):
        fill(opened, server_folder / "erp")
    return made


@pytest.fixture
async def own_ask(carteggio: "Carteggio") -> AsyncIterator[Asks]:
    """Give the API of an office of the test's own."""
    async with carteggio.database.async_pool() as pool:
        yield Asks(carteggio, pool)


def nodes(connection: Any, *path: str) -> list[Any]:
    """Give the objects of a connection, or what lies at a path in each."""
    found = [edge["node"] for edge in connection["edges"]]
    for name in path:
        found = [one[name] for one in found]
    return found
