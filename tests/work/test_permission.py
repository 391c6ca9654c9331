"""Who may send, asked of an office: master data, shares, switches, and refusals that are kept."""

from pathlib import Path

import pytest

from api.work.directory import import_directory
from api.work.instance import Carteggio
from api.work.permission import (
    refuse_unpermitted,
    say_of_mailbox,
)
from api.work.replay import Replay
from api.work.tokens import by_operator
from assigned import DORA, GIULIA, PAOLO, Office
from domain.mailbox import Role
from domain.permission import Allowed, Because
from domain.sendingrules import (
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    Ground,
    OfficeRole,
    OfficeRoleGiven,
    Reach,
    SendingGranted,
    SendingRefused,
    SendingWithdrawn,
    SendRight,
    SendRightGiven,
    SendRightTaken,
)
from instances import events_of
from projections.permission import permission


@pytest.fixture
def office(carteggio: Carteggio, tmp_path: Path) -> Office:
    return Office(carteggio, tmp_path / "erp")


def test_a_fresh_office_sends_at_once(office):
    assert {office.asks(one, "O3") for one in (GIULIA, PAOLO, DORA)} == {Because.OPEN}
    assert office.asks(None, "O3") == Because.PROGRAM


def test_once_the_rule_is_strict_an_order_is_sent_by_whoever_it_is_assigned_to(office):
    office.strict()
    assert [office.asks(GIULIA, one) for one in ("O1", "O2", "X1")] == [Because.ASSIGNED] * 3
    assert [office.asks(PAOLO, one) for one in ("O1", "O2", "X1")] == ["FORBIDDEN"] * 3
    assert [office.asks(GIULIA), office.asks(PAOLO)] == [Because.NO_DOCUMENT] * 2


def test_who_is_responsible_for_the_order_sends_what_is_part_of_it_too(office):
    office.strict()
    assert [office.asks(one, "W1") for one in (GIULIA, PAOLO)] == [Because.ASSIGNED] * 2
    assert office.asks(GIULIA, "W3") == "FORBIDDEN"


def test_a_dispatcher_or_coordinator_sends_for_others(office):
    office.strict()
    assert office.asks(DORA, "O3") == Because.ROLE
    office.of(PAOLO, OfficeRoleGiven(OfficeRole.COORDINATOR))
    assert office.asks(PAOLO, "O3") == Because.ROLE


def test_a_changed_assignment_counts_from_the_next_import_on(office, tmp_path):
    office.strict()
    (tmp_path / "again").mkdir()
    rows = "doc_id,type,number,party_id,responsible\nO1,order,1,C1,P1\n"
    (tmp_path / "again" / "documents.csv").write_text(rows)
    import_directory(office.carteggio, tmp_path / "again")
    assert office.asks(PAOLO, "O1") == Because.ASSIGNED
    assert office.asks(GIULIA, "O1") == "FORBIDDEN"


def test_a_withdrawn_permission_stands_above_assignment_and_role(office):
    office.of(GIULIA, SendingWithdrawn("order"))
    office.of(DORA, SendingWithdrawn("*"))
    assert [office.asks(GIULIA, "O1"), office.asks(GIULIA, "X1")] == ["FORBIDDEN", Because.OPEN]
    assert [office.asks(DORA, "X1"), office.asks(DORA)] == ["FORBIDDEN", "FORBIDDEN"]
    office.strict()
    office.of(GIULIA, SendingGranted("order", Reach.ASSIGNED))
    assert office.asks(GIULIA, "O1") == Because.ASSIGNED
    office.of(PAOLO, SendingGranted("order", Reach.ANY))
    assert [office.asks(PAOLO, one) for one in ("O3", "X1")] == [Because.ANY_DOCUMENT, "FORBIDDEN"]


def test_the_companys_switch_stops_all_and_an_employees_only_him(office):
    office.of(GIULIA, ColleagueSendingSwitched(on=False))
    assert [office.asks(GIULIA), office.asks(PAOLO)] == ["DISABLED", Because.OPEN]
    office.of_company(CompanySendingSwitched(on=False))
    assert [office.asks(one, "O1") for one in (GIULIA, PAOLO, DORA, None)] == ["DISABLED"] * 4
    office.of_company(CompanySendingSwitched(on=True))
    assert [office.asks(PAOLO), office.asks(None)] == [Because.OPEN, Because.PROGRAM]


def test_a_mailbox_is_sent_from_by_its_members_its_owner_and_whoever_has_the_right(office):
    office.share(PAOLO, Role.READER)
    assert office.asks(PAOLO) == "FORBIDDEN"
    assert office.asks(GIULIA, box=GIULIA) == Because.OPEN
    assert office.asks(DORA, box=GIULIA) == "FORBIDDEN"
    right = SendRightGiven(office.who(DORA), SendRight.ON_BEHALF)
    assert say_of_mailbox(office.carteggio, office.box(GIULIA), right, by_operator())
    office.carteggio.feed.catch_up()
    found = refuse_unpermitted(
        office.carteggio, colleague=office.who(DORA), mailbox=office.box(GIULIA)
    )
    assert found == Allowed(Because.OPEN, on_behalf=True)
    taken = SendRightTaken(office.who(DORA))
    assert say_of_mailbox(office.carteggio, office.box(GIULIA), taken, by_operator())
    assert office.asks(DORA, box=GIULIA) == "FORBIDDEN"


def test_every_refused_attempt_is_kept_with_who_and_what_and_no_allowed_one(office):
    office.strict()
    office.asks(GIULIA, "O1")
    assert events_of(office.carteggio, "sending.refused") == []
    office.asks(PAOLO, "O1")
    office.asks(PAOLO, "O1")
    kept = SendingRefused(
        office.box(), Ground.NOT_ASSIGNED, office.who(PAOLO), office.document("O1")
    )
    assert events_of(office.carteggio, "sending.refused") == [kept, kept]


def test_what_was_said_reads_the_same_when_it_is_filled_anew(office):
    office.strict()
    office.of(GIULIA, SendingWithdrawn("order"))
    right = SendRightGiven(office.who(PAOLO), SendRight.SEND_AS, "while she is away")
    assert say_of_mailbox(office.carteggio, office.box(GIULIA), right, by_operator())
    office.carteggio.feed.catch_up()
    assert Replay(office.carteggio.journal, (permission,)).verify() == []
