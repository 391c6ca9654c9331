"""Rules are rehearsed on mail that came: what held, why, what would follow; and nothing happens."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.ids import uuid7
from api.work.instance import Carteggio
from api.work.mailfacts import Known
from api.work.mailrules import new_rule, retire_rule, save_rule, written
from api.work.rehearsalfiles import begun
from api.work.rehearsing import Rehearsal, Tally, Trial, rehearsal
from api.work.tokens import by_operator
from domain.identity import mailbox_id
from domain.mailrules import RuleSaved
from domain.values import Rejected
from office import BULK, INFO, SALES
from projections.reader import EVERYTHING, Reader
from projections.stretches import Place, Stretch

OF_ACME = {"field": "party.code", "is": "C1"}
STOP = [{"kind": "stop"}]


def rule(when: Any, order: int = 50, mailbox: Any = None, **more: Any) -> RuleSaved:
    named = {"name": "Tried", "then": written(STOP), **more}
    return RuleSaved(0, order, enabled=True, mailbox=mailbox, when=written(when), **named)


async def tried(one: Rehearsal, after: Place | None = None, at_once: int = 250) -> list[Trial]:
    return [trial async for some in one.portions(after, at_once) for trial in some]


def rehearsed(
    carteggio: Carteggio,
    wanted: RuleSaved,
    stretch: Stretch | None = None,
    reader: Reader = EVERYTHING,
    id: UUID | None = None,
) -> list[Trial]:
    async def ask() -> list[Trial]:
        one = await rehearsal(carteggio, id, wanted, stretch or Stretch(), reader=reader)
        trials = await tried(one)
        assert await one.length() == len(trials)
        return trials

    return asyncio.run(ask())


def held(trials: Sequence[Trial]) -> list[str]:
    return [one.message.subject for one in trials if one.asked.held.holds]


def box(carteggio: Carteggio, address: str) -> UUID:
    return mailbox_id(carteggio.identity_key, address)


def test_each_message_is_told_with_why_it_held_or_not_and_nothing_happens(office):
    before = office.journal.head()
    trials = rehearsed(office, rule(OF_ACME))
    assert held(trials) == ["Invoice 2026/17", "For both", "Delivery?", "Plan"]
    lines = {one.message.subject: one.explanation for one in trials}
    assert lines["Plan"] == ("party.code is “C1”: yes (“C1”)",)
    assert lines["Hello?"] == ("party.code is “C1”: no (there is none)",)
    assert lines["Re: Delivery?"] == ("it came in: no (it is outbound)",)
    tally = Tally()
    for one in trials:
        tally.add(one)
    assert (tally.held, tally.applies, sum(tally.effects.values())) == (4, 4, 4)
    assert office.journal.head() == before


@pytest.mark.parametrize(
    ("stretch", "subjects"),
    [
        ({"sender": "acme.example"}, ["Invoice 2026/17", "For both", "Delivery?", "Plan"]),
        ({"sender": "Bob@rossi.example"}, []),
        ({"sender": "example"}, ["Invoice 2026/17", "For both", "Delivery?", "Plan"]),
        ({"mailbox": INFO}, ["Invoice 2026/17", "For both"]),
    ],
)
def test_a_stretch_is_chosen_by_sender_and_mailbox(office, stretch, subjects):
    if "mailbox" in stretch:
        stretch = {"mailbox": box(office, stretch["mailbox"])}
    assert held(rehearsed(office, rule(OF_ACME), Stretch(**stretch))) == subjects


def test_a_stretch_is_chosen_by_time_and_by_messages(office):
    every = rehearsed(office, rule({"all": []}))
    first, third = every[0].message, every[2].message
    some = Stretch(from_time=first.received_at, to_time=third.received_at)
    found = [one.message.id for one in rehearsed(office, rule({"all": []}), some)]
    assert found == [
        one.message.id for one in every if one.message.received_at < third.received_at
    ]
    assert first.id in found
    named = Stretch(messages=(third.id, first.id, UUID(int=4)))
    assert [x.message.id for x in rehearsed(office, rule({"all": []}), named)] == [
        first.id,
        third.id,
    ]


def test_what_is_cut_off_goes_on_as_if_it_had_not_been(office):
    async def both() -> None:
        one = await rehearsal(office, None, rule(OF_ACME), Stretch())
        whole = await tried(one)
        cut = await rehearsal(office, None, rule(OF_ACME), Stretch(), upto=one.known.upto)
        half = len(whole) // 2
        assert await tried(cut, whole[half - 1].message.place, at_once=7) == whole[half:]

    asyncio.run(both())


def test_what_is_written_into_a_file_goes_on_where_it_was_cut_off(office, tmp_path):
    async def ask(into: Path, portions: int) -> Tally:
        with contextlib.suppress(KeyboardInterrupt), begun(into, "the same question") as journey:
            one = await rehearsal(office, None, rule(OF_ACME), Stretch(), upto=journey.upto)
            journey.begin(one.known.upto)
            async for trials in one.portions(journey.after, at_once=10):
                journey.take(trials, trials)
                if not (portions := portions - 1):
                    raise KeyboardInterrupt
        return journey.tally

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    every = asyncio.run(ask(whole, 1_000))
    assert asyncio.run(ask(cut, 2)).asked == 20
    with cut.open("ab") as file:
        file.write(b"half a li")
    assert asyncio.run(ask(cut, 1_000)) == every
    assert cut.read_bytes() == whole.read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cut", "whole"]


def test_earlier_rules_that_stop_prevent_and_later_ones_do_not(own_ask):
    carteggio = own_ask.carteggio

    def kept(name: str, order: int, **more: Any) -> UUID:
        one = rule({"field": "subject", "contains": "plan"}, order, name=name, **more)
        id = new_rule(carteggio, str(uuid7()))
        save_rule(carteggio, id, one, by_operator())
        return id

    first, other = kept("First", 10), kept("Elsewhere", 20, mailbox=box(carteggio, BULK))
    saved = replace(rule({"field": "text", "contains": "file"}, 50), name="Mine")
    mine = new_rule(carteggio, "mine")
    save_rule(carteggio, mine, saved, by_operator())
    kept("Later", 90)
    carteggio.feed.catch_up(carteggio.journal.head())
    (plan,) = [x for x in rehearsed(carteggio, saved, id=mine) if x.message.subject == "Plan"]
    assert plan.asked.held.holds
    assert not plan.asked.applies
    assert plan.asked.prevented_by is not None
    assert (plan.asked.prevented_by.name, plan.effects) == ("First", ())
    for id in (first, other):
        retire_rule(carteggio, id, "", by_operator())
    carteggio.feed.catch_up(carteggio.journal.head())
    (plan,) = [x for x in rehearsed(carteggio, saved, id=mine) if x.message.subject == "Plan"]
    assert plan.asked.applies


def test_a_reader_is_told_of_his_mail_alone_and_nothing_that_other_copies_say(office):
    own = Reader((box(office, SALES),))
    trials = rehearsed(office, rule({"field": "subject", "contains": "both"}), reader=own)
    assert {one.message.subject for one in trials} >= {"For both", "Plan"}
    assert "Invoice 2026/17" not in {one.message.subject for one in trials}
    lines = {one.message.subject: one.explanation for one in trials}
    assert lines["For both"] == ("subject contains “both”: yes",)
    assert lines["Plan"] == ("subject contains “both”: no (“Plan”)",)


def test_what_is_no_rule_is_not_rehearsed(office):
    with pytest.raises(Rejected, match=r"when\.field"):
        rehearsed(office, rule({"field": "colour", "is": "red"}))


def test_it_is_asked_as_known_then_or_now(office):
    async def ask(known: Known) -> list[Trial]:
        return await tried(await rehearsal(office, None, rule(OF_ACME), Stretch(), known))

    then, now = (asyncio.run(ask(known)) for known in Known)
    assert held(then) == held(now)
