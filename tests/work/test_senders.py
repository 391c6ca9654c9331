"""The proposed sender is who is meant, by what is known; nobody is guessed, and nobody else signs."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.work.composing import Context, Proposal, composed
from api.work.drafts import OPERATOR, Writer
from api.work.onestep import OneStep, in_one_step
from api.work.sendingside import EnteredSending, configure_sending
from api.work.templated import Wanted, proposed
from domain.choosing import TargetKind
from domain.draft import UNDECIDED, Attached
from domain.identity import colleague_id
from domain.template import Part, TemplateKind
from domain.values import ColleagueId, Rejected
from sendable import ANNA, FILES, INFO, Office
from templating import invoice, saved

SALES, LUCA = "sales@ditta.example", "luca@ditta.example"
PAPERS = (
    "doc_id,type,number,party_id,date,part_of,responsible\n"
    f"O1,sales_order,2026/118,C1,2026-01-20,,{ANNA}\n"
    "W1,work_report,W1,C1,2026-01-21,O1,\nI1,invoice,77,C2,2026-02-21,,\n"
)


@pytest.fixture
def office(sending_office: Office, tmp_path: Path) -> Office:
    """Give an office where info, sales and anna send, and one document has a responsible."""
    from api.work.directory import import_directory  # noqa: PLC0415

    folder = tmp_path / "more"
    folder.mkdir()
    for name, text in (FILES | {"documents.csv": PAPERS}).items():
        (folder / name).write_text(text)
    import_directory(sending_office.carteggio, folder)
    for address in (SALES, ANNA):
        entered = EnteredSending(address, "127.0.0.1", 587, "starttls", "none")
        configure_sending(sending_office.carteggio, entered)
    sending_office.settled()
    return sending_office


def writer(office: Office, address: str) -> Writer:
    him = colleague_id(office.carteggio.identity_key, address)
    return replace(OPERATOR, id=f"col_{him.hex}", colleague=ColleagueId(him))


def begun(office: Office, document: str, by: Writer = OPERATOR) -> Proposal:
    context = Context(document=office.document(document))
    return asyncio.run(composed(office.carteggio, by, context))


def sender(office: Office, document: str, by: Writer = OPERATOR) -> str:
    return begun(office, document, by).draft.sender


def test_it_is_the_authors_own_mailbox_else_that_of_who_is_responsible(office: Office) -> None:
    assert sender(office, "I1", writer(office, ANNA)) == ANNA
    assert sender(office, "O1", writer(office, LUCA)) == ANNA
    assert [sender(office, one) for one in ("O1", "W1")] == [ANNA, ANNA]


def test_without_anything_that_tells_none_is_proposed_and_the_choices_are_named(
    office: Office,
) -> None:
    found = begun(office, "I1")
    assert (found.draft.mailbox, found.draft.sender) == (UNDECIDED, "")
    assert found.undecided.endswith(f"(--from): {ANNA}, {INFO}, {SALES}")
    with pytest.raises(Rejected, match="name one") as refusal:
        asyncio.run(
            in_one_step(
                office.carteggio, OPERATOR, OneStep(Context(document=office.document("I1")))
            )
        )
    assert refusal.value.code == "AMBIGUOUS"


def test_it_is_the_shared_mailbox_from_which_the_party_was_last_written_to(
    office: Office,
) -> None:
    office.send(
        office.wanted(
            ("bob@rossi.example",),
            document=None,
            targets=((TargetKind.PARTY, office.party("C2")),),
            undo=timedelta(0),
        )
    )
    assert office.drain() == 1
    assert sender(office, "I1") == INFO


def test_who_did_not_write_does_not_sign(office: Office) -> None:
    signature = invoice(name="Anna", kind=TemplateKind.SIGNATURE, document_kind="", subject="", salutation=Part(""),
                        motivation=Part(""), closing=Part(""), signature=Part("Anna di persona"), attachment_name="",
                        owner=colleague_id(office.carteggio.identity_key, ANNA))  # fmt: skip
    saved(office.carteggio, signature, "s1")
    saved(office.carteggio, invoice(name="Ordine", document_kind="sales_order"), "t1")

    def written(by: Writer) -> tuple[str, str, str]:
        draft = begun(office, "O1", by).draft
        draft = replace(draft, files=(Attached("f", "scan.pdf", "application/pdf"),))
        made = asyncio.run(proposed(office.carteggio, by, draft, Wanted())).draft
        return made.sender, made.sender_name, made.text.rpartition("saluti\n\n")[2].strip()

    assert written(OPERATOR) == (ANNA, "", "Ditta SRL")
    assert written(writer(office, ANNA)) == (ANNA, "Anna Bianchi", "Anna di persona")
    assert written(writer(office, LUCA)) == (ANNA, "Luca Neri", "Luca Neri\nDitta SRL")
