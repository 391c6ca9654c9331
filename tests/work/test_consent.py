"""Accounts that are let in by consent: asked for, given, lost, given again; mail comes meanwhile."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.mime.worker import ReadingWorker
from adapters.oauth.grants import by_itself
from api.work.consent import client_for, endings, ends_of, give_consent
from api.work.instance import Carteggio
from api.work.looks import states_of
from attended import Office
from consented import BOX, MAIL, Consented
from consenting import CLIENT, SECRET, Provider
from domain.account import AccountConsentGiven, AccountConsentLost, OAuth
from dovecot import Dovecot, MailAccount


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker, provider: Provider) -> Consented:
    return Consented(carteggio, worker, provider)


@pytest.fixture
def user(believer: Dovecot) -> MailAccount:
    return believer.add_user()


def test_without_consent_nobody_is_asked_and_with_it_mail_comes(office, user):
    user.append(MAIL)
    office.add(user)
    refused = office.sync()
    assert (refused.kind, office.provider.asked) == ("needs_consent", [])
    assert f"carteggio account consent {BOX}" in refused.trouble
    office.consent(user.user)
    assert office.events() == [AccountConsentGiven()]
    synced = office.sync()
    assert (synced.trouble, synced.counts.stored) == ("", 1)
    assert office.provider.questions("refresh_token") == 0


def test_a_maildrop_is_let_in_too(office, user):
    user.append(MAIL)
    office.add(user, protocol="pop3", port=user.server.pop3)
    office.consent(user.user)
    synced = office.sync()
    assert (synced.trouble, synced.counts.stored) == ("", 1)


def test_who_has_been_let_in_elsewhere_is_not_let_in_here(office, user):
    office.add(user)
    office.consent("another")
    assert office.sync().kind == "needs_consent"


def test_a_mail_server_that_takes_no_fresh_token_either_is_left_alone(office, user):
    office.add(user)
    office.provider.holds = -30
    office.consent(user.user)
    assert office.sync().kind == "needs_consent"
    assert office.events() == [AccountConsentGiven(), AccountConsentLost("login_refused")]
    asked = len(office.provider.asked)
    for _ in range(5):
        assert office.sync().kind == "needs_consent"
    assert len(office.provider.asked) == asked
    assert office.account().needs_consent
    office.provider.holds = 3_600
    office.consent(user.user)
    assert office.sync().trouble == ""
    assert not office.account().needs_consent


def test_consent_that_was_withdrawn_is_an_event_and_nobody_asks_again(office, user, caplog):
    caplog.set_level(logging.DEBUG)
    office.add(user)
    office.provider.told = 0
    office.consent(user.user)
    office.provider.refreshing.clear()
    refused = office.sync()
    assert refused.kind == "needs_consent"
    for _ in range(5):
        assert office.sync().kind == "needs_consent"
    assert office.provider.questions("refresh_token") == 1
    assert office.events() == [AccountConsentGiven(), AccountConsentLost("invalid_grant")]
    assert [one.trouble for one in states_of(office.carteggio).values()] == ["needs_consent"]
    told = refused.trouble + caplog.text
    assert [secret for secret in office.provider.given if secret in told] == []


def test_a_secret_that_has_run_out_is_the_operators_business(office, user):
    office.provider.secret = SECRET
    office.add(user)
    office.provider.told = 0
    office.consent(user.user)
    office.provider.secret = "a new one"
    refused = office.sync()
    assert refused.kind == "client_refused"
    assert "carteggio account add" in refused.trouble
    assert office.events() == [AccountConsentGiven()]
    office.add(user)
    assert office.sync().trouble == ""


def test_a_worker_attends_an_account_as_long_as_it_is_let_in(office, user):
    office.add(user)
    office.consent(user.user)
    attended = Office(office.carteggio, office.worker)
    with attended.attended():
        attended.until(lambda: office.looks() == [""])
        office.provider.told, office.provider.withdrawn = 0, True
        office.consent(user.user)  # heard at once: the account's task begins anew
        attended.until(lambda: AccountConsentLost("invalid_grant") in office.events())
        user.append(MAIL)
        office.provider.told, office.provider.withdrawn = 3_600, False
        office.consent(user.user)
        attended.until(lambda: len(attended.received()) == 1)


def test_a_client_that_needs_no_person_is_let_in(office, user):
    user.append(MAIL)
    office.provider.secret, office.provider.person = SECRET, user.user
    asked = OAuth("other", CLIENT, endpoints=office.provider.endpoints(), unattended=True)
    account = office.add(user, oauth=asked)
    grant = asyncio.run(by_itself(client_for(office.carteggio, account, asked)))
    give_consent(office.carteggio, account, asked, grant)
    assert office.sync().counts.stored == 1
    assert office.token(timedelta(minutes=55)) != grant.access
    assert office.provider.questions("client_credentials") == 2


def test_what_ends_within_a_week_is_told(office, user):
    office.provider.consent_lasts = 8 * 86_400
    office.add(user)
    office.consent(user.user)
    (ends_at,) = ends_of(office.carteggio).values()
    now, account = datetime.now(UTC), office.account()
    assert account.oauth is not None
    assert endings(account, ends_at, now) == []
    (said,) = endings(account, ends_at, now + timedelta(days=1, seconds=60))
    assert said.endswith(f"carteggio account consent {BOX}")
    dated = replace(account, oauth=replace(account.oauth, secret_ends_on=date(2026, 3, 9)))
    assert endings(dated, None, datetime(2026, 3, 1, 23, tzinfo=UTC)) == []
    (said,) = endings(dated, None, datetime(2026, 3, 2, 1, tzinfo=UTC))
    assert "2026-03-09" in said


def test_whoever_is_asked_for_something_else_has_to_consent_anew(office, user):
    account = office.add(user)
    office.consent(user.user)
    assert account.oauth is not None
    office.add(user, oauth=replace(account.oauth, secret_ends_on=date(2027, 1, 1)))
    assert office.sync().trouble == ""
    office.add(user, oauth=replace(account.oauth, scopes=("mail", "more")))
    assert office.sync().kind == "needs_consent"
