"""How fast a mailbox is received for the first time, and looked at again, beside mbsync.

One Dovecot, one connection each, in turns: our session that reads all bodies and keeps nothing;
mbsync's pull into a Maildir; `carteggio sync`, which parses, seals, stores, links and projects
what comes. The download is compared with an mbsync that waits for no disk (FSync no); the sync,
which calls nothing taken in before it is durable, with mbsync as it comes (FSync yes), and beside
that with the other one. Ratios are ours to theirs in speed, medians of the rounds. `cpu` are
seconds of the client on all processors, those that it started included; the database's stand
apart. The second look of `carteggio sync` is that of a process which is there already, as a
worker's is, from connecting to leave-taking; the command's own stands beside it.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from adapters.home import Home
from adapters.imap.session import ImapSession
from adapters.imap.values import Fetched, ImapAccount
from adapters.logs import set_up_logs
from adapters.mime.worker import ReadingWorker
from adapters.settings import Settings
from api.compose import compose, init
from api.work.directory import import_directory
from api.work.sync import Sync
from benchmarks.mailmaker import MAILBOX, Maker
from benchmarks.mailserver import enter, fill, mail_server
from benchmarks.proofs.watched import server as database_of
from benchmarks.stage import Stopwatch, command, instance, lines, middle, ratio, say, tell

if TYPE_CHECKING:
    from dovecot import MailAccount

DOWNLOAD, WHOLE, AGAIN = 1.0, 0.35, 1.0
"""The marks: how fast we should be, beside mbsync."""

_MBSYNC = """
FSync {fsync}
IMAPStore far
Host {host}
Port {port}
User {user}
Pass "{password}"
SSLType None
AuthMechs PLAIN LOGIN

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the clock, and on the processors."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Lap:
    """One round: everybody once."""

    download: Spent
    whole: Spent
    database_cpu: float
    whole_again: Spent
    command_again: Spent
    theirs: Spent
    theirs_again: Spent
    theirs_durable: Spent


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    if shutil.which("mbsync") is None:
        say("receiving is passed over: mbsync is not installed (apt-get install isync)")
        return
    set_up_logs("warning")
    with instance() as home, mail_server() as server:
        place, maker, user = home.folder.parent, Maker(given.seed), server.add_user()
        maker.write_directory(place / "erp")
        filled = fill(user, maker.messages(), given.messages)
        say(f"{len(filled.digests):,} messages, {filled.octets / 1e6:.0f} MB")
        _pulled(place / "warm", user, given.messages)  # the server makes its index
        laps = [_lap(home, user, given.messages, number) for number in range(given.rounds)]
    tell("receiving", _figures(laps, given.messages, filled.octets))


def _lap(home: Home, user: "MailAccount", messages: int, number: int) -> Lap:
    download = _downloaded(user, messages)
    theirs, theirs_again = _pulled(home.folder.parent / f"theirs{number}", user, messages)
    whole, database_cpu = _synced(home, user, messages, f"round{number}")
    whole_again = _looked_again(home, f"round{number}")
    command_again = _ran(command(home, "sync", company=f"round{number}"))
    durable, _ = _pulled(home.folder.parent / f"durable{number}", user, messages, fsync="yes")
    say(
        f"download {download.wall:.2f} s, mbsync {theirs.wall:.2f} s, durable {durable.wall:.2f} s,"
        f" sync {whole.wall:.2f} s; again {whole_again.wall:.3f} s and {theirs_again.wall:.3f} s"
    )
    return Lap(
        download, whole, database_cpu, whole_again, command_again, theirs, theirs_again, durable
    )


def _downloaded(user: "MailAccount", messages: int) -> Spent:
    """Read all bodies and keep none of them."""
    account = ImapAccount(
        user.server.host, user.server.imap, "plain", user.user, user.password
    )  # fmt: skip
    watch = Stopwatch()
    count = asyncio.run(_bodies(account))
    spent = Spent(watch.seconds, watch.cpu)
    _require(count == messages, f"{count} messages were downloaded")
    return spent


async def _bodies(account: ImapAccount) -> int:
    count = 0
    async with ImapSession(account) as session:
        await session.select("INBOX")
        async with aclosing(session.fetch(await session.uids_with_sizes())) as fetching:
            async for items in fetching:
                count += sum(isinstance(one, Fetched) for one in items)
    return count


def _pulled(
    place: Path, user: "MailAccount", messages: int, *, fsync: str = "no"
) -> tuple[Spent, Spent]:
    """Let mbsync pull the mailbox, and pull it again."""
    place.mkdir()
    config = place / "mbsyncrc"
    config.write_text(
        _MBSYNC.format(
            fsync=fsync, host=user.server.host, port=user.server.imap, user=user.user,
            password=user.password, folder=place,
        )
    )  # fmt: skip
    words = ["mbsync", "-q", "-c", str(config), "all"]
    first, second = _ran(words), _ran(words)
    there = sum(1 for part in ("cur", "new") for _ in (place / "INBOX" / part).iterdir())
    _require(there == messages, f"mbsync pulled {there} messages")
    shutil.rmtree(place)
    return first, second


def _synced(home: Home, user: "MailAccount", messages: int, company: str) -> tuple[Spent, float]:
    """Sync it into a company of its own, which knows its parties."""
    init(home, Settings(), company)
    with compose(home, Settings(), company) as carteggio:
        import_directory(carteggio, home.folder.parent / "erp", "erp")
        enter(carteggio, MAILBOX, user)
        carteggio.feed.catch_up()
    before, told = _of_database(home), home.folder.parent / "told"
    spent = _ran(command(home, "sync", "--json", company=company), told)
    database = _of_database(home) - before
    (summary,) = lines(told.read_text())
    _require(summary["stored"] == messages, f"{summary['stored']} were synced: {summary}")
    return spent, database


def _looked_again(home: Home, company: str) -> Spent:
    """Look into the unchanged mailbox, from connecting to leave-taking."""
    with compose(home, Settings(), company) as carteggio, ReadingWorker() as worker:
        watch = Stopwatch()
        (synced,) = asyncio.run(Sync(carteggio, worker).all())
        spent = Spent(watch.seconds, watch.cpu)
    _require(not synced.trouble and not synced.counts.read, f"it was not unchanged: {synced}")
    return spent


def _ran(words: Sequence[str], told: Path = Path(os.devnull)) -> Spent:
    """Run a program to its end; count the processors' time of all that it started and awaited."""
    with told.open("wb") as out:
        watch = Stopwatch()
        process = subprocess.Popen(words, stdout=out, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall = watch.seconds
    process.returncode = os.waitstatus_to_exitcode(status)
    _require(process.returncode == 0, f"{words} ended with {process.returncode}")
    return Spent(wall, used.ru_utime + used.ru_stime)


def _of_database(home: Home) -> float:
    """Give the seconds that the database server's processes worked, the ended ones included."""
    first, *others = database_of(home)
    found = sum(first.cpu_times()[:4])
    for one in others:
        try:
            found += sum(one.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue  # it ended in this very moment
    return found


def _require(holds: object, sentence: str) -> None:
    if not holds:
        raise SystemExit(sentence)


def _figures(laps: Sequence[Lap], messages: int, octets: int) -> dict[str, object]:
    def of(choose: Callable[[Lap], float]) -> float:
        return middle([choose(one) for one in laps])

    reached = {
        "download": (of(lambda one: ratio(one.theirs.wall, one.download.wall)), DOWNLOAD),
        "whole": (of(lambda one: ratio(one.theirs_durable.wall, one.whole.wall)), WHOLE),
        "again": (of(lambda one: ratio(one.theirs_again.wall, one.whole_again.wall)), AGAIN),
    }
    return {
        "messages": messages,
        "megabytes": round(octets / 1e6),
        "rounds": len(laps),
        **{f"{name}_ratio_to_mbsync": one for name, (one, _) in reached.items()},
        "whole_ratio_to_mbsync_without_fsync": of(
            lambda one: ratio(one.theirs.wall, one.whole.wall)
        ),
        "marks": {name: mark for name, (_, mark) in reached.items()},
        "missed": [name for name, (one, mark) in reached.items() if one < mark],
        "messages_per_s": {
            "download": round(messages / of(lambda one: one.download.wall)),
            "mbsync": round(messages / of(lambda one: one.theirs.wall)),
            "mbsync_durable": round(messages / of(lambda one: one.theirs_durable.wall)),
            "whole": round(messages / of(lambda one: one.whole.wall)),
        },
        "client_cpu_s": {
            "download": of(lambda one: one.download.cpu),
            "mbsync": of(lambda one: one.theirs.cpu),
            "mbsync_durable": of(lambda one: one.theirs_durable.cpu),
            "whole": of(lambda one: one.whole.cpu),
            "database_of_whole": of(lambda one: one.database_cpu),
        },
        "again_s": {
            "ours": of(lambda one: one.whole_again.wall),
            "mbsync": of(lambda one: one.theirs_again.wall),
            "our_command": of(lambda one: one.command_again.wall),
        },
        "again_cpu_s": {
            "ours": of(lambda one: one.whole_again.cpu),
            "mbsync": of(lambda one: one.theirs_again.cpu),
        },
    }


if __name__ == "__main__":
    main()
