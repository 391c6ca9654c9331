"""Absences from the command line."""

from pathlib import Path

from assigned import DORA, FILES, GIULIA, PAOLO
from commands import Instance


def test_an_absence_is_set_listed_changed_and_cancelled(fresh_instance: Instance, tmp_path: Path):
    office = fresh_instance
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    office.done("import", "directory", tmp_path)
    days = ("--from", "2026-01-01", "--to", "2027-12-31")
    told = office.done("absence", "set", GIULIA, *days, "--substitute", PAOLO).out
    assert told.startswith(f"{GIULIA} is away from 2026-01-01 to 2027-12-31: ")
    office.done("absence", "set", PAOLO, "--from", "2026-01-01T14:00", "--substitute", DORA)
    lines = office.asked("absence", "list")
    assert [(one["who"].lower(), one["substitute"], one["there_now"]) for one in lines] == [
        (GIULIA, PAOLO, DORA), (PAOLO, DORA, DORA),
    ]  # fmt: skip
    assert (lines[0]["begins"], lines[0]["ends"]) == (
        "2025-12-31T23:00:00Z",
        "2027-12-31T23:00:00Z",
    )
    assert (lines[1]["begins"], lines[1]["ends"]) == ("2026-01-01T13:00:00Z", None)
    id = lines[0]["id"]
    again = office.done(
        "absence", "set", GIULIA, *days, "--answer", "it=Torno presto.", "--id", id
    )
    assert again.out.strip().endswith(id)
    other = office.done("absence", "set", GIULIA, "--from", "2026-05-01").out
    assert f"It overlaps with one from 2026-01-01 to 2027-12-31, which stands, too: {id}" in other
    assert [one["answers"] for one in office.asked("absence", "list", GIULIA)] == [True, False]
    office.done("absence", "cancel", id)
    assert id not in [one["id"] for one in office.asked("absence", "list", "--past")]
    trail = [one["summary"] for one in office.asked("trail", PAOLO)]
    assert "is away from 2026-01-01 14:00, a colleague stands in" in trail
    wrong = (["set", GIULIA, "--from", "soon"], ["cancel", "x"], ["set", "x", *days])
    assert [office.run("absence", *words).code for words in wrong] == [2, 1, 1]
