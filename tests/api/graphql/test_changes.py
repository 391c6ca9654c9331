"""What happens is told to who follows: in order, each once, no more than he may see."""

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from api.work.importing import register_mailbox
from api.work.tokens import parsed, revoke
from domain.access import Scope
from domain.values import DocumentId, MailboxId
from leaving import REPORT, Papers
from serving import Api
from subscribing import CHANGES, connected

if TYPE_CHECKING:
    from subscribing import Follower

INFO, SALES = "info@firm.example", "sales@firm.example"
SENT = {"events": ["document.sent"]}


@pytest.fixture
def papers(api: Api) -> Papers:
    papers = Papers(api.carteggio)
    papers.register()
    return papers


@pytest.fixture
def boxes(api: Api) -> list[MailboxId]:
    return [register_mailbox(api.carteggio, one) for one in (INFO, SALES)]


async def send(papers: Papers, number: int, **more: Any) -> None:
    def done() -> None:
        papers.send(number, **more)
        papers.caught_up()

    await asyncio.to_thread(done)


async def closed(follower: "Follower") -> int | None:
    """Wait for the end; give its code."""
    await asyncio.wait_for(follower.socket.wait_closed(), 30)
    return follower.socket.close_code


@pytest.mark.parametrize("header", [False, True])
async def test_what_was_sent_is_told_at_once_with_the_document(
    api: Api, papers: Papers, header: bool
) -> None:
    async with connected(api, header=header) as erp:
        await erp.follow(after="0", filter=SENT)
        await send(papers, 1)
        told = await erp.change()
    assert (told["event"], told["subjectId"]) == ("document.sent", f"doc_{REPORT.hex}")
    assert told["node"] == {"id": f"doc_{REPORT.hex}"}
    assert told["data"]["file_names"] == ["Rapporto 118.pdf"]
    assert told["summary"].startswith("work_report sent")


async def test_who_comes_again_goes_on_without_gap_or_double(api: Api, papers: Papers) -> None:
    for number in range(7):
        await send(papers, number)
    whole = [one.position for one in api.carteggio.journal.read(0, names=[SENT["events"][0]])]
    told: list[str] = []
    after = "0"
    while len(told) < 7:
        async with connected(api) as erp:
            await erp.follow(after=after, filter=SENT)
            told += [one["position"] for one in await erp.changes(min(3, 7 - len(told)))]
        after = told[-1]
    assert list(map(int, told)) == whole


async def test_without_a_position_it_begins_now_and_all_is_told_in_order(
    api: Api, papers: Papers
) -> None:
    await send(papers, 1)
    async with connected(api) as erp:
        await erp.follow(filter=None)
        await erp.follow(id="2", after="0", filter={"events": ["document.sent"]})
        assert (await erp.change())["event"] == "document.sent"  # both are followed now
        head = api.carteggio.journal.head()
        await send(papers, 2)
        told: list[Any] = []
        while [one["payload"]["data"]["changes"]["event"] for one in told].count(
            "document.sent"
        ) < 2:
            told.append(await erp.next())
    first = [one["payload"]["data"]["changes"] for one in told if one["id"] == "1"]
    names = [one["event"] for one in first]
    assert names == ["outgoing.queued", "outgoing.sending_begun", "outgoing.accepted", "document.sent"]  # fmt: skip
    positions = [int(one["position"]) for one in first]
    assert positions == sorted(positions)
    assert positions[0] > head


async def test_nothing_of_a_mailbox_that_is_not_seen_is_told(
    api: Api, papers: Papers, boxes: list[MailboxId]
) -> None:
    token = api.issue([Scope.READ_MAIL], mailboxes=[boxes[1]])
    await send(papers, 1, box=boxes[0])
    await send(papers, 2, box=boxes[1])
    async with connected(api, token) as sales:
        await sales.follow(after="0")
        told = await sales.changes(5)
        await send(papers, 3, box=boxes[0])
        await send(papers, 4, box=boxes[1])
        told += await sales.changes(4)
    once = ["outgoing.queued", "outgoing.sending_begun", "outgoing.accepted", "document.sent"]
    assert [one["event"] for one in told] == ["document.registered", *once, *once]
    mailboxes = {one["data"]["mailbox"] for one in told if "mailbox" in one["data"]}
    assert mailboxes == {str(boxes[1])}


async def test_a_filter_narrows_to_mailboxes_parties_and_documents(
    api: Api, papers: Papers, boxes: list[MailboxId]
) -> None:
    other = DocumentId(UUID(int=78))
    papers.register(other, "W-2026/119")
    await send(papers, 1, box=boxes[0])
    await send(papers, 2, box=boxes[1], paper=other)
    async with connected(api) as erp:
        wanted = {"mailboxIds": [f"mbx_{boxes[1].hex}"]} | SENT
        await erp.follow(id="1", after="0", filter=wanted)
        assert (await erp.change())["subjectId"] == f"doc_{other.hex}"
        await erp.follow(id="2", after="0", filter={"documentId": f"doc_{other.hex}"} | SENT)
        assert (await erp.change())["subjectId"] == f"doc_{other.hex}"
        await erp.follow(id="3", after="0", filter={"events": ["token.issued"]})
        refused = await erp.next()
    assert (refused["id"], refused["type"]) == ("3", "error")
    assert refused["payload"][0]["extensions"]["code"] == "INVALID"


async def test_a_revoked_token_ends_it_and_an_unknown_one_begins_nothing(
    api: Api, papers: Papers
) -> None:
    token = api.issue([Scope.READ_MAIL])
    async with connected(api, token) as erp, connected(api) as other:
        await erp.follow(after="0", filter=SENT)
        await other.follow(after="0", filter=SENT)
        bearer = parsed(token)
        assert bearer is not None
        await asyncio.to_thread(revoke, api.carteggio, bearer.id)
        await asyncio.to_thread(api.caught_up)
        assert await closed(erp) == 4403
        await send(papers, 1)
        assert (await other.change())["event"] == "document.sent"
    async with connected(api, init=False) as nobody:
        await nobody.send(type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert await closed(nobody) == 4403


async def test_mail_is_followed_only_by_who_may_read_it_and_limits_hold(api: Api) -> None:
    token = api.issue([Scope.MANAGE_WEBHOOKS])
    async with connected(api, token) as manager:
        await manager.follow()
        assert (await manager.next())["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        await manager.follow("{ viewer { id } }")
        assert (await manager.next())["payload"][0]["extensions"]["code"] == "INVALID_QUERY"
        many = " ".join(f"a{one}: position" for one in range(31))
        await manager.follow(f"subscription {{ changes {{ {many} }} }}")
        assert (await manager.next())["payload"][0]["extensions"]["code"] == "TOO_MUCH"
        await manager.follow("subscription {")
        assert (await manager.next())["type"] == "error"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": CHANGES}}], 4401),
        ([{"type": "connection_init"}, {"type": "connection_init"}], 4403),
        ([{"type": "nonsense"}], 4400),
        (["[]"], 4400),
        (["x" * 70_000], 1009),
    ],
)
async def test_who_breaks_the_protocol_is_left(api: Api, messages: list[Any], code: int) -> None:
    async with connected(api, init=False) as somebody:
        for one in messages:
            await somebody.socket.send(one if isinstance(one, str) else json.dumps(one))
        assert await closed(somebody) == code


async def test_another_protocol_is_not_spoken(api: Api) -> None:
    from websockets.asyncio.client import connect  # noqa: PLC0415
    from websockets.exceptions import InvalidStatus  # noqa: PLC0415

    address = api.address.replace("http", "ws", 1) + "/graphql"
    with pytest.raises(InvalidStatus):
        async with connect(address, proxy=None):
            pass


async def test_pings_are_answered_and_what_is_complete_is_told_no_more(
    api: Api, papers: Papers
) -> None:
    async with connected(api) as erp:
        await erp.send(type="ping")
        assert await erp.next() == {"type": "pong"}
        await erp.follow(after="0", filter=SENT)
        await send(papers, 1)
        await erp.change()
        await erp.send(type="complete", id="1")
        await erp.follow(id="1", after="0", filter=SENT)
        assert (await erp.change())["event"] == "document.sent"


async def test_who_reads_nothing_holds_nobody_up(api: Api, papers: Papers) -> None:
    for number in range(12):
        papers.send(number)
    await asyncio.to_thread(papers.caught_up)
    async with connected(api) as slow, connected(api) as erp:
        for id in range(10):
            await slow.follow(id=str(id), after="0")
        await erp.follow(after="0", filter=SENT)
        assert len(await erp.changes(12)) == 12


async def test_the_same_is_told_as_a_stream_of_events(api: Api, papers: Papers) -> None:
    await send(papers, 1)
    asked = {"query": CHANGES, "variables": {"after": "0", "filter": SENT}}
    headers = api.bears() | {"Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=api.address, timeout=30, trust_env=False) as client,
        client.stream("POST", "/graphql", json=asked, headers=headers) as answer,
    ):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: next"
        data = json.loads((await anext(lines)).removeprefix("data: "))
    assert data["data"]["changes"]["event"] == "document.sent"


async def test_a_stream_that_cannot_be_followed_says_why_and_ends(api: Api) -> None:
    headers = api.bears() | {"Accept": "text/event-stream"}
    async with httpx.AsyncClient(base_url=api.address, timeout=30, trust_env=False) as client:
        asked = {"query": "{ viewer { id } }"}
        answer = await client.post("/graphql", json=asked, headers=headers)
        nobody = await client.post("/graphql", json=asked, headers={"Accept": "text/event-stream"})
    assert "only subscriptions" in answer.text
    assert answer.text.endswith("event: complete\ndata:\n\n")
    assert nobody.status_code == 401
