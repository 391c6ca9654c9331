"""An account's sending side: with or without fetching, and gone with the account."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain import account
from domain.account import AccountConfigured, AccountRemoved, RemoveAccount
from domain.sendingside import (
    AccountSendingConfigured,
    AccountSendingCredentialsChanged,
    AccountSendingRemoved,
    ChangeSendingCredentials,
    ConfigureSending,
    Rates,
    RemoveSending,
    rates_of,
)
from domain.values import MailboxId
from given import Story

BOX = MailboxId(UUID(int=1))
OWN = AccountSendingConfigured(BOX, 465, "tls", "password", "smtp.firm.example", "info")
FETCHED = AccountConfigured(BOX, "imap", 993, "tls", "imap.firm.example", "info")


def sending() -> Story:
    return Story(account.Account(), account.evolve, account.decide)


def test_sending_is_configured_changed_and_removed_without_any_fetching() -> None:
    sending().when(ConfigureSending(OWN)).then(OWN)
    own = sending().given(OWN)
    own.when(ConfigureSending(OWN)).then_nothing()
    other = replace(OWN, host="smtp.other.example")
    own.when(ConfigureSending(other)).then(other)
    own.when(ChangeSendingCredentials()).then(AccountSendingCredentialsChanged())
    own.when(RemoveSending()).then(AccountSendingRemoved())
    own.when(account.PauseAccount()).then_refused("NOT_FOUND")
    for command in (ChangeSendingCredentials(), RemoveSending()):
        sending().when(command).then_refused("NOT_FOUND")
        own.given(AccountSendingRemoved()).when(command).then_refused("NOT_FOUND")


def test_an_account_that_is_removed_sends_no_more() -> None:
    for past in ((OWN,), (FETCHED, OWN)):
        there = sending().given(*past)
        there.when(RemoveAccount()).then(AccountRemoved())
        there.given(AccountRemoved()).when(RemoveSending()).then_refused("NOT_FOUND")
    sending().given(FETCHED, OWN, AccountSendingRemoved()).when(RemoveAccount()).then(
        AccountRemoved()
    )


def test_a_login_is_shared_only_where_there_is_one() -> None:
    shared = replace(OWN, login="same", user="")
    sending().when(ConfigureSending(shared)).then_refused("NO_LOGIN")
    sending().given(FETCHED).when(ConfigureSending(shared)).then(shared)


@pytest.mark.parametrize("wrong", [
    {"login": "x"}, {"sent_copy": "x"}, {"delivery_reports": "x"}, {"user": ""}, {"connections": 0},
    {"recipients_per_day": 1_000_001},
])  # fmt: skip
def test_what_cannot_be_is_refused(wrong) -> None:
    sending().when(ConfigureSending(replace(OWN, **wrong))).then_refused("INVALID")
    pinned = replace(OWN, pin="sha256:no")
    sending().when(ConfigureSending(pinned)).then_refused("BAD_PIN")


def test_limits_are_those_that_were_entered_else_what_is_usual_there() -> None:
    assert rates_of(OWN) == Rates(60, None, 2)
    assert rates_of(replace(OWN, host="SMTP.office365.com.")) == Rates(30, 10_000, 3)
    mine = replace(OWN, host="smtp.gmail.com", recipients_per_day=500, connections=1)
    assert rates_of(mine) == Rates(60, 500, 1)
