"""The dialogue is cut at every part: what became of the mail is told, and never better than known."""

import asyncio
from dataclasses import replace

import pytest

from adapters.mailservers import ServerTrouble, TroubleKind
from adapters.smtp.session import SmtpSession
from adapters.smtp.values import Limits, Outcome, Phase, SmtpAccount, Submission
from domain.replies import Fate, Ground
from smtpscript import POLITE, Answers, Sink, Told, speaking
from speaking import SILENCE, Say, forever, text, then_drop, trickle

MAIL = b"Subject: x\r\n\r\n.hello\r\n..\r\n"
ONE = Submission("info@firm.example", ("ada@acme.example",), MAIL)
PATIENT = Limits(connect=20, command=20, envelope=20, data=20, content=20)
SHORT = replace(PATIENT, connect=0.3, command=0.3, envelope=0.3, data=0.3, content=0.3)

_D, _R, _U = Fate.DEFERRED, Fate.REFUSED, Fate.UNCERTAIN
DROPS: dict[str, Say] = {
    "drops": then_drop(b""),
    "drops in a reply": then_drop(b"25"),
    "drops in a long reply": then_drop(b"250-ok\r\n250"),
}
STALLS: dict[str, Say] = {"stalls": SILENCE, "stalls in a reply": trickle(b"2")}
GARBAGE: dict[str, Say] = {
    "speaks nonsense": text(b"\0\xff what\r\n"),
    "has a code that is none": text(b"999 ok\r\n"),
    "has a code with a sign": text(b"+25 ok\r\n"),
    "asks for more": text(b"334 more\r\n"),
    "talks for ever": forever(b"250-x\r\n"),
    "has an endless line": forever(b"x"),
}
SAYS: dict[str, tuple[bytes, Fate, Ground]] = {
    "450": (b"450 4.2.1 later", _D, Ground.LATER),
    "451 slow": (b"451 4.7.500 busy", _D, Ground.SLOW_DOWN),
    "421": (b"421 4.3.2 closing", _D, Ground.SLOW_DOWN),
    "550 policy": (b"550 5.7.1 no", _R, Ground.POLICY),
    "552": (b"552 5.3.4 big", _R, Ground.TOO_BIG),
    "535": (b"535 5.7.8 who", _D, Ground.LOGIN),
    "530": (b"530 5.7.0 who", _D, Ground.LOGIN),
}
PARTS = ["MAIL", "RCPT", "DATA", "CONTENT"]
UNCERTAIN = {"CONTENT", "INSIDE"}


async def sent(answers: Answers, limits: Limits, sink: Sink, told: Told) -> Outcome:
    async with asyncio.timeout(60), speaking(POLITE | dict(answers), sink) as port:
        account = SmtpAccount("127.0.0.1", port, "plain", "anna", "secret")
        async with SmtpSession(account, limits) as session:
            return await session.submit(ONE, told)


async def test_a_mail_is_told_part_by_part_and_arrives_as_it_is():
    sink, told = Sink(), Told()
    outcome = await sent({}, PATIENT, sink, told)
    assert (outcome.fate, outcome.named) == (Fate.ACCEPTED, "4XyZ12")
    assert [one.fate for one in outcome.recipients] == [Fate.ACCEPTED]
    assert told.phases == list(Phase)
    assert sink.mails == [MAIL]


@pytest.mark.parametrize("part", [*PARTS, "INSIDE"])
@pytest.mark.parametrize("how", [*DROPS, *STALLS, *GARBAGE])
async def test_what_is_cut_before_the_content_is_deferred_and_after_it_uncertain(part, how):
    say = (DROPS | STALLS | GARBAGE)[how]
    sink, told = Sink(), Told()
    cut: Answers = {part: say} if part != "INSIDE" else {part: say, "CONTENT": SILENCE}
    limits = SHORT if how in STALLS else PATIENT
    outcome = await sent(cut, limits, sink, told)
    fate = _U if part in UNCERTAIN else _D
    assert (outcome.fate, outcome.ground) == (fate, Ground.CONNECTION)
    assert [one.fate for one in outcome.recipients] == [fate]
    assert (Phase.CONTENT in told.phases) == (fate is _U)
    assert part == "INSIDE" or sink.mails == ([MAIL] if part == "CONTENT" else [])
    assert "secret" not in outcome.reply.text


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("said", SAYS)
async def test_a_reply_at_any_part_is_taken_for_what_it_is(part, said):
    line, fate, ground = SAYS[said]
    outcome = await sent({part: text(line + b"\r\n")}, PATIENT, Sink(), Told())
    assert (outcome.fate, outcome.ground) == (fate, ground)
    assert outcome.reply.code == int(line[:3])
    assert outcome.reply.enhanced == line.split()[1].decode()


@pytest.mark.parametrize("part", ["RCPT", "DATA"])
async def test_a_refusal_without_a_finer_code_is_of_whom_or_what_was_named(part):
    outcome = await sent({part: text(b"554 no\r\n")}, PATIENT, Sink(), Told())
    ground = Ground.RECIPIENT if part == "RCPT" else Ground.MAIL
    assert (outcome.fate, outcome.ground) == (Fate.REFUSED, ground)


@pytest.mark.parametrize("early", [b"354 go\r\n250 done\r\n", b"250 done\r\n"])
async def test_what_is_accepted_before_it_is_sent_is_not_believed(early):
    sink, told = Sink(), Told()
    outcome = await sent({"DATA": text(early)}, PATIENT, sink, told)
    assert (outcome.fate, outcome.ground) == (Fate.DEFERRED, Ground.CONNECTION)
    assert sink.mails == []


async def test_what_stands_behind_the_last_word_ends_the_connection_and_not_the_mail():
    sink = Sink()
    answers = POLITE | {"CONTENT": text(b"250 ok\r\n421 too many, closing\r\n")}
    async with speaking(answers, sink) as port:
        account = SmtpAccount("127.0.0.1", port, "plain", "anna", "secret")
        async with SmtpSession(account, PATIENT) as session:
            for _ in range(2):
                assert (await session.submit(ONE, Told())).fate is Fate.ACCEPTED
    assert (sink.connections, len(sink.mails)) == (2, 2)


ILL = [
    (place, how)
    for how in [*DROPS, *STALLS, *GARBAGE]
    for place in ("", "EHLO", "AUTH")
    if (place, how) != ("AUTH", "asks for more")
]


@pytest.mark.parametrize(("place", "how"), ILL)
async def test_a_server_that_is_ill_before_any_mail_is_trouble_of_the_account(place, how):
    limits = SHORT if how in STALLS else PATIENT
    told = Told()
    with pytest.raises(ServerTrouble) as trouble:
        await sent({place: (DROPS | STALLS | GARBAGE)[how]}, limits, Sink(), told)
    assert trouble.value.kind in _kinds(how)
    assert told.phases == []
    assert "secret" not in trouble.value.sentence


def _kinds(how: str) -> set[TroubleKind]:
    if how in DROPS:
        return {TroubleKind.LOST}
    ill = {TroubleKind.PROTOCOL, TroubleKind.TOO_MUCH_DATA}
    return {TroubleKind.TIMEOUT} if how in STALLS else ill


async def test_whoever_cannot_note_that_the_content_begins_sends_none():
    async def full(phase: Phase) -> None:
        if phase is Phase.CONTENT:
            raise OSError("no room is left")

    sink = Sink()
    async with speaking(POLITE, sink) as port:
        account = SmtpAccount("127.0.0.1", port, "plain", "anna", "secret")
        with pytest.raises(OSError, match="no room"):
            async with SmtpSession(account, PATIENT) as session:
                await session.submit(ONE, full)
    assert sink.mails == []
