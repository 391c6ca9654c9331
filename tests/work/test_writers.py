"""Who wrote in truth, where another address sent it: linked, waiting, and with its reason."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from api.work.directory import import_directory
from api.work.feed import active_names
from api.work.importing import Wanted, import_mail
from api.work.instance import PROJECTIONS, Carteggio
from api.work.tokens import by_operator
from domain import authentication, webform
from domain.authentication import (
    AuthenticationCommand,
    DistrustServer,
    ServerTrusted,
    TrustServer,
)
from domain.identity import server_id, web_form_id
from domain.message import Direction, MessageClassified, MessageLinked
from domain.webform import DeclareWebForm, WebFormCommand, WebFormDeclared, WithdrawWebForm
from instances import events_of
from letters import letter
from office import FILES
from projections.authentication import results_of
from projections.projection import Names
from projections.reader import EVERYTHING

INFO = "info@firm.example"
ASKED = letter(
    "form@firm.example", b"Contact from the site", sender=f"Site <{INFO}>",
    more=b"Reply-To: Ada <ada@acme.example>\nAuto-Submitted: auto-generated\n",
)  # fmt: skip


class Office:
    """An office with master data."""

    def __init__(self, carteggio: Carteggio, folder: Path) -> None:
        self.carteggio, self._folder = carteggio, folder
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        import_directory(carteggio, folder)

    def take_in(self, raw: bytes) -> None:
        path = self._folder / "one.eml"
        path.write_bytes(raw)
        import_mail(self.carteggio, Wanted(path, INFO, "INBOX"), lambda _: None)

    def form(self, command: WebFormCommand, address: str = INFO) -> None:
        id = web_form_id(self.carteggio.identity_key, address)
        self.carteggio.journal.record(id, webform, command, by_operator())
        self.carteggio.feed.catch_up()

    def classified(self) -> MessageClassified:
        last = events_of(self.carteggio, "message.classified")[-1]
        assert isinstance(last, MessageClassified)
        return last

    def links(self) -> list[tuple[str, str, str]]:
        found: list[MessageLinked] = events_of(self.carteggio, "message.linked")
        return [(one.rule, one.where, one.evidence) for one in found]

    def waiting(self) -> int:
        names = self.names()
        query = names.sql(
            "SELECT count(*) FROM {waiting} WHERE until IS NULL AND to_position IS NULL"
        )
        with self.carteggio.database.connect() as connection:
            return int(connection.execute(query).fetchall()[0][0])

    def names(self) -> Names:
        with self.carteggio.database.connect() as connection:
            return active_names(connection, PROJECTIONS)

    def trust(self, server: str, command: AuthenticationCommand | None = None) -> None:
        id = server_id(self.carteggio.company, server)
        order = command or TrustServer(ServerTrusted(server))
        self.carteggio.journal.record(id, authentication, order, by_operator())
        self.carteggio.feed.catch_up()

    def shown(self) -> list[tuple[str, str, str, str]]:
        async def asked() -> list[tuple[str, str, str, str]]:
            async with self.carteggio.reading() as reading:
                found = await results_of(*reading, EVERYTHING, self.messages())
            return [
                (one.server, one.method, one.result, one.about)
                for rows in found.values()
                for one in rows
            ]

        return asyncio.run(asked())

    def messages(self) -> list[UUID]:
        return [one.stream for one in self.carteggio.journal.read(0, names=["message.received"])]


@pytest.fixture
def office(carteggio: Carteggio, tmp_path: Path) -> Office:
    return Office(carteggio, tmp_path / "erp")


def test_a_forms_mail_belongs_to_whom_it_is_to_be_answered_to(office):
    office.form(DeclareWebForm(WebFormDeclared(INFO)))
    office.take_in(ASKED)
    said = office.classified()
    assert (said.direction, said.automatic, said.kind) == (Direction.INBOUND, False, "web_form")
    assert said.evidence == INFO
    assert office.links() == [("web-form", "form", "ada@acme.example")]
    assert office.waiting() == 1


def test_a_form_that_is_declared_later_counts_for_earlier_mail_and_back(office):
    office.take_in(ASKED)
    assert office.classified().direction is Direction.INTERNAL
    assert office.waiting() == 0
    office.form(DeclareWebForm(WebFormDeclared(INFO)))
    assert office.classified().direction is Direction.INBOUND
    assert office.waiting() == 1
    office.form(WithdrawWebForm())
    assert office.classified().direction is Direction.INTERNAL
    assert office.waiting() == 0


SEEN = "Authentication-Results: mx.firm.example; dmarc=fail header.from=acme.example\n"
FOREIGN = "Authentication-Results: mx.evil.example; dmarc=pass header.from=acme.example\n"
PASSED_ON = letter(
    "f1@firm.example", b"Fwd: Where is it?", sender="Luca <luca@firm.example>",
    body=b"@fwd\n\n---------- Forwarded message ---------\nDa: Ada <ada@acme.example>\n"
    b"Date: Mon, 02 Feb 2026 09:00:00 +0100\nSubject: Where is it?\nTo: luca@firm.example\n\n"
    b"Where is what 2026/17 was about?\n",
)  # fmt: skip
ATTACHED = letter(
    "f2@firm.example", b"Fwd", sender="Luca <luca@firm.example>",
    more=b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n",
    body=b"--x\nContent-Type: text/plain\n\n@fwd\n\n--x\nContent-Type: message/rfc822\n\n"
    + letter("inner@acme.example", b"Price?", sender="Ada <ada@acme.example>") + b"\n--x--\n",
)  # fmt: skip


@pytest.mark.parametrize("raw", [PASSED_ON, ATTACHED])
def test_what_a_colleague_passes_on_belongs_to_who_wrote_it(office, raw):
    office.take_in(raw)
    said = office.classified()
    assert (said.direction, said.kind) == (Direction.INBOUND, "forwarded")
    assert said.evidence == "luca@firm.example"
    assert ("forwarded", "forwarded", "ada@acme.example") in office.links()
    assert office.waiting() == 1


def test_a_number_in_what_is_passed_on_is_found(office):
    office.take_in(PASSED_ON)
    assert ("document-number", "text") in {link[:2] for link in office.links()}


def test_the_answer_to_who_wrote_ends_the_waiting(office):
    office.take_in(PASSED_ON)
    answer = letter(
        "s1@firm.example", b"Re: Where is it?", sender=INFO, to="ada@acme.example",
        date="Tue, 03 Feb 2026 10:00:00 +0100",
    )  # fmt: skip
    office.take_in(answer)
    assert office.waiting() == 0


def test_an_outsider_passes_nothing_on(office):
    office.take_in(PASSED_ON.replace(b"luca@firm.example>", b"luca@evil.example>"))
    assert "forwarded" not in {link[0] for link in office.links()}
    assert office.classified().kind == ""


def test_a_forged_sender_links_nothing_by_itself_where_our_server_says_so(office):
    office.trust("mx.firm.example")
    office.take_in(letter("q@acme.example", sender="ada@acme.example", more=SEEN.encode()))
    assert office.links() == [("address-unproven", "from", "ada@acme.example")]


def test_trust_that_comes_later_counts_and_that_in_others_never(office):
    more = (FOREIGN.replace("pass", "fail") + SEEN).encode()
    office.take_in(letter("q@acme.example", sender="ada@acme.example", more=more))
    assert office.links() == [("address-exact", "from", "ada@acme.example")]
    assert office.shown() == []
    office.trust("mx.firm.example")
    assert office.links()[-1] == ("address-unproven", "from", "ada@acme.example")
    assert office.shown() == [("mx.firm.example", "dmarc", "fail", "header.from=acme.example")]
    office.trust("mx.firm.example", DistrustServer())
    assert office.links()[-1] == ("address-exact", "from", "ada@acme.example")
    assert office.shown() == []
