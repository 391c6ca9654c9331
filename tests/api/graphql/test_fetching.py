"""Command: what is too large to be fetched by itself is fetched when somebody wants it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.imap.values import Limits
from adapters.mime.worker import ReadingWorker
from api.work.instance import Carteggio
from api.work.sync import Sync
from boxes import NOW, Box, mail
from domain.access import Scope
from dovecot import MailAccount
from office import Asks, nodes

FETCH = """mutation($input: MessageFetchInput!) { messageFetch(input: $input) { position
  userErrors { code message path } messages { subject occurrences { wholeSize } } } }"""
SHOWN = "{ messages(first: 10) { edges { node { id subject occurrences { size wholeSize } } } } }"
LARGE = mail(2) + b"x" * 50_000 + b"\r\n"


@pytest.fixture
def box(carteggio: Carteggio, worker: ReadingWorker, mail_account: MailAccount) -> Box:
    mail_account.append(mail(1), LARGE, when=NOW)
    found = Box(carteggio, worker, mail_account)
    look(found)
    return found


def look(box: Box) -> None:
    limits = Limits(connect=10, command=20, fetch=20, whole=10_000, largest=20_000)
    asyncio.run(Sync(box.carteggio, box.worker, limits).all())
    box.carteggio.feed.catch_up()


@pytest.fixture
async def asks(box: Box) -> AsyncIterator[Asks]:
    async with box.carteggio.database.async_pool() as pool:
        yield Asks(box.carteggio, pool)


async def shown(asks: Asks) -> dict[str, dict[str, Any]]:
    found = nodes((await asks(SHOWN))["messages"])
    return {one["subject"]: one for one in found}


async def test_what_is_here_by_its_header_alone_says_so_and_comes_whole_when_it_is_wanted(
    asks, box
):
    before = await shown(asks)
    assert before["1"]["occurrences"] == [{"size": len(mail(1)), "wholeSize": None}]
    (place,) = before["2"]["occurrences"]
    assert place["wholeSize"] == len(LARGE) > place["size"]
    asked = {"commandId": "f1", "messageIds": [before["1"]["id"], before["2"]["id"]]}
    for _ in range(2):  # the same command once more changes nothing
        answer = (await asks(FETCH, input=asked))["messageFetch"]
        assert (answer["position"], answer["userErrors"]) == (None, [])
    await asyncio.to_thread(look, box)
    after = await shown(asks)
    assert after["2"]["occurrences"] == [{"size": len(LARGE), "wholeSize": None}]


async def test_who_may_not_read_mail_fetches_none(asks):
    asked = {"commandId": "f2", "messageIds": []}
    said = await asks.refusal(FETCH, scopes=frozenset({Scope.CLOSE_MAIL}), input=asked)
    assert said == "FORBIDDEN"
