"""An office whose documents are assigned to colleagues, and what is asked of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.identity import document_id, mailbox_id
from domain.mailbox import Role
from domain.sendingrules import SayOfColleague, SendingRule, SendingRuleSet
from domain.values import ColleagueId, DocumentId, MailboxId, Rejected

if TYPE_CHECKING:
    from api.work.instance import Carteggio

INFO = "info@firm.example"
GIULIA, PAOLO, DORA = "giulia@firm.example", "paolo@firm.example", "dora@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"],'
    ' "aliases": {"g.neri@firm.example": "giulia@firm.example"}}',
    "colleagues.csv": "name,email,role,mailbox_collected,colleague_id\n"
    "Giulia Neri,Giulia@firm.example,sales,yes,P17\nPaolo Verdi,paolo@firm.example,sales,no,P1\n"
    "Dora Rossi,dora@firm.example,Dispatcher,no,\n",
    "mailboxes.csv": f"address\n{INFO}\ngiulia@firm.example\n",
    "parties.csv": "party_id,kind,name\nC1,customer,Acme\n",
    "documents.csv": "doc_id,type,number,party_id,part_of,responsible\n"
    "O1,order,1,C1,,P17\nO2,order,2,C1,,g.neri@firm.example\nO3,order,3,C1,,\n"
    "W1,work_report,W1,C1,O1,P1\nW3,work_report,W3,C1,O3,\nX1,invoice,X1,C1,,Giulia <GIULIA@firm.example>\n",
}


class Office:
    """An office, and what is asked of it."""

    def __init__(self, carteggio: "Carteggio", folder: Path) -> None:
        from api.work.directory import import_directory  # noqa: PLC0415

        self.carteggio = carteggio
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        assert not any(one.bad for one in import_directory(carteggio, folder))
        for who in (GIULIA, PAOLO, DORA):
            self.share(who, Role.MEMBER)

    def box(self, address: str = INFO) -> MailboxId:
        return mailbox_id(self.carteggio.identity_key, address)

    def who(self, address: str) -> ColleagueId:
        from api.work.sharing import colleague_at  # noqa: PLC0415

        return colleague_at(self.carteggio, address)

    def document(self, erp_id: str) -> DocumentId:
        return document_id("main", "erp", erp_id)

    def share(self, who: str, role: Role) -> None:
        from api.work.sharing import share  # noqa: PLC0415
        from api.work.tokens import by_operator  # noqa: PLC0415

        share(self.carteggio, self.box(), self.who(who), role, by_operator())

    def of_company(self, said: Any) -> None:
        from api.work.permission import say_of_company  # noqa: PLC0415
        from api.work.tokens import by_operator  # noqa: PLC0415

        assert say_of_company(self.carteggio, said, by_operator())

    def of(self, address: str, said: Any) -> None:
        from api.work.permission import say_of_colleague  # noqa: PLC0415
        from api.work.tokens import by_operator  # noqa: PLC0415

        command = SayOfColleague(said)
        assert say_of_colleague(self.carteggio, self.who(address), command, by_operator())

    def strict(self) -> None:
        self.of_company(SendingRuleSet(SendingRule.STRICT))

    def asks(self, who: str | None, document: str | None = None, box: str = INFO) -> str:
        """Say why somebody may send, or the code by which he is refused."""
        from api.work.permission import refuse_unpermitted  # noqa: PLC0415

        self.carteggio.feed.catch_up()
        try:
            return refuse_unpermitted(
                self.carteggio,
                colleague=self.who(who) if who else None,
                mailbox=self.box(box),
                documents=[self.document(document)] if document else (),
            ).because.value
        except Rejected as refusal:
            return refusal.code
