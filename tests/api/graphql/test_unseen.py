"""What lies in mailboxes that a reader does not see shows nowhere: not in copies, links, trails."""

from pathlib import Path
from typing import Any

import pytest

from letters import letter
from office import FILES, INFO, MULTIPART, SALES, Asks, nodes

BOSS = "boss@firm.example"
OURS = f"Info <{INFO}>"


def delivered(day: int, octets: bytes) -> bytes:
    return f"From x@y Mon Feb {day} 09:00:00 2026\n".encode() + octets + b"\n"


SECRET = b"--x\nContent-Type: text/plain\n\nThe secret.\n--x\nContent-Type: text/csv\n"
SECRET += b"Content-Disposition: attachment; filename=secret.csv\n\nsecret\n--x--\n"
OPEN = letter("v@acme.example", b"Open", sender="ada@acme.example", to=SALES, body=b"Hello.\n")
TOLD_TO_BOSS = letter(
    "v@acme.example", b"Secret 2026/17", sender="ada@acme.example", to=SALES, more=MULTIPART,
    body=SECRET,
)  # fmt: skip
BLIND = letter(
    "o@firm.example", b"Our prices", sender=OURS, to=f"ada@acme.example, {SALES}",
    more=b"Bcc: ben@bulk.example\n",
)  # fmt: skip
SEEN_BY_SALES = letter(
    "o@firm.example", b"Our prices", sender=OURS, to=f"ada@acme.example, {SALES}"
)
ASKED = letter(
    "q@acme.example", b"About the secret 2026/17", sender="ada@acme.example", to=BOSS,
)  # fmt: skip
ANSWERED = letter(
    "r@nowhere.example", b"Re: that", sender="eve@nowhere.example", to=SALES,
    more=b"In-Reply-To: <q@acme.example>\n",
)  # fmt: skip
MAIL = {
    (BOSS, "INBOX"): [delivered(2, TOLD_TO_BOSS), delivered(2, ASKED)],
    (INFO, "Sent"): [delivered(3, BLIND)],
    (SALES, "INBOX"): [delivered(4, OPEN), delivered(4, SEEN_BY_SALES), delivered(4, ANSWERED)],
}
EVERYTHING = """{ messages(first: 100) { edges { node { id headerId subject snippet body size bcc { email }
    attachments { name url } why { evidence } conversation { subject }
    parties { code } documents { number } occurrences { folder size sha256 }
    links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) { evidence place
      inheritedFrom { headerId } }
    audit(first: 100) { edges { node { event summary data } } } } } }
  parties { edges { node { code stats { sent } timeline { edges { node { headerId }
      link { evidence } } } audit { edges { node { summary data subject { id } } } } } } }
  documents { edges { node { number timeline { edges { link { evidence } } } } } }
  auditLog(first: 100) { edges { node { event summary data } } } }"""


@pytest.fixture
async def unseen(carteggio: Any, tmp_path: Path):
    from api.work.directory import import_directory  # noqa: PLC0415
    from api.work.importing import Wanted, import_mail  # noqa: PLC0415

    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    import_directory(carteggio, tmp_path)
    for (address, place), mail in MAIL.items():
        path = tmp_path / f"{place}-{address}.mbox"
        path.write_bytes(b"".join(mail))
        import_mail(carteggio, Wanted(path, address, place), lambda _: None)
    async with carteggio.database.async_pool() as pool:
        yield Asks(carteggio, pool)


async def by_header(ask: Asks, *sees: str) -> tuple[dict[str, Any], Any]:
    data = await ask(EVERYTHING, *sees)
    return {one["headerId"]: one for one in nodes(data["messages"])}, data


async def test_no_word_of_an_unseen_copy_is_told(unseen):
    whole, data = await by_header(unseen)
    assert whole["v@acme.example"]["subject"] == "Secret 2026/17"
    assert str(data).casefold().count("secret") > 9
    seen, data = await by_header(unseen, SALES)
    assert "secret" not in str(data).casefold()
    assert "2026/17" not in str(
        [[one["links"], one["conversation"], one["audit"]] for one in seen.values()]
    )
    one = seen["v@acme.example"]
    assert (one["subject"], one["body"], one["attachments"]) == ("Open", "Hello.\n", [])
    assert one["conversation"] == {"subject": "Open"}
    assert [one["size"]] == [place["size"] for place in one["occurrences"]]
    seen, _ = await by_header(unseen, BOSS)
    one = seen["v@acme.example"]
    assert [file["name"] for file in one["attachments"]] == ["secret.csv"]
    assert "Open" not in str(one)


async def test_a_blind_recipient_is_told_nowhere_but_to_who_sent_it(unseen):
    for sees in ((), (INFO,)):
        seen, data = await by_header(unseen, *sees)
        one = seen["o@firm.example"]
        assert {party["code"] for party in one["parties"]} == {"C1", "C3"}
        assert one["bcc"] == [{"email": "ben@bulk.example"}]
        bulk = next(one for one in nodes(data["parties"]) if one["code"] == "C3")
        assert nodes(bulk["timeline"], "headerId") == ["o@firm.example"]
    seen, data = await by_header(unseen, SALES)
    one = seen["o@firm.example"]
    assert [party["code"] for party in one["parties"]] == ["C1"]
    assert "ben@bulk.example" not in str(one)
    bulk = next(one for one in nodes(data["parties"]) if one["code"] == "C3")
    assert (bulk["stats"], nodes(bulk["timeline"])) == ({"sent": 0}, [])
    assert {"id": one["id"]} not in nodes(bulk["audit"], "subject")
    query = """query($id: ID!) { messages(filter: {partyId: $id}) { totalCount { value } } }"""
    party = (await unseen('{ party(by: {address: "ben@bulk.example"}) { id } }'))["party"]["id"]
    for address, count in ((INFO, 1), (SALES, 0)):
        found = await unseen(query, address, id=party)
        assert found["messages"]["totalCount"] == {"value": count}


async def test_what_an_inherited_link_rests_on_is_told_where_it_stands(unseen):
    whole, _ = await by_header(unseen)
    (document,) = [
        one for one in whole["r@nowhere.example"]["links"] if "2026/17" in one["evidence"]
    ]
    assert document["inheritedFrom"] == {"headerId": "q@acme.example"}
    seen, _ = await by_header(unseen, SALES)
    links = seen["r@nowhere.example"]["links"]
    assert {one["place"] for one in links} == {"reply"}
    assert {(one["evidence"], one["inheritedFrom"]) for one in links} == {(None, None)}
    entries = [
        one
        for one in nodes(seen["r@nowhere.example"]["audit"])
        if one["event"] == "message.linked"
    ]
    assert {one["summary"] for one in entries} == {None}
    assert all("target" in one["data"] and "evidence" not in one["data"] for one in entries)


async def test_a_trail_tells_of_a_copy_what_lies_in_the_readers_mailbox(unseen):
    seen, _ = await by_header(unseen, SALES)
    first, second, *_ = [
        one for one in nodes(seen["v@acme.example"]["audit"]) if one["event"] != "message.linked"
    ]
    assert (first["event"], first["summary"], first["data"]) == ("message.received", None, None)
    assert second["event"] in {"message.copy_found", "message.classified"}
    copy = next(one for one in nodes(seen["v@acme.example"]["audit"]) if "copy" in one["event"])
    assert copy["data"]["content"]["subject"] == "Open"
