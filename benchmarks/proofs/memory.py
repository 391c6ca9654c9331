"""How much memory an import of a large mbox takes, and that it does not grow with what is read.

The measure is PSS, summed over the import and its reading process at one moment; the database
server is not in it. Among the mail are attachments of 10, 20 and 30 MB.
"""

import argparse
import base64
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from random import Random

import psutil

from benchmarks.mailmaker import MAILBOX, Mail, Maker, write_mbox
from benchmarks.proofs.promises import Promises, ask
from benchmarks.stage import Stopwatch, command, instance, lines, say

MOST_MB = 250.0
NOISE = 1.05
LARGE_MB = (10, 20, 30)
_LARGE_EVERY = 1_000
_PAUSE_S = 0.1


@dataclass(slots=True)
class Samples:
    """What was measured: seconds since the start, and megabytes."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def peak(self, begin: float = 0.0, end: float = float("inf")) -> float:
        """Give the most between two moments."""
        return max((mb for at, mb in self.taken if begin <= at < end), default=0.0)

    @property
    def seconds(self) -> float:
        return self.taken[-1][0]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--megabytes", type=int, default=650)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    promises = Promises()
    with instance() as home:
        mbox, erp = home.folder.parent / "mail.mbox", home.folder.parent / "erp"
        maker = Maker(given.seed)
        maker.write_directory(erp)
        ask(home, "import", "directory", str(erp), allowed=(0, 2))  # people may share a name
        mail = with_large(maker.messages(), Random(given.seed))
        messages, octets = write_mbox(mbox, mail, octets=given.megabytes * 1_000_000)
        say(f"{messages:,} messages, {octets / 1e6:.0f} MB")
        samples, summary = watched(
            command(home, "import", "mail", str(mbox), "--mailbox", MAILBOX, "--json"),
            mbox.with_name("told"),
        )
    half = samples.seconds / 2
    first, second = samples.peak(end=half), samples.peak(half)
    promises.keep(summary["stored"] == messages, f"{summary['stored']} of {messages} were stored")
    promises.keep(samples.peak() <= MOST_MB, f"{samples.peak():.0f} MB were taken")
    promises.keep(second <= first * NOISE, f"it grows: {first:.0f} MB, then {second:.0f} MB")
    promises.conclude(
        "memory",
        {
            "messages": messages,
            "megabytes": round(octets / 1e6),
            "peak_mb": round(samples.peak(), 1),
            "first_half_mb": round(first, 1),
            "second_half_mb": round(second, 1),
            "samples": len(samples.taken),
            "seconds": round(samples.seconds, 1),
            "messages_per_s": round(messages / samples.seconds),
        },
    )


def with_large(
    mail: Iterator[Mail], chance: Random, sizes: Sequence[int] = LARGE_MB
) -> Iterator[Mail]:
    """Put a mail with a large file among the others now and then, the same sizes in each part."""
    for number, one in enumerate(mail, 1):
        yield one
        if number % _LARGE_EVERY == _LARGE_EVERY // 2:
            size = sizes[number // _LARGE_EVERY % len(sizes)]
            yield _large(number, one, chance.randbytes(size * 1_000_000))


def _large(number: int, before: Mail, content: bytes) -> Mail:
    head = (
        f"From: Drawing Office <drawings@plans.example>\nTo: {MAILBOX}\n"
        f"Subject: Drawings {number}\nDate: {format_datetime(before.at)}\n"
        f"Message-ID: <drawings-{number}@plans.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=_drawings"\n\n'
        "--=_drawings\nContent-Type: text/plain; charset=utf-8\n\nHere they are.\n"
        f'--=_drawings\nContent-Type: application/zip; name="drawings-{number}.zip"\n'
        f'Content-Disposition: attachment; filename="drawings-{number}.zip"\n'
        "Content-Transfer-Encoding: base64\n\n"
    )
    return Mail(head.encode() + base64.encodebytes(content) + b"--=_drawings--\n", before.at)


def watched(words: list[str], told: Path) -> tuple[Samples, dict[str, float]]:
    """Run a command and measure it from outside until it ends."""
    samples, watch, ended = Samples(), Stopwatch(), threading.Event()
    with told.open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(words, stdout=said, stdin=subprocess.DEVNULL, cwd="/")
        last = 0
        while process.poll() is None:
            samples.taken.append((watch.seconds, _pss(process.pid)))
            if watch.seconds // 20 > last:
                last = int(watch.seconds // 20)
                say(f"{watch.seconds:.0f} s: {samples.peak(watch.seconds - 20):.0f} MB at most")
            ended.wait(_PAUSE_S)
        said.seek(0)
        if process.returncode:
            raise SystemExit(f"the command ended with {process.returncode}")
        return samples, lines(said.read())[-1]


def _pss(pid: int) -> float:
    """Sum what a process and its children hold, what they share counted once."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_held(one.pid) for one in family) * 1_024 / 1e6


def _held(pid: int) -> int:
    """Give the KiB that /proc tells."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(x.split()[1]) for x in text.splitlines() if x.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
