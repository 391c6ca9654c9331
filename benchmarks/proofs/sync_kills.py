"""Kill a sync again and again, and go on with the same command.

`kill -9` hits the sync with its reading process, in some rounds the database server too (what the
system had taken, it still writes: the power itself stays on). Where it died is read from the
counters that `api/work/phases.py` leaves. Between the rounds another mail program marks messages;
when all mail is in, it goes on with that for some rounds. Then everything is examined: each mail
by its bytes, each mark, the ledger; and the next begins with other mail in another instance.
"""

import argparse
import json
import signal
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from adapters.home import Home
from adapters.postgres import EmbeddedPostgres
from adapters.settings import Settings
from api.compose import compose, init
from api.work.directory import import_directory
from api.work.phases import PHASES
from benchmarks.mailmaker import MAILBOX, Maker
from benchmarks.mailserver import enter, fill, mail_server
from benchmarks.proofs.forked import Forking
from benchmarks.proofs.marks import marks_on_server, remark, wrong_marks
from benchmarks.proofs.promises import (
    Promises,
    ask,
    count_missing,
    differences,
    exported_digests,
    journal_of,
    swept,
    unsound,
)
from benchmarks.proofs.watched import ELSEWHERE, Trace, Watched, kill, rarest, server, spread
from benchmarks.stage import Stopwatch, folder, say

if TYPE_CHECKING:
    from dovecot import Dovecot, MailAccount

SHARE = 0.05
"""Each phase is to be hit by so many of the kills."""

AFTERWARDS = 20
"""So often it is killed in an instance where all mail is in already."""

_ANYWHERE = 0.1
_FURTHER = 0.15
_MARKED = 0.25
_BUSY = "another process is fetching it"
_FIRST = ("listing", "marking")

Aim = tuple[str | None, int, float]
"""A phase, at which time of it, and how long after its beginning; None for any moment at all."""


@dataclass(slots=True)
class Tally:
    """What all rounds together saw."""

    kills: int = 0
    with_database: int = 0
    died_in: Counter[str] = field(default_factory=Counter)
    instances: int = 0
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    missing: int = 0
    marks: int = 0
    wrong_marks: int = 0
    differences: int = 0
    orphans: int = 0
    busy: int = 0
    until_work: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Proof:
    """What the rounds share."""

    kills: int
    database_kills: int
    messages: int
    minutes: float
    chance: Random
    forking: Forking
    watch: Stopwatch = field(default_factory=Stopwatch)
    tally: Tally = field(default_factory=Tally)
    promises: Promises = field(default_factory=Promises)

    @property
    def enough(self) -> bool:
        return self.tally.kills >= self.kills or self.watch.seconds > 60 * self.minutes

    def takes_database(self) -> bool:
        """Draw whether the database dies too, so that as many do as are wanted."""
        left = max(self.kills - self.tally.kills, 1)
        return self.chance.random() < (self.database_kills - self.tally.with_database) / left


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--database-kills", type=int, default=10)
    asked.add_argument("--messages", type=int, default=5_000)
    asked.add_argument("--minutes", type=float, default=600, help="after these no more are killed")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with folder() as place, mail_server() as dovecot:
        forking, chance = Forking(Trace(place / "phases")), Random(given.seed)
        proof = Proof(
            given.kills, given.database_kills, given.messages, given.minutes, chance, forking
        )
        for seed in count(given.seed):
            if proof.enough:
                break
            one_instance(proof, dovecot, Maker(seed))
    tally, promises = proof.tally, proof.promises
    for phase in PHASES:
        hit = tally.died_in[phase]
        promises.keep(hit >= SHARE * tally.kills, f"it was killed while {phase} {hit} times only")
    wanted = given.database_kills if tally.kills >= given.kills else 0
    promises.keep(
        tally.with_database >= wanted, f"the database died {tally.with_database} times only"
    )
    promises.conclude("sync_kills", figures(tally, given.messages, proof.watch.seconds))


def figures(tally: Tally, messages: int, seconds: float) -> dict[str, object]:
    return {
        "kills": tally.kills,
        "with_database": tally.with_database,
        "died_in": {name: tally.died_in[name] for name in (*PHASES, ELSEWHERE)},
        "instances": tally.instances,
        "messages_each": messages,
        "lost": tally.lost,
        "doubled": tally.doubled,
        "missing_in_ledger": tally.missing,
        "marks_recorded": tally.marks,
        "wrong_marks": tally.wrong_marks,
        "differences": tally.differences,
        "orphaned_blobs": tally.orphans,
        "still_locked": tally.busy,
        "until_work_s": spread(tally.until_work),
        "seconds": round(seconds),
    }


def one_instance(proof: Proof, dovecot: "Dovecot", maker: Maker) -> None:
    """Sync one mailbox to its end, killing as long as kills are wanted, and examine the outcome."""
    user = dovecot.add_user()
    with folder() as place, ExitStack() as stack:
        home = Home(place / "home")
        maker.write_directory(place / "erp")
        filled = fill(user, maker.messages(), proof.messages)
        home.create()
        stack.enter_context(EmbeddedPostgres(home.postgres))
        init(home, Settings())
        with compose(home, Settings()) as carteggio:
            import_directory(carteggio, place / "erp", "erp")
            enter(carteggio, MAILBOX, user)
            carteggio.feed.catch_up()
        rounds(proof, home, user)
        examine(proof, home, user, Counter(filled.digests))


def rounds(proof: Proof, home: Home, user: "MailAccount") -> None:
    """Begin again after each kill, until all is in and some kills more; end with a whole sync."""
    left, all_in = AFTERWARDS, False
    while True:
        phase, times, delay = aim(proof, all_in=all_in)
        if phase == "marking" or proof.chance.random() < _MARKED:
            remark(user, proof.messages, proof.chance)
        killing = left > 0 and not proof.enough
        if one_round(proof, home, (phase, times, delay) if killing else None):
            left -= all_in
        elif not killing:
            return
        else:
            all_in = True


def one_round(proof: Proof, home: Home, at: Aim | None) -> bool:
    """Sync, and kill it where it was aimed at; False if it came to its end."""
    tally, told = proof.tally, home.folder.parent / "told"
    running = proof.forking.begun(["--home", str(home.folder), "sync", "--json"], told)
    hit = at is not None and hit_there(running, *at)
    too = server(home) if hit and proof.takes_database() else []
    if hit:
        together = [*running.family(), *too]
        proof.chance.shuffle(together)
        kill(together)
    code = running.ended()
    if running.until_work is not None:
        tally.until_work.append(running.until_work)
    if code == 0:
        return False
    if code != -signal.SIGKILL and not too:
        if _BUSY not in (said := running.said()):
            raise SystemExit(f"a sync failed: {said[-2_000:]}")
        tally.busy += 1
        time.sleep(0.1)
        return True
    died_in = running.phases() or [ELSEWHERE]
    tally.kills += 1
    tally.with_database += bool(too)
    tally.died_in.update(died_in)
    say(f"{tally.kills}: {', '.join(died_in)}{' and the database' * bool(too)}")
    return True


def hit_there(running: Watched, phase: str | None, times: int, delay: float) -> bool:
    """Wait for what was aimed at; where a sync fetches, it lists and compares no more."""
    unless = "fetching" if phase in _FIRST else None
    return running.wait_for(phase, delay, times=times, unless=unless)


def aim(proof: Proof, *, all_in: bool) -> Aim:
    """Choose a phase, at which time of it, and how long after its beginning; or any moment."""
    chance = proof.chance
    if chance.random() < _ANYWHERE:
        return None, 1, chance.uniform(0.0, 2.0)
    delay = chance.choice((0.0, 0.005, 0.03, 0.3)) * chance.random()
    if all_in:
        return "marking", 1, delay
    times = chance.randint(2, 6) if chance.random() < _FURTHER else 1
    return rarest(proof.tally.died_in, PHASES, chance), times, delay


def examine(proof: Proof, home: Home, user: "MailAccount", wanted: Counter[str]) -> None:
    """Look for each mail by its bytes, for each mark, in the journal, the read models, the ledger."""
    tally, promises = proof.tally, proof.promises
    found = exported_digests(home, home.folder.parent / "exported")
    lost, doubled = count_missing(wanted, found), count_missing(found, wanted)
    log, marks = journal_of(home), wrong_marks(home, marks_on_server(user))
    missing = missing_in_ledger(home, wanted.total())
    differ, bad = differences(home), unsound(home)
    promises.keep(not lost, f"{lost} mails are lost")
    promises.keep(not doubled, f"{doubled} mails are there twice, or are others")
    promises.keep(
        (log.received, log.most_for_one, log.copies) == (wanted.total(), 1, 0), f"journal: {log}"
    )
    promises.keep(not marks.wrong, f"{marks.wrong} marks are wrong")
    promises.keep(not missing, f"{missing} are missing in the ledger")
    promises.keep(not differ, f"{differ} differences in read models")
    promises.keep(not bad, f"not sound: {bad}")
    tally.instances += 1
    tally.lost += lost
    tally.doubled += doubled + log.copies
    tally.missing += missing
    tally.marks += marks.recorded
    tally.wrong_marks += marks.wrong
    tally.differences += differ
    tally.orphans += swept(home)
    promises.keep(not unsound(home, contents=False), "the sweep took blobs that are needed")
    say(
        json.dumps(
            {"instance": tally.instances, "lost": lost, "doubled": doubled} | {"log": str(log)}
        )
    )


def missing_in_ledger(home: Home, messages: int) -> int:
    """Compare the folders with what was taken in; a ledger that counts otherwise misses something."""
    rows = ask(home, "account", "ledger", "--json", allowed=(0, 1)).facts
    (inbox,) = (one for one in rows if one.get("folder") == "INBOX")
    counted = inbox["on_server"] == inbox["captured"] == messages and not inbox["not_fetched"]
    return sum(len(one.get("missing", ["?"])) for one in rows) + (not counted)


if __name__ == "__main__":
    main()
