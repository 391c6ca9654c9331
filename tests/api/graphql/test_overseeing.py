"""Managers oversee a team: they see its mail in lists and content, and each sees who read what."""

from pathlib import Path
from typing import Any

from api.work.tokens import issue
from assigned import DORA, GIULIA, PAOLO, Office
from domain.access import Scope
from letters import letter, mbox
from serving import Api

OVERSEE = """mutation($input: TeamOverseeInput!) { teamOversee(input: $input) { mailboxIds position
  userErrors { code } } }"""
SEEN = "{ messages(first: 10) { totalCount { value } edges { node { id subject body } } } }"
TRAIL = """query($id: ID!) { auditLog(filter: {subjectId: $id, events: ["reading.recorded"]}) {
  edges { node { summary actor { id } } } } }"""


def test_a_manager_sees_the_mail_of_his_team_and_each_sees_that_he_read_it(
    api: Api, tmp_path: Path
):
    office = Office(api.carteggio, tmp_path / "erp")
    api.imported(mbox(tmp_path / "g.mbox", [letter("1@acme.example", b"For Giulia")]), GIULIA)
    dora, giulia = (f"col_{office.who(one).hex}" for one in (DORA, GIULIA))

    def oversee(command: str, role: str | None) -> Any:
        given = {"commandId": command, "userId": dora, "role": role,
                 "ofIds": [giulia, f"col_{office.who(PAOLO).hex}", dora]}  # fmt: skip
        return api.ask(OVERSEE, input=given)["teamOversee"]

    scopes = [Scope.READ_MAIL, Scope.READ_AUDIT, Scope.CLOSE_MAIL]
    token = str(issue(api.carteggio, "dora", scopes, (), None, office.who(DORA)))
    api.caught_up()
    assert api.ask(SEEN, token)["messages"]["totalCount"]["value"] == 0
    done = oversee("t-1", "OBSERVER")
    assert done["mailboxIds"] == [f"mbx_{office.box(GIULIA).hex}"]
    assert oversee("t-2", "READER")["userErrors"] == [{"code": "INVALID"}]
    (edge,) = api.ask(SEEN, token)["messages"]["edges"]
    assert (edge["node"]["subject"], bool(edge["node"]["body"])) == ("For Giulia", True)
    api.caught_up()
    for about in (edge["node"]["id"], dora):
        (read,) = api.ask(TRAIL, token, id=about)["auditLog"]["edges"]
        assert read["node"]["actor"]["id"] == dora
    assert oversee("t-3", None)["position"] is not None
    assert api.ask(SEEN, token)["messages"]["totalCount"]["value"] == 0
