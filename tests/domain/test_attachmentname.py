"""Attachments are named by a pattern, the same wherever it is asked; people may name them otherwise."""

from datetime import date

import pytest

from domain.attachmentname import (
    USUAL,
    Attached,
    Named,
    attachment_names,
    check_pattern,
    kind_name,
)
from domain.values import Rejected

INVOICE = Named("invoice", "FT 118/2026", "", "Città & Figli S.r.l.", "C7", date(2026, 2, 20), "")
PDF = Attached("spool-0001.PDF", "application/pdf")


def test_a_name_tells_the_recipient_what_it_is() -> None:
    (name,) = attachment_names(USUAL, INVOICE, "it", [PDF])
    assert name == "Fattura_FT 118-2026_Città & Figli S.r.l._2026-02-20.pdf"
    (name,) = attachment_names("{kind} {number}", INVOICE, "de-CH", [PDF])
    assert name == "Rechnung FT 118-2026.pdf"


def test_the_first_file_is_the_document_and_the_others_keep_their_names() -> None:
    names = attachment_names("{number}", INVOICE, "en", [PDF, Attached("plan.dwg"), PDF])
    assert names == ("FT 118-2026.pdf", "plan.dwg", "spool-0001.PDF")
    assert attachment_names("", INVOICE, "en", [PDF]) == ("spool-0001.PDF",)


def test_a_person_names_a_file_and_its_extension_stays() -> None:
    wanted = Attached(PDF.name, PDF.media_type, "Rechnung für Città")
    assert attachment_names(USUAL, INVOICE, "de", [wanted]) == ("Rechnung für Città.pdf",)
    unnamed = Attached("spool", "application/pdf", "Rechnung")
    assert attachment_names(USUAL, INVOICE, "de", [unnamed]) == ("Rechnung.pdf",)
    with pytest.raises(Rejected, match=r"has to end with \.pdf"):
        attachment_names(USUAL, INVOICE, "de", [Attached(PDF.name, "", "Rechnung.exe")])


def test_a_pattern_that_names_nothing_is_refused() -> None:
    for pattern in ("{nummer}", "{kind!r}", "{", "{kind.__class__}", "___"):
        with pytest.raises(Rejected):
            check_pattern(pattern)
    check_pattern("")
    with pytest.raises(Rejected, match="every field of the pattern is empty"):
        attachment_names("{title}", INVOICE, "it", [PDF])


def test_kinds_that_nobody_translated_are_written_readably() -> None:
    assert kind_name("SITE_VISIT", "it") == "SITE VISIT"
    assert kind_name("Delivery_Note", "xx") == "Delivery Note"
