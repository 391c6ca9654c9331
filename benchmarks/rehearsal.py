"""How fast a rule is rehearsed, and that memory does not grow with how much mail it is asked about.

Mail of the office is imported, then a rule with a dozen conditions is asked about all of it, again and
again until `--asks` messages were asked about; nothing is recorded. The resident set is that of the
asking process, in which the mail was not read: when 10,000 messages were asked about, and at the end.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import psutil

from adapters.home import Home
from adapters.logs import set_up_logs
from adapters.settings import Settings
from api.compose import compose
from api.work.directory import import_directory
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.mailfacts import Known
from api.work.mailrules import written
from api.work.rehearsing import Tally, rehearsal
from benchmarks.mailmaker import MAILBOX, Maker, write_mbox
from benchmarks.stage import instance, say, tell
from domain.mailrules import RuleSaved
from projections.stretches import Stretch

FIRST = 10_000
MOST_GROWTH = 1.05
WHEN = {
    "all": [
        {"field": "machine", "is": False},
        {"any": [
            {"field": "party.kind", "is": "customer"},
            {"field": "sender.domain", "ends": [".example", ".test"]},
            {"field": "subject", "contains": ["ordine", "order", "Auftrag", "fattura"]},
            {"field": "text", "matches": [r"ordin[ei]\s+\d+", r"Auftrag\w*\s+\d+"]},
            {"field": "attachment.type", "is": "application/pdf"},
            {"field": "document.kind", "exists": True},
        ]},
        {"not": {"field": "header.precedence", "is": "bulk"}},
        {"any": [
            {"field": "language", "is": ["it", "de", "en"]},
            {"field": "time.hour", "less": 20, "zone": "Europe/Rome"},
            {"field": "time.business", "is": True},
        ]},
    ]
}  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=10_000)
    asked.add_argument("--asks", type=int, default=100_000)
    asked.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    set_up_logs("warning")
    if given.home:
        with compose(Home(given.home), Settings()) as carteggio:
            print(json.dumps(asyncio.run(measured(carteggio, given.asks))))
        return
    with instance() as home:
        with compose(home, Settings()) as carteggio:
            filled(carteggio, home.folder.parent, given.messages)
        # A process of its own: what importing took is not in it.
        own = [sys.executable, "-m", "benchmarks.rehearsal", "--home", str(home.folder)]
        found = subprocess.run(
            [*own, "--asks", str(given.asks)], check=True, stdout=subprocess.PIPE
        )
    figures = json.loads(found.stdout.splitlines()[-1])
    growth = round(figures["mb_at_the_end"] / figures["mb_at_first"], 3)
    missed = ["growth"] if growth > MOST_GROWTH else []
    missed += ["recorded"] if figures["recorded"] else []
    marks = {"growth": MOST_GROWTH, "recorded": 0}
    named = {"messages": given.messages, **figures, "growth": growth}
    tell("rehearsal", {**named, "marks": marks, "missed": missed})


def filled(carteggio: Carteggio, place: Path, messages: int) -> None:
    maker = Maker(1)
    maker.write_directory(place / "erp")
    import_directory(carteggio, place / "erp", "erp")
    write_mbox(place / "mail.mbox", maker.messages(), messages=messages)
    import_mail(carteggio, Wanted(place / "mail.mbox", MAILBOX), lambda _: None)
    carteggio.feed.catch_up()
    say(f"{messages:,} messages are there")


async def measured(carteggio: Carteggio, asks: int) -> dict[str, object]:
    tally, mine, first = Tally(), psutil.Process(), 0.0
    then = written([{"kind": "stop"}])
    rule = RuleSaved(0, 1, enabled=True, mailbox=None, name="Tried", when=written(WHEN), then=then)
    head, begun = carteggio.journal.head(), time.monotonic()
    while tally.asked < asks:
        before = tally.asked
        one = await rehearsal(carteggio, None, rule, Stretch(), Known.THEN)
        async for trials in one.portions():
            for trial in trials:
                tally.add(trial)
            if not first and tally.asked >= min(FIRST, asks):
                first = mine.memory_info().rss / 1e6
            if tally.asked >= asks:
                break
        if tally.asked == before:
            break
    taken = time.monotonic() - begun
    return {
        "asked": tally.asked,
        "held": tally.held,
        "messages_s": round(tally.asked / taken),
        "mb_at_first": round(first, 1),
        "mb_at_the_end": round(mine.memory_info().rss / 1e6, 1),
        "recorded": carteggio.journal.head() - head,
    }


if __name__ == "__main__":
    main()
