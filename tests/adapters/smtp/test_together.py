"""Servers that take commands together (RFC 2920): all is said at once, and each answer counts as ever."""

from dataclasses import replace

import pytest

from adapters.smtp.values import Phase
from domain.replies import Fate, Ground
from smtpclient import MAIL, ONE, offers, opened, sent
from smtpscript import POLITE, Answers, Sink, Told
from speaking import text, then_drop

TOGETHER = offers("PIPELINING")
REFUSED = text(b"550 5.1.1 no\r\n")
OK = text(b"250 ok\r\n")
THREE = replace(ONE, recipients=("a@acme.example", "b@acme.example", "c@acme.example"))


def said(sink: Sink) -> list[str]:
    return [one.split(" ")[0] for one in sink.commands()[2:]]


async def test_mails_go_one_after_the_other_and_their_content_waits_for_the_answer_to_data() -> (
    None
):
    sink, told = Sink(), Told()
    async with opened(TOGETHER, sink) as session:
        for _ in range(3):
            assert (await session.submit(THREE, told)).fate is Fate.ACCEPTED
    assert said(sink) == ["MAIL", "RCPT", "RCPT", "RCPT", "DATA"] * 3 + ["QUIT"]
    assert (sink.mails, sink.connections) == ([MAIL] * 3, 1)
    assert told.phases == list(Phase) * 3


async def test_each_recipient_is_told_what_was_answered_to_him() -> None:
    sink = Sink()
    answers = TOGETHER | {"RCPT": [OK, REFUSED, text(b"452 4.5.3-\r\n")]}
    outcome = await sent(answers, THREE, sink)
    fates = [one.fate for one in outcome.recipients]
    assert (fates, sink.mails) == ([Fate.ACCEPTED, Fate.REFUSED, Fate.DEFERRED], [MAIL])


NOBODY = text(b"554 5.5.1 no valid recipients\r\n")


@pytest.mark.parametrize(
    ("answers", "connections"),
    [
        ({"RCPT": [REFUSED, OK], "DATA": [NOBODY, POLITE["DATA"]]}, 1),
        ({"RCPT": REFUSED}, 2),
        ({"MAIL": REFUSED, "RCPT": text(b"503 no\r\n")}, 2),
    ],
)
async def test_a_mail_that_nobody_gets_has_no_content_whatever_is_answered_to_data(
    answers: Answers, connections: int
) -> None:
    sink, told = Sink(), Told()
    async with opened({**TOGETHER, **answers}, sink) as session:
        assert (await session.submit(ONE, told)).fate is Fate.REFUSED
        assert Phase.CONTENT not in told.phases
        await session.submit(ONE, told)
    assert (sink.connections, sink.mails) == (connections, [MAIL] if connections == 1 else [])


async def test_an_address_that_cannot_be_said_is_left_out_and_nobody_else() -> None:
    sink = Sink()
    mail = replace(THREE, recipients=("jörg@acme.example", "b@acme.example"))
    outcome = await sent(TOGETHER, mail, sink)
    assert [one.ground for one in outcome.recipients] == [Ground.UNSAYABLE, Ground.NONE]
    assert said(sink) == ["MAIL", "RCPT", "DATA", "QUIT"]
    nobody = await sent(TOGETHER, replace(mail, recipients=("jörg@acme.example",)), Sink())
    assert nobody.fate is Fate.REFUSED


async def test_a_server_that_says_more_than_it_was_asked_is_left_before_the_content() -> None:
    sink = Sink()
    outcome = await sent(TOGETHER | {"DATA": text(b"354 go on\r\n250 and more\r\n")}, ONE, sink)
    assert (outcome.fate, sink.mails) == (Fate.DEFERRED, [])


async def test_a_connection_that_goes_before_the_content_puts_the_mail_off() -> None:
    for name in ("MAIL", "RCPT", "DATA"):
        sink = Sink()
        outcome = await sent(TOGETHER | {name: then_drop(b"25")}, ONE, sink)
        assert (outcome.fate, outcome.ground, sink.mails) == (
            Fate.DEFERRED, Ground.CONNECTION, []
        )  # fmt: skip


async def test_a_connection_kept_too_long_is_made_anew_and_all_is_said_again() -> None:
    sink = Sink()
    async with opened(TOGETHER | {"MAIL": [OK, then_drop(b"")]}, sink) as session:
        for _ in range(2):
            assert (await session.submit(ONE, Told())).fate is Fate.ACCEPTED
    assert (sink.connections, len(sink.mails)) == (2, 2)


async def test_to_many_recipients_each_is_said_by_itself() -> None:
    people = tuple(f"a{one}@acme.example" for one in range(30))
    sink = Sink()
    outcome = await sent(TOGETHER, replace(ONE, recipients=people), sink)
    assert (outcome.fate, len(outcome.recipients)) == (Fate.ACCEPTED, 30)


async def test_no_control_character_is_said_in_a_group_of_commands() -> None:
    async with opened(TOGETHER) as session:
        with pytest.raises(ValueError, match="control character"):
            session.connection.protocol.say([b"MAIL FROM:<a@b.example>\r\nDATA"])
