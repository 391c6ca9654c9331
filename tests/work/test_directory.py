"""Master data: only what changes is recorded, and a bad row harms no other."""

from pathlib import Path

import pytest

from api.work.directory import NoDirectory, import_directory
from api.work.instance import Carteggio
from api.work.takeover import Outcome
from instances import events_of

PARTIES = "party_id,kind,name,country,language,vat\nC1,customer,Acme,IT,it,IT1\nS2,supplier,Bolt,DE,de,\n"
CONTACTS = (
    "party_id,name,role,email\nC1,Ada,buyer,ada@acme.example\nC1,Bea,boss,bea@acme.example\n"
)
DOCUMENTS = (
    "doc_id,type,number,party_id,date,due_date,amount,currency,customer_ref\n"
    "D1,invoice,2026/17,C1,2026-03-02,,1234.50,EUR,PO-9\n"
)


def folder(path: Path, **files: str | bytes) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        octets = content if isinstance(content, bytes) else content.encode()
        suffix = ".json" if name == "company" else ".csv"
        (path / f"{name}{suffix}").write_bytes(octets)
    return path


def taken(carteggio: Carteggio, path: Path, **files: str | bytes) -> dict[str, Outcome]:
    return {one.file: one for one in import_directory(carteggio, folder(path, **files))}


def test_everything_goes_in_once(carteggio: Carteggio, tmp_path):
    files = {"parties": PARTIES, "contacts": CONTACTS, "documents": DOCUMENTS}
    first = taken(carteggio, tmp_path / "erp", **files)
    head = carteggio.journal.head()
    again = taken(carteggio, tmp_path / "erp", **files)
    assert [one.new for one in first.values()] == [2, 2, 1]
    assert [one.unchanged for one in again.values()] == [2, 2, 1]
    assert carteggio.journal.head() == head


def test_a_second_import_changes_only_what_changed(carteggio: Carteggio, tmp_path):
    taken(carteggio, tmp_path / "erp", parties=PARTIES, contacts=CONTACTS, documents=DOCUMENTS)
    now = taken(
        carteggio,
        tmp_path / "erp",
        parties=PARTIES.replace("Acme", "Acme & Sons"),
        contacts=CONTACTS.replace("C1,Bea,boss,bea@", "C1,Cy,boss,cy@"),
        documents=DOCUMENTS.replace("1234.50", "1300.00"),
    )
    parties, contacts, documents = now.values()
    assert (parties.new, parties.changed, parties.unchanged) == (0, 1, 1)
    assert (contacts.new, contacts.removed, contacts.unchanged) == (1, 1, 1)
    assert (documents.changed, documents.unchanged) == (1, 0)
    assert [one.name for one in events_of(carteggio, "party.changed")] == ["Acme & Sons"]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace("\n", "\r\n").replace(",", "\t").encode(),
    ],
)
def test_other_encodings_and_separators_are_understood(carteggio: Carteggio, tmp_path, encode):
    taken(carteggio, tmp_path / "erp", parties=encode(PARTIES.replace("Acme", "Città Özil")))
    assert events_of(carteggio, "party.registered")[0].name == "Città Özil"


def test_a_bad_row_is_told_with_its_line_and_the_others_go_in(carteggio: Carteggio, tmp_path):
    parties = PARTIES + "C3,customer\n,customer,Nobody,,,\nC1,customer,Twice,,,\nC4,x,y,,,,,9\n"
    documents = DOCUMENTS + "D2,invoice,18,C1,soon,,,,\nD3,invoice,19,C1,,,lots,,\n"
    documents += 'D4,offer,"20\n21",C1,01/04/2026,,"1.234,56",eur,\n'
    found = taken(carteggio, tmp_path / "erp", parties=parties, documents=documents)
    assert [(one.number, one.reason.split()[0]) for one in found["parties.csv"].bad] == [
        (4, "name"),
        (5, "party_id"),
        (6, "line"),
        (7, "it"),
    ]
    assert [str(one) for one in found["documents.csv"].bad] == [
        "documents.csv, line 3: date is no date; one looks like 2026-04-30",
        "documents.csv, line 4: amount is no number; one looks like 1234.56",
    ]
    last = events_of(carteggio, "document.registered")[-1].record
    assert (last.amount, last.currency, str(last.issued_on)) == ("1234.56", "EUR", "2026-04-01")


def test_contacts_need_a_party_and_a_bad_line_removes_nobody(carteggio: Carteggio, tmp_path):
    taken(carteggio, tmp_path / "erp", parties=PARTIES, contacts=CONTACTS)
    worse = CONTACTS.replace("bea@acme.example", "nowhere") + "X9,Zoe,,zoe@x.example\n"
    contacts = taken(carteggio, tmp_path / "erp", contacts=worse)["contacts.csv"]
    assert contacts.removed == 0
    assert {one.number for one in contacts.bad} == {3, 4}


def test_a_line_that_may_be_anybodys_removes_nobody(carteggio: Carteggio, tmp_path):
    taken(carteggio, tmp_path / "erp", parties=PARTIES, contacts=CONTACTS)
    for broken in ("C1,Bea, the boss,boss,bea@acme.example", ",Bea,boss,bea@acme.example"):
        torn = CONTACTS.replace("C1,Bea,boss,bea@acme.example", broken)
        contacts = taken(carteggio, tmp_path / "erp", contacts=torn)["contacts.csv"]
        assert (contacts.removed, len(contacts.bad)) == (0, 1)


def test_a_certified_address_stays_until_its_partys_row_leaves_it_out(
    carteggio: Carteggio, tmp_path
):
    parties = "party_id,kind,name,pec\nC1,customer,Acme,acme@pec.acme.example\n"
    taken(carteggio, tmp_path / "erp", parties=parties, contacts=CONTACTS)
    alone = taken(carteggio, tmp_path / "contacts", contacts=CONTACTS)["contacts.csv"]
    bad = taken(carteggio, tmp_path / "erp", parties=parties.replace("Acme", ""))["contacts.csv"]
    gone = taken(carteggio, tmp_path / "erp", parties=PARTIES)["contacts.csv"]
    assert (alone.removed, bad.removed, gone.removed) == (0, 0, 1)


def test_a_file_without_contacts_for_a_party_removes_them(carteggio: Carteggio, tmp_path):
    taken(carteggio, tmp_path / "erp", parties=PARTIES, contacts=CONTACTS)
    none = taken(carteggio, tmp_path / "erp", contacts=CONTACTS.splitlines()[0] + "\n")
    assert none["contacts.csv"].removed == 2


def test_further_columns_are_kept_and_known_ones_understood(carteggio: Carteggio, tmp_path):
    parties = (
        "party_id,kind,name,sales_manager,zone,pec,privacy_level\n"
        "C1,customer,Acme,Giulia,north,acme@pec.acme.example,2\n"
    )
    contacts = (
        "party_id,name,role,email,receives,floor\nC1,Ada,,ada@acme.example,invoice|Offer,3\n"
    )
    taken(carteggio, tmp_path / "erp", parties=parties, contacts=contacts)
    party = events_of(carteggio, "party.registered")[0]
    found = {one.address: one for one in events_of(carteggio, "party.contact_registered")}
    assert party.privacy_level == 2
    assert ("sales_manager", "Giulia") in party.attributes
    assert found["ada@acme.example"].receives == ("invoice", "offer")
    assert found["ada@acme.example"].attributes == (("floor", "3"),)
    assert found["acme@pec.acme.example"].role == "PEC"


def test_the_company_and_its_people_are_taken_over(carteggio: Carteggio, tmp_path):
    found = taken(
        carteggio,
        tmp_path / "erp",
        company='{"name": "Firm", "domains": ["Firm.example"], "aliases": {"i@f": "info@f"}}',
        colleagues="name,email,role,mailbox_collected\nGiulia,giulia@firm.example,sales,yes\n",
        mailboxes="address,folder\ninfo@firm.example,INBOX\ninfo@firm.example,Sent\n"
        "box@pec.firm.example,INBOX\n",
    )
    assert [one.new for one in found.values()] == [1, 2, 1]
    assert events_of(carteggio, "company.described")[0].domains == ("firm.example",)
    assert [one.certified for one in events_of(carteggio, "mailbox.registered")] == [False, True]


def test_a_broken_file_harms_no_other(carteggio: Carteggio, tmp_path):
    found = taken(carteggio, tmp_path / "erp", company="{", parties=PARTIES, contacts="a,b\n1,2\n")
    assert found["parties.csv"].new == 2
    assert "no JSON" in found["company.json"].bad[0].reason
    assert "'party_id' is missing" in found["contacts.csv"].bad[0].reason


@pytest.mark.parametrize(
    "said",
    [
        '{"name": "Firm", "domains": "firm.example"}',
        '{"name": "Firm", "domains": [], "distribution_lists": {"all@f": "ada@f"}}',
        '["Firm"]',
    ],
)
def test_a_company_in_another_form_is_told(carteggio: Carteggio, tmp_path, said):
    found = taken(carteggio, tmp_path / "erp", company=said)["company.json"]
    assert "it has another form" in found.bad[0].reason


def test_bad_rows_are_told_in_their_order(carteggio: Carteggio, tmp_path):
    torn = CONTACTS + "X9,Zoe,,zoe@x.example\nC1,Di,,nowhere\n"
    found = taken(carteggio, tmp_path / "erp", parties=PARTIES, contacts=torn)["contacts.csv"]
    assert [one.number for one in found.bad] == [4, 5]


def test_a_place_without_master_data_is_said(carteggio: Carteggio, tmp_path):
    with pytest.raises(NoDirectory, match="no such folder"):
        import_directory(carteggio, tmp_path / "nothing")
    with pytest.raises(NoDirectory, match="none of these files"):
        import_directory(carteggio, tmp_path)


def test_an_erased_party_does_not_come_back(carteggio: Carteggio, tmp_path):
    taken(carteggio, tmp_path / "erp", parties=PARTIES)
    stream = carteggio.journal.read(0, names=["party.registered"])[0].stream
    carteggio.keyring.destroy([stream])
    again = taken(carteggio, tmp_path / "erp", parties=PARTIES)["parties.csv"]
    assert (again.new, again.unchanged) == (0, 1)
    assert "erased" in again.bad[0].reason


def test_a_document_of_an_unknown_party_goes_in_and_is_told(carteggio: Carteggio, tmp_path):
    strange = DOCUMENTS + "D2,invoice,2026/18,C9,,,,,\nD3,invoice,2026/19,,,,,,\n"
    alone = taken(carteggio, tmp_path / "erp", documents=strange)["documents.csv"]
    with_parties = taken(carteggio, tmp_path / "erp", parties=PARTIES)["documents.csv"]
    later = taken(carteggio, tmp_path / "later", documents=strange)["documents.csv"]
    assert (alone.new, alone.bad) == (3, [])
    assert [one.number for one in alone.odd] == [2, 3]
    assert [one.number for one in with_parties.odd] == [3]
    assert [str(one) for one in later.odd] == [
        "documents.csv, line 3: its party is not known; until it is, no mail is linked to it"
    ]
