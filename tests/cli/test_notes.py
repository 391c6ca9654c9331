"""Notes from the command line."""

from commands import Instance
from letters import letter, mbox

BOX = "info@firm.example"


def test_a_note_is_added_listed_changed_and_withdrawn(fresh_instance: Instance, tmp_path):
    office = fresh_instance
    path = mbox(tmp_path / "info.mbox", [letter("1@acme.example", b"Ordine")])
    office.done("import", "mail", path, "--mailbox", BOX)
    told = office.done("note", "add", "<1@acme.example>", "He rang: Monday will do.").out
    assert told.startswith("Noted about message Ordine: ")
    (one,) = office.asked("note", "list", "1@acme.example")
    assert (one["text"], one["changed_at"]) == ("He rang: Monday will do.", None)
    office.done("note", "change", one["id"], "Tuesday will do.")
    (now,) = office.asked("note", "list", "1@acme.example")
    assert (now["id"], now["text"]) == (one["id"], "Tuesday will do.")
    office.done("note", "withdraw", f"nte_{one['id'].replace('-', '')}")
    assert office.asked("note", "list", "1@acme.example") == []
    trail = [entry["summary"] for entry in office.asked("trail", "1@acme.example")]
    assert [said for said in trail if "note" in said] == [
        "noted: He rang: Monday will do.", "a note was changed: Tuesday will do.",
        "a note was withdrawn",
    ]  # fmt: skip
    for words in (("add", BOX, "x"), ("withdraw", "nonsense"), ("add", "1@acme.example", " ")):
        assert office.run("note", *words).code == 1
