"""Rules act on mail that comes: once, in their order, and told with all that was chosen."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.work.handover import concerned, undo
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain.attention import HandedBecause, MessageHandedOver, MessageSnoozed
from domain.drawing import again
from domain.ruleactions import PartyEventRegistered, Why
from domain.tagging import MessageTagged
from instances import events_of
from ruled import FOUR, INFO, ORDERS, Firm, condition

DRAWN = {"kind": "assign_group", "group": "Sales", "by": "lot"}


@pytest.fixture
def firm(carteggio: Carteggio, tmp_path: Path) -> Firm:
    return Firm(carteggio, tmp_path)


def test_mail_is_drawn_by_lot_told_with_its_candidates_and_given_to_who_was_drawn(firm: Firm):
    firm.group("Sales", *FOUR)
    firm.away("bert", "elio")
    firm.rule(DRAWN)
    told = firm.arrives(firm.letters(12))
    given = [one.to for one in events_of(firm.carteggio, "message.handed_over")]
    assert given == [one.done[0].to for one in told]
    assert len(given) == 12
    assert firm.who("bert") not in given
    for one in told:
        drawn = one.done[0].draw
        assert drawn is not None
        assert again(drawn) == drawn.picked
        assert firm.who("elio") in [x.who for x in drawn.candidates]
    firm.act()
    assert len(firm.told()) == 12


def test_turns_and_least_busy_spread_mail_evenly(firm: Firm):
    firm.group("Sales", "anna", "bert")
    by_turn = condition("subject", "contains", "Letter")
    firm.rule({**DRAWN, "by": "turn"}, {"kind": "stop"}, when=by_turn, order=1)
    firm.rule({**DRAWN, "by": "least_busy"}, order=2)
    turns = [one.done[0].to for one in firm.arrives(firm.letters(4))]
    assert turns == [firm.who(one) for one in ("anna", "bert", "anna", "bert")]
    others = [one.replace(b"Letter", b"Other") for one in firm.letters(6)]
    assert set(Counter(one.done[0].to for one in firm.arrives(others)).values()) == {3}


def test_the_sales_manager_gets_it_or_who_stands_in(firm: Firm):
    firm.rule({"kind": "assign_sales_manager"})
    (told,) = firm.arrives(firm.letters(1))
    assert told.done[0].to == firm.who("bert")
    assert told.said == ("given to Bert, the party's sales manager",)
    firm.away("bert", "carla")
    firm.away("carla", "dora")
    (told,) = firm.arrives(firm.letters(1))
    assert (told.done[0].to, told.done[0].instead_of) == (firm.who("dora"), firm.who("bert"))
    (told,) = firm.arrives(firm.letters(1, "bo@beta.example"))
    assert (told.done[0].done, told.done[0].why) == (False, Why.NO_MANAGER)


def test_an_assignment_is_undone_by_its_command(firm: Firm):
    firm.rule({"kind": "assign", "to": "anna@firm.example"})
    firm.arrives(firm.letters(1))
    (over,) = firm.carteggio.journal.read(0, names=("message.handed_over",))
    assert isinstance(over.event, MessageHandedOver)
    assert over.event.because is HandedBecause.RULE
    command = str(over.envelope.command_id).partition("#")[0]
    assert concerned(firm.carteggio, command) == [over.stream]
    undo(firm.carteggio, command, [over.stream], by_operator())
    assert len(events_of(firm.carteggio, "message.attention_undone")) == 1


def test_a_message_is_tagged_snoozed_and_registered_on_its_party(firm: Firm):
    firm.rule(
        {"kind": "tag", "tag": "tender"},
        {"kind": "snooze", "hours": 4},
        {"kind": "register_event", "event": "asked for a tender"},
    )
    (told,) = firm.arrives(firm.letters(1))
    assert all(one.done for one in told.done)
    (tagged,) = events_of(firm.carteggio, "message.tagged")
    (snoozed,) = events_of(firm.carteggio, "message.snoozed")
    (happened,) = firm.carteggio.journal.read(0, names=("party.event_registered",))
    assert isinstance(tagged, MessageTagged)
    assert isinstance(snoozed, MessageSnoozed)
    assert isinstance(happened.event, PartyEventRegistered)
    assert happened.stream == told.done[2].to
    assert happened.event.words == "asked for a tender"


def test_no_later_rule_is_asked_after_a_stop_and_old_or_archived_mail_is_left(firm: Firm):
    firm.rule({"kind": "tag", "tag": "first"}, {"kind": "stop"}, order=1)
    firm.rule({"kind": "tag", "tag": "second"}, order=2)
    assert [one.done[0].done for one in firm.arrives(firm.letters(1))] == [True]
    assert firm.arrives(firm.letters(1), ago=timedelta(hours=1)) == []
    assert firm.arrives(firm.letters(1), mailbox=ORDERS)[0].mailbox == firm.box(ORDERS)


def test_a_rule_of_a_mailbox_is_asked_when_a_copy_comes_there_later(firm: Firm):
    firm.rule({"kind": "tag", "tag": "order"}, mailbox=ORDERS)
    firm.rule({"kind": "tag", "tag": "all"})
    mails = firm.letters(1)
    assert len(firm.arrives(mails, mailbox=INFO)) == 1
    assert [one.mailbox for one in firm.arrives(mails, mailbox=ORDERS)] == [firm.box(ORDERS)]
    assert firm.arrives(mails, mailbox=ORDERS) == []


def test_one_rule_that_fails_stops_no_other(firm: Firm, caplog: Any):
    del caplog
    firm.group("Sales", "anna")
    firm.away("anna")
    firm.rule(DRAWN, order=1)
    firm.rule({"kind": "tag", "tag": "all"}, order=2)
    told = firm.arrives(firm.letters(1))
    assert [(one.done[0].done, one.done[0].why) for one in told] == [
        (False, Why.NOBODY_THERE),
        (True, Why.NOTHING),
    ]
