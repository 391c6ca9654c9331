"""Whoever has what waits in hand is reminded by one mail that lists it, and once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from adapters.mime.worker import ReadingWorker
from alarmed import ANNA, CARLO, DORA, INFO, Alarmed
from api.ids import Kind, shown
from api.work import noticing, ordernotices
from api.work.instance import Carteggio
from api.work.reminders import Word, concerned, remind, tell
from api.work.sendingside import EnteredSending, configure_sending
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator
from domain.mailbox import Role
from domain.values import Actor, ActorKind
from instances import events_of
from projections.reader import EVERYTHING
from smtpscript import POLITE, Sink, speaking
from speaking import in_thread


def reminded(firm: Alarmed, messages: list[UUID], command: str, *, again: bool = False) -> str:
    """Let Dora remind of conversations; give the codes of what was refused."""
    dora = colleague_at(firm.carteggio, DORA)
    by = Actor(ActorKind.USER, shown(Kind.COLLEAGUE, dora))
    stamp = replace(by_operator(), on_behalf_of=by, command_id=command)
    of = asyncio.run(concerned(firm.carteggio, EVERYTHING, messages, dora, stamp.at))
    done = remind(firm.carteggio, of, Word("Prima di sera.", again), stamp)
    firm.caught_up()
    return " ".join(one.code for one in done.refused.values())


def left(firm: Alarmed, worker: ReadingWorker, sink: Sink) -> dict[str, tuple[str, str]]:
    """Tell, let it leave; give to whom what was written."""
    mails = firm.left(sink, worker, tell)
    return {one["To"]: (one["Subject"], one.get_content()) for one in mails}


def test_each_gets_one_mail_with_all_that_is_his_and_a_kill_tells_nobody_twice(
    carteggio: Carteggio, worker: ReadingWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, sink = Alarmed(carteggio, tmp_path).begin(), Sink()
    for who, role in ((CARLO, Role.MEMBER), (DORA, Role.MEMBER)):
        share(carteggio, firm.box(INFO), colleague_at(carteggio, who), role, by_operator())
    for to in (INFO, INFO, ANNA):
        firm.arrives("2026-03-02T09:00", to)
    firm.caught_up()
    ids = [one.stream for one in carteggio.journal.read(0, names=["message.received"])]
    with in_thread(lambda: speaking(POLITE, sink)) as port:
        configure_sending(carteggio, EnteredSending(INFO, "127.0.0.1", port, "plain", "none"))
        assert reminded(firm, ids, "first") == ""
        assert len(events_of(carteggio, "message.reminded")) == 3
        kept = noticing.write

        async def killed(*given: object) -> None:
            await kept(*given)  # type: ignore[arg-type]
            raise KeyboardInterrupt

        monkeypatch.setattr(ordernotices, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(tell(carteggio, datetime.now(UTC)))
        monkeypatch.undo()
        mails = left(firm, worker, sink)
        assert sorted(mails) == [f"Anna <{ANNA}>", f"Carlo <{CARLO}>"]
        subject, text = mails[f"Carlo <{CARLO}>"]
        assert subject == "2 conversations wait for you"
        assert text.startswith("Dora reminds you of what waits for an answer.")
        assert "“Prima di sera.”" in text
        assert text.count("Ada, in info@firm.example, since 2026-03-02 08:00 (UTC)") == 2
        assert reminded(firm, ids, "second") == "ALREADY_REMINDED " * 2 + "ALREADY_REMINDED"
        assert left(firm, worker, sink) == {}
        assert reminded(firm, ids[:1], "third", again=True) == ""
        assert list(left(firm, worker, sink)) == [f"Carlo <{CARLO}>"]


def test_what_was_ordered_long_ago_is_told_no_more(carteggio: Carteggio, tmp_path: Path) -> None:
    firm = Alarmed(carteggio, tmp_path).begin()
    firm.arrives("2026-03-02T09:00", ANNA)
    firm.caught_up()
    (received,) = carteggio.journal.read(0, names=["message.received"])
    assert reminded(firm, [received.stream], "old") == ""
    asyncio.run(tell(carteggio, datetime.now(UTC) + timedelta(days=2)))
    assert events_of(carteggio, "outgoing.queued") == []
