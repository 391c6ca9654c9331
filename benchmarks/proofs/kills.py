"""Kill an import of mail again and again, and go on with the same command.

`kill -9` hits the import with its reading process, in some rounds the database server too (what
the system had taken, it still writes: the power itself stays on). Where it died is read from the
counters that `api/work/phases.py` leaves. An import that finishes is examined to the last byte,
and the next begins with other mail in another instance.
"""

import argparse
import json
import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from adapters.home import Home
from adapters.postgres import EmbeddedPostgres
from api.work.phases import IMPORTING
from benchmarks.mailmaker import MAILBOX, Maker, write_mbox
from benchmarks.proofs.promises import (
    Promises,
    ask,
    count_missing,
    differences,
    digest,
    exported_digests,
    journal_of,
    swept,
    unsound,
)
from benchmarks.proofs.watched import ELSEWHERE, Trace, begun, kill, rarest, server, spread
from benchmarks.stage import Stopwatch, command, folder, lines, say

LEAST = 20
_ANYWHERE = 0.15
_WITH_DATABASE = 0.25


@dataclass(slots=True)
class Tally:
    """What all rounds together saw."""

    kills: int = 0
    with_database: int = 0
    died_in: Counter[str] = field(default_factory=Counter)
    imports: int = 0
    lost: int = 0
    doubled: int = 0
    differences: int = 0
    orphans: int = 0
    read_again: int = 0
    until_work: list[float] = field(default_factory=list)
    after_database: list[float] = field(default_factory=list)
    undisturbed: float = 0.0


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--messages", type=int, default=2_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    tally, promises, watch = Tally(), Promises(), Stopwatch()
    chance = random.Random(given.seed)
    one_import(tally, promises, chance, Maker(given.seed), (given.messages, 0))
    for seed in count(given.seed + 1):
        if tally.kills >= given.kills:
            break
        one_import(tally, promises, chance, Maker(seed), (given.messages, given.kills))
    least = min(tally.died_in[phase] for phase in IMPORTING)
    wanted = min(LEAST, given.kills // 10)
    promises.keep(least >= wanted, f"a phase was hit {least} times only, {wanted} were wanted")
    promises.keep(
        tally.with_database >= wanted, f"the database died {tally.with_database} times only"
    )
    promises.conclude("kills", figures(tally, given.messages, watch.seconds))


def figures(tally: Tally, messages: int, seconds: float) -> dict[str, object]:
    return {
        "kills": tally.kills,
        "with_database": tally.with_database,
        "died_in": {name: tally.died_in[name] for name in (*IMPORTING, ELSEWHERE)},
        "imports": tally.imports,
        "messages_each": messages,
        "lost": tally.lost,
        "doubled": tally.doubled,
        "differences": tally.differences,
        "read_again": tally.read_again,
        "orphaned_blobs": tally.orphans,
        "until_work_s": spread(tally.until_work),
        "until_work_after_database_s": spread(tally.after_database),
        "undisturbed_import_s": round(tally.undisturbed, 1),
        "seconds": round(seconds),
    }


def one_import(
    tally: Tally, promises: Promises, chance: random.Random, maker: Maker, size: tuple[int, int]
) -> None:
    """Import one mbox to its end, killing as long as kills are wanted, and examine the outcome."""
    messages, kills = size
    with folder() as place:
        home, mbox, erp = Home(place / "home"), place / "mail.mbox", place / "erp"
        maker.write_directory(erp)
        raws = [one for one, _ in zip(maker.messages(), range(messages), strict=False)]
        write_mbox(mbox, iter(raws), messages=messages)
        ask(home, "init")
        ask(home, "import", "directory", str(erp), allowed=(0, 2))  # people may share a name
        try:
            summary = rounds(tally, promises, chance, home, mbox, kills)
            wanted = Counter(digest(one.raw) for one in raws)
            with EmbeddedPostgres(home.postgres):
                examine(tally, promises, home, wanted, summary)
        finally:
            with EmbeddedPostgres(home.postgres):
                pass  # whoever was last is dead: somebody has to stop the server


def rounds(
    tally: Tally,
    promises: Promises,
    chance: random.Random,
    home: Home,
    mbox: Path,
    kills: int,
) -> dict[str, float]:
    """Begin again after each kill; give what the run says that finishes."""
    database_died = False
    watch, killed_here = Stopwatch(), 0
    words = command(home, "import", "mail", str(mbox), "--mailbox", MAILBOX, "--json")
    trace = Trace(mbox.with_name("phases"))
    while True:
        running = begun(words, trace, mbox.with_name("told"))
        phase, delay = aim(tally, chance)
        enough = tally.kills >= kills
        hit = not enough and running.wait_for(phase, delay)
        too = server(home) if hit and chance.random() < _WITH_DATABASE else []
        if hit:
            together = [*running.family(), *too]
            chance.shuffle(together)
            kill(together)
        code = running.ended()
        died_in = running.phases() or [ELSEWHERE]
        said = running.said()
        if running.until_work is not None:
            (tally.after_database if database_died else tally.until_work).append(
                running.until_work
            )
        if code != -signal.SIGKILL and not too:
            if code:
                raise SystemExit(f"an import failed: {said[-2_000:]}")
            promises.keep("Traceback" not in said, f"an import died by itself: {said[-600:]}")
            if not killed_here:
                tally.undisturbed = watch.seconds
            return dict(lines(said.splitlines()[-1])[0])
        killed_here += 1
        database_died = bool(too)
        tally.kills += 1
        tally.with_database += database_died
        tally.died_in.update(died_in)
        say(f"{tally.kills}: {', '.join(died_in)}{' and the database' * database_died}")


def aim(tally: Tally, chance: random.Random) -> tuple[str | None, float]:
    """Choose a phase and how long after its beginning, or any moment at all."""
    if chance.random() < _ANYWHERE:
        return None, chance.uniform(0.0, 4.0)
    return rarest(tally.died_in, IMPORTING, chance), chance.choice(
        (0.0, 0.005, 0.03, 0.3)
    ) * chance.random()


def examine(
    tally: Tally,
    promises: Promises,
    home: Home,
    wanted: Counter[str],
    summary: dict[str, float],
) -> None:
    """Look for each mail by its bytes, in the journal, in the read models and among the blobs."""
    found = exported_digests(home, home.folder.parent / "exported")
    lost, doubled = count_missing(wanted, found), count_missing(found, wanted)
    ids = Counter(one["message_id"] for one in ask(home, "export", "messages").facts)
    log, differ, bad = journal_of(home), differences(home), unsound(home)
    promises.keep(not lost, f"{lost} mails are lost")
    promises.keep(not doubled, f"{doubled} mails are there twice, or are others")
    promises.keep(len(ids) == ids.total() == wanted.total(), f"{ids.total()} messages are known")
    promises.keep(
        (log.received, log.most_for_one, log.copies) == (wanted.total(), 1, 0), f"journal: {log}"
    )
    promises.keep(not differ, f"{differ} differences in read models")
    promises.keep(not bad, f"not sound: {bad}")
    again = int(summary["already_known"])
    promises.keep(again in (0, wanted.total()), f"{again} messages were read once more")
    tally.imports += 1
    tally.lost += lost
    tally.doubled += doubled + log.copies
    tally.differences += differ
    tally.read_again += again if again != wanted.total() else 0
    left = swept(home)
    promises.keep(not unsound(home), "the sweep took blobs that are needed")
    tally.orphans += left
    say(json.dumps({"import": tally.imports, "lost": lost, "doubled": doubled, "log": str(log)}))


if __name__ == "__main__":
    main()
