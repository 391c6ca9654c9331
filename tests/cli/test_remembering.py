"""Remembered choices from the command line: said, listed with what rests on them, and forgotten."""

import pytest

from commands import Instance
from letters import letter, mbox

BOX, SHARED = "info@firm.example", "studio@conti.example"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "parties.csv": "party_id,kind,name\nC1,customer,Acme\nC2,customer,Rossi\n",
    "contacts.csv": f"party_id,email\nC1,{SHARED}\nC2,{SHARED}\n",
}
MAIL = [
    letter("1@conti.example", b"One", sender=SHARED),
    letter("2@conti.example", b"Cantiere Nord", sender=SHARED),
]


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder = tmp_path_factory.mktemp("office")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    instance.done("import", "directory", folder)
    instance.done("import", "mail", mbox(folder / "info.mbox", MAIL), "--mailbox", BOX)
    return instance


def parties(office: Instance) -> list[list[str]]:
    found = office.done("export", "messages").facts
    return [one["parties"] for one in sorted(found, key=lambda one: str(one["message_id"]))]


def test_a_choice_is_remembered_listed_and_forgotten_in_its_context(office: Instance):
    assert parties(office) == [[], []]
    told = office.done("choices", "remember", SHARED.upper(), "C1").out
    assert f"Mail with {SHARED} belongs to C1 Acme." in told
    office.done("choices", "remember", SHARED, "Rossi", "--words", "nord", "--mailbox", BOX)
    assert parties(office) == [["C1"], ["C2"]]
    listed = [
        (one["party"], one["mailbox"], one["words"], one["messages"])
        for one in office.asked("choices", "list")
    ]
    assert listed == [("C2 Rossi", BOX, "nord", 1), ("C1 Acme", None, "", 1)]
    office.done("choices", "forget", SHARED, "--words", "Nord", "--mailbox", BOX)
    assert parties(office) == [["C1"], ["C1"]]
    office.done("choices", "forget", SHARED)
    assert (parties(office), office.asked("choices", "list")) == ([[], []], [])
    again = office.run("choices", "forget", SHARED)
    assert (again.code, "nothing is remembered there" in again.err) == (1, True)
