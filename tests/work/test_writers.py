"""Who wrote in truth, where another address sent it: linked, waiting, and with its reason."""

from pathlib import Path

import pytest

from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain import webform
from domain.identity import web_form_id
from domain.message import Direction, MessageClassified, MessageLinked
from domain.webform import DeclareWebForm, WebFormCommand, WebFormDeclared, WithdrawWebForm
from instances import events_of
from letters import letter
from office import FILES

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
        with self.carteggio.database.connect() as connection:
            from api.work.feed import active_names  # noqa: PLC0415
            from api.work.instance import PROJECTIONS  # noqa: PLC0415

            names = active_names(connection, PROJECTIONS)
            query = names.sql("SELECT count(*) FROM {waiting} WHERE until IS NULL AND to_position IS NULL")  # fmt: skip
            return int(connection.execute(query).fetchall()[0][0])


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
