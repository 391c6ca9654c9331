"""What becomes of waits is told to who follows and to programs; what a target would change, before."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from alarmed import CARLO, INFO, SERVICE, Alarmed, moment
from api.graphql.ids import Kind, encoded
from api.work.delivering import Delivering
from api.work.sendingside import EnteredSending, configure_sending
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator
from api.work.webhooks import save
from domain.mailbox import Role
from domain.webhook import WebhookChanged
from endpoint import Endpoint, listening
from serving import Api
from subscribing import connected

ALARMS = ("message.wait_warned", "message.wait_breached", "message.alarm_told")
WORDS = ("message.taken", "message.snoozed", "message.attention_undone", "message.reminded")
ORDERS = """mutation($take: ConversationTakeInput!, $snooze: ConversationSnoozeInput!,
  $undo: ConversationAttentionUndoInput!, $remind: ConversationRemindInput!) {
  conversationTake(input: $take) { userErrors { message } }
  conversationSnooze(input: $snooze) { userErrors { message } }
  conversationAttentionUndo(input: $undo) { userErrors { message } }
  conversationRemind(input: $remind) { userErrors { message } } }"""
DIFFERENCE = """query($calendar: CalendarSaveInput, $target: TargetSetInput) {
  dueChanges(calendar: $calendar, target: $target) { waits changed breached relieved
  moved { messageId due wouldBeDue } } }"""


@pytest.fixture(scope="module")
def firm(shared_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Alarmed:
    firm = Alarmed(shared_api.carteggio, tmp_path_factory.mktemp("firm")).begin()
    carlo = colleague_at(firm.carteggio, CARLO)
    share(firm.carteggio, firm.box(INFO), carlo, Role.MEMBER, by_operator())
    configure_sending(firm.carteggio, EnteredSending(INFO, "127.0.0.1", 9, "plain", "none"))
    return firm


@pytest.fixture
def erp(firm: Alarmed) -> Iterator[Endpoint]:
    """Give a program that is told alarms."""
    with listening() as endpoint:
        wanted = WebhookChanged(
            name="erp", url=endpoint.address, events=ALARMS, mailboxes=None, plain=False
        )
        save(firm.carteggio, wanted, by_operator())
        yield endpoint


async def test_attention_and_alarms_are_told_to_who_follows_and_alarms_to_programs(
    shared_api: Api, firm: Alarmed, erp: Endpoint
) -> None:
    head = firm.carteggio.journal.head()

    def happen() -> str:
        firm.arrives("2026-03-02T09:00")
        firm.caught_up()
        (mail,) = firm.carteggio.journal.read(head, names=["message.received"])
        where = {"conversationIds": [encoded(Kind.CONVERSATION, mail.stream)]}
        whose = {"userId": encoded(Kind.COLLEAGUE, colleague_at(firm.carteggio, CARLO))}
        orders: dict[str, Any] = {
            "take": {"commandId": "one-take", **where, **whose},
            "snooze": {"commandId": "one-snooze", **where},
            "undo": {"commandId": "one-undo", "undoes": "one-snooze"},
            "remind": {"commandId": "one-remind", **where},
        }
        done = shared_api.ask(ORDERS, **orders)
        assert [one["userErrors"] for one in done.values()] == [[]] * 4
        firm.look("2026-03-02T12:05")
        firm.look("2026-03-02T14:05")
        return str(encoded(Kind.MESSAGE, mail.stream))

    async with connected(shared_api) as desk:
        await desk.follow(after=str(head), filter={"events": [*WORDS, *ALARMS]})
        message = await asyncio.to_thread(happen)
        told = await desk.changes(8)
    warned, told_of = ALARMS[0], ALARMS[2]
    names = [*WORDS, warned, told_of, ALARMS[1], told_of]
    assert [one["event"] for one in told] == names
    assert {one["subjectId"] for one in told} == {message}
    assert told[-2]["data"]["seconds"] == 14_400
    await Delivering(firm.carteggio).settle()
    said = [one.said for one in erp.asked]
    assert [one["type"] for one in said] == names[4:]
    assert {one["data"]["message"] for one in said} == {message}
    _bodies(firm, said)


def _bodies(firm: Alarmed, said: list[dict[str, Any]]) -> None:
    """Look at what programs are told of a wait that was warned and came too late."""
    late, told = said[2]["data"], said[3]["data"]
    assert (late["clock"], late["mailbox"]) == ("first_answer", f"mbx_{firm.box(INFO).hex}")
    assert moment(late["due"]) == moment(late["held"]) == moment("2026-03-02T13:00")
    assert moment(late["tell"]) == moment("2026-03-02T14:00")
    carlo = encoded(Kind.COLLEAGUE, colleague_at(firm.carteggio, CARLO))
    assert (told["stage"], told["told"], told["escalatedTo"]) == ("breach", [carlo], [])


def test_what_a_calendar_or_target_would_change_is_told_and_nothing_is_saved(
    shared_api: Api, firm: Alarmed
) -> None:
    before = firm.carteggio.journal.head()
    firm.arrives("2026-03-03T09:00", SERVICE)
    firm.caught_up()
    (mail,) = firm.carteggio.journal.read(before, names=["message.received"])
    box, head = f"mbx_{firm.box(SERVICE).hex}", firm.carteggio.journal.head()
    target = {"commandId": "none", "mailboxId": box, "firstAnswer": "4000h", "since": "2026-02-01T00:00:00Z"}  # fmt: skip
    found = shared_api.ask(DIFFERENCE, target=target)["dueChanges"]
    assert (found["changed"], found["breached"], found["relieved"]) == (1, 0, 1)
    (moved,) = found["moved"]
    assert moved["messageId"] == encoded(Kind.MESSAGE, mail.stream)
    assert moment(moved["due"]) == moment("2026-03-03T13:00") < moment(moved["wouldBeDue"])
    calendar = {
        "commandId": "none", "name": "Service", "zone": "Europe/Rome", "mailboxIds": [box],
        "hours": "every day 10:00-12:00", "since": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    (moved,) = shared_api.ask(DIFFERENCE, calendar=calendar)["dueChanges"]["moved"]
    assert moment(moved["wouldBeDue"]) == moment("2026-03-04T12:00")
    assert firm.carteggio.journal.head() == head
