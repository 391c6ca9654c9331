"""Every link says by which rule, and on which words; these stand in the mail, as anybody reads it.

The labelled company and the discussion lists are taken in, and the API is asked as a client asks.
Mail is decoded by the standard library alone. An inherited link rests on the message that it names:
that one has to hold the same link, and so on, down to the one in which the words stand. Parties and
documents that are linked automatically are compared with the truth.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from adapters.home import Home
from adapters.settings import Settings
from api.compose import compose
from benchmarks.proofs.decoded import decoded, words
from benchmarks.proofs.orders import boxes, judged
from benchmarks.proofs.promises import Promises, ask, test_data
from benchmarks.proofs.readers import Caller, patient, served
from benchmarks.proofs.threads import MAILBOX
from benchmarks.stage import Stopwatch, instance, lines, say
from domain.message import MessageSetApart, MessageThreaded

PRECISION: Final = {"parties": 0.99, "documents": 0.98}
PAGE: Final = """
query($after: String) { messages(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor }
  edges { node { id headerId why { kind reason evidence }
    links(states: [AUTOMATIC, CONFIRMED, SUGGESTED, AMBIGUOUS]) {
      reason ruleId ruleVersion place evidence inheritedFrom { id }
      target { __typename ... on Party { id } ... on Document { id } }
} } } } }
"""
WORDLESS: Final = ("person_writes", "not_inbound", "empty")
"""These reasons rest on which way a mail went, or on what is not there: no words could show it."""
_TOLD = 10
Nodes = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Looked:
    """What was looked at, and what is wrong with it."""

    messages: int = 0
    links: int = 0
    inherited: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    threads: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def main() -> None:
    data, promises, looked, watch = test_data("evidence"), Promises(), Looked(), Stopwatch()
    lists = data / "threads" / "sa_ham_A.mbox.xz"
    with instance() as home:
        ask(home, "import", "mail", str(lists), "--mailbox", MAILBOX, "--json", allowed=(0, 2))
        look(home, looked)
    with instance() as home:
        ask(home, "import", "directory", str(data / "company"), allowed=(0, 2))
        for box in boxes(data):
            ask(home, *box.words, allowed=(0, 2))
        look(home, looked)
        told = {line["message_id"]: line for line in ask(home, "export", "messages").facts}
    for name, found in (("silent", looked.silent), ("unseen", looked.unseen)):
        promises.keep(not found, f"{len(found)} {name}: {found[:_TOLD]}")
    scores = judged(data, told)
    precision = {name: scores[name]["precision"] for name in PRECISION}
    for name, least in PRECISION.items():
        promises.keep(precision[name] >= least, f"{name}: {precision[name]}, {least} is wanted")
    promises.conclude("evidence", _figures(looked) | {
        "automatic_precision": precision, "seconds": round(watch.seconds),
    })  # fmt: skip


def _figures(looked: Looked) -> dict[str, Any]:
    return {
        "messages": looked.messages,
        "links": looked.links,
        "inherited": looked.inherited,
        "by_rule": dict(looked.by_rule.most_common()),
        "conversations_by_rule": dict(looked.threads.most_common()),
        "without_rule_reason_or_evidence": len(looked.silent),
        "evidence_that_is_not_there": len(looked.unseen),
    }


def look(home: Home, into: Looked) -> None:
    """Look at every link and every classification of an instance."""
    mail = home.folder.parent / "mail"
    ask(home, "export", "mail", str(mail))
    token = ask(home, "token", "create", "proof").out.strip()
    with served(home) as (address, _):
        nodes = _everything(Caller(address, token))
    texts = _texts(mail)
    for node in nodes.values():
        into.messages += 1
        _look_at_class(node, texts[node["headerId"]], into)
        for link in node["links"]:
            _look_at_link(node, link, nodes, texts, into)
    for message, event in _threads(home):
        _look_at_thread(message, event, texts[str(message)], into)
    say(f"{into.messages} messages, {into.links} links, {len(into.unseen)} not seen")


def _everything(caller: Caller) -> Nodes:
    nodes: Nodes = {}
    after: str | None = None
    while True:
        page = patient(caller, (PAGE, {"after": after}))["messages"]
        nodes |= {edge["node"]["id"]: edge["node"] for edge in page["edges"]}
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def _texts(folder: Path) -> dict[str, str]:
    """Give what can be read in all copies of each message, by its Message-ID and by its own id."""
    found: dict[str, str] = {}
    for line in lines((folder / "manifest.jsonl").read_text(encoding="utf-8")):
        id = line["message_id"].strip("<>")
        text = f"{found.get(id, '')}\n{decoded((folder / line['file']).read_bytes())}"
        found[id] = found[line["id"]] = text
    return found


def _look_at_class(node: dict[str, Any], text: str, into: Looked) -> None:
    why = node["why"]
    if why is None or not why["reason"]:
        into.silent.append(f"{node['headerId']}: {why}")
    elif not why["evidence"]:
        if why["kind"] or why["reason"] not in WORDLESS:
            into.silent.append(f"{node['headerId']}: {why}")
    elif not stands_in(text, why["evidence"]):
        into.unseen.append(f"{node['headerId']}: {why}")


def _look_at_link(
    node: dict[str, Any],
    link: dict[str, Any],
    nodes: Nodes,
    texts: Mapping[str, str],
    into: Looked,
) -> None:
    into.links += 1
    into.by_rule[link["ruleId"] or "a person"] += 1
    said = {key: link[key] for key in ("ruleId", "place", "evidence")}
    if not all(
        (link["reason"], link["ruleId"], link["ruleVersion"], link["place"], link["evidence"])
    ):
        into.silent.append(f"{node['headerId']}: {said}")
        return
    root = _root(node, link, nodes)
    into.inherited += root is not node
    if root is None or not stands_in(texts[root["headerId"]], link["evidence"]):
        into.unseen.append(f"{node['headerId']}: {said}, root {root and root['headerId']}")


def _threads(home: Home) -> list[tuple[UUID, MessageThreaded | MessageSetApart]]:
    """Give why messages go on with others, or begin anew, as the journal tells."""
    told = ("message.threaded", "message.set_apart")
    with compose(home, Settings()) as carteggio:
        events = carteggio.journal.read(0, limit=1_000_000, octets=1 << 30, names=told)
    found = {(one.stream, type(one.event)): one.event for one in events}
    return [
        (message, event)
        for (message, _), event in found.items()
        if isinstance(event, MessageThreaded | MessageSetApart)
    ]


def _look_at_thread(
    message: UUID, event: MessageThreaded | MessageSetApart, text: str, into: Looked
) -> None:
    if not (event.parent if isinstance(event, MessageThreaded) else event.ancestor):
        return  # taken back
    into.threads[event.rule] += 1
    if not (event.rule and event.rule_version and event.where and event.evidence):
        into.silent.append(f"{message}: {event}")
    elif not stands_in(text, event.evidence):
        into.unseen.append(f"{message}: {event}")


def _root(node: dict[str, Any], link: dict[str, Any], nodes: Nodes) -> dict[str, Any] | None:
    """Follow an inherited link to where it comes from; None if the chain is broken."""
    passed = {node["id"]}
    while link["inheritedFrom"] is not None:
        node = nodes[link["inheritedFrom"]["id"]]
        same = [one for one in node["links"] if one["target"] == link["target"]]
        if node["id"] in passed or not same:
            return None
        passed.add(node["id"])
        (link,) = same
    return node


def stands_in(text: str, evidence: str) -> bool:
    """Tell whether words stand in a mail; the name of a header field is written as one likes."""
    if words(evidence) in text:
        return True
    name, colon, value = evidence.partition(": ")
    begins = f"\n{name}: ".casefold()
    at = [line for line in text.split("\n") if f"\n{line}".casefold().startswith(begins)]
    return bool(colon) and any(words(value).casefold() in line.casefold() for line in at)


if __name__ == "__main__":
    main()
