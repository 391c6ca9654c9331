"""From which mailbox a mail is proposed to leave: the first that is meant alone, and else none."""

from uuid import UUID

import pytest

from domain.values import MailboxId
from domain.whosends import Box, Case, box_for, undecided

INFO, SALES, GIULIA, PAOLO, PEC = (
    Box(MailboxId(UUID(int=1)), "info@firm.example", frozenset({"info@firm.example"})),
    Box(MailboxId(UUID(int=2)), "sales@firm.example", frozenset({"sales@firm.example"})),
    Box(
        MailboxId(UUID(int=3)),
        "giulia@firm.example",
        frozenset({"giulia@firm.example", "g.neri@firm.example", "p17"}),
        personal=True,
    ),
    Box(
        MailboxId(UUID(int=4)),
        "paolo@firm.example",
        frozenset({"paolo@firm.example"}),
        personal=True,
    ),
    Box(
        MailboxId(UUID(int=5)),
        "firm@pec.example",
        frozenset({"firm@pec.example"}),
        certified=True,
    ),
)
ALL = (INFO, SALES, GIULIA, PAOLO, PEC)
WRITTEN = ("sales@firm.example",)


@pytest.mark.parametrize(
    ("case", "boxes", "meant"),
    [
        (Case(received=SALES.mailbox, author=("paolo@firm.example",)), ALL, SALES),
        (Case(received=PEC.mailbox), ALL, PEC),
        (Case(author=("paolo@firm.example",), responsible=("P17",), written=WRITTEN), ALL, PAOLO),
        (Case(responsible=("P17",), written=WRITTEN), ALL, GIULIA),
        (Case(responsible=("Giulia Neri <G.Neri@firm.example>",)), ALL, GIULIA),
        (Case(responsible=("sales@firm.example",)), ALL, SALES),
        (Case(responsible=("nobody", "paolo@firm.example")), ALL, PAOLO),
        (Case(responsible=("P17; paolo@firm.example",), written=WRITTEN), ALL, SALES),
        (Case(written=("giulia@firm.example",)), ALL, None),
        (Case(written=("firm@pec.example",)), ALL, None),
        (Case(), (INFO, GIULIA, PAOLO, PEC), INFO),
        (Case(), (GIULIA,), GIULIA),
        (Case(), (PEC,), PEC),
        (Case(), (GIULIA, PAOLO), None),
        (Case(author=("sales@firm.example",)), ALL, None),
    ],
)
def test_the_first_line_that_names_one_alone_wins(
    case: Case, boxes: tuple[Box, ...], meant: Box | None
) -> None:
    assert box_for(case, boxes) == meant
    assert box_for(case, boxes[::-1]) == meant


def test_where_nothing_tells_the_choices_are_named() -> None:
    assert undecided((INFO, GIULIA)).endswith("info@firm.example, giulia@firm.example")
    assert undecided(ALL * 3).endswith("and 5 more")
