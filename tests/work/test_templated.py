"""A mail in one step is written by the template for its document, in the party's language."""

import asyncio
from dataclasses import replace

import pytest

from api.work.composing import Context, composed
from api.work.drafts import Writer
from api.work.making import made
from api.work.onestep import OneStep, in_one_step
from api.work.templated import Wanted, proposed
from api.work.templatesamples import samples
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


def test_what_is_missing_is_a_gap_in_a_proposal_and_named_and_the_rest_is_there(
    sending_office: Office,
) -> None:
    office = sending_office
    template = invoice(name="Ordine", document_kind="sales_order", subject="Ordine {{ document.number }}",
                       motivation=Part("in allegato {{ attachments }}."))  # fmt: skip
    saved(office.carteggio, template, "t1")
    begun = asyncio.run(
        composed(office.carteggio, PROGRAM, Context(document=office.document("O1")))
    )
    found = asyncio.run(proposed(office.carteggio, PROGRAM, begun.draft, Wanted()))
    assert found.gaps.startswith("values are missing: attachments (motivation); attach the file")
    assert found.draft.subject == "Ordine 2026/118"
    assert "in allegato {{ attachments }}.\n\nCordiali saluti" in found.draft.text
    draft = replace(found.draft, files=(FILE,))
    with pytest.raises(Rejected, match="attachments }} was not filled in"):
        office.send(asyncio.run(made(office.carteggio, draft, given={"f": b"%PDF"})))
    named = Wanted(file_names=("scan0001.pdf",))
    whole = asyncio.run(proposed(office.carteggio, PROGRAM, begun.draft, named))
    (name,) = whole.file_names
    assert (whole.gaps, f"in allegato {name}." in whole.draft.text) == ("", True)


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (["sales_order", "purchase_order", "invoice"], "sales_order"), (["order"], "order"),
        (["Auftrag", "order"], "order_confirmation"), (["order", "order_confirmation"], "order_confirmation"),
        (["purchase_order"], "order_confirmation"), ([], "order_confirmation"),
    ],
)  # fmt: skip
def test_a_sample_is_for_the_companys_own_word_where_one_is_meant(
    kinds: list[str], kind: str
) -> None:
    confirmation = next(one for one in samples(kinds) if one.name == "order_confirmation.it.toml")
    assert confirmation.kind == kind
    assert f'document_kind = "{kind}"' in confirmation.text
