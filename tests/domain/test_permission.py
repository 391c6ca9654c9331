"""Who may send: laws over every case that there is, and what people say in order."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product

import pytest

from domain import sendingrules
from domain.company import ColleagueRegistered, MailboxRegistered
from domain.permission import (
    Allowed,
    Because,
    House,
    Person,
    Refused,
    may_send,
    names_one_of,
    roles_in,
    said_of_kind,
)
from domain.sendingrules import (
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    Ground,
    OfficeRole,
    OfficeRoleGiven,
    OfficeRoleTaken,
    Reach,
    RecordRefusal,
    SayOfColleague,
    SayOfCompany,
    SayOfMailbox,
    SendingGranted,
    SendingRefused,
    SendingRule,
    SendingRuleSet,
    SendingWithdrawn,
    SendRight,
    SendRightGiven,
    SendRightTaken,
)
from domain.values import ColleagueId, MailboxId
from events import stream
from given import Story

YES_NO = (False, True)
HOUSES = [House(on, rule) for on, rule in product(YES_NO, SendingRule)]
GIULIA, INFO = ColleagueId(stream("giulia")), MailboxId(stream("info"))


def people() -> Iterator[Person]:
    """Give every person that the decision can tell from another."""
    choices = [(None, *SendRight) if one.name == "right" else YES_NO for one in fields(Person)]
    yield from (Person(*values) for values in product(*choices))


PEOPLE = list(people())
WORLDS = [(house, person) for house in HOUSES for person in (None, *PEOPLE)]
WORKING = [(house, one) for house, one in WORLDS if house.on and one and one.on and one.right]


def grounds(worlds: list[tuple[House, Person]]) -> set[Ground | Because]:
    found = [may_send(*one) for one in worlds]
    return {one.ground if isinstance(one, Refused) else one.because for one in found}


def test_while_the_company_is_off_nobody_sends_not_even_programs():
    for house, person in WORLDS:
        if not house.on:
            assert may_send(house, person) == Refused(Ground.COMPANY_OFF)


def test_a_program_is_bound_by_its_token_alone():
    assert {may_send(one, None) for one in HOUSES if one.on} == {Allowed(Because.PROGRAM)}


def test_a_colleague_who_is_off_is_refused_and_others_are_not():
    off = [(house, one) for house, one in WORLDS if house.on and one and not one.on]
    assert grounds(off) == {Ground.COLLEAGUE_OFF}
    assert Because.OPEN in grounds([(house, replace(one, on=True)) for house, one in off])


def test_nothing_replaces_a_right_on_the_mailbox_or_a_withdrawn_permission():
    without = [(house, replace(one, right=None)) for house, one in WORKING]
    assert grounds(without) == {Ground.NO_RIGHT}
    assert grounds([one for one in WORKING if one[1].withdrawn]) == {Ground.KIND_OFF}


def test_under_the_open_rule_nobody_asks_to_whom_a_document_is_assigned():
    free = [one for one in WORKING if one[0].rule is SendingRule.OPEN and not one[1].withdrawn]
    assert grounds(free) == {Because.OPEN}


def test_under_the_strict_rule_a_document_is_sent_by_who_is_responsible_or_sends_for_others():
    strict = [one for one in WORKING if one[0].rule is SendingRule.STRICT and not one[1].withdrawn]
    plain = [one for one in strict if not one[1].document]
    bound = [one for one in strict if one[1].document]
    entitled = [one for one in bound if one[1].assigned or one[1].role or one[1].any]
    others = [one for one in bound if one not in entitled]
    assert grounds(plain) == {Because.NO_DOCUMENT}
    assert grounds(entitled) == {Because.ANY_DOCUMENT, Because.ASSIGNED, Because.ROLE}
    assert grounds(others) == {Ground.NOT_ASSIGNED}


def test_what_speaks_for_somebody_never_turns_against_him():
    for house, person in WORLDS:
        if person and isinstance(may_send(house, person), Allowed):
            better = [
                replace(person, any=True), replace(person, assigned=True), replace(person, role=True),
            ]  # fmt: skip
            assert all(isinstance(may_send(house, one), Allowed) for one in better)


def test_who_sends_on_behalf_is_named_whatever_lets_him_send():
    for house, person in WORLDS:
        found = may_send(house, person)
        if person and isinstance(found, Allowed):
            assert found.on_behalf == (person.right is SendRight.ON_BEHALF)


def test_every_refusal_has_a_code_and_says_what_to_do():
    codes = {ground: Refused(ground).rejected().code for ground in Ground}
    assert {one for one, code in codes.items() if code == "DISABLED"} == {
        Ground.COMPANY_OFF,
        Ground.COLLEAGUE_OFF,
    }
    assert {one for one, code in codes.items() if code == "NOT_APPROVED"} == {Ground.NOT_APPROVED}
    assert set(codes.values()) == {"DISABLED", "FORBIDDEN", "NOT_APPROVED"}
    assert len({Refused(ground).sentence for ground in Ground}) == len(Ground)


@pytest.mark.parametrize(
    ("said", "invoice", "nothing"),
    [
        ({}, Reach.ASSIGNED, Reach.ASSIGNED),
        ({"invoice": None}, None, Reach.ASSIGNED),
        ({"*": None}, None, None),
        ({"*": None, "invoice": Reach.ASSIGNED}, Reach.ASSIGNED, None),
        ({"*": Reach.ANY, "invoice": None}, None, Reach.ANY),
        ({"*": Reach.ANY}, Reach.ANY, Reach.ANY),
    ],
)
def test_a_word_about_a_kind_wins_over_one_about_all_kinds(said, invoice, nothing):
    assert said_of_kind(said, "invoice") is invoice
    assert said_of_kind(said, "*") is nothing


@pytest.mark.parametrize(
    ("responsible", "is_she"),
    [
        ("giulia@firm.example", True),
        ("Giulia Neri <Giulia@Firm.example>", True),
        ("P17", True),
        ("p17", True),
        ("paolo@firm.example; giulia@firm.example", True),
        ("P1|P17", True),
        ("P1", False),
        ("giulia@firm.example.evil", False),
        ("Giulia", False),
        ("", False),
        (";", False),
    ],
)
def test_the_responsible_is_named_by_address_or_id_and_never_by_a_part_of_it(responsible, is_she):
    assert names_one_of(responsible, ["giulia@firm.example", "P17", ""]) is is_she


def test_roles_of_master_data_are_whole_words():
    assert roles_in("Sales; Dispatcher") == {OfficeRole.DISPATCHER}
    assert roles_in("coordinator|dispatcher") == set(OfficeRole)
    assert roles_in("assistant of the coordinator") == frozenset()


# ---- what people say


def rules() -> Story:
    return Story(sendingrules.initial, sendingrules.evolve, sendingrules.decide)


HIRED = ColleagueRegistered("sales", collected=False, address="giulia@firm.example")
BOX = MailboxRegistered(certified=False, address="info@firm.example")


@pytest.mark.parametrize(
    ("said", "opposite"),
    [
        (ColleagueSendingSwitched(on=False), ColleagueSendingSwitched(on=True)),
        (SendingWithdrawn("invoice"), SendingGranted("invoice", Reach.ANY)),
        (OfficeRoleGiven(OfficeRole.DISPATCHER), OfficeRoleTaken(OfficeRole.DISPATCHER)),
    ],
)
def test_what_is_said_of_a_colleague_counts_once_until_the_opposite_is_said(said, opposite):
    rules().given(HIRED).when(SayOfColleague(said)).then(said)
    rules().given(HIRED, said).when(SayOfColleague(replace(said, reason="again"))).then_nothing()
    rules().given(HIRED, said).when(SayOfColleague(opposite)).then(opposite)
    rules().when(SayOfColleague(said)).then_refused("NOT_FOUND")


def test_what_is_so_by_itself_needs_no_word():
    rules().given(HIRED).when(SayOfColleague(ColleagueSendingSwitched(on=True))).then_nothing()
    rules().when(SayOfCompany(CompanySendingSwitched(on=True))).then_nothing()
    rules().when(SayOfCompany(SendingRuleSet(SendingRule.OPEN))).then_nothing()
    rules().given(HIRED).when(
        SayOfColleague(OfficeRoleTaken(OfficeRole.DISPATCHER))
    ).then_nothing()


def test_the_company_is_switched_and_its_rule_set():
    off, strict = CompanySendingSwitched(on=False), SendingRuleSet(SendingRule.STRICT)
    rules().when(SayOfCompany(off)).then(off)
    rules().given(off).when(SayOfCompany(strict)).then(strict)
    on = CompanySendingSwitched(on=True, reason="the audit is over")
    rules().given(off, strict).when(SayOfCompany(on)).then(on)


def test_a_right_on_a_mailbox_is_given_changed_and_taken():
    given = SendRightGiven(GIULIA, SendRight.SEND_AS)
    other, taken = replace(given, right=SendRight.ON_BEHALF), SendRightTaken(GIULIA)
    rules().given(BOX).when(SayOfMailbox(given)).then(given)
    rules().given(BOX, given).when(SayOfMailbox(given)).then_nothing()
    rules().given(BOX, given).when(SayOfMailbox(other)).then(other)
    rules().given(BOX, given).when(SayOfMailbox(taken)).then(taken)
    rules().given(BOX).when(SayOfMailbox(taken)).then_nothing()
    rules().when(SayOfMailbox(given)).then_refused("NOT_FOUND")


def test_every_refusal_is_kept():
    refused = SendingRefused(INFO, Ground.NO_RIGHT, GIULIA)
    rules().given(refused).when(RecordRefusal(refused)).then(refused)
