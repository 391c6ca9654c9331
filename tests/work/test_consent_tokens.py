"""Tokens of accounts let in by consent: renewed in time, by one, sealed, never lost on the way."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from adapters.clock import utc
from adapters.imap.session import ImapSession
from adapters.imap.values import ImapAccount
from adapters.keyring import Damaged
from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.mime.worker import ReadingWorker
from api.work.consent import Consents, open_grant
from api.work.instance import Carteggio
from consented import MAIL, Consented
from consenting import Provider, believing
from domain.account import AccountConsentGiven
from dovecot import Dovecot, MailAccount
from events import stream
from speaking import POLITE, spoken, text


@pytest.fixture
def office(carteggio: Carteggio, worker: ReadingWorker, provider: Provider) -> Consented:
    return Consented(carteggio, worker, provider)


@pytest.fixture
def user(believer: Dovecot) -> MailAccount:
    return believer.add_user()


def test_a_token_is_renewed_when_four_fifths_of_its_time_are_over(office, user):
    office.add(user)
    office.consent(user.user)
    first = office.token(timedelta(minutes=47))
    assert office.provider.questions("refresh_token") == 0
    second = office.token(timedelta(minutes=49))
    assert office.provider.questions("refresh_token") == 1
    assert first != second
    assert office.kept().access == second


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
