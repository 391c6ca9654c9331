"""Whose mail is not taken in: by address or domain, at one end or both, in one mailbox or all."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain import exclusion
from domain.content import Content, Notice, NoticeKind
from domain.exclusion import (
    AddExclusion,
    ExclusionAdded,
    ExclusionRemoved,
    RemoveExclusion,
    Side,
    excluded_by,
    pattern_of,
)
from domain.values import Address, MailboxId, Rejected
from given import Story

BOX, OTHER = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
RULE = UUID(int=9)
BANK = ExclusionAdded(Side.EITHER, None, "bank.example")
LETTER = Content(
    reader=1, authors=(Address("Ada@Acme.example"),), to=(Address("info@firm.example"),)
)


def entry() -> Story:
    return Story(exclusion.initial, exclusion.evolve, exclusion.decide)


def kept_out(content: Content, pattern: str, side: Side = Side.EITHER) -> bool:
    return excluded_by(content, BOX, [(RULE, ExclusionAdded(side, None, pattern))]) == RULE


def test_an_entry_stands_until_it_is_removed_and_may_come_again() -> None:
    entry().when(AddExclusion(BANK)).then(BANK)
    entry().given(BANK).when(AddExclusion(BANK)).then_nothing()
    entry().given(BANK).when(RemoveExclusion()).then(ExclusionRemoved())
    entry().given(BANK, ExclusionRemoved()).when(AddExclusion(BANK)).then(BANK)
    entry().given(BANK, ExclusionRemoved()).when(RemoveExclusion()).then_refused("NOT_FOUND")


def test_a_new_note_is_recorded() -> None:
    noted = replace(BANK, note="payslips")
    entry().given(BANK).when(AddExclusion(noted)).then(noted)


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        (" HR@Firm.Example ", "hr@firm.example"),
        ("bank.example", "bank.example"),
        ("@bank.example", "bank.example"),
        ("*@bank.example", "bank.example"),
        ("Bücher.example", "bücher.example"),
        ("o'neil+x@bank.example", "o'neil+x@bank.example"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
    ],
)
def test_addresses_and_domains_are_read_as_people_type_them(typed: str, pattern: str) -> None:
    assert pattern_of(typed) == pattern


@pytest.mark.parametrize(
    "typed",
    [
        "", "bank", "@", "a@", "a@b", "a@b@c.example", "a b.example", "x.", "http://x.example",
        "x.example/mail", "mailto:a@x.example", "<a@x.example>", "a@x.example,b@x.example",
        "a@*", "*.x.example", "-x.example", "a@x..example", "x.example:25", "a b@x.example",
    ],
)  # fmt: skip
def test_what_would_keep_out_too_much_or_nothing_is_refused(typed: str) -> None:
    with pytest.raises(Rejected):
        pattern_of(typed)


def test_an_address_is_compared_without_case_and_whole() -> None:
    assert kept_out(LETTER, "ada@acme.example")
    assert not kept_out(LETTER, "da@acme.example")


def test_a_domain_stands_for_all_below_it_and_for_no_other() -> None:
    below = replace(LETTER, authors=(Address("a@pay.bank.example"),))
    beside = replace(LETTER, authors=(Address("a@mybank.example"),))
    assert kept_out(below, "bank.example")
    assert not kept_out(beside, "bank.example")


def test_the_end_at_which_it_counts_is_minded() -> None:
    assert not kept_out(LETTER, "ada@acme.example", Side.RECIPIENT)
    assert kept_out(LETTER, "info@firm.example", Side.RECIPIENT)
    assert not kept_out(LETTER, "info@firm.example", Side.SENDER)


def test_who_wrote_and_who_sent_it_counts_and_not_who_is_to_be_answered() -> None:
    aside = replace(LETTER, reply_to=(Address("hr@bank.example"),))
    sent = replace(LETTER, sender=Address("hr@bank.example"))
    certified = replace(LETTER, pec_sender=Address("bank@pec.example"))
    assert not kept_out(aside, "hr@bank.example")
    assert kept_out(sent, "hr@bank.example", Side.SENDER)
    assert kept_out(certified, "bank@pec.example", Side.SENDER)


@pytest.mark.parametrize("written", ["a@it.bücher.example", "a@it.xn--bcher-kva.example"])
@pytest.mark.parametrize("domain", ["bücher.example", "xn--bcher-kva.example"])
def test_a_domain_in_letters_of_its_own_is_known_in_both_spellings(written, domain) -> None:
    letter = replace(LETTER, authors=(Address(written),))
    assert kept_out(letter, domain)
    assert kept_out(letter, f"a@it.{domain}")
    assert not kept_out(letter, f"b@it.{domain}")


def test_for_whom_a_server_delivered_it_counts_and_so_does_whom_a_bounce_is_about() -> None:
    blind = replace(LETTER, trace=(("delivered-to", "<HR@firm.example>"),))
    bounce = replace(LETTER, notice=Notice(NoticeKind.DELIVERY, recipient="hr@firm.example"))
    assert kept_out(blind, "hr@firm.example", Side.RECIPIENT)
    assert kept_out(bounce, "hr@firm.example", Side.RECIPIENT)


def test_an_entry_of_another_mailbox_says_nothing() -> None:
    rules = [(RULE, replace(BANK, mailbox=OTHER, pattern="acme.example"))]
    assert excluded_by(LETTER, BOX, rules) is None
    assert excluded_by(LETTER, OTHER, rules) == RULE
