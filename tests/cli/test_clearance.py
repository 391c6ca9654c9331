"""Who is cleared for confidential parties, as an operator says it at the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outgoing import office_of
from serving import Api, serving

if TYPE_CHECKING:
    from commands import Instance

LUCA = "luca@ditta.example"
PARTY = '{ party(by: {code: {company: "main", kind: "customer", code: "C4"}}) { name } }'
FILES = {
    "colleagues.csv": "name,email,role,mailbox_collected,privacy_level\n"
    f"Luca Neri,{LUCA},sales,no,5\n",
    "mailboxes.csv": "address\ninfo@ditta.example\n",
    "parties.csv": "party_id,kind,name,language,privacy_level\nC4,customer,Segreto,it,5\n",
}


@pytest.fixture(scope="module")
def firm(instance: "Instance", tmp_path_factory: pytest.TempPathFactory) -> "Instance":
    folder = tmp_path_factory.mktemp("erp")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    instance.done("import", "directory", folder)
    return instance


def told(firm: "Instance", *tokens: str) -> list[Any]:
    """Ask with each token for a confidential party."""

    def asked(api: Api) -> list[Any]:
        return [api.ask(PARTY, one)["party"] for one in tokens]

    with office_of(firm) as office, serving(office.carteggio) as api:
        return asked(api)


def test_a_scope_or_the_level_in_master_data_clears_and_nothing_else_does(
    firm: "Instance", tmp_path: Path
) -> None:
    said = ("--scope", "read_mail", "--scope", "read_confidential")
    clerks = {"erp": said, "shop": (), "luca": ("--user", LUCA)}
    erp, shop, luca = (
        firm.done("token", "create", name, *more).out.strip() for name, more in clerks.items()
    )
    seen = {"name": "Segreto"}
    assert told(firm, erp, shop, luca) == [seen, None, seen]
    (tmp_path / "colleagues.csv").write_text(FILES["colleagues.csv"].replace("no,5", "no,4"))
    firm.done("import", "directory", tmp_path)
    assert told(firm, luca) == [None]
    may = {one["name"]: one["scopes"] for one in firm.asked("token", "list")}
    assert (may["erp"], may["shop"]) == (["read_mail", "read_confidential"], ["read_mail"])
    assert "Segreto" in firm.done("history", "C4").out
