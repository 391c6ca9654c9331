"""Templates with the records of an ERP: chosen, written, and sent as they were shown."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapters.building.builder import build, preview
from api.work.templates import (
    Attached,
    Occasion,
    attachment_names_of,
    chosen,
    refuse_taken,
    rendered,
    retire,
    save,
)
from composed import as_others_read, bodies, composed
from domain.composing import Sender
from domain.template import Part, TemplateKind
from domain.values import Rejected
from events import envelope
from projections.reader import EVERYTHING, Reader
from projections.templates import Use
from templating import colleague, contact, document, erp, invoice, party, saved

if TYPE_CHECKING:
    from api.work.instance import Carteggio

ANNA = Sender("info@ditta.example", "Anna Bianchi", "Ditta SRL")
FILES = (Attached("spool.pdf", "application/pdf"),)
MARIA, MAX = "maria@rossi.example", "max@muster.example"


@pytest.fixture
def house(carteggio: "Carteggio", tmp_path: Path) -> "Carteggio":
    erp(carteggio, tmp_path / "erp")
    return carteggio


MAIL = Occasion(document("D1"), to=[MARIA], sender=ANNA, files=FILES)


def mail(**given: Any) -> Occasion:
    return replace(MAIL, **given)


async def test_a_mail_is_written_from_the_document_its_party_and_the_contact(
    house: "Carteggio",
) -> None:
    id = saved(house, invoice(), "t-1")
    found = await rendered(house, id, MAIL)
    assert found.subject == "Fattura FT 118/2026 del 20 febbraio 2026"
    assert found.text == (
        "Gentile Dott.ssa Rossi,\n\nin allegato trova Fattura FT 118-2026.pdf di 2.710,40\xa0€.\n\n"
        "Cordiali saluti\n\nAnna Bianchi\nDitta SRL\n"
    )
    assert (found.file_name, found.version, found.template) == ("Fattura FT 118-2026.pdf", 1, id)
    named = await rendered(house, id, mail(to=[], contact=contact(house, "C1", MARIA)))
    assert named.text == found.text


async def test_what_is_shown_is_what_is_sent(house: "Carteggio") -> None:
    rich = Part("<p>Saluti da <b>{{ sender.name }}</b></p>\n\n<p>&amp; {{ values.x }}</p>", True)
    id = saved(house, invoice(closing=rich), "t-1")
    found = await rendered(house, id, mail(values={"x": "<b>"}))
    made = composed(
        subject=found.subject, text=found.text, html=found.html, language=found.language
    )
    shown, sent = preview(made), bodies(as_others_read(build(made, {}).raw))
    assert sent == (shown.text, shown.html)
    assert shown.text == found.text
    assert f"<body>\n{found.html}\n</body>" in shown.html


async def test_what_is_missing_blocks_and_is_seen_where_it_is_missing(house: "Carteggio") -> None:
    id = saved(house, invoice(closing=Part("{{ values.iban }}")), "t-1")
    asked = mail(files=())
    with pytest.raises(Rejected, match=r"attachment\.name \(motivation\), values\.iban \(closing"):
        await rendered(house, id, asked)
    seen = await rendered(house, id, asked, incomplete=True)
    assert seen.missing == ("attachment.name", "values.iban")
    assert seen.parts["closing"].source == "{{ values.iban }}"


async def test_every_version_is_written_as_it_was_for_ever(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    before = await rendered(house, id, MAIL)
    saved(house, invoice(closing=Part("Ciao"), name="Altro"), "t-1")
    now = await rendered(house, id, MAIL)
    assert (now.version, now.closing.source) == (2, "Ciao")
    retire(house, id, envelope())
    house.feed.catch_up(house.journal.head())
    assert await rendered(house, id, MAIL, version=1) == before
    with pytest.raises(Rejected, match="no such version"):
        await rendered(house, id, MAIL, version=3)


async def test_what_a_person_changes_in_a_mail_changes_no_template(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    mine = await rendered(house, id, MAIL, replaced={"closing": "A presto"})
    assert "A presto" in mine.text
    assert "Cordiali saluti" in (await rendered(house, id, MAIL)).text


async def test_several_recipients_and_strangers_are_greeted_neutrally(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    for to in ([MARIA, MAX], ["who@rossi.example"], [], ["rossi@pec.example"]):
        found = await rendered(house, id, mail(to=to))
        assert found.salutation.source == "Gentili Signore e Signori,"


async def test_nothing_of_another_party_comes_in(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    refused: tuple[dict[str, Any], ...] = (
        {"party": party("C2")},
        {"contact": contact(house, "C2", MAX)},
        {"document": document("D9")},
        {"contact": contact(house, "C1", "x@y.example")},
    )
    for given in refused:
        with pytest.raises(Rejected, match=r"another party|no such"):
            await rendered(house, id, mail(**given))
    stranger = await rendered(house, id, mail(to=[MAX]))
    assert stranger.salutation.source == "Gentili Signore e Signori,"


async def test_who_may_not_see_a_party_is_not_told_of_it_by_a_template(house: "Carteggio") -> None:
    id = saved(house, invoice(language="", motivation=Part("{{ party.name }}")), "t-1")
    offer = mail(to=[MAX], document=document("D2"))
    assert (await rendered(house, id, offer)).salutation.source == "Guten Tag Herr Muster"
    for given in (offer, Occasion(party=party("C2"))):
        with pytest.raises(Rejected) as refusal:
            await rendered(house, id, given, reader=Reader(None, clearance=0))
        assert refusal.value.code == "NOT_FOUND"


async def test_a_template_without_a_language_speaks_the_recipients(house: "Carteggio") -> None:
    plain = invoice(language="", subject="{{ document.kind_name }} {{ document.amount }}")
    id = saved(house, plain, "t-1")
    found = await rendered(house, id, mail(to=[MAX], document=document("D2")))
    assert found.language == "de-CH"
    assert found.subject == "Angebot CHF\xa01'200.00"


async def test_a_document_is_named_the_same_wherever_it_is_asked(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    mail = await rendered(house, id, MAIL)
    assert await attachment_names_of(house, document("D1"), FILES) == mail.file_names
    usual = await attachment_names_of(house, document("D2"), FILES)
    assert usual == ("Angebot_AN-7_Muster AG_2026-02-25.pdf",)


async def test_a_signature_is_the_senders_own_before_the_companys(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    anna = colleague(house, "anna@ditta.example")
    for command, owner, words in (
        ("s-1", None, "{{ company.name }} – Bolzano"),
        ("s-2", anna, "{{ sender.name }}, {{ sender.role }}, {{ sender.attributes.phone }}"),
    ):
        one = replace(
            invoice(kind=TemplateKind.SIGNATURE, signature=Part(words), document_kind=""),
            owner=owner, name=f"Firma {command}",
        )  # fmt: skip
        saved(house, one, command)
    common = await rendered(house, id, MAIL)
    assert common.signature.source == "Ditta SRL – Bolzano"
    own = await rendered(house, id, mail(colleague=anna))
    assert own.signature.source == "Anna Bianchi, Vendite, +39 0471 1"


async def test_the_nearest_template_is_chosen(house: "Carteggio") -> None:
    wanted: dict[str, dict[str, Any]] = {
        "it": {}, "de": {"language": "de"}, "ch": {"language": "de-CH"},
        "any": {"document_kind": ""}, "en": {"language": "en"},
        "mine": {"company": "02"}, "reply": {"kind": TemplateKind.REPLY},
    }  # fmt: skip
    ids = {at: saved(house, invoice(name=at, **more), at) for at, more in wanted.items()}
    asked = (
        (("invoice", "it"), "it"), (("offer", "it"), "any"), (("invoice", "de-CH"), "ch"),
        (("invoice", "de-AT"), "de"), (("invoice", "pl"), "en"), (("invoice", "it", "02"), "mine"),
        (("invoice", "it", "03"), "it"),
    )  # fmt: skip
    for given, which in asked:
        assert (await chosen(house, *given), which) == (ids[which], which)
    assert await chosen(house, "invoice", "it", of=TemplateKind.REPLY) == ids["reply"]
    assert await chosen(house, "offer", "de") is None
    retire(house, ids["it"], envelope())
    house.feed.catch_up(house.journal.head())
    assert await chosen(house, "invoice", "it") == ids["any"]


async def test_a_colleagues_or_a_groups_template_is_not_for_others(house: "Carteggio") -> None:
    anna = colleague(house, "anna@ditta.example")
    own = saved(house, invoice(owner=anna, name="mine"), "own")
    sales = saved(house, invoice(roles=("Vendite",), name="group"), "group")
    for use, found in (
        (Use(anna, "vendite"), own), (Use(colleague(house, "ugo@ditta.example"), "Vendite"), sales),
        (Use(colleague(house, "ugo@ditta.example"), "Magazzino"), None),
    ):  # fmt: skip
        assert await chosen(house, "invoice", "it", use=use) == found
    with pytest.raises(Rejected, match="no such template"):
        await rendered(house, own, MAIL, use=Use(colleague(house, "ugo@ditta.example"), ""))


async def test_a_fault_is_told_when_saving_and_a_name_is_taken_once(house: "Carteggio") -> None:
    id = saved(house, invoice(), "t-1")
    with pytest.raises(Rejected, match="closing, line 2: there is no value x"):
        save(house, id, invoice(closing=Part("a\n{{ x }}")), envelope())
    async with house.reading() as asked:
        await refuse_taken((*asked, EVERYTHING), id, invoice())
        with pytest.raises(Rejected, match="already"):
            await refuse_taken((*asked, EVERYTHING), document("D1"), invoice(name="FATTURA"))
