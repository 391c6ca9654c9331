"""Addresses that nobody knows, and contacts that people add, from the command line."""

from pathlib import Path

from commands import Instance
from letters import letter, mbox

BOX, EVE = "info@firm.example", "eve@nowhere.example"


def test_an_address_that_nobody_knows_is_given_to_a_party_and_taken_back(
    fresh_instance: Instance, tmp_path: Path
):
    erp = tmp_path / "erp"
    erp.mkdir()
    (erp / "company.json").write_text('{"name": "Firm", "domains": ["firm.example"]}')
    (erp / "parties.csv").write_text("party_id,kind,name\nC1,customer,Acme\n")
    fresh_instance.done("import", "directory", erp)
    mail = [letter(f"{n}@nowhere.example", sender=f"Eve <{EVE}>", to=BOX) for n in range(2)]
    fresh_instance.done("import", "mail", mbox(tmp_path / "info.mbox", mail), "--mailbox", BOX)
    (found,) = fresh_instance.asked("unmatched", "--addresses")
    assert (found["address"], found["name"], found["messages"]) == (EVE, "Eve", 2)

    told = fresh_instance.done("contact", "add", EVE, "--party", "C1", "--name", "Eve").out
    assert f"{EVE} is a contact of C1 Acme; messages linked by it: 2" in told
    assert len(fresh_instance.asked("history", "C1")) == 2
    again = fresh_instance.done("contact", "add", EVE, "--party", "C1").out
    assert "is a contact of C1 Acme already" in again
    fresh_instance.done("contact", "remove", EVE, "--party", "C1")
    told = fresh_instance.done("contact", "add", EVE, "--new", "Nowhere").out
    assert "Nowhere, a new lead; messages linked by it: 2" in told
    assert fresh_instance.asked("unmatched", "--addresses") == []
    both = fresh_instance.run("contact", "add", EVE)
    assert (both.code, "either --party, or --new" in both.err) == (2, True)
