"""Merged parties from the command line: exports and histories, and as they were after all."""

import pytest

from commands import Instance
from letters import letter, mbox

BOX = "info@firm.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "parties.csv": "party_id,kind,name\nC1,customer,Acme\nC2,lead,Acme Ltd\n",
    "contacts.csv": "party_id,email\nC1,ada@acme.example\nC2,bob@acme.example\n"
    "C1,both@acme.example\nC2,both@acme.example\n",
    "documents.csv": "doc_id,type,number,party_id,date\nD1,offer,AG-2026-7,C2,2026-01-20\n",
}
MAIL = [
    letter("a1@acme.example", b"One", sender="ada@acme.example"),
    letter("b1@acme.example", b"Two", sender="bob@acme.example"),
    letter("x1@acme.example", b"About AG-2026-7", sender="both@acme.example"),
]


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder = tmp_path_factory.mktemp("office")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    instance.done("import", "directory", folder)
    instance.done("import", "mail", mbox(folder / "info.mbox", MAIL), "--mailbox", BOX)
    return instance


def exported(office: Instance, *more: str) -> str:
    return office.done("export", "messages", *more).out


def test_a_merge_joins_what_is_exported_and_its_undoing_parts_it_again(office: Instance):
    before, own = exported(office), exported(office, "--party", "C2")
    told = office.done("parties", "merge", "C2", "Acme", "--note", "won").out
    assert "C2 Acme Ltd counts as C1 Acme" in told
    joined = exported(office)
    assert joined != before
    assert exported(office, "--party", "C2") == exported(office, "--party", "C1")
    subjects = {one["subject"] for one in office.asked("history", "C1")}
    assert subjects == {"One", "Two", "About AG-2026-7"}
    assert "merged into C1 Acme" in office.done("history", "C2").out
    (line,) = office.asked("parties", "merged")
    assert (line["party"], line["into"], line["note"]) == ("C2 Acme Ltd", "C1 Acme", "won")

    assert "stands by itself again" in office.done("parties", "unmerge", "C2").out
    assert office.asked("parties", "merged") == []
    assert exported(office) == before
    assert exported(office, "--party", "C2") == own
    again = office.run("parties", "unmerge", "C2")
    assert (again.code, "merged into no other party" in again.err) == (1, True)
