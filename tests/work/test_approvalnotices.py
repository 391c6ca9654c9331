"""Who may approve is told by mail that a mail waits, and who wrote it what came of it, once each."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from api.ids import Kind, shown
from api.work.approvalnotices import NAME, tell
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator
from composed import as_others_read
from domain import approval
from domain.approval import (
    ApprovalAsked,
    ApprovalCommand,
    Approver,
    AskApproval,
    DecideApproval,
    VoidApproval,
)
from domain.mailbox import Role
from domain.values import Actor, ActorKind, ColleagueId
from instances import events_of
from sendable import ANNA, INFO, Office

LUCA = "luca@ditta.example"


class Desk:
    """Anna writes; Luca, who sees the mailbox as well, decides."""

    def __init__(self, office: Office) -> None:
        self.office = office
        opened = office.carteggio
        self.anna, self.luca = (colleague_at(opened, one) for one in (ANNA, LUCA))
        for one in (self.anna, self.luca):
            share(opened, office.box(), one, Role.MEMBER, by_operator())
        office.settled()

    def says(self, id: UUID, who: ColleagueId, command: ApprovalCommand, ago: int = 0) -> None:
        person = Actor(ActorKind.USER, shown(Kind.COLLEAGUE, who))
        stamp = replace(by_operator(), on_behalf_of=person)
        stamp = replace(stamp, at=stamp.at - timedelta(hours=ago))
        self.office.carteggio.journal.record(id, approval, command, stamp)
        self.office.settled()

    def asks(self, id: UUID, note: str = "", ago: int = 0) -> None:
        author = (shown(Kind.COLLEAGUE, self.anna), "tok_1")
        asked = ApprovalAsked(uuid4(), 1, self.office.box(), None, uuid4(), author, note=note)
        self.says(id, self.anna, AskApproval(asked), ago)

    def decides(self, id: UUID, note: str = "", *, approved: bool) -> None:
        by = Approver(self.luca, (shown(Kind.COLLEAGUE, self.luca),), acts=True)
        self.says(id, self.luca, DecideApproval(by, approved, note))

    def told(self) -> list[tuple[str, str, str]]:
        """Tell, let it leave; give to whom what was written."""
        mails = self.office.server.sink.mails
        before = len(mails)
        assert asyncio.run(tell(self.office.carteggio, datetime.now(UTC))) >= 0
        self.office.drain()
        found = [as_others_read(one) for one in mails[before:]]
        assert all(one["Auto-Submitted"] == "auto-generated" for one in found)
        return [(one["To"], one["Subject"], one.get_content()) for one in found]


def test_who_may_approve_and_then_the_author_are_told_once(sending_office: Office) -> None:
    desk, one = Desk(sending_office), uuid4()
    desk.asks(one, "È urgente.")
    ((to, subject, text),) = desk.told()
    assert (LUCA in to, subject) == (True, "A mail waits for your approval")
    assert all(part in text for part in ("Anna Bianchi asked", INFO, "“È urgente.”"))
    assert desk.told() == []
    desk.decides(one, approved=True)
    ((to, subject, text),) = desk.told()
    assert (ANNA in to, subject) == (True, "Your mail was approved")
    assert "Luca Neri approved your mail" in text
    other = uuid4()
    desk.asks(other)
    desk.decides(other, "the price is wrong", approved=False)
    ((to, subject, text),) = desk.told()
    assert (ANNA in to, subject) == (True, "Your mail was not approved")
    assert "“the price is wrong”" in text
    assert len(events_of(sending_office.carteggio, "outgoing.queued")) == 3


def test_what_was_changed_meanwhile_or_is_of_long_ago_is_told_to_nobody(
    sending_office: Office,
) -> None:
    desk, changed = Desk(sending_office), uuid4()
    desk.asks(changed)
    desk.says(changed, desk.anna, VoidApproval())
    desk.asks(uuid4(), ago=25)
    assert desk.told() == []


def test_a_notice_that_was_cut_off_is_written_once(sending_office: Office) -> None:
    desk = Desk(sending_office)
    desk.asks(uuid4())
    assert len(desk.told()) == 1
    with sending_office.carteggio.database.connect() as connection:
        connection.execute("UPDATE matching_position SET position = 0 WHERE name = %s", (NAME,))
    assert desk.told() == []
