"""How much memory the first sync of a large mailbox takes, above a sync that finds nothing.

The measure is PSS, summed over the sync and its reading process at one moment; the database server
and the mail server are not in it. Among the mail are attachments of 2, 4 and 7 MB, or of the sizes asked for: a
message is held whole while it is read, and in both processes.
"""

import argparse
import sys
from random import Random

from adapters.settings import Settings
from api.compose import compose
from api.work.directory import import_directory
from benchmarks.mailmaker import MAILBOX, Maker
from benchmarks.mailserver import enter, fill, mail_server
from benchmarks.proofs.memory import NOISE, watched, with_large
from benchmarks.proofs.promises import Promises
from benchmarks.stage import command, instance, say

MOST_MB = 150.0


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--megabytes", type=int, default=650)
    asked.add_argument("--large", type=int, nargs="+", default=[2, 4, 7], metavar="MB")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    promises, maker = Promises(), Maker(given.seed)
    with instance() as home, mail_server() as server:
        user, told = server.add_user(), home.folder.parent / "told"
        maker.write_directory(home.folder.parent / "erp")
        with compose(home, Settings()) as carteggio:
            import_directory(carteggio, home.folder.parent / "erp", "erp")
            enter(carteggio, MAILBOX, user)
            carteggio.feed.catch_up()
        idle, nothing = watched(command(home, "sync", "--json"), told)
        mail = with_large(maker.messages(), Random(given.seed), given.large)
        filled = fill(user, mail, sys.maxsize, given.megabytes * 1_000_000)
        messages = len(filled.digests)
        say(f"idle {idle.peak():.0f} MB; {messages:,} messages, {filled.octets / 1e6:.0f} MB")
        samples, summary = watched(command(home, "sync", "--json"), told)
    half, above = samples.seconds / 2, samples.peak() - idle.peak()
    first, second = samples.peak(end=half), samples.peak(half)
    promises.keep(nothing["stored"] == 0, f"there was mail before: {nothing}")
    promises.keep(summary["stored"] == messages, f"of {messages} were stored: {summary}")
    promises.keep(above <= MOST_MB, f"{above:.0f} MB more were taken than without mail")
    promises.keep(second <= first * NOISE, f"it grows: {first:.0f} MB, then {second:.0f} MB")
    promises.conclude(
        "large_mailbox",
        {
            "messages": messages,
            "megabytes": round(filled.octets / 1e6),
            "largest_file_mb": max(given.large),
            "idle_mb": round(idle.peak(), 1),
            "peak_mb": round(samples.peak(), 1),
            "above_idle_mb": round(above, 1),
            "first_half_mb": round(first, 1),
            "second_half_mb": round(second, 1),
            "samples": len(samples.taken),
            "seconds": round(samples.seconds, 1),
            "messages_per_s": round(messages / samples.seconds),
        },
    )


if __name__ == "__main__":
    main()
