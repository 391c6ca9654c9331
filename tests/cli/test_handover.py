"""Handing over from the command line: by name, by what waits, from a file; shown before, undone after."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from commands import Instance
from letters import letter

INFO, ANNA, DORA = "info@firm.example", "anna@firm.example", "dora@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "colleagues.csv": f"name,email,role\nAnna Rossi,{ANNA},sales\nDora Conti,{DORA},sales\n",
    "mailboxes.csv": f"address\n{INFO}\n{ANNA}\n",
}


def owners(office: Instance, *options: str) -> dict[str, str]:
    lines = office.asked("unanswered", *options)
    return {one["message_id"].partition("@")[0]: one["owner"] for one in lines}


def test_conversations_are_handed_over_snoozed_and_taken_back(
    fresh_instance: Instance, tmp_path: Path
) -> None:
    office = fresh_instance
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    office.done("import", "directory", tmp_path)
    for box, id in ((INFO, "m1"), (INFO, "m2"), (ANNA, "m3")):
        raw = letter(f"{id}@x.example", b"When?", sender=f"{id}@acme.example", to=box)
        (tmp_path / f"{id}.eml").write_bytes(raw)
        office.done("import", "mail", tmp_path / f"{id}.eml", "--mailbox", box)
    before = {"m1": "", "m2": "", "m3": "Anna Rossi"}
    assert owners(office) == before
    shown = office.done("handover", "to", DORA, "--owner", ANNA, "--dry-run").out
    assert "m3@acme.example" in shown
    assert owners(office) == before

    told = office.done("handover", "to", DORA, "--owner", ANNA, "--note", "Fino al 24.").out
    assert owners(office) == before | {"m3": "Dora Conti"}
    office.done("handover", "undo", told.split()[-1])
    assert owners(office) == before

    (tmp_path / "some.txt").write_text(
        "m1@x.example\n# not this\nnobody@x.example\nm2@x.example\n"
    )
    some = office.run("handover", "take", ANNA, "--from-file", str(tmp_path / "some.txt"))
    assert (some.code, "nobody@x.example" in some.err) == (1, True)
    assert owners(office, "--state", "in_hand") == {"m1": "Anna Rossi", "m2": "Anna Rossi"}
    office.done(
        "handover",
        "snooze",
        "m1@x.example",
        "--until",
        f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%dT09:00}",
        "--reason",
        "x",
    )
    assert office.run("handover", "snooze", "m1@x.example", "--until", "2001-01-01").code == 1
    assert set(owners(office)) == {"m2", "m3"}
    office.done("handover", "continue", "--mailbox", INFO)
    assert set(owners(office)) == {"m1", "m2", "m3"}
    office.done("handover", "pause", "We wait.", "m1@x.example")
    assert set(owners(office, "--state", "paused")) == {"m1"}
    office.done("handover", "back", "m2@x.example")
    assert owners(office)["m2"] == ""
    assert office.run("handover", "back").code == 1


def test_who_has_what_waits_is_reminded_and_it_is_closed_with_a_reason_and_reopened(
    own_instance: Instance, tmp_path: Path
) -> None:
    office = own_instance
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    office.done("import", "directory", tmp_path)
    place = tmp_path / "mail"
    place.mkdir()
    for id in ("m1", "m2"):
        raw = letter(f"{id}@x.example", b"When?", sender=f"{id}@acme.example", to=ANNA)
        (place / f"{id}.eml").write_bytes(raw)
    office.done("import", "mail", place, "--mailbox", ANNA)
    told = office.done("remind", "--owner", ANNA, "--note", "Prima di sera.").out
    assert told.splitlines() == [
        "Reminded: Anna Rossi",
        "2 conversations, a mail to each of 1 colleagues.",
    ]
    again = office.run("remind", "m1@x.example")
    assert (again.code, "already" in again.err) == (1, True)
    done = office.done("close", "answered_by_phone", "m1@x.example", "--note", "Viene giovedì.")
    assert set(owners(office)) == {"m2"}
    office.done("reopen", "--order", done.out.split()[-1])
    assert set(owners(office)) == {"m1", "m2"}
