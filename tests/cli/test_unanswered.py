"""What waits, from the command line: lines and groups, as tables, CSV and JSON."""

import csv
from pathlib import Path

from commands import Instance
from letters import letter

INFO, GIULIA = "info@firm.example", "giulia@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "colleagues.csv": f"name,email,role\nGiulia Neri,{GIULIA},sales\n",
    "mailboxes.csv": f"address\n{INFO}\n{GIULIA}\n",
    "parties.csv": "party_id,kind,name,sales_manager\nC1,customer,Acme,Giulia Neri\n",
    "contacts.csv": "party_id,name,email\nC1,Ada,ada@acme.example\n",
}
THEN = ("--as-of", "2026-02-06T10:00")


def test_what_waits_is_listed_and_grouped_for_people_and_programs(
    fresh_instance: Instance, tmp_path: Path
):
    office = fresh_instance
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    office.done("import", "directory", tmp_path)
    for box, id, subject, sender, day in (
        (INFO, "m1", b"=SUM(A1)?", "ada@acme.example", 2),
        (GIULIA, "m2", b"When?", "bob@rossi.example", 3),
    ):
        date = f"0{day} Feb 2026 09:00:00 +0100"
        raw = letter(f"{id}@x.example", subject, sender=sender, to=box, date=date)
        (tmp_path / f"{id}.eml").write_bytes(raw)
        office.done("import", "mail", tmp_path / f"{id}.eml", "--mailbox", box)
    told = office.done("unanswered", "--group", "owner", *THEN).out
    lines = [one.split() for one in told.splitlines()]
    assert lines[0] == ["Nobody", "has", "answered,", "as", "of", "2026-02-06", "10:00"]
    assert ["nobody", "1", "2026-02-02", "09:00", "4", "d", "97", "h"] in lines
    assert ["Giulia", "Neri", "1", "2026-02-03", "09:00", "3", "d", "73", "h"] in lines
    groups = office.done("unanswered", "--group", "sales_manager", "--format", "csv", *THEN).out
    assert [(one["name"], one["waiting"]) for one in csv.DictReader(groups.splitlines())] == [
        ("Giulia Neri", "1"), ("", "1"),
    ]  # fmt: skip
    (line,) = csv.DictReader(
        office.done("unanswered", "--owner", "nobody", "--format", "csv").out.splitlines()
    )
    assert (line["subject"], line["parties"]) == ("'=SUM(A1)?", "C1 Acme")
    (own,) = office.asked("unanswered", "--owner", GIULIA, "--mailbox", GIULIA, "--order", "due")
    assert (own["subject"], own["owner"]) == ("When?", "Giulia Neri")
    assert office.asked("unanswered", "--party", "C1", "--text", "when") == []
    assert len(office.asked("unanswered", "--older-than", "80h", *THEN)) == 1
    assert office.run("unanswered", "--owner", "x@firm.example").code == 1
    cut = office.run("unanswered", "--format", "csv", "--limit", "1")
    assert len(list(csv.DictReader(cut.out.splitlines()))) == 1
    assert "The first 1 of 2; ask for more with --limit." in cut.err
    assert "The first 1 of 2" in office.done("unanswered", "--limit", "1").out
