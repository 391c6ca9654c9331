"""Mail is handed to a real server (Dovecot's submission), and arrives behind it octet for octet."""

import re

import pytest

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import SmtpAccount, Submission
from consenting import Provider
from domain.replies import Fate, Ground
from dovecot import PASSWORD
from smtpscript import Told
from submitting import Submitting

MAIL = (
    "From: info@firm.example\r\nTo: ada@acme.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ".\r\n..dots\r\n Grüße\r\n.\r\n"
).encode()
TO = ("ada@acme.example", "bob@acme.example")


def account(server: Submitting, security: str = "tls", **more: object) -> SmtpAccount:
    port = server.submissions if security == "tls" else server.submission
    known = {"host": "127.0.0.1", "port": port, "security": security, "user": "user1"}
    known |= {"password": PASSWORD, "ca_file": server.dovecot.authority}
    return SmtpAccount(**{**known, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
async def test_a_mail_arrives_as_it_is(submission_server: Submitting, security):
    sink = submission_server.sink
    sink.mails.clear()
    sink.heard.clear()
    async with SmtpSession(account(submission_server, security)) as session:
        mail = Submission("info@firm.example", TO, MAIL, envid="01a+b=c")
        outcome = await session.submit(mail, Told())
    assert (outcome.fate, [one.fate for one in outcome.recipients]) == (
        Fate.ACCEPTED, [Fate.ACCEPTED] * 2,
    )  # fmt: skip
    assert outcome.named == "4XyZ12"
    (arrived,) = sink.mails
    assert re.sub(rb"^Received:.*?\r\n(?![ \t])", b"", arrived, flags=re.DOTALL) == MAIL
    begun = next(one for one in sink.commands() if one.startswith("MAIL"))
    assert {"BODY=8BITMIME", "RET=HDRS", "ENVID=01a+2Bb+3Dc"} <= set(begun.split())
    named = [one for one in sink.commands() if one.startswith("RCPT")]
    assert [one.split(">")[0] for one in named] == [f"RCPT TO:<{one}" for one in TO]
    assert all("ORCPT=rfc822;" in one and "NOTIFY=" in one for one in named)


async def test_several_mails_go_over_one_connection(submission_server: Submitting):
    submission_server.sink.mails.clear()
    async with SmtpSession(account(submission_server)) as session:
        for at in range(5):
            mail = Submission("info@firm.example", TO[:1], b"Subject: %d\r\n\r\nx\r\n" % at)
            assert (await session.submit(mail, Told())).fate is Fate.ACCEPTED
        assert session.connection.mails == 5
    assert len(submission_server.sink.mails) == 5


async def test_a_mail_that_is_too_big_is_not_even_announced(submission_server: Submitting):
    async with SmtpSession(account(submission_server)) as session:
        most = int(session.offers["SIZE"])
        big = Submission("info@firm.example", TO, b"x" * 78 + b"\r\n" + MAIL * 1_000)
        told = Told()
        outcome = await session.submit(big, told)
    assert (outcome.fate, outcome.ground) == (Fate.REFUSED, Ground.TOO_BIG)
    assert f"{most:,} at most" in outcome.reply.text
    assert told.phases == []


async def test_a_wrong_password_is_told_in_the_servers_words(submission_server: Submitting):
    with pytest.raises(ServerTrouble, match=r"535 5\.7\.8 Authentication failed") as trouble:
        async with SmtpSession(account(submission_server, password="wrong")):
            pass
    assert trouble.value.kind is TroubleKind.LOGIN_REFUSED
    assert "wrong" not in trouble.value.sentence


async def test_a_certificate_that_nobody_vouches_for_is_refused(submission_server: Submitting):
    for security in ("tls", "starttls"):
        with pytest.raises(ServerTrouble, match="is not trusted") as trouble:
            async with SmtpSession(account(submission_server, security, ca_file=None)):
                pass
        assert trouble.value.kind is TroubleKind.TLS


class Given:
    """Tokens, the first of which the server does not take."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.refused: list[str] = []

    async def current(self) -> str:
        return self.tokens[0]

    async def renewed(self, refused: str) -> str:
        self.refused.append(refused)
        return self.tokens[len(self.refused)]

    async def gave_up(self, token: str, sentence: str) -> None:
        self.refused.append(token)


async def test_a_token_lets_in_and_one_that_is_refused_is_renewed_once(
    submission_server: Submitting,
):
    good, other = Provider().token_for("user2"), Provider().token_for("user3")
    given = Given(other, good)
    by_token = account(submission_server, user="user2", password="", tokens=given)
    async with SmtpSession(by_token) as session:
        mail = Submission("info@firm.example", TO, MAIL)
        assert (await session.submit(mail, Told())).fate is Fate.ACCEPTED
    assert given.refused == [other]
    worse = Given(other, other)
    with pytest.raises(ServerTrouble) as trouble:
        async with SmtpSession(
            account(submission_server, user="user2", password="", tokens=worse)
        ):
            pass
    assert trouble.value.kind is TroubleKind.LOGIN_REFUSED
    assert worse.refused == [other, other]
