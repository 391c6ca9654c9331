"""Conversations over the API: taken, handed over, snoozed, paused, for many at once, and undone."""

import email.utils
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.graphql.ids import Kind, encoded
from api.work.directory import import_directory
from api.work.handbacks import give_back
from api.work.instance import PROJECTIONS
from api.work.replay import Replay
from api.work.sharing import colleague_at, share
from api.work.tokens import by_operator, issue
from domain.identity import mailbox_id
from domain.mailbox import Role
from instances import events_of
from letters import letter
from serving import ALL, Api

INFO, ANNA, CARLO = "info@firm.example", "anna@firm.example", "carlo@firm.example"
DORA = "dora@firm.example"
LATER = "Mon, 02 Feb 2026 11:00:00 +0100"
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "mailboxes.csv": f"address\n{INFO}\n{ANNA}\n",
    "colleagues.csv": f"name,email,role\nAnna Rossi,{ANNA},sales\nCarlo Bianchi,{CARLO},sales\n"
    f"Dora Conti,{DORA},sales\n",
}
PAYLOAD = """count position userErrors { code message path }
  conversations { attention { state owner { email } ownerReason note } }"""
NAMES = {
    "take": "conversationTake(input: $input)",
    "handOver": "conversationHandOver(input: $input)",
    "snooze": "conversationSnooze(input: $input)",
    "pause": "conversationPause(input: $input)",
    "continue": "conversationContinue(input: $input)",
    "attentionUndo": "conversationAttentionUndo(input: $input)",
}
LIST = """query($filter: UnansweredFilter, $asOf: AsOf) { unanswered(filter: $filter, asOf: $asOf,
  first: 100) { edges { node { reason since message { headerId } attention { state ownerReason note
  snoozedUntil isPaused reason isPassedOn owner { email } insteadOf { email } } } } } }"""
ALL_STATES = {"states": ["WAITING", "IN_HAND", "SNOOZED", "PAUSED"]}
Told = dict[str, Any]


class Desk:
    """An office whose mail is asked about, and made up as it is wanted."""

    def __init__(self, api: Api, folder: Any) -> None:
        self.api, self.folder, self.commands = api, folder, 0
        self.people = {one: colleague_at(api.carteggio, one) for one in (ANNA, CARLO, DORA)}

    def comes(self, id: str, box: str = INFO, **more: Any) -> None:
        raw = letter(
            f"{id}@x.example", b"Ordine", **{"sender": f"{id}@acme.example", "to": box, **more}
        )
        place = self.folder / id
        place.mkdir()
        (place / "m.eml").write_bytes(raw)
        self.api.imported(place, box)
        self.api.caught_up()

    def conversation(self, id: str) -> str:
        return str(self.message(id)["conversation"]["id"])

    def message(self, id: str) -> Told:
        found = self.api.ask(
            "{ messages(first: 100) { edges { node { id headerId conversation { id } } } } }"
        )
        edges = found["messages"]["edges"]
        return next(one["node"] for one in edges if one["node"]["headerId"] == f"{id}@x.example")

    def token(self, address: str) -> str:
        bearer = issue(self.api.carteggio, address, ALL, (), None, self.people[address])
        self.api.caught_up()
        return str(bearer)

    def says(self, what: str, *ids: str, command: str | None = None, **more: Any) -> Told:
        self.commands += 1
        given = {"commandId": command or f"order-{self.commands}", **more}
        if ids:
            given["conversationIds"] = [self.conversation(one) for one in ids]
        name = f"Conversation{what[0].upper()}{what[1:]}Input"
        query = f"mutation($input: {name}!) {{ {NAMES[what]} {{ {PAYLOAD} }} }}"
        (found,) = self.api.ask(query, input=given).values()
        return dict(found)

    def waits(self, filter: Told | None = None, as_of: Told | None = None) -> dict[str, Told]:
        found = self.api.ask(LIST, filter=filter, asOf=as_of)["unanswered"]["edges"]
        return {one["node"]["message"]["headerId"].partition("@")[0]: one["node"] for one in found}

    def attention(self, id: str, **more: Any) -> Told:
        return dict(self.waits(ALL_STATES, **more)[id]["attention"])

    def user(self, address: str) -> str:
        return str(encoded(Kind.COLLEAGUE, self.people[address]))


@pytest.fixture(scope="module")
def desk(shared_api: Api, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    api, folder = shared_api, tmp_path_factory.mktemp("desk")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    import_directory(api.carteggio, folder)
    api.caught_up()
    return Desk(api, folder)


def test_what_is_taken_is_in_hand_and_filtered_by_owner_and_state(desk: Desk) -> None:
    desk.comes("taken")
    before = desk.attention("taken")
    assert (before["state"], before["owner"], before["ownerReason"]) == ("WAITING", None, "GROUP")
    done = desk.says("take", "taken", userId=desk.user(CARLO))
    assert (done["userErrors"], done["count"]) == ([], 1)
    now = {"state": "IN_HAND", "owner": {"email": CARLO}, "ownerReason": "TAKEN", "note": None}
    assert done["conversations"] == [{"attention": now}]
    assert "taken" in desk.waits({"ownerIds": [desk.user(CARLO)]})
    assert "taken" not in desk.waits({"isUnowned": True})
    assert set(desk.waits({"states": ["IN_HAND"]})) >= {"taken"}
    assert "taken" not in desk.waits({"states": ["WAITING"]})


def test_mail_in_somebodys_own_mailbox_is_his(desk: Desk) -> None:
    desk.comes("own", ANNA)
    found = desk.attention("own")
    assert (found["owner"], found["ownerReason"]) == ({"email": ANNA}, "MAILBOX")


def test_many_are_handed_over_by_one_command_and_undone_by_one(desk: Desk) -> None:
    desk.comes("many1")
    desk.comes("many2")
    desk.says("take", "many1", userId=desk.user(CARLO))
    gone = "cnv_" + "0" * 31 + "1"
    given = {
        "commandId": "many", "toId": desk.user(ANNA), "note": "per te",
        "conversationIds": [desk.conversation("many1"), gone, desk.conversation("many2")],
    }  # fmt: skip
    query = (
        f"mutation($input: ConversationHandOverInput!) {{ {NAMES['handOver']} {{ {PAYLOAD} }} }}"
    )
    done = desk.api.ask(query, input=given)["conversationHandOver"]
    assert [(one["code"], one["path"][-1]) for one in done["userErrors"]] == [("NOT_FOUND", "1")]
    assert done["count"] == 2
    for id in ("many1", "many2"):
        found = desk.attention(id)
        assert (found["owner"], found["note"]) == ({"email": ANNA}, "per te")
    again = desk.api.ask(query, input=given)["conversationHandOver"]
    assert again["position"] == done["position"]
    assert len(events_of(desk.api.carteggio, "message.handed_over")) == 2
    undone = desk.says("attentionUndo", undoes="many")
    assert undone["userErrors"] == []
    assert desk.attention("many1")["state"] == "IN_HAND"
    assert (desk.attention("many1")["owner"], desk.attention("many2")["owner"]) == (
        {"email": CARLO}, None,
    )  # fmt: skip
    then = {"position": done["position"]}
    assert desk.attention("many2", as_of=then)["owner"] == {"email": ANNA}


def test_what_is_snoozed_does_not_stand_in_the_list_until_they_write(desk: Desk) -> None:
    desk.comes("rests")
    until = datetime.now(UTC) + timedelta(days=3)
    assert desk.says("snooze", "rests", until=until.isoformat())["userErrors"] == []
    assert "rests" not in desk.waits()
    assert desk.attention("rests")["state"] == "SNOOZED"
    after = {"time": (until + timedelta(minutes=1)).isoformat()}
    assert desk.waits(as_of=after)["rests"]["attention"]["state"] == "WAITING"
    desk.comes(
        "again", sender="rests@acme.example", more=b"In-Reply-To: <rests@x.example>\n", date=LATER
    )
    assert desk.waits()["rests"]["attention"]["state"] == "WAITING"


def test_a_pause_needs_a_reason_and_goes_on(desk: Desk) -> None:
    desk.comes("paused")
    assert desk.says("pause", "paused", reason=" ")["userErrors"][0]["code"] == "INVALID"
    desk.says("pause", "paused", reason="fornitore")
    found = desk.waits()["paused"]["attention"]
    assert (found["state"], found["isPaused"], found["reason"]) == ("PAUSED", True, "fornitore")
    desk.says("continue", "paused")
    assert desk.waits()["paused"]["attention"]["state"] == "WAITING"


def test_what_merges_and_parts_keeps_who_has_it(desk: Desk) -> None:
    desk.comes("part1")
    refers = b"In-Reply-To: <part1@x.example>\n"
    desk.comes("part2", sender="part1@acme.example", more=refers, date=LATER)
    desk.says("take", "part1", userId=desk.user(CARLO))
    split = """mutation($input: ConversationSplitInput!) { conversationSplit(input: $input) {
      userErrors { message } conversations { attention { state owner { email } } } } }"""
    message = desk.message("part2")["id"]
    given = {"commandId": "split", "messageIds": [message]}
    found = desk.api.ask(split, input=given)["conversationSplit"]
    assert found["userErrors"] == []
    for id in ("part1", "part2"):
        assert desk.attention(id)["owner"] == {"email": CARLO}
    desk.says("handOver", "part2", toId=desk.user(ANNA))
    both = [desk.conversation("part1"), desk.conversation("part2")]
    merge = """mutation($input: ConversationMergeInput!) { conversationMerge(input: $input) {
      userErrors { message } } }"""
    desk.api.ask(merge, input={"commandId": "merge", "conversationIds": both})
    assert desk.attention("part1")["owner"] == {"email": ANNA}


def test_a_reader_sees_who_has_it_and_says_nothing(desk: Desk) -> None:
    desk.comes("seen")
    carteggio = desk.api.carteggio
    box = mailbox_id(carteggio.identity_key, INFO)
    share(carteggio, box, desk.people[CARLO], Role.READER, by_operator())
    share(carteggio, box, desk.people[ANNA], Role.MEMBER, by_operator())
    reader = desk.token(CARLO)
    query = f"mutation($input: ConversationTakeInput!) {{ {NAMES['take']} {{ {PAYLOAD} }} }}"
    given = {"commandId": "reader", "conversationIds": [desk.conversation("seen")]}
    found = desk.api.ask(query, reader, input=given)["conversationTake"]
    assert [one["code"] for one in found["userErrors"]] == ["FORBIDDEN"]
    given["commandId"] = "member"
    found = desk.api.ask(query, desk.token(ANNA), input=given)["conversationTake"]
    assert found["conversations"][0]["attention"]["owner"] == {"email": ANNA}


async def test_what_an_absent_colleague_has_returns_when_they_write_unless_somebody_stands_in(
    desk: Desk,
) -> None:
    carteggio, now = desk.api.carteggio, datetime.now(UTC)
    desk.comes("away")
    desk.says("take", "away", userId=desk.user(DORA))
    absence = """mutation($input: AbsenceSetInput!) { absenceSet(input: $input) {
      userErrors { message } absence { id } } }"""
    until = now + timedelta(days=9)
    given: Told = {
        "userId": desk.user(DORA), "from": now.isoformat(), "to": until.isoformat(),
        "substituteId": desk.user(CARLO), "commandId": "away",
    }  # fmt: skip
    made = desk.api.ask(absence, input=given)["absenceSet"]
    assert made["userErrors"] == []
    await give_back(carteggio, datetime.now(UTC))
    then = email.utils.format_datetime(now + timedelta(minutes=1))
    refers = b"In-Reply-To: <away@x.example>\n"
    desk.comes("away2", sender="away@acme.example", more=refers, date=then)
    await give_back(carteggio, datetime.now(UTC))
    there = desk.attention("away")
    assert (there["owner"], there["ownerReason"]) == ({"email": CARLO}, "SUBSTITUTE")
    assert there["insteadOf"] == {"email": DORA}

    given |= {"absenceId": made["absence"]["id"], "substituteId": None, "commandId": "alone"}
    assert desk.api.ask(absence, input=given)["absenceSet"]["userErrors"] == []
    assert desk.attention("away")["ownerReason"] == "NOBODY_THERE"
    desk.comes("away3", sender="away@acme.example", more=refers, date=then)
    await give_back(carteggio, datetime.now(UTC))
    desk.api.caught_up()
    back = desk.attention("away")
    assert (back["owner"], back["ownerReason"], back["insteadOf"]) == (None, "ABSENCE", None)


def test_a_replay_tells_the_same(desk: Desk) -> None:
    verified = Replay(desk.api.carteggio.journal, PROJECTIONS).verify(["correspondence", "trail"])
    assert verified == []
