"""Mail that rules send: passed on, answered within all limits, and never round."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.recipients import approve, recipient_of, withdraw
from api.work.tokens import by_operator
from composed import as_others_read
from domain.autoreply import AutorepliesHalted
from domain.ruleactions import Why
from domain.values import Rejected
from dovecot import Dovecot
from instances import events_of
from ruled import INFO, ORDERS, condition
from ruledmail import Posted, firm_with_post


@pytest.fixture
def posted(
    carteggio: Carteggio, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path
) -> Iterator[Posted]:
    with firm_with_post(carteggio, worker, dovecot, tmp_path) as one:
        yield one


def test_a_message_is_passed_on_to_colleagues_and_approved_recipients_alone(posted: Posted):
    outside = "archive@partner.example"
    with pytest.raises(Rejected, match="neither ours nor approved"):
        posted.rule({"kind": "forward", "to": outside})
    approve(posted.carteggio, outside, "", by_operator())
    posted.rule({"kind": "forward", "to": [outside, "anna@firm.example"]})
    (told,), (left,) = posted.comes(posted.question())
    mail = as_others_read(left)
    assert told.done[0].mail is not None
    assert (mail["To"], mail["Auto-Submitted"]) == (
        f"{outside}, anna@firm.example",
        "auto-generated",
    )
    assert mail["X-Carteggio-Rule"] == f"{told.rule.hex}@1"
    assert b"When does it come?" in left
    withdraw(posted.carteggio, recipient_of(posted.carteggio, outside), "", by_operator())
    (told,), nothing = posted.comes(posted.question())
    assert (told.done[0].why, nothing) == (Why.NOT_APPROVED, [])


def test_what_a_rule_sent_is_not_acted_on_by_it_when_it_comes_back_nor_what_machines_answer(
    posted: Posted,
):
    posted.rule(
        {"kind": "forward", "to": "anna@firm.example"}, when=condition("size", "greater", 1)
    )
    _, (left,) = posted.comes(posted.question())
    id = as_others_read(left)["Message-ID"]
    robot = "Auto-Submitted: auto-replied\r\n" + f"In-Reply-To: {id}\r\n"
    (told,), nothing = posted.comes(posted.question("robot@acme.example", robot))
    assert (told.done[0].why, told.depth, nothing) == (Why.LOOP, 1, [])
    person = f"In-Reply-To: {id}\r\n"
    (told,), (_,) = posted.comes(posted.question("bo@beta.example", person))
    assert told.done[0].done


def test_a_rule_answers_a_sender_once_and_no_machine_in_the_conversation_with_its_mark(
    posted: Posted,
):
    posted.rule({"kind": "reply", "template": str(posted.template)})
    (told,), (left,) = posted.comes(posted.question())
    mail = as_others_read(left)
    assert (mail["To"], mail["Auto-Submitted"]) == ("ada@acme.example", "auto-replied")
    assert mail["X-Carteggio-Rule"] == f"{told.rule.hex}@1"
    assert [one.split()[1] for one in posted.sink.commands() if one[:4] == "MAIL"] == ["FROM:<>"]
    (queued,) = posted.carteggio.journal.read(0, names=("outgoing.queued",))
    assert queued.stream == told.done[0].mail
    (told,), nothing = posted.comes(posted.question())
    assert (told.done[0].why, told.said, nothing) == (
        Why.NOT_ANSWERABLE, ("not answered by a template: answered_before",), [],
    )  # fmt: skip
    (told,), nothing = posted.comes(posted.question("x@list.example", "List-Id: <x>\r\n"))
    assert (told.done[0].why, nothing) == (Why.NOT_ANSWERABLE, [])


def test_a_storm_through_a_rule_that_answers_trips_the_breaker(posted: Posted, storm_at: int):
    posted.rule({"kind": "reply", "template": str(posted.template)})
    storm = [posted.question(f"s{n}@acme.example") for n in range(storm_at + 3)]
    told, left = posted.comes(*storm)
    assert len(left) == storm_at
    assert [one.done[0].why for one in told if not one.done[0].done] == [Why.NOT_ANSWERABLE] * 3
    (halted,) = events_of(posted.carteggio, "mailbox.autoreplies_halted")
    assert isinstance(halted, AutorepliesHalted)


def test_rules_by_which_mail_would_go_round_are_refused_unless_they_exclude_each_other(
    posted: Posted,
):
    invoices = condition("subject", "contains", "invoice")
    posted.rule({"kind": "forward", "to": ORDERS}, when=invoices, mailbox=INFO, name="There")
    with pytest.raises(Rejected, match=r"go round by “There” → “Back”|“Back” → “There” → “Back”"):
        posted.rule({"kind": "forward", "to": INFO}, mailbox=ORDERS, name="Back")
    posted.rule({"kind": "forward", "to": INFO}, when={"not": invoices}, mailbox=ORDERS)


def test_what_is_handed_to_another_mailbox_waits_there_as_its_writers(posted: Posted):
    posted.rule({"kind": "hand_to_mailbox", "mailbox": ORDERS}, mailbox=INFO)
    posted.rule({"kind": "tag", "tag": "order"}, mailbox=ORDERS)
    (told,), (left,) = posted.comes(posted.question())
    assert (told.done[0].to, told.done[0].done) == (posted.box(ORDERS), True)
    (closed,) = events_of(posted.carteggio, "message.closed")
    assert closed.reason.value == "delegated"
    there = posted.arrives([left.replace(b"\r\n", b"\n")], mailbox=ORDERS)
    assert [(one.depth, one.done[0].kind, one.done[0].done) for one in there] == [
        (1, "hand_to_mailbox", False),
        (1, "tag", True),
    ]
    received = events_of(posted.carteggio, "message.received")
    assert received[-1].content.forwarded.sender.spec == "ada@acme.example"
