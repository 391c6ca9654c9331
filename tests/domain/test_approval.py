"""Who approves a mail, and which rule says that somebody has to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import approval
from domain.approval import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    Approver,
    AskApproval,
    DecideApproval,
    DeniedGround,
    VoidApproval,
    WithdrawApproval,
    may_decide,
    refuse_unapproved,
)
from domain.approvalrules import (
    ApprovalRuleSet,
    ApprovalRulesEvent,
    ApprovalRuleWithdrawn,
    ApprovalScope,
    ApproverRole,
    MailCase,
    rule_for,
)
from domain.inforce import Said
from domain.values import ColleagueId, MailboxId, Rejected

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOX, OTHER = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
ANNA, LUCA = ColleagueId(UUID(int=3)), ColleagueId(UUID(int=4))
ASKED = ApprovalAsked(UUID(int=5), 1, BOX, None, UUID(int=6), ("col_anna", "tok_1"))
people = st.builds(
    Approver,
    st.sampled_from([ANNA, LUCA]),
    st.lists(st.sampled_from(["col_anna", "tok_1", "col_luca", "tok_2"]), min_size=1).map(tuple),
    st.booleans(),
    st.lists(st.sampled_from(ApproverRole)).map(tuple),
)


def after(*commands: approval.ApprovalCommand) -> approval.Approval:
    state = approval.initial
    for command in commands:
        for event in approval.decide(state, command):
            state = approval.evolve(state, event)
    return state


@given(people, st.lists(st.sampled_from(ApproverRole)), st.booleans())
def test_no_role_and_no_name_lets_an_author_approve(by, roles, named):
    asked = replace(ASKED, roles=tuple(roles), people=(by.colleague,) if named else ())
    if set(by.ids) & set(asked.authors):
        assert may_decide(asked, by) is DeniedGround.AUTHOR
        (event,) = approval.decide(after(AskApproval(asked)), DecideApproval(by, approved=True))
        assert event == ApprovalDenied(DeniedGround.AUTHOR, by.colleague)


def test_what_is_approved_leaves_until_it_is_void_or_withdrawn():
    luca = Approver(LUCA, ("col_luca",), acts=True)
    yes = DecideApproval(luca, approved=True)
    given_ = after(AskApproval(ASKED), yes)
    refuse_unapproved(given_)
    assert approval.decide(given_, yes) == []
    for more in (VoidApproval(), WithdrawApproval("tok_1")):
        with pytest.raises(Rejected, match="approv"):
            refuse_unapproved(after(AskApproval(ASKED), yes, more))
    again = after(AskApproval(ASKED), yes, VoidApproval(), AskApproval(ASKED))
    assert approval.decide(again, yes) == [ApprovalGiven(LUCA)]


def said(place: int, event: ApprovalRulesEvent, stream: int) -> Said[ApprovalRulesEvent]:
    return Said(UUID(int=stream), place, event.since, event)


def test_the_narrowest_word_in_force_counts():
    everybody = ApprovalRuleSet(ApprovalScope(), NOON)
    offers = ApprovalRuleSet(ApprovalScope(kind="offer"), NOON, needed=False)
    hers = ApprovalRuleSet(ApprovalScope(colleague=ANNA), NOON + timedelta(days=1))
    words = [said(1, everybody, 1), said(2, offers, 2), said(3, hers, 3)]
    offer = MailCase(BOX, frozenset({"offer"}), ANNA)
    assert rule_for(words, MailCase(OTHER), NOON) == words[0]
    assert rule_for(words, MailCase(OTHER), NOON - timedelta(seconds=1)) is None
    assert rule_for(words, offer, NOON) is None
    assert rule_for(words, offer, NOON + timedelta(days=1)) == words[2]
    ends = said(4, ApprovalRuleWithdrawn(ApprovalScope(), NOON), 1)
    assert rule_for([*words, ends], MailCase(OTHER), NOON) is None
    few = said(5, replace(everybody, programs=False), 1)
    assert rule_for([few], MailCase(BOX), NOON) is None
    assert rule_for([few], MailCase(BOX, colleague=ANNA), NOON) == few


def test_an_exception_for_one_kind_is_none_for_the_other_document_of_the_same_mail():
    everybody = ApprovalRuleSet(ApprovalScope(), NOON)
    free = ApprovalRuleSet(ApprovalScope(kind="offer"), NOON, needed=False)
    words = [said(1, everybody, 1), said(2, free, 2)]
    assert rule_for(words, MailCase(BOX, frozenset({"offer"})), NOON) is None
    assert rule_for(words, MailCase(BOX, frozenset({"offer", "order"})), NOON) == words[0]
