"""Discussion lists, threaded as an IMAP server threads them: our conversations against THREAD REFS.

Compared are pairs of messages: those that both put together, over all that we put together
(precision), and over all that the server puts together (recall). Over a list anybody answers
anybody, so nothing but what mail refers to may join it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from math import comb
from typing import Any

from benchmarks.proofs.promises import Promises, ask, test_data
from benchmarks.stage import Stopwatch, instance, ratio, say

WANTED = 0.99
MAILBOX = "lists@office.example"
_TOLD = 10


def main() -> None:
    data, promises, watch = test_data("threads") / "threads", Promises(), Stopwatch()
    told = json.loads((data / "sa_ham_A.groups.json").read_text(encoding="utf-8"))
    theirs = _groups(told["refs"])
    with instance() as home:
        words = ("--mailbox", MAILBOX, "--json")
        ask(home, "import", "mail", str(data / "sa_ham_A.mbox.xz"), *words, allowed=(0, 2))
        lines = ask(home, "export", "messages").facts
    ours = {_unfolded(line["message_id"]): line["conversation"] for line in lines}
    promises.keep(
        ours.keys() == theirs.keys(), f"not the same mail: {ours.keys() ^ theirs.keys()}"
    )
    figures = compared(ours, theirs)
    for name in ("precision", "recall"):
        promises.keep(figures[name] >= WANTED, f"{name}: {figures[name]}, {WANTED} is wanted")
    _tell_apart(ours, theirs, lines)
    figures |= {"messages": len(ours), "server": told["server"], "seconds": round(watch.seconds)}
    promises.conclude("threads", figures)


def _groups(groups: Iterable[Iterable[str]]) -> dict[str, object]:
    return {_unfolded(id): number for number, ids in enumerate(groups) for id in ids}


def _unfolded(id: str) -> str:
    """Blanks within an id are an old fault of gateways; the server keeps them, we do not."""
    return "".join(id.split())


def compared(ours: Mapping[str, object], theirs: Mapping[str, object]) -> dict[str, Any]:
    """Count the pairs of messages that are put together by us, by them, and by both."""
    common = ours.keys() & theirs.keys()
    both = _pairs((ours[id], theirs[id]) for id in common)
    by_us, by_them = _pairs(ours[id] for id in common), _pairs(theirs[id] for id in common)
    return {
        "precision": ratio(both, by_us) if by_us else 1.0,
        "recall": ratio(both, by_them) if by_them else 1.0,
        "pairs_joined_by_us_only": by_us - both,
        "pairs_parted_by_us_only": by_them - both,
    }


def _pairs(groups: Iterable[object]) -> int:
    return sum(comb(size, 2) for size in Counter(groups).values())


def _tell_apart(
    ours: Mapping[str, object], theirs: Mapping[str, object], lines: list[dict[str, Any]]
) -> None:
    """Tell the conversations that the server parts, by their subjects."""
    found: dict[object, set[object]] = {}
    subjects: dict[object, dict[str, None]] = {}
    for line in lines:
        id = _unfolded(line["message_id"])
        found.setdefault(ours[id], set()).add(theirs.get(id))
        subjects.setdefault(ours[id], {})[line["subject"]] = None
    apart = [one for one, threads in found.items() if len(threads) > 1]
    for one in apart[:_TOLD]:
        say(f"{len(found[one])} threads are one conversation: {' | '.join(subjects[one])}")


if __name__ == "__main__":
    main()
