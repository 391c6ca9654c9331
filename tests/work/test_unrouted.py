"""Mail that leads to nobody known is in the list of the unmatched, and never an exception."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.mime.worker import ReadingWorker
from api.work.importing import register_mailbox
from api.work.instance import Carteggio
from api.work.reception import Arrival, Place, Reception
from domain.message import FolderRole
from letters import letter
from projections import messages
from projections.messages import MessageFilter
from projections.reader import EVERYTHING

UNROUTED = MessageFilter(directions=("inbound",), automatic=False, is_linked=False)
STRANGE = {
    "nobody known": letter("1@x.example", sender="eve@nowhere.example"),
    "no sender": letter("2@x.example", sender=""),
    "no recipient": letter("3@x.example", to=""),
    "a group without members": letter("4@x.example", to="undisclosed-recipients:;"),
    "no address in From": letter("5@x.example", sender="Somebody"),
    "no header at all": b"\nbody only\n",
    "a sender of control characters": letter("6@x.example", sender="\x01\x02@\x7f.example"),
    "a sender without domain": letter("7@x.example", sender="<root>"),
    "an address of 20 KB": letter("8@x.example", sender=f"{'a' * 20_000}@x.example"),
    "From twice": letter("9@x.example", more=b"From: bob@nowhere.example\n"),
    "to itself": letter("10@x.example", sender="a@a.example", to="a@a.example"),
}


@pytest.fixture
def listed(carteggio: Carteggio, worker: ReadingWorker) -> list[str]:
    """Take all of it in at once, and give the ids of what is unmatched."""
    box = register_mailbox(carteggio, "info@firm.example")
    place = Place(box, "INBOX", FolderRole.INBOX)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    reception = Reception(carteggio.journal, carteggio.blobs, worker, "import")
    batch = reception.read([Arrival(raw, place, at) for raw in STRANGE.values()])
    assert reception.store(batch).stored == len(STRANGE)
    carteggio.feed.catch_up()

    async def asked() -> list[str]:
        async with carteggio.reading() as reading:
            found = await messages.page(*reading, EVERYTHING, UNROUTED)
            return [one.header_id for one in found.rows]

    assert all(one.error is None for one in carteggio.feed.status())
    return asyncio.run(asked())


def test_mail_without_a_way_to_anybody_waits_in_the_list(listed):
    assert sorted(listed) == sorted(["", *(f"{n}@x.example" for n in range(1, 11))])
