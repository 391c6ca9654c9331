"""A mail of ours ends the wait of whom it goes to, not of whom it goes past."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from domain.answering import UNPROVEN
from domain.choosing import TargetKind
from domain.content import Content
from domain.message import (
    Direction,
    FolderRole,
    LinkState,
    MessageClassified,
    MessageLinked,
    MessageReceived,
)
from domain.rules import ADDRESS, REPLY
from domain.values import Address, BlobName, MailboxId
from filling import fill, recorded, rows
from projections.attention import ATTENTION
from projections.reader import EVERYTHING
from projections.unanswered import CORRESPONDENCE
from projections.waits import waiting_in

if TYPE_CHECKING:
    from adapters.database import Database

BOX, START = MailboxId(UUID(int=1)), datetime(2026, 1, 5, 8, tzinfo=UTC)
ADA, OTTO, GROUP, AGENT, SUPPLIER, US, LUCA = (
    Address(one)
    for one in (
        "ada@acme.example", "otto@mail.acme.example", "buying@group.example", "ugo@agent.example",
        "supplier@else.example", "info@firm.example", "luca@pec.firm.example",
    )
)  # fmt: skip
Event = tuple[UUID, object]


def mail(number: int, author: Address, *to: Address, **more: object) -> list[Event]:
    """Give a mail; our own are outbound, those of others ask."""
    ours = author in (US, LUCA)
    content = Content(reader=1, message_id=f"{number}@x.example", authors=(author,), to=to,
                      **more)  # type: ignore[arg-type]  # fmt: skip
    received = MessageReceived(
        mailbox=BOX, role=FolderRole.SENT if ours else FolderRole.INBOX, size=1,
        received_at=START + timedelta(hours=number), raw=BlobName("b"), content_key="k",
        header_key="", folder="INBOX", raw_sha256="0" * 64, content=content,
    )  # fmt: skip
    classified = MessageClassified(
        direction=Direction.OUTBOUND if ours else Direction.INBOUND, automatic=False, kind="",
        wants_answer=not ours, reason="", rule_version=1,
    )  # fmt: skip
    return [(UUID(int=number), received), (UUID(int=number), classified)]


def after(*numbers: int) -> dict[str, object]:
    return {"references": tuple(f"{one}@x.example" for one in numbers)}


def of_party(number: int, rule: str) -> list[Event]:
    party = UUID(int=77)
    linked = MessageLinked(TargetKind.PARTY, party, LinkState.AUTOMATIC, rule, 1, 99, "to", "x")
    return [(UUID(int=number), linked)]


async def waits(database: "Database", *mails: Sequence[Event]) -> dict[int, str]:
    """Give what waits, and whether somebody has it in hand."""
    with database.connect() as connection:
        events = recorded([one for each in mails for one in each])
        names = fill(connection, CORRESPONDENCE, [events])
        now = [row for row in rows(connection, names, ATTENTION) if row[2] is row[-1] is None]
        stands = {row[0]: row[3] for row in now}
    async with await database.connect_async() as reading:
        found = await waiting_in(reading, names, EVERYTHING)
        return {one.message.int: stands.get(one.conversation, "") for one in found.rows}


ASKED = mail(1, ADA, US, cc=(AGENT,))
FORWARDED = mail(2, US, SUPPLIER, **after(1))


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_who_was_drawn_in_has_what_he_asked_and_not_what_the_customer_did(
    database: "Database", order: tuple[int, ...]
) -> None:
    back = mail(3, SUPPLIER, US, **after(1, 2))
    to_supplier = mail(4, US, SUPPLIER, cc=(LUCA,), **after(1, 2, 3))
    mails = [ASKED, FORWARDED, back, to_supplier]
    assert await waits(database, *(mails[one] for one in order)) == {1: "in_hand"}
    to_ada = mail(5, LUCA, ADA, **after(1))
    assert await waits(database, to_ada, *(mails[one] for one in order)) == {}


@pytest.mark.parametrize("reader", [ADA, OTTO, AGENT])
async def test_whoever_takes_part_with_the_customer_may_be_answered_for_him(
    database: "Database", reader: Address
) -> None:
    assert await waits(database, ASKED, mail(2, US, reader, **after(1))) == {}
    assert await waits(database, mail(2, US, SUPPLIER, cc=(reader,), **after(1)), ASKED) == {}


async def test_who_writes_in_by_himself_stands_with_who_asked(database: "Database") -> None:
    private = mail(2, Address("ada@private.example"), US, **after(1))
    to_private = mail(3, US, Address("ada@private.example"), **after(1, 2))
    assert await waits(database, ASKED, private, to_private) == {}


async def test_an_answer_from_another_address_still_answers_to_the_one_written_to(
    database: "Database",
) -> None:
    offer = mail(1, US, ADA)
    asked = mail(2, Address("ada@private.example"), US, **after(1))
    assert await waits(database, offer, asked, mail(3, US, ADA, **after(1, 2))) == {}


async def test_another_address_of_the_same_customer_is_his(database: "Database") -> None:
    to_group = mail(2, US, GROUP, **after(1))
    here = of_party(1, ADDRESS.name)
    assert await waits(database, ASKED, here, to_group, of_party(2, ADDRESS.name)) == {}
    inherited = await waits(database, ASKED, here, to_group, of_party(2, REPLY.name))
    assert inherited == {1: "in_hand"}


async def test_two_at_one_provider_are_not_one(database: "Database") -> None:
    asked = mail(1, Address("ada@gmail.com"), US)
    assert list(
        await waits(database, asked, mail(2, US, Address("bob@gmail.com"), **after(1)))
    ) == [1]
    assert await waits(database, asked, mail(2, US, Address("Ada@gmail.com"), **after(1))) == {}


async def test_what_a_server_denies_to_be_ours_answers_nobody(database: "Database") -> None:
    (stream, received), (_, said) = mail(2, US, ADA, **after(1))
    denied = replace(said, reason=UNPROVEN)  # type: ignore[type-var]
    assert await waits(database, ASKED, [(stream, received), (stream, denied)]) == {1: ""}
    known = [(stream, received), (stream, denied), (stream, said)]
    assert await waits(database, ASKED, known) == {}
