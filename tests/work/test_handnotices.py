"""Who gets conversations, and who had them, is told by mail, once, and no more than he may see."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from adapters.mime.worker import ReadingWorker
from alarmed import ANNA, CARLO, DORA, INFO, Alarmed
from api.ids import Kind, shown
from api.work.accounts import Entered, configure
from api.work.handnotices import tell
from api.work.handover import hand_over
from api.work.instance import Carteggio
from api.work.sendingside import EnteredSending, configure_sending
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator
from domain.mailbox import Role
from domain.values import Actor, ActorKind, ColleagueId
from dovecot import Dovecot
from instances import events_of
from smtpscript import POLITE, Sink, speaking
from speaking import in_thread


def handed(firm: Alarmed, messages: list[UUID], to: ColleagueId, command: str, note: str) -> None:
    dora = Actor(ActorKind.USER, shown(Kind.COLLEAGUE, colleague_at(firm.carteggio, DORA)))
    stamp = replace(by_operator(), on_behalf_of=dora, command_id=command)
    assert hand_over(firm.carteggio, messages, to, stamp, note).refused == {}
    firm.caught_up()


def told(firm: Alarmed, worker: ReadingWorker, sink: Sink) -> list[tuple[str, str, str]]:
    """Tell, let it leave; give to whom what was written."""
    mails = firm.left(sink, worker, tell)
    return sorted((one["To"], one["Subject"], one.get_content()) for one in mails)


def test_who_gets_many_and_who_had_some_are_told_once_and_who_ordered_it_is_not(
    carteggio: Carteggio, worker: ReadingWorker, dovecot: Dovecot, tmp_path: Path
) -> None:
    firm, sink, user = Alarmed(carteggio, tmp_path).begin(), Sink(), dovecot.add_user()
    login = (dovecot.host, dovecot.imap, "plain", user.user, user.password)
    configure(carteggio, Entered(INFO, *login))  # type: ignore[arg-type]
    with in_thread(lambda: speaking(POLITE, sink)) as port:
        configure_sending(carteggio, EnteredSending(INFO, "127.0.0.1", port, "plain", "none"))
        share(
            carteggio, firm.box(INFO), colleague_at(carteggio, CARLO), Role.MEMBER, by_operator()
        )
        for to in (INFO, INFO, ANNA):
            firm.arrives("2026-03-02T09:00", to)
        firm.caught_up()
        read = carteggio.journal.read(0, names=["message.received"])
        ids, carlo = [one.stream for one in read], colleague_at(carteggio, CARLO)
        handed(firm, ids, carlo, "all", "È urgente.")
        first, second = told(firm, worker, sink)
        assert (ANNA in first[0], first[1]) == (True, "A conversation of yours handed over")
        assert (CARLO in second[0], second[1]) == (True, "3 conversations handed over to you")
        assert "È urgente." in second[2]
        assert "È urgente." not in first[2]
        assert second[2].count("Ada, in info@firm.example, since 2026-03-02 08:00 (UTC)") == 2
        assert "Somebody, in anna@firm.example" in second[2]
        assert told(firm, worker, sink) == []
        handed(firm, ids[:1], colleague_at(carteggio, DORA), "own", "")
        ((whom, _, _),) = told(firm, worker, sink)
        assert CARLO in whom
        assert len(events_of(carteggio, "outgoing.queued")) == 3
