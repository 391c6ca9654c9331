"""Addresses of records in the ERP: patterns by kinds, checked before anything starts."""

from pathlib import Path

import pytest

from adapters.entityurls import document_url, party_url
from adapters.home import Home
from adapters.settings import BadSettings, Settings, load_settings

PATTERNS = {
    "party": "https://erp.example/clients/{code}",
    "order": "https://erp.example/orders/{number}?id={external_id}",
    "document": "erp:show/{kind}/{external_id}",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CARTEGGIO_{name.upper()}", raising=False)
    home = Home(tmp_path / "instance")
    home.create()
    return home


def refusal(home: Home, pattern: str, kind: str = "order") -> str:
    home.settings_file.write_text(f"[entity_urls]\n{kind} = '{pattern}'\n")
    with pytest.raises(BadSettings) as trouble:
        load_settings(home)
    return str(trouble.value)


def test_a_kind_of_its_own_goes_before_what_holds_for_all():
    assert party_url(PATTERNS, "customer", "C 1/2") == "https://erp.example/clients/C%201%2F2"
    assert document_url(PATTERNS, "Order", "2026/17", "O&1") == (
        "https://erp.example/orders/2026%2F17?id=O%261"
    )
    assert document_url(PATTERNS, "sales order", "1", "ò") == "erp:show/sales%20order/%C3%B2"
    assert party_url({"customer": "https://a.example/{external_id}"}, "lead", "L1") is None


def test_what_a_record_lacks_is_never_filled_in_nor_a_step_up():
    assert document_url(PATTERNS, "order", "", "O1") == "erp:show/order/O1"
    assert document_url({"order": PATTERNS["order"]}, "order", "", "O1") is None
    assert party_url(PATTERNS, "customer", "..") is None
    assert party_url({"customer": "https://e.example/{number}"}, "customer", "C1") is None
    assert party_url({"document": "https://e.example/{kind}"}, "document", "C1") is None


def test_patterns_come_from_the_file_or_the_environment(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    home.settings_file.write_text('[entity_urls]\nParty = "https://erp.example/{code}"\n')
    assert load_settings(home).entity_urls == {"party": "https://erp.example/{code}"}
    monkeypatch.setenv("CARTEGGIO_ENTITY_URLS", '{"offer": "crm://offers?n={number}"}')
    assert load_settings(home).entity_urls == {"offer": "crm://offers?n={number}"}
    monkeypatch.setenv("CARTEGGIO_ENTITY_URLS", "https://erp.example/{code}")
    with pytest.raises(BadSettings, match="entity_urls: is no table of addresses by kinds"):
        load_settings(home)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("https://erp.example/{numbr}", "order: {numbr} stands for nothing there; {code}, {num"),
        ("https://erp.example/{number!r}", "{number!r} stands for nothing there"),
        ("https://erp.example/orders", "it needs a placeholder"),
        ("https://erp.example/{number}}", "it needs a placeholder"),
        ("https://erp.example/{code}/{number}", "nothing has both"),
        ("https://erp.example/a b/{number}", "neither spaces"),
        ("JavaScript:alert({number})", "it has to begin with https://"),
        ("{kind}://erp.example", "it has to begin with https://"),
        ("/orders/{number}", "it has to begin with https://"),
        ("https://{number}.example/", "its server has to be written out"),
        ("https:erp.example/{number}", "its server has to be written out"),
    ],
)
def test_a_wrong_pattern_is_refused_in_a_sentence(home: Home, pattern: str, sentence: str):
    assert sentence in refusal(home, pattern)


def test_a_party_has_no_number_and_a_document_no_code(home: Home):
    assert "{number} stands for nothing" in refusal(home, "https://e.example/{number}", "party")
    assert "{code} stands for nothing" in refusal(home, "https://e.example/{code}", "document")
