"""No mail goes round by rules: such rules are refused, and where they stand nevertheless it ends."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.mailrules import retire_rule
from api.work.standingrules import rules_said
from api.work.tokens import by_operator
from domain.ruleactions import ActionKind, Why
from domain.values import Rejected
from dovecot import Dovecot
from ruled import INFO, ORDERS, SERVICE, Firm, condition
from ruledmail import Posted, firm_with_post

BOXES = (INFO, ORDERS, SERVICE)
ROUND = ((INFO, ORDERS), (ORDERS, SERVICE), (SERVICE, INFO))

ANY_WAY = condition("direction", "exists", wanted=True)
"""Also of our own mail, as what is forwarded from one mailbox of ours to another."""


@pytest.fixture
def posted(
    carteggio: Carteggio, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path
) -> Iterator[Posted]:
    with firm_with_post(carteggio, worker, dovecot, tmp_path) as one:
        yield one


def test_a_circle_is_refused_by_address_alias_and_name(carteggio: Carteggio, tmp_path: Path):
    firm = Firm(carteggio, tmp_path)
    firm.settled()
    firm.rule({"kind": "forward", "to": "bestellung@firm.example"}, mailbox=INFO, name="One")
    firm.rule({"kind": "hand_to_mailbox", "mailbox": SERVICE}, mailbox=ORDERS, name="Two")
    with pytest.raises(Rejected, match="“Three” → “One” → “Two” → “Three”"):
        firm.rule({"kind": "forward", "to": INFO}, mailbox=SERVICE, name="Three")
    with pytest.raises(Rejected, match="“Self” takes mail to where"):
        firm.rule({"kind": "forward", "to": SERVICE}, mailbox=SERVICE, name="Self")
    firm.rule({"kind": "forward", "to": "anna@firm.example"}, mailbox=SERVICE, name="Three")


@pytest.mark.parametrize("kind", ["forward", "hand_to_mailbox"])
def test_a_circle_of_three_that_stands_nevertheless_ends_where_it_began(posted: Posted, kind: str):
    part = "to" if kind == "forward" else "mailbox"
    rules = [
        posted.rule({"kind": kind, part: to}, when=ANY_WAY, mailbox=box, checked=False)
        for box, to in ROUND
    ]
    (told,), (left,) = posted.comes(posted.question())
    assert told.rule == rules[0]
    for at, mailbox in enumerate((ORDERS, SERVICE, INFO), 1):
        before = len(posted.sink.mails)
        found = posted.arrives([left.replace(b"\r\n", b"\n")], mailbox=mailbox)
        (told,) = (one for one in found if one.mailbox == posted.box(mailbox))
        assert told.through == tuple(rules[:at])
        posted.leaves(*BOXES)
        left = posted.sink.mails[-1]
        assert len(posted.sink.mails) == min(before + 1, 3)
    assert (told.rule, told.done[0].done, told.done[0].why) == (rules[0], False, Why.LOOP)


def test_what_a_rule_answered_is_answered_by_no_other_rule(posted: Posted):
    reply = {"kind": "reply", "template": str(posted.template)}
    posted.rule(reply, mailbox=INFO)
    posted.rule(reply, when=ANY_WAY, mailbox=ORDERS)
    _, (left,) = posted.comes(posted.question())
    (told,) = posted.arrives([left.replace(b"\r\n", b"\n")], mailbox=ORDERS)
    posted.leaves(*BOXES)
    assert (told.depth, told.done[0].kind, told.done[0].done) == (1, ActionKind.REPLY, False)
    assert len(posted.sink.mails) == 1


def test_what_lies_in_a_mailbox_is_not_forwarded_to_it_once_more(posted: Posted):
    posted.rule({"kind": "forward", "to": ORDERS}, {"kind": "tag", "tag": "seen"})
    (told,) = posted.arrives(posted.letters(1), mailbox=ORDERS)
    assert [(one.done, one.why) for one in told.done] == [
        (False, Why.ALREADY_SO),
        (True, Why.NOTHING),
    ]


def at_once(*orders: Callable[[], object]) -> list[str]:
    """Carry orders out at the same moment; give the codes of those that are refused."""
    line = Barrier(len(orders))

    def one(order: Callable[[], object]) -> str:
        line.wait()
        try:
            order()
        except Rejected as refusal:
            return refusal.code
        return ""

    with ThreadPoolExecutor(len(orders)) as threads:
        return sorted(threads.map(one, orders))


def test_of_two_who_save_one_name_or_close_a_circle_at_once_one_is_refused(
    carteggio: Carteggio, tmp_path: Path
):
    firm = Firm(carteggio, tmp_path)
    firm.settled()
    tag = {"kind": "tag", "tag": "x"}
    for _ in range(4):
        names = [lambda: firm.rule(tag, name="Offers"), lambda: firm.rule(tag, name="OFFERS ")]
        assert at_once(*names) == ["", "CONFLICT"]
        ways = [
            lambda: firm.rule({"kind": "forward", "to": ORDERS}, mailbox=INFO, name="There"),
            lambda: firm.rule({"kind": "forward", "to": INFO}, mailbox=ORDERS, name="Back"),
        ]
        assert at_once(*ways) == ["", "CIRCLE"]
        for id in rules_said(carteggio):
            retire_rule(carteggio, id, "", by_operator())
