"""Accounts that are let in by consent: tokens renewed in time, by one, and never lost on the way."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier

from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount
from adapters.keyring import Damaged
from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.mime.worker import ReadingWorker
from adapters.oauth.grants import by_device, by_itself, device
from adapters.oauth.values import utc
from api.work.accounts import Account, Entered, accounts_of, configure, states_of
from api.work.attendant import Pace
from api.work.attending import Attending
from api.work.consent import Consents, client_for, endings, ends_of, give_consent, open_grant
from api.work.feed import feed_channel
from api.work.instance import Carteggio
from api.work.sync import Sync, Synced
from consenting import CLIENT, SECRET, Provider, believing
from domain.account import AccountConsentGiven, AccountConsentLost, OAuth
from dovecot import Dovecot, MailAccount
from events import stream
from instances import events_of
from speaking import POLITE, spoken, text

BOX = "info@firm.example"
MAIL = (
    b"From: ada@acme.example\r\nTo: info@firm.example\r\nSubject: Offer?\r\n"
    b"Message-ID: <q@acme.example>\r\n\r\nCould you send us your offer, please?\r\n"
)


class Office:
    """An instance with one account, and the provider that lets it in."""

    def __init__(self, carteggio: Carteggio, worker: ReadingWorker, provider: Provider) -> None:
        self.carteggio, self.worker, self.provider = carteggio, worker, provider

    def add(self, at: MailAccount, **more: Any) -> Account:
        oauth = OAuth("other", CLIENT, endpoints=self.provider.endpoints(), scopes=("mail",))
        server = at.server
        given: dict[str, Any] = {
            "address": BOX, "host": server.host, "port": server.imap, "security": "plain",
            "user": at.user, "password": self.provider.secret, "oauth": oauth,
        }  # fmt: skip
        configure(self.carteggio, Entered(**(given | more)))
        return self.account()

    def account(self) -> Account:
        self.carteggio.feed.catch_up(self.carteggio.journal.head())
        (one,) = asyncio.run(accounts_of(self.carteggio))
        return one

    def consent(self, person: str) -> None:
        """Let a person consent, on another device."""
        self.provider.person = person
        one = self.account()
        assert one.oauth is not None
        client = client_for(self.carteggio, one, one.oauth)

        async def enter() -> Any:
            return await by_device(client, await device(client))

        give_consent(self.carteggio, one, one.oauth, asyncio.run(enter()))

    def sync(self) -> Synced:
        async def look() -> list[Synced]:
            return await Sync(self.carteggio, self.worker).all([BOX])

        self.carteggio.feed.catch_up(self.carteggio.journal.head())
        (one,) = asyncio.run(look())
        return one

    def token(self, later: timedelta = timedelta(0)) -> str:
        tokens = Consents(self.carteggio, lambda: utc() + later).of(self.account())
        assert tokens is not None
        return asyncio.run(tokens.current())

    def kept(self) -> Any:
        with self.carteggio.database.connect() as connection:
            row = connection.execute("SELECT account, sealed FROM account_consent").fetchone()
        assert row is not None
        return open_grant(self.carteggio, *row)

    def looks(self) -> list[str]:
        return [one.trouble for one in states_of(self.carteggio).values()]

    def events(self) -> list[Any]:
        return events_of(self.carteggio, "account.consent_given", "account.consent_lost")


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker, provider: Provider) -> Office:
    return Office(carteggio, worker, provider)


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


def test_a_token_is_renewed_when_four_fifths_of_its_time_are_over(office, user):
    office.add(user)
    office.consent(user.user)
    first = office.token(timedelta(minutes=47))
    assert office.provider.questions("refresh_token") == 0
    second = office.token(timedelta(minutes=49))
    assert office.provider.questions("refresh_token") == 1
    assert first != second
    assert office.kept().access == second


def test_who_has_been_let_in_elsewhere_is_not_let_in_here(office, user):
    office.add(user)
    office.consent("another")
    assert office.sync().kind == "needs_consent"


def test_a_token_that_the_mail_server_no_longer_takes_is_renewed_once(office, user):
    user.append(MAIL)
    office.add(user)
    office.provider.holds = -30  # the mail server's clock is not the provider's
    office.consent(user.user)
    office.provider.holds = 3_600
    synced = office.sync()
    assert (synced.trouble, synced.counts.stored) == ("", 1)
    assert office.provider.questions("refresh_token") == 1
    assert office.events() == [AccountConsentGiven()]


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


def test_a_provider_that_is_down_costs_nothing_while_the_token_lasts(office, user):
    office.add(user)
    office.consent(user.user)
    before = office.kept().access
    office.provider.outage = True
    assert office.token(timedelta(minutes=50)) == before
    with pytest.raises(ServerTrouble, match="503") as down:
        office.token(timedelta(minutes=61))
    assert down.value.kind is TroubleKind.UNREACHABLE
    office.provider.outage = False
    assert office.token(timedelta(minutes=61)) != before
    assert office.events() == [AccountConsentGiven()]


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


def test_of_many_that_come_at_once_one_asks(office, user):
    office.add(user)
    office.provider.strict = True
    office.consent(user.user)
    account, tokens = office.account(), set()
    later = lambda: utc() + timedelta(minutes=55)  # noqa: E731

    def work() -> None:
        async def many() -> list[str]:
            each = [Consents(office.carteggio, later).of(account) for _ in range(5)]
            return await asyncio.gather(*(one.current() for one in each if one))

        tokens.update(asyncio.run(many()))

    workers = [Thread(target=work, name=f"tests-worker-{n}") for n in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert office.provider.questions("refresh_token") == 1
    assert len(tokens) == 1
    assert office.events() == [AccountConsentGiven()]


def test_a_rotated_refresh_token_is_stored_before_the_token_is_used(office, user):
    """The mail server looks into the store in the moment in which it is shown the token."""
    office.provider.strict = True
    office.add(user)
    office.provider.told = 0
    office.consent(user.user)
    seen: list[str] = []

    async def look(tag: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(await asyncio.to_thread(lambda: office.kept().refresh))
        writer.write(b"* BYE gone\r\n")
        writer.close()

    capable = text(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\nTAG OK\r\n")
    with spoken(POLITE | {"CAPABILITY": capable, "AUTHENTICATE": look}) as port:
        office.add(user, port=port)
        assert office.sync().kind == "lost"
    (newest,) = office.provider.refreshing
    assert seen == [newest]
    office.add(user)
    assert office.sync().trouble == ""  # the one that was used would be refused


async def test_what_a_provider_gave_is_stored_though_nobody_waits_any_more(office, user):
    office.provider.strict = True
    await asyncio.to_thread(office.add, user)
    await asyncio.to_thread(office.consent, user.user)
    before = office.kept()
    account = await asyncio.to_thread(office.account)
    tokens = Consents(office.carteggio, lambda: utc() + timedelta(minutes=55)).of(account)
    assert tokens is not None
    office.provider.hears.clear()
    asking = asyncio.create_task(tokens.current())
    assert await asyncio.to_thread(office.provider.hears.wait, 20)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert office.kept().refresh != before.refresh
    assert list(office.provider.refreshing) == [office.kept().refresh]


def test_a_worker_attends_an_account_as_long_as_it_is_let_in(office, user):
    office.add(user)
    office.consent(user.user)
    stop = Event()

    async def attend() -> None:
        pace = Pace(3_600, least=0.1)
        await Attending(office.carteggio, Sync(office.carteggio, office.worker), pace).run(stop)

    threads = [
        Thread(target=office.carteggio.feed.run, args=(stop,), name="tests-feed"),
        Thread(target=lambda: asyncio.run(attend()), name="tests-attending"),
    ]
    for one in threads:
        one.start()
    try:
        until(office, lambda: office.looks() == [""])
        office.provider.told, office.provider.withdrawn = 0, True
        office.consent(user.user)  # heard at once: the account's task begins anew
        until(office, lambda: AccountConsentLost("invalid_grant") in office.events())
        user.append(MAIL)
        office.provider.told, office.provider.withdrawn = 3_600, False
        office.consent(user.user)
        until(office, lambda: len(events_of(office.carteggio, "message.received")) == 1)
    finally:
        stop.set()
        for one in threads:
            one.join()


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


def test_tokens_lie_sealed_for_their_account_alone(office, user):
    office.add(user)
    office.consent(user.user)
    with office.carteggio.database.connect() as connection:
        row = connection.execute("SELECT account, sealed FROM account_consent").fetchone()
    assert row is not None
    assert [one for one in office.provider.given if one.encode() in row[1]] == []
    for other in (stream("another account"), row[0]):  # the second would be its client's secret
        with pytest.raises(Damaged):
            office.carteggio.keyring.open_secret(other, row[1])
    with pytest.raises(Damaged):
        open_grant(office.carteggio, stream("another account"), row[1])


@pytest.mark.parametrize(
    ("mechanism", "at_once"), [("xoauth2", "SASL-IR"), ("xoauth2", ""), ("oauthbearer", "")]
)
async def test_a_token_is_shown_in_each_way_and_a_wrong_one_refused(provider, mechanism, at_once):
    capable = f"imap_capability = IMAP4rev1 LITERAL+ LOGIN-REFERRALS ID ENABLE IDLE {at_once}\n"
    with believing(mechanism, capable) as server:
        user = server.add_user()
        good = ImapAccount(
            server.host, server.imap, "plain", user.user, "", tokens=Shown(provider, user.user)
        )
        async with ImapSession(good) as session:
            assert await session.folders()
        bad = replace(good, tokens=Shown(provider, "somebody"))
        with pytest.raises(ServerTrouble) as refused:
            async with ImapSession(bad):
                pass
        assert refused.value.kind is TroubleKind.LOGIN_REFUSED
        assert '{"status":' in refused.value.sentence  # what the server says before it says NO


def until(office: Office, holds: Callable[[], bool]) -> None:
    """Wait until something holds, looked at whenever read models move."""
    began = time.monotonic()
    with office.carteggio.database.connect(direct=True) as connection:
        name = Identifier(feed_channel(office.carteggio.database))
        connection.execute(SQL("LISTEN {}").format(name))
        while not holds():
            assert time.monotonic() - began < 30, (office.looks(), office.events())
            list(connection.notifies(timeout=0.1, stop_after=1))


class Shown:
    """Tokens of a user, made at once."""

    def __init__(self, provider: Provider, user: str) -> None:
        self.provider, self.user = provider, user

    async def current(self) -> str:
        return self.provider.token_for(self.user)

    async def renewed(self, refused: str) -> str:
        return self.provider.token_for(self.user)

    async def gave_up(self, token: str, sentence: str) -> None:
        return None
