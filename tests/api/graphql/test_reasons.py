"""Conversations explain themselves: why a message is in its own, where its references do not say so."""

from pathlib import Path

from letters import letter
from office import ADA, BOB, INFO, delivered

QUERY = """query($id: ID!) { message(id: $id) {
  conversation { id messageCount ancestor { headerId } }
  conversationReasons { beginsAnew otherId ruleId ruleVersion confidence place evidence } } }"""
NEWS = letter(
    "news@firm.example", b"Price list", sender=f"Info <{INFO}>", to=INFO,
    date="10 Mar 2026 09:00:00 +0100",
    more=b"Bcc: ada@acme.example, bob@rossi.example, ben@bulk.example\n",
)  # fmt: skip


def reply(number: int, sender: str) -> bytes:
    return letter(
        f"r{number}@x.example", b"Re: Price list", sender=sender, to=INFO,
        date=f"1{number} Mar 2026 10:00:00 +0100", more=b"References: <news@firm.example>\n",
    )  # fmt: skip


LATE = letter(
    "late@acme.example", b"Visit in May", sender=ADA, to=INFO, date="20 Mar 2026 09:00:00 +0100",
    more=b"In-Reply-To: <a1@acme.example>\n",
)  # fmt: skip
STRIPPED = letter(
    "strip@rossi.example", b"Re: Offer AG-2026-100", sender=BOB, to=INFO,
    date="12 Feb 2026 09:00:00 +0100",
)  # fmt: skip


def take_in(ask, folder: Path, *mail: bytes, place: str = "INBOX") -> None:
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    path = folder / f"{place}.mbox"
    path.write_bytes(b"".join(map(delivered, mail)))
    import_mail(ask.carteggio, Wanted(path, INFO, place), lambda _: None)
    ask.carteggio.feed.catch_up()
    ask.ids.clear()


async def told(ask, header):
    return (await ask(QUERY, id=await ask.message(header)))["message"]


async def test_three_who_answer_one_mailing_have_three_conversations(own_ask, tmp_path):
    take_in(own_ask, tmp_path, NEWS, place="Sent")
    people = (ADA, BOB, "Ben <ben@bulk.example>")
    take_in(own_ask, tmp_path, *(reply(at, one) for at, one in enumerate(people, 1)))
    found = [await told(own_ask, f"r{at}@x.example") for at in (1, 2, 3)]
    assert len({one["conversation"]["id"] for one in found}) == 3
    for one in found:
        assert one["conversation"]["ancestor"] == {"headerId": "news@firm.example"}
        (why,) = one["conversationReasons"]
        assert (why["beginsAnew"], why["ruleId"]) == (True, "reply-to-mailing")
        assert why["otherId"] == await own_ask.message("news@firm.example")
        assert why["evidence"] == "news@firm.example"


async def test_a_new_topic_and_an_answer_without_references_say_why(own_ask, tmp_path):
    take_in(own_ask, tmp_path, LATE, STRIPPED)
    late = await told(own_ask, "late@acme.example")
    assert late["conversation"]["ancestor"] == {"headerId": "a1@acme.example"}
    assert [one["ruleId"] for one in late["conversationReasons"]] == ["new-topic"]
    stripped = await told(own_ask, "strip@rossi.example")
    assert stripped["conversation"]["messageCount"] == 2
    (why,) = stripped["conversationReasons"]
    assert (why["beginsAnew"], why["ruleId"]) == (False, "same-subject")
    assert why["evidence"] == "Re: Offer AG-2026-100"
    assert (await told(own_ask, "a1@acme.example"))["conversationReasons"] == []
