"""A mail in one step is written by the template for its document, in the party's language."""

import asyncio

import pytest

from api.work.composing import Context
from api.work.drafts import Writer
from api.work.making import made
from api.work.onestep import OneStep, in_one_step
from domain.draft import Attached, Draft
from domain.template import Part
from domain.values import Rejected
from projections.reader import EVERYTHING
from sendable import Office
from templating import invoice, saved

FILE = Attached("f", "scan0001.pdf", "application/pdf")
PROGRAM = Writer("tok_1", EVERYTHING, EVERYTHING)


def order(office: Office, **given: object) -> Draft:
    begun = Context(document=office.document("O1"))
    one = OneStep(begun, (FILE,), **given)  # type: ignore[arg-type]
    return asyncio.run(in_one_step(office.carteggio, PROGRAM, one))


def test_the_template_for_the_kind_writes_and_names_the_file(sending_office: Office) -> None:
    office = sending_office
    template = invoice(name="Ordine", document_kind="sales_order", motivation=Part("in allegato."), signature=Part("Ditta"),
                       subject="Ordine {{ document.number }}")  # fmt: skip
    id = saved(office.carteggio, template, "t1")
    draft = order(office)
    assert (draft.subject, draft.language) == ("Ordine 2026/118", "it")
    assert (draft.template, draft.template_version) == (id, 1)
    assert "in allegato." in draft.text
    (file,) = draft.files
    assert "2026_118" in file.name or "2026-118" in file.name
    own = order(office, subject="Altro", text="Ecco il file.")
    assert (own.subject, own.text, own.template) == ("Altro", "Ecco il file.", id)
    sent = office.send(asyncio.run(made(office.carteggio, draft, given={"f": b"%PDF"})))
    assert sent.remarks == ()


def test_a_value_that_is_missing_is_named_and_nothing_is_sent(sending_office: Office) -> None:
    office = sending_office
    template = invoice(name="Ordine", document_kind="sales_order",
                       motivation=Part("Consegna: {{ values.giorno }}"))  # fmt: skip
    saved(office.carteggio, template, "t1")
    with pytest.raises(Rejected, match="giorno"):
        order(office)
