"""What rules did with a message, over the API: told to who sees the mailbox as whose mail it was."""

from pathlib import Path

from api.ids import Kind, shown
from domain.access import Scope
from ruled import INFO, ORDERS, Firm
from serving import Api

RUNS = """query($id: ID!) { message(id: $id) { ruleRuns { ruleName version depth explanation commandId
  actions { kind isDone why sentence user { email } drawnBy candidates { email } } } } }"""


def test_a_message_tells_which_rule_held_why_and_whom_it_drew_among_whom(api: Api, tmp_path: Path):
    firm = Firm(api.carteggio, tmp_path)
    firm.group("Sales", "anna", "bert")
    firm.away("bert")
    firm.rule({"kind": "assign_group", "group": "Sales", "by": "lot"}, mailbox=INFO, name="Share")
    firm.arrives(firm.letters(1))
    (run,) = api.carteggio.journal.read(0, names=("message.rule_applied",))
    asked = {"id": shown(Kind.MESSAGE, run.stream)}
    (told,) = api.ask(RUNS, **asked)["message"]["ruleRuns"]
    (action,) = told["actions"]
    assert (told["ruleName"], told["version"], told["depth"]) == ("Share", 1, 0)
    assert told["explanation"] == ["every mail: yes"]
    assert (action["user"]["email"], action["drawnBy"]) == ("anna@firm.example", "LOT")
    assert action["candidates"] == [{"email": "anna@firm.example"}]
    assert action["sentence"] == "given to Anna, by lot among 1"
    elsewhere = api.issue([Scope.READ_MAIL], [firm.box(ORDERS)])
    assert api.ask(RUNS, elsewhere, **asked)["message"] is None
