"""An answer that came back answers nobody, once it is known that it reached none of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.content import Content, Notice, NoticeKind, Report
from domain.message import Direction, FolderRole, MessageClassified, MessageReceived
from domain.values import Address, BlobName, MailboxId
from filling import fill, recorded
from projections.reader import EVERYTHING
from projections.unanswered import CORRESPONDENCE
from projections.waits import waiting_in

if TYPE_CHECKING:
    from adapters.database import Database

BOX, START = MailboxId(UUID(int=1)), datetime(2026, 1, 5, 8, tzinfo=UTC)
ADA, OTTO, US, LUCA = (
    Address(one)
    for one in ("ada@acme.example", "otto@acme.example", "info@firm.example", "luca@firm.example")
)
DAEMON = Address("mailer-daemon@mx.example")
Event = tuple[UUID, object]


def mail(
    number: int, author: Address, to: Sequence[Address], direction: Direction, **more: object
) -> list[Event]:
    content = Content(reader=1, message_id=f"{number}@x.example", authors=(author,), to=tuple(to),
                      **more)  # type: ignore[arg-type]  # fmt: skip
    received = MessageReceived(
        mailbox=BOX, role=FolderRole.INBOX, received_at=START + timedelta(hours=number), size=1,
        raw=BlobName("b"), content_key="k", header_key="", folder="INBOX", raw_sha256="0" * 64,
        content=content,
    )  # fmt: skip
    asks, by_machine = direction is Direction.INBOUND and not more, author is DAEMON
    classified = MessageClassified(
        direction=direction, automatic=by_machine, kind="", wants_answer=asks, reason="",
        rule_version=1,
    )  # fmt: skip
    return [(UUID(int=number), received), (UUID(int=number), classified)]


def notice(number: int, *lost: str, action: str = "failed", final: str = "") -> list[Event]:
    reports = tuple(Report(one, action, final=final or one) for one in lost)
    said = Notice(NoticeKind.DELIVERY, action, concerns=("2@x.example",), reports=reports)
    return mail(number, DAEMON, [US], Direction.INBOUND, notice=said)


ASKED = mail(1, ADA, [US], Direction.INBOUND)
ASKED_ID = UUID(int=1)


def answered(*to: Address) -> list[Event]:
    return mail(2, US, to, Direction.OUTBOUND, references=("1@x.example",))


async def reasons(database: "Database", *mails: list[Event]) -> dict[UUID, str]:
    with database.connect() as connection:
        events = recorded([one for each in mails for one in each])
        names = fill(connection, CORRESPONDENCE, [events])
    async with await database.connect_async() as reading:
        found = await waiting_in(reading, names, EVERYTHING)
        return {one.message: one.reason for one in found.rows}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_it_waits_again_in_whatever_order_that_is_heard(
    database: "Database", order: tuple[int, ...]
) -> None:
    mails = [ASKED, answered(ADA, LUCA), notice(3, "ada@acme.example")]
    found = await reasons(database, *(mails[one] for one in order))
    assert found == {ASKED_ID: "answer_bounced"}


async def test_whom_it_reached_has_it(database: "Database") -> None:
    to_both, ada = answered(ADA, OTTO), "ada@acme.example"
    assert await reasons(database, ASKED, to_both, notice(3, ada)) == {}
    assert await reasons(database, ASKED, to_both, notice(3, ada), notice(4, ada)) == {}
    both = notice(3, ada), notice(4, "otto@acme.example")
    assert await reasons(database, ASKED, to_both, *both) == {ASKED_ID: "answer_bounced"}
    assert await reasons(database, ASKED, answered(ADA), notice(3, ada, action="delayed")) == {}


async def test_a_later_answer_that_arrives_is_one(database: "Database") -> None:
    again = mail(4, US, [OTTO], Direction.OUTBOUND, references=("1@x.example",))
    came_back = ASKED, answered(ADA), notice(3, "ada@acme.example")
    assert await reasons(database, *came_back, again) == {}


async def test_a_notice_that_names_nobody_to_whom_it_went_changes_nothing(
    database: "Database",
) -> None:
    strange = notice(3, "someoneelse@acme.example")
    assert await reasons(database, ASKED, answered(ADA), strange) == {}
    assert await reasons(database, strange, answered(ADA), ASKED) == {}
    one_and_a_stranger = notice(3, "ada@acme.example", "someoneelse@acme.example")
    assert await reasons(database, ASKED, answered(ADA, OTTO), one_and_a_stranger) == {}


async def test_a_mail_that_was_passed_on_came_back_to_whom_we_wrote(database: "Database") -> None:
    on = notice(3, "ada@acme.example", final="ada@elsewhere.example")
    expanded = notice(3, "", final="ADA@acme.example")
    unnamed = notice(3, "")
    for one in (on, expanded, unnamed):
        found = await reasons(database, ASKED, answered(ADA), one)
        assert found == {ASKED_ID: "answer_bounced"}
    assert await reasons(database, ASKED, answered(ADA, OTTO), unnamed) == {}
