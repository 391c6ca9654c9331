"""What is said to servers that can this and that, and what is not said to those that cannot."""

import base64
from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.smtp.values import Phase, Submission
from badcertificates import AUTHORITY, Shown
from certificates import server
from domain.replies import Fate, Ground
from smtpclient import MAIL, ONE, offers, opened, sent
from smtpscript import Answers, Sink, Told
from speaking import Say, securing, text, then_drop


async def test_a_mail_to_three_of_whom_one_is_refused_and_one_deferred_goes_to_the_third():
    said: Mapping[str, Say | list[Say]] = {
        "RCPT": [
            text(b"250 ok\r\n"),
            text(b"550-5.1.1 no such\r\n550 5.1.1 user\r\n"),
            text(b"452 4.5.3 too many\r\n"),
        ]
    }
    mail = replace(ONE, recipients=("a@acme.example", "b@acme.example", "c@acme.example"))
    sink = Sink()
    outcome = await sent(said, mail, sink)
    told = {
        one.address[0]: (one.fate, one.ground, one.reply.enhanced) for one in outcome.recipients
    }
    assert told == {
        "a": (Fate.ACCEPTED, Ground.NONE, "2.0.0"),
        "b": (Fate.REFUSED, Ground.RECIPIENT, "5.1.1"),
        "c": (Fate.DEFERRED, Ground.LATER, "4.5.3"),
    }
    assert outcome.recipients[1].reply.text == "no such user"
    assert (outcome.fate, sink.mails) == (Fate.ACCEPTED, [MAIL])


async def test_a_mail_that_nobody_gets_is_taken_back_and_the_next_one_goes():
    said: Mapping[str, Say | list[Say]] = {
        "RCPT": [text(b"550 5.1.1 no\r\n"), text(b"250 ok\r\n")]
    }
    sink = Sink()
    async with opened(said, sink) as session:
        first = await session.submit(ONE, Told())
        second = await session.submit(ONE, Told())
    assert (first.fate, second.fate) == (Fate.REFUSED, Fate.ACCEPTED)
    assert [one.split(" ")[0] for one in sink.commands()][2:6] == ["MAIL", "RCPT", "RSET", "MAIL"]
    assert (sink.connections, sink.mails) == (1, [MAIL])


@pytest.mark.parametrize(("line", "fate", "ground"), [
    (b"552 no", Fate.DEFERRED, Ground.LATER), (b"552 5.5.3 no", Fate.DEFERRED, Ground.LATER),
    (b"552 5.2.2 full", Fate.REFUSED, Ground.RECIPIENT),
    (b"552 5.3.4 big", Fate.REFUSED, Ground.TOO_BIG), (b"251 goes on", Fate.ACCEPTED, Ground.NONE),
])  # fmt: skip
async def test_too_many_recipients_pass_and_a_full_mailbox_does_not(line, fate, ground):
    outcome = await sent({"RCPT": text(line + b"\r\n")})
    assert (outcome.recipients[0].fate, outcome.recipients[0].ground) == (fate, ground)


async def test_a_connection_is_used_for_so_many_mails_and_one_that_is_gone_is_made_anew():
    sink = Sink()
    async with opened({}, sink) as session:
        for _ in range(4):
            assert (await session.submit(ONE, Told())).fate is Fate.ACCEPTED
    assert (sink.connections, len(sink.mails)) == (2, 4)
    gone: Answers = {"MAIL": [text(b"250 ok\r\n"), then_drop(b"")]}
    sink = Sink()
    async with opened(gone, sink) as session:
        for _ in range(3):
            assert (await session.submit(ONE, Told())).fate is Fate.ACCEPTED
    assert (sink.connections, len(sink.mails)) == (3, 3)


@pytest.mark.parametrize("offered", [{}, offers("PIPELINING")])
async def test_a_connection_that_takes_no_more_mails_is_made_anew_and_one_that_takes_none_is_not(
    offered,
):
    full = text(b"421 4.7.0 too many messages in this connection\r\n")
    sink, told = Sink(), Told()
    async with opened({**offered, "MAIL": [text(b"250 ok\r\n"), full]}, sink) as session:
        for _ in range(3):
            assert (await session.submit(ONE, told)).fate is Fate.ACCEPTED
    assert (sink.connections, sink.mails) == (3, [MAIL] * 3)
    assert told.phases == [*Phase] * 3
    sink = Sink()
    async with opened({**offered, "MAIL": full}, sink) as session:
        outcome = await session.submit(ONE, Told())
    assert (outcome.fate, outcome.ground) == (Fate.DEFERRED, Ground.SLOW_DOWN)
    assert (sink.connections, sink.mails) == (1, [])


async def test_what_the_server_offers_is_used_and_nothing_else():
    sink = Sink()
    await sent(offers(), replace(ONE, envid="e"), sink)
    assert sink.commands()[2:4] == ["MAIL FROM:<info@firm.example>", "RCPT TO:<ada@acme.example>"]
    sink = Sink()
    mail = Submission(
        "", ('"a b"@acme.example',), "Grüße: \r\n\r\n".encode(), "é", wants_utf8=True
    )
    await sent(offers("SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN"), mail, sink)
    assert sink.commands()[2:4] == [
        "MAIL FROM:<> SIZE=13 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=+C3+A9",
        'RCPT TO:<"a b"@acme.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;"a+20b"@acme.example',
    ]


async def test_an_address_beyond_ascii_is_said_to_whom_it_can_be_said_and_named_to_others():
    mail = replace(ONE, recipients=("ada@acme.example", "jörg@acme.example", "a@bücher.example"))
    sink = Sink()
    outcome = await sent(offers(), mail, sink)
    assert [one.fate for one in outcome.recipients] == [
        Fate.ACCEPTED, Fate.REFUSED, Fate.ACCEPTED,
    ]  # fmt: skip
    assert outcome.recipients[1].ground is Ground.UNSAYABLE
    assert "jörg@acme.example is not in ASCII" in outcome.recipients[1].reply.text
    assert sink.commands()[4] == "RCPT TO:<a@xn--bcher-kva.example>"
    sink = Sink()
    await sent(offers("8BITMIME", "SMTPUTF8", "DSN"), mail, sink)
    assert sink.commands()[2].endswith(" SMTPUTF8 RET=HDRS")
    assert "RCPT TO:<jörg@acme.example>" in sink.commands()[4]
    assert sink.commands()[4].endswith(r"ORCPT=utf-8;j\x{F6}rg@acme.example")


async def test_a_domain_that_ascii_would_make_another_is_left_as_it_is():
    outcome = await sent(offers(), replace(ONE, recipients=("a@straße.example",)))
    assert (outcome.fate, outcome.ground) == (Fate.REFUSED, Ground.UNSAYABLE)


@pytest.mark.parametrize("raw", [
    b"x\r\n\r\nno end", b"x\n\r\n", b"x\r\ry\r\n", b"x\0\r\n", b"x" * 999 + b"\r\n",
    b"a\r\n" + b"x" * 999 + b"\r\n", "ü\r\n".encode(), b"",
])  # fmt: skip
async def test_a_mail_that_would_not_arrive_as_it_is_is_not_sent(raw):
    sink = Sink()
    outcome = await sent(offers(), replace(ONE, raw=raw), sink)
    assert (outcome.fate, outcome.ground) == (Fate.REFUSED, Ground.UNSAYABLE)
    assert [one.split(" ")[0] for one in sink.commands()] == ["EHLO", "AUTH", "QUIT"]


@pytest.mark.parametrize("address", [
    "a@x.example>\r\nRCPT TO:<b@y.example", "a@x.example> NOTIFY=NEVER", "a b@x.example", "a", "@x",
    "a@", "a@x\0.example", "<a@x.example>", "a@x.example\u2028", "a@x example", "a" * 250 + "@x.example",
    "a,b@x.example", "a@b@x.example", '"a"b@x.example', '"a\r\n"@x.example', "",
])  # fmt: skip
async def test_no_address_says_more_than_an_address(address):
    sink = Sink()
    outcome = await sent({}, replace(ONE, recipients=(address, "ada@acme.example")), sink)
    assert (outcome.recipients[0].fate, outcome.fate) == (Fate.REFUSED, Fate.ACCEPTED)
    assert len([one for one in sink.commands() if one.startswith("RCPT")]) == 1
    if address:
        assert (await sent({}, replace(ONE, sender=address))).ground is Ground.UNSAYABLE


async def test_a_line_of_the_longest_measure_goes_out():
    sink = Sink()
    raw = b"x" * 998 + b"\r\n" + b"." * 998 + b"\r\n"
    assert (await sent({}, replace(ONE, raw=raw), sink)).fate is Fate.ACCEPTED
    assert sink.mails == [raw]


async def test_a_login_is_made_by_what_the_server_offers():
    sink = Sink()
    await sent({}, sink=sink)
    assert sink.commands()[1] == "AUTH PLAIN " + base64.b64encode(b"\0anna\0secret").decode()
    sink, asks = (
        Sink(),
        {"EHLO": text(b"250-x\r\n250 AUTH LOGIN\r\n"), "AUTH": text(b"334 VXNlcg==\r\n")},
    )
    user, secret = (base64.b64encode(x).decode() for x in (b"anna", b"secret"))
    more = {user.upper()[:8]: text(b"334 UGFzcw==\r\n"), secret[:8].upper(): text(b"235 in\r\n")}
    assert (await sent({**asks, **more}, sink=sink)).fate is Fate.ACCEPTED
    assert sink.commands()[1:4] == ["AUTH LOGIN", user, secret]
    sink = Sink()
    assert (await sent({"EHLO": text(b"250 x\r\n")}, sink=sink, user="")).fate is Fate.ACCEPTED
    assert not [one for one in sink.commands() if one.startswith("AUTH")]


async def test_a_long_token_waits_until_it_is_asked_for_and_its_refusal_is_read_to_the_end():
    token = "t" * 600
    said = base64.b64encode(f"user=anna\1auth=Bearer {token}\1\1".encode()).decode()
    answers: Answers = {
        "EHLO": text(b"250-x\r\n250 AUTH XOAUTH2\r\n"), "AUTH": text(b"334 \r\n"),
        said[:8].upper(): text(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
        "EMPTY": text(b"535 5.7.3 unsuccessful\r\n"),
    }  # fmt: skip
    sink = Sink()
    with pytest.raises(ServerTrouble, match=r"535 5\.7\.3 unsuccessful") as trouble:
        await sent(answers, sink=sink, token=token)
    assert trouble.value.kind is TroubleKind.LOGIN_REFUSED
    assert sink.commands()[1:4] == ["AUTH XOAUTH2", said, ""]
    assert token not in trouble.value.sentence


@pytest.mark.parametrize(("answers", "kind", "said"), [
    ({"AUTH": text(b"454 4.7.0 later\r\n")}, TroubleKind.UNREACHABLE, "454 4.7.0 later"),
    ({"AUTH": text(b"534 5.7.9 by app password\r\n")}, TroubleKind.LOGIN_REFUSED, "app password"),
    ({"EHLO": text(b"250 x\r\n")}, TroubleKind.PROTOCOL, "offers no AUTH"),
    ({"EHLO": text(b"250-x\r\n250 AUTH GSSAPI\r\n")}, TroubleKind.PROTOCOL, "neither PLAIN nor"),
    ({"": text(b"554 5.7.1 blocked\r\n")}, TroubleKind.UNREACHABLE, "554 5.7.1 blocked"),
    ({"": text(b"* OK ready\r\n")}, TroubleKind.PROTOCOL, "OK ready"),
    ({"": text(b"HTTP/1.1 400 Bad\r\n\r\n")}, TroubleKind.PROTOCOL, "HTTP/1.1 400"),
])  # fmt: skip
async def test_an_account_that_gets_nowhere_is_told_why(answers, kind, said):
    with pytest.raises(ServerTrouble, match=said) as trouble:
        await sent(answers)
    assert trouble.value.kind is kind


async def test_a_server_that_knows_only_the_old_greeting_is_talked_to():
    answers: Answers = {"EHLO": text(b"502 what\r\n"), "HELO": text(b"250 x\r\n")}
    assert (await sent(answers, user="")).fate is Fate.ACCEPTED


@pytest.mark.parametrize("answers", [
    {"STARTTLS": text(b"220 go\r\n250 injected\r\n")}, {"STARTTLS": text(b"454 no\r\n")},
    {"EHLO": text(b"250-x\r\n250 AUTH PLAIN\r\n")},
])  # fmt: skip
async def test_without_tls_nothing_is_said_where_it_is_wanted(answers):
    sink = Sink()
    known = {"EHLO": text(b"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")} | answers
    with pytest.raises(ServerTrouble) as trouble:
        await sent(known, sink=sink, security="starttls")
    assert trouble.value.kind is TroubleKind.TLS
    assert {one.split(" ")[0] for one in sink.commands()} <= {"EHLO", "STARTTLS"}


async def test_what_was_offered_before_tls_does_not_count(tmp_path):
    context = Shown([server(AUTHORITY)]).context(tmp_path)
    answers: Answers = {
        "EHLO": [
            text(b"250-x\r\n250-STARTTLS\r\n250-DSN\r\n250 AUTH PLAIN\r\n"),
            text(b"250-x\r\n250 AUTH LOGIN\r\n"),
        ],
        "STARTTLS": securing(context, b"220 go\r\n"),
        "AUTH": text(b"235 in\r\n"),
    }
    sink = Sink()
    trusted = {"host": "localhost", "ca_file": tmp_path / "ca.pem"}
    await sent(answers, sink=sink, security="starttls", **trusted)
    assert sink.commands()[2:4] == ["AUTH LOGIN", "MAIL FROM:<info@firm.example>"]


async def test_a_sender_is_asked_about_and_nothing_is_left_of_it():
    sink = Sink()
    async with opened({}, sink) as session:
        assert (await session.would_take("info@firm.example")).code == 250
    assert [one.split(" ")[0] for one in sink.commands()] == [
        "EHLO",
        "AUTH",
        "MAIL",
        "RSET",
        "QUIT",
    ]
