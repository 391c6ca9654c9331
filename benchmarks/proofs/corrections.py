"""Mistakes are put right over the API, with the conversation, and undone: nothing is left of it.

The labelled company is served over HTTP. At random a conversation's links are moved to another
party, conversations are merged, split, and single messages moved; each is undone, in another order.
What `export messages` tells afterwards is what it told before, and read models are what the events
say.
"""

import argparse
import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.home import Home
from benchmarks.proofs.orders import boxes
from benchmarks.proofs.promises import Promises, ask, differences, test_data
from benchmarks.stage import Stopwatch, command, instance, say

_MESSAGES = """query($after: String) { messages(first: 100, after: $after) {
  edges { node { id conversation { id messageCount } parties { id kind code } } }
  pageInfo { hasNextPage endCursor } } }"""
_DONE = "position userErrors { code message }"
_REGROUPED = f"{_DONE} conversations {{ regroupings {{ id position }} }}"
_ORDERS = {
    "messageLinkMove": ("MessageLinkMoveInput", _DONE),
    "messageLinkUndo": ("MessageLinkUndoInput", _DONE),
    "conversationMerge": ("ConversationMergeInput", _REGROUPED),
    "conversationSplit": ("ConversationSplitInput", _REGROUPED),
    "conversationMove": ("ConversationMoveInput", _REGROUPED),
    "conversationUndo": ("ConversationUndoInput", _DONE),
}


@dataclass
class Api:
    """The API over HTTP, and how often each command was given, done, and refused."""

    address: str
    token: str
    orders: int = 0
    refused: int = 0
    done: dict[str, int] = field(default_factory=dict)

    def query(self, text: str, **variables: Any) -> Any:
        answer = httpx.post(
            f"{self.address}/graphql",
            json={"query": text, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=120,
            trust_env=False,
        ).json()
        if answer.get("errors"):
            raise SystemExit(answer["errors"])
        return answer["data"]

    def order(self, name: str, **given: Any) -> tuple[str, Any] | None:
        """Give a command; None if it is refused, as one that makes no sense is."""
        self.orders += 1
        id = f"proof-{self.orders}"
        kind, fields = _ORDERS[name]
        text = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {fields} }} }}"
        payload = self.query(text, input={"commandId": id, **given})[name]
        if payload["userErrors"]:
            self.refused += 1
            return None
        self.done[name] = self.done.get(name, 0) + 1
        return id, payload

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.query(_MESSAGES, after=after)["messages"]
            found += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]


@contextmanager
def served(home: Home) -> Iterator[Api]:
    """Serve an instance on a port of its own."""
    told = ask(
        home, "token", "create", "proof", "--scope", "read_mail", "--scope", "link_mail"
    ).out
    found = re.search(r"\S{40,}", told)
    assert found, told
    process = subprocess.Popen(
        command(home, "serve", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = re.search(r"http://\S+:(\d+)/graphql", process.stdout.readline())
        assert line
        yield Api(f"http://127.0.0.1:{line[1]}", found[0])
    finally:
        process.terminate()
        process.wait()


def regrouping_of(payload: Any) -> str:
    """Give the id of the regrouping that was just made."""
    every = [one for each in payload["conversations"] for one in each["regroupings"]]
    return str(max(every, key=lambda one: int(one["position"]))["id"])


def disturb(api: Api, chance: random.Random, mail: list[dict[str, Any]]) -> tuple[str, str] | None:
    """Do something wrong; give how it is undone."""
    one, other = chance.sample(mail, 2)
    match chance.choice(("link", "merge", "split", "move")):
        case "link":
            if not one["parties"] or not other["parties"]:
                return None
            away, to = one["parties"][0]["id"], other["parties"][0]["id"]
            made = api.order(
                "messageLinkMove",
                messageIds=[one["id"]],
                to={"party": {"id": to}},
                wholeConversation=True,
                **{"from": {"party": {"id": away}}},
            )
            return None if made is None else ("messageLinkUndo", made[0])
        case "merge":
            ids = [one["conversation"]["id"], other["conversation"]["id"]]
            made = api.order("conversationMerge", conversationIds=ids)
        case "split":
            replies = chance.random() < 0.5
            made = api.order("conversationSplit", messageIds=[one["id"]], withReplies=replies)
        case _:
            made = api.order(
                "conversationMove",
                messageIds=[one["id"]],
                conversationId=other["conversation"]["id"],
                withReplies=chance.random() < 0.5,
            )
    return None if made is None else ("conversationUndo", regrouping_of(made[1]))


def undo(api: Api, what: tuple[str, str]) -> bool:
    """Take one of them back."""
    name, id = what
    given = {"undoes": id} if name == "messageLinkUndo" else {"regroupingId": id}
    return api.order(name, **given) is not None


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=60)
    given = asked.parse_args()
    data, promises, watch = test_data("corrections"), Promises(), Stopwatch()
    chance = random.Random(1)
    with instance() as home:
        ask(home, "import", "directory", str(data / "company"), allowed=(0, 2))
        for box in boxes(data):
            ask(home, *box.words, allowed=(0, 2))
        before = ask(home, "export", "messages").facts
        with served(home) as api:
            mail = api.messages()
            done = [
                one for _ in range(given.rounds) if (one := disturb(api, chance, mail)) is not None
            ]
            between = ask(home, "export", "messages").facts
            say(f"{len(done)} changes, {api.refused} refused")
            links = [one for one in done if one[0] == "messageLinkUndo"]
            others = [one for one in done if one[0] != "messageLinkUndo"]
            chance.shuffle(others)
            refused = [one for one in (*reversed(links), *others) if not undo(api, one)]
            promises.keep(not refused, f"{len(refused)} could not be undone")
            given_orders = api.done
        after = ask(home, "export", "messages").facts
        unlike = differences(home)
    key = {one["message_id"]: one for one in before}
    changed = sum(one != key[one["message_id"]] for one in between)
    left = sum(one != key[one["message_id"]] for one in after)
    promises.keep(changed, "nothing was changed at all")
    promises.keep(not left, f"{left} messages are told otherwise than before")
    promises.keep(not unlike, f"{unlike} rows differ from what the events say")
    figures = {"messages": len(before), "orders": given_orders, "refused": api.refused}
    figures |= {"told_otherwise_between": changed, "told_otherwise_after": left}
    figures |= {"differences_on_verify": unlike, "seconds": round(watch.seconds)}
    promises.conclude("corrections", figures)


if __name__ == "__main__":
    main()
