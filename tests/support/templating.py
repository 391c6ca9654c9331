"""Templates for tests, and an ERP's folder with people to greet."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.identity import colleague_id, contact_id, document_id, party_id
from domain.template import AUTO, Part, TemplateKind, TemplateSaved
from domain.values import ColleagueId, TemplateId

if TYPE_CHECKING:
    from api.work.instance import Carteggio

ERP = {
    "company.json": '{"name": "Ditta SRL", "domains": ["ditta.example"]}',
    "colleagues.csv": "name,email,role,mailbox_collected,phone\n"
    "Anna Bianchi,anna@ditta.example,Vendite,no,+39 0471 1\nUgo Neri,ugo@ditta.example,Magazzino,no,\n",
    "parties.csv": "party_id,kind,name,language,country,privacy_level\n"
    "C1,customer,Rossi & Figli S.r.l.,it,IT,0\nC2,customer,Muster AG,de,CH,1\n",
    "contacts.csv": "party_id,name,role,email,title,gender,language\n"
    "C1,Maria Rossi,acquisti,maria@rossi.example,Dott.ssa,,\n"
    "C1,Rossi & Figli S.r.l.,PEC,rossi@pec.example,,,\n"
    "C2,Max Muster,Einkauf,max@muster.example,,Herr,de-CH\n",
    "documents.csv": "doc_id,type,number,party_id,date,due_date,amount,currency,customer_ref\n"
    "D1,invoice,FT 118/2026,C1,2026-02-20,2026-03-22,2710.40,EUR,OD-5\n"
    "D2,offer,AN-7,C2,2026-02-25,,1200.00,CHF,\n",
}  # fmt: skip


def invoice(**given: Any) -> TemplateSaved:
    """Give a template for invoices with other fields."""
    fields: dict[str, Any] = {
        "version": 1, "kind": TemplateKind.DOCUMENT, "document_kind": "invoice", "language": "it",
        "company": "", "owner": None, "roles": (), "name": "Fattura",
        "subject": "Fattura {{ document.number }} del {{ document.issued_on }}",
        "salutation": Part(AUTO),
        "motivation": Part("in allegato trova {{ attachment.name }} di {{ document.amount }}."),
        "closing": Part("Cordiali saluti"), "signature": Part(AUTO),
        "attachment_name": "{kind} {number}",
    }  # fmt: skip
    return TemplateSaved(**{**fields, **given})


def erp(carteggio: "Carteggio", folder: Path) -> None:
    """Take in the folder."""
    from api.work.directory import import_directory  # noqa: PLC0415

    folder.mkdir()
    for name, text in ERP.items():
        (folder / name).write_text(text, encoding="utf-8")
    import_directory(carteggio, folder)
    carteggio.feed.catch_up(carteggio.journal.head())


def saved(carteggio: "Carteggio", template: TemplateSaved, command: str) -> TemplateId:
    """Save a template as the command of that name does, and let it be seen."""
    from api.work.templates import new_template, save  # noqa: PLC0415
    from events import envelope  # noqa: PLC0415

    id = new_template(carteggio, command)
    save(carteggio, id, template, envelope())
    carteggio.feed.catch_up(carteggio.journal.head())
    return id


def document(code: str) -> UUID:
    return document_id("main", "erp", code)


def party(code: str) -> UUID:
    return party_id("main", "erp", code)


def contact(carteggio: "Carteggio", code: str, address: str) -> UUID:
    return contact_id(carteggio.identity_key, party_id("main", "erp", code), address)


def colleague(carteggio: "Carteggio", address: str) -> ColleagueId:
    return colleague_id(carteggio.identity_key, address)
