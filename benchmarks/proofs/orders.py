"""The labelled company, in three orders and by four processes at once: always the same answers.

Conversations are compared as groups of messages, and master data comes first, last or in between.
What was understood is scored by the data's own `score.py`, and read models are compared with what
the events say.
"""

import csv
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.home import Home
from benchmarks.proofs.promises import Promises, ask, differences, journal_of, test_data, unsound
from benchmarks.stage import Stopwatch, instance, say

AT_ONCE = 4
WANTED = {
    "parties": 0.97,
    "documents": 0.96,
    "conversation": 0.95,
    "conversation_precision": 0.97,
    "automatic": 0.98,
    "answered_by": 0.95,
    "unanswered": 0.90,
}
FIELDS = ("parties", "documents", "conversation", "automatic", "unanswered", "unanswered_strict")
Lines = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox file of the company."""

    path: Path
    address: str
    folder: str

    @property
    def words(self) -> tuple[str, ...]:
        at = ("--mailbox", self.address, "--folder", self.folder)
        return ("import", "mail", str(self.path), *at, "--json")


def boxes(data: Path) -> list[Box]:
    """Give the company's mailboxes."""
    company = data / "company"
    with (company / "mailboxes.csv").open(newline="", encoding="utf-8") as rows:
        return [
            Box(company / "mailboxes" / row["file"], row["address"], row["folder"])
            for row in csv.DictReader(rows)
        ]


def main() -> None:
    data, promises, watch = test_data("orders"), Promises(), Stopwatch()
    first = run_in_order(data, promises, boxes(data), 0)
    others = {
        f"order {seed}": run_in_order(data, promises, shuffled(data, seed), 5 * seed)
        for seed in (1, 2)
    }
    others["at once"] = run_at_once(data, promises)
    unlike = {name: unequal(comparable(first), comparable(one)) for name, one in others.items()}
    for name, count in unlike.items():
        promises.keep(not count, f"{name}: {count} messages are told in another way")
    truth = (data / "company" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    ids = {json.loads(line)["message_id"] for line in truth}
    promises.keep(set(first) == ids, f"{len(set(first) ^ ids)} messages are lost, or are no mail")
    scores = scored(data, first)
    for field, least in WANTED.items():
        promises.keep(scores[field] >= least, f"{field}: {scores[field]}, {least} is wanted")
    promises.conclude(
        "orders",
        {
            "messages": len(first),
            "orders": 3,
            "processes_at_once": AT_ONCE,
            "told_otherwise": sum(unlike.values()),
            "scores": scores,
            "seconds": round(watch.seconds),
        },
    )


def shuffled(data: Path, seed: int) -> list[Box]:
    """Give the mailboxes in another order, the same for the same seed."""
    wanted = boxes(data)
    random.Random(seed).shuffle(wanted)
    return wanted


def run_in_order(
    data: Path, promises: Promises, wanted: Sequence[Box], directory_at: int
) -> Lines:
    """Import mailboxes one after the other, the master data before one of them or after all."""
    with instance() as home:
        for number, box in enumerate(wanted):
            if number == directory_at:
                ask(home, "import", "directory", str(data / "company"), allowed=(0, 2))
            ask(home, *box.words, allowed=(0, 2))
        if directory_at >= len(wanted):
            ask(home, "import", "directory", str(data / "company"), allowed=(0, 2))
        return examined(home, promises)


def run_at_once(data: Path, promises: Promises) -> Lines:
    """Import with several processes at a time, master data among them."""
    with instance() as home, ThreadPoolExecutor(AT_ONCE) as pool:
        directory = ("import", "directory", str(data / "company"))
        every = [directory, *(box.words for box in boxes(data))]
        for done in [pool.submit(ask, home, *words, allowed=(0, 2)) for words in every]:
            done.result()
        return examined(home, promises)


def examined(home: Home, promises: Promises) -> Lines:
    """Give what is told of each message, and look at the instance."""
    exported = ask(home, "export", "messages").facts
    lines = {line["message_id"]: line for line in exported}
    log, differ, bad = journal_of(home), differences(home), unsound(home)
    promises.keep(len(lines) == len(exported), "a Message-ID is told twice")
    promises.keep(log.received == len(lines), f"{len(lines)} messages, and the journal: {log}")
    promises.keep(log.most_for_one == 1, f"a message was received {log.most_for_one} times")
    promises.keep(not differ, f"{differ} differences in read models")
    promises.keep(not bad, f"not sound: {bad}")
    say(f"{len(lines)} messages, {log.copies} copies, {differ} differences")
    return lines


def comparable(lines: Lines) -> Lines:
    """Name conversations by their messages: ids are keyed, and each instance has its own key."""
    groups: dict[str, list[str]] = {}
    for id, line in lines.items():
        groups.setdefault(line["conversation"], []).append(id)
    return {
        id: line | {"id": "", "conversation": sorted(groups[line["conversation"]])}
        for id, line in lines.items()
    }


def unequal(one: Lines, other: Lines) -> int:
    """Count the messages of which two instances do not tell the same."""
    return sum(one.get(id) != other.get(id) for id in one.keys() | other.keys())


def scored(data: Path, lines: Lines) -> dict[str, float]:
    """Give one figure a field."""
    found = judged(data, lines)
    scores = {field: float(found[field]["f1"]) for field in FIELDS}
    return scores | {
        "conversation_precision": float(found["conversation"]["precision"]),
        "answered_by": float(found["answered_by"]["accuracy"]),
        "headline": float(found["headline"]),
    }


def judged(data: Path, lines: Lines) -> dict[str, Any]:
    """Let the data's own programme judge the answers."""
    text = "".join(json.dumps(line) + "\n" for line in lines.values())
    words = [sys.executable, str(data / "score.py"), str(data / "company" / "truth.jsonl")]
    done = subprocess.run(
        [*words, "/dev/stdin", "--json"], input=text, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
