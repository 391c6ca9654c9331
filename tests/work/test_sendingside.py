"""The sending side of accounts: configured with or without fetching, its secret kept and destroyed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.mailservers import ServerTrouble
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import Submission
from api.work import accounts
from api.work.accounts import Entered
from api.work.consent import Consents
from api.work.instance import Carteggio
from api.work.sendingside import (
    EnteredSending,
    SendingSide,
    configure_sending,
    remove_sending,
    sending_of,
    sending_password_of,
    smtp_of,
)
from api.work.tokens import by_operator
from api.work.trying import Way, all_tried
from consented import Consented
from domain.replies import Fate
from domain.sendingside import Rates
from domain.values import Rejected
from dovecot import PASSWORD
from instances import events_of
from smtpscript import Told
from submitting import Submitting

BOX = "info@firm.example"


def entered(server: Submitting, **more: object) -> EnteredSending:
    known = {"address": BOX, "host": "127.0.0.1", "port": server.submissions, "security": "tls"}
    known |= {"login": "password", "user": "user1", "password": PASSWORD}
    known |= {"ca_file": str(server.dovecot.authority)}
    return EnteredSending(**{**known, **more})  # type: ignore[arg-type]


def fetched(server: Submitting, **more: object) -> Entered:
    given = (BOX, "127.0.0.1", server.dovecot.imaps, "tls", "user2", PASSWORD)
    return Entered(*given, ca_file=str(server.dovecot.authority), **more)  # type: ignore[arg-type]


def known(carteggio: Carteggio) -> SendingSide:
    carteggio.feed.catch_up()
    found = asyncio.run(sending_of(carteggio, BOX.upper()))
    assert found is not None
    return found


def sent(carteggio: Carteggio) -> Fate:
    """Send a mail as the mailbox, by what is kept."""

    async def go() -> Fate:
        sending = await sending_of(carteggio, BOX)
        assert sending is not None
        account = await smtp_of(carteggio, Consents(carteggio), sending)
        async with SmtpSession(account) as session:
            mail = Submission(BOX, ("ada@acme.example",), b"Subject: x\r\n\r\nx\r\n")
            return (await session.submit(mail, Told())).fate

    carteggio.feed.catch_up()
    return asyncio.run(go())


def secrets(carteggio: Carteggio) -> list[bytes]:
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT sealed FROM sending_secret").fetchall()
    return [bytes(row[0]) for row in rows]


def test_a_mailbox_that_is_not_fetched_sends(carteggio: Carteggio, submission_server):
    configure_sending(carteggio, entered(submission_server))
    assert sent(carteggio) is Fate.ACCEPTED
    assert asyncio.run(accounts.accounts_of(carteggio)) == []
    assert [one for one in secrets(carteggio) if PASSWORD.encode() in one] == []
    recorded = events_of(carteggio, "account.sending_configured")
    assert PASSWORD not in str(recorded)


def test_the_password_by_which_mail_is_fetched_serves_for_sending(
    carteggio: Carteggio, submission_server
):
    shared = entered(submission_server, login="same", user="", password="")
    with pytest.raises(Rejected, match="nothing is fetched for this mailbox"):
        configure_sending(carteggio, shared)
    accounts.configure(carteggio, fetched(submission_server))
    configure_sending(carteggio, shared)
    assert sent(carteggio) is Fate.ACCEPTED
    assert secrets(carteggio) == []


def test_what_was_delivered_is_reported_where_somebody_reads_that(
    carteggio: Carteggio, submission_server
):
    def asked() -> str:
        sent(carteggio)
        said = submission_server.sink.commands()
        rcpt: str = [one for one in said if one.startswith("RCPT")][-1]
        return rcpt.partition("NOTIFY=")[2].partition(" ")[0]

    own = entered(submission_server)
    configure_sending(carteggio, own)
    assert asked() == "FAILURE,DELAY"
    accounts.configure(carteggio, fetched(submission_server))
    assert asked() == "SUCCESS,FAILURE,DELAY"
    configure_sending(carteggio, replace(own, delivery_reports="never"))
    assert asked() == "FAILURE,DELAY"


def test_a_secret_goes_with_the_login_that_it_was_for(carteggio: Carteggio, submission_server):
    accounts.configure(carteggio, fetched(submission_server))
    own = entered(submission_server)
    configure_sending(carteggio, own)
    assert sending_password_of(carteggio, known(carteggio).id) == PASSWORD
    configure_sending(carteggio, replace(own, login="same", user="", password=""))
    assert secrets(carteggio) == []
    configure_sending(carteggio, own)
    remove_sending(carteggio, known(carteggio).id, by_operator())
    carteggio.feed.catch_up()
    assert asyncio.run(sending_of(carteggio, BOX)) is None
    assert secrets(carteggio) == []
    (still,) = asyncio.run(accounts.accounts_of(carteggio))
    with pytest.raises(Rejected, match="nothing is sent for this mailbox"):
        remove_sending(carteggio, still.id, by_operator())
    configure_sending(carteggio, own)
    accounts.remove(carteggio, still.id, by_operator())
    carteggio.feed.catch_up()
    assert (secrets(carteggio), asyncio.run(sending_of(carteggio, BOX))) == ([], None)


def test_an_account_that_only_sends_can_be_removed(carteggio: Carteggio, submission_server):
    configure_sending(carteggio, entered(submission_server))
    accounts.remove(carteggio, known(carteggio).id, by_operator())
    assert secrets(carteggio) == []


def test_each_way_out_is_tried_step_by_step(carteggio: Carteggio, submission_server):
    configure_sending(carteggio, entered(submission_server))
    sending = known(carteggio)

    def steps(port: int, security: str, user: str) -> dict[str, str]:
        configured = replace(sending.configured, port=port, security=security)
        one = replace(sending, configured=configured)
        account = one.smtp(user, PASSWORD, None, carteggio.reach)
        tried = asyncio.run(all_tried(Way(account, sender=BOX), 10))
        return {step.name: f"{step.state.value}: {step.said}" for step in tried}

    for port, security in (
        (submission_server.submissions, "tls"),
        (submission_server.submission, "starttls"),
    ):
        said = steps(port, security, "user1")
        assert list(said) == ["resolve", "connect", "TLS", "login", "sender"]
        assert "certificate for localhost" in said["TLS"]
        assert "the server can SIZE, 8BITMIME" in said["login"]
        assert said["sender"].startswith(f"good: {BOX}: 250 2.1.0")
    said = steps(submission_server.submissions, "tls", "nobody")
    assert said["login"].startswith("bad: the server refuses the login: 535")
    assert said["sender"].startswith("not reached")


def test_who_may_be_the_sender_and_how_fast_it_goes(carteggio: Carteggio, submission_server):
    configure_sending(
        carteggio,
        entered(submission_server, senders=("Orders@firm.example",), mails_per_minute=5),
    )
    one = known(carteggio)
    asked = (BOX, "INFO@firm.example", "orders@firm.example", "boss@firm.example")
    assert [one.may_send_as(x) for x in asked] == [True, True, True, False]
    assert one.rates == Rates(5, None, 2)
    exchange = replace(one.configured, host="smtp.office365.com", connections=1)
    assert replace(one, configured=exchange).rates == Rates(5, 10_000, 1)


def test_a_limit_that_is_none_is_refused(carteggio: Carteggio, submission_server):
    for more in (
        {"mails_per_minute": 0}, {"sent_copy": "twice"}, {"login": "maybe"}, {"user": ""},
        {"pin": "sha256:x"},
    ):  # fmt: skip
        with pytest.raises(Rejected):
            configure_sending(carteggio, entered(submission_server, **more))


def test_a_password_that_is_gone_is_asked_for(carteggio: Carteggio, submission_server):
    configure_sending(carteggio, entered(submission_server), secret=False)
    with pytest.raises(Rejected, match="no password is kept for sending"):
        sent(carteggio)
    configure_sending(carteggio, entered(submission_server, password="wrong"))
    with pytest.raises(ServerTrouble, match="535"):
        sent(carteggio)


@pytest.fixture
def office(carteggio: Carteggio, worker, provider, submission_server) -> Consented:
    """Give an account that somebody let in, on the server that takes its mail too."""
    made = Consented(carteggio, worker, provider)
    given = submission_server.dovecot.add_user()
    account = made.add(given, ca_file=str(submission_server.dovecot.authority))
    configure_sending(carteggio, entered(submission_server, login="same", user="", password=""))
    made.consent(account.user)
    return made


def test_consent_to_fetching_serves_for_sending_and_renewing_asks_for_no_more(office: Consented):
    assert sent(office.carteggio) is Fate.ACCEPTED
    office.token(later=timedelta(hours=2))
    assert sent(office.carteggio) is Fate.ACCEPTED
    renewal = next(one for one in office.provider.asked if one["grant_type"] == "refresh_token")
    assert "scope" not in renewal


def test_a_token_that_is_refused_for_sending_takes_no_consent_away(office: Consented):
    office.consent("somebody else")
    with pytest.raises(ServerTrouble, match="refuses the login"):
        sent(office.carteggio)
    assert events_of(office.carteggio, "account.consent_lost") == []
    assert office.account().consented
