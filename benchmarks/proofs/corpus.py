"""Odd, broken and hostile mail of the test data: all of it is kept byte for byte, and read well.

Each archive is imported by the command line as it lies there; what comes out is compared by
digest, and how it was read by the data's own `score_mime.py`.
"""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.home import Home
from benchmarks.proofs.promises import (
    Done,
    Promises,
    ask,
    differences,
    digest,
    exported_digests,
    test_data,
    unsound,
)
from benchmarks.stage import Stopwatch, instance, say

ARCHIVES = ("mime", "signed", "bounces", "hostile", "bulk", "pec", "tnef", "calendar")
MARKS = {
    ("subject", "hard"): 0.998, ("from", "hard"): 0.998, ("to", "hard"): 0.998,
    ("att", "hard"): 0.995, ("subject", "soft"): 0.85, ("from", "soft"): 0.85,
    ("to", "soft"): 0.85, ("att", "soft"): 0.85,
}  # fmt: skip
_SCORE = re.compile(r"(\w+) +(hard|soft): (\d+) of (\d+) = ([\d.]+)")


def main() -> None:
    data, promises, watch = test_data("corpus"), Promises(), Stopwatch()
    with instance() as home:
        told = {name: taken_in(home, data / f"{name}.zip") for name in ARCHIVES}
        wanted = {digest(raw) for name in ARCHIVES for raw in mails(data / f"{name}.zip")}
        found = exported_digests(home, home.folder.parent / "exported")
        answers = home.folder.parent / "answers.jsonl"
        answered = write_answers(ask(home, "export", "messages", "--variants"), answers)
        scores, missing = scored(data, answers)
        differ, bad = differences(home), unsound(home)
    lost = wanted - set(found)
    promises.keep(not lost, f"{len(lost)} of {len(wanted)} mails are not there byte for byte")
    promises.keep("not written" not in found, "raw mail could not be exported")
    promises.keep(not differ, f"{differ} differences in read models")
    promises.keep(not bad, f"not sound: {bad}")
    promises.keep(missing == 0, f"{missing} mails have no answer")
    for (field, kind), least in MARKS.items():
        right, of = scores.get((field, kind), (0, 0))
        share = right / of if of else 0.0
        promises.keep(share >= least, f"{field} {kind}: {share:.4f}, {least} is wanted")
    promises.conclude(
        "corpus",
        {
            "mails": len(wanted),
            "kept_byte_for_byte": len(wanted) - len(lost),
            "answers": answered,
            "degraded": sum(one["degraded"] for one in told.values()),
            "told_problems": sum(one["problems"] for one in told.values()),
            "scores": {
                f"{field}_{kind}": f"{right}/{of} = {right / of:.4f}"
                for (field, kind), (right, of) in scores.items()
            },
            "without_answer": missing,
            "differences": differ,
            "seconds": round(watch.seconds),
        },
    )


def taken_in(home: Home, archive: Path) -> dict[str, int]:
    """Import an archive; 2 means that something in it was told, which is no fault."""
    words = ("--mailbox", f"{archive.stem}@corpus.example", "--folder", archive.stem, "--json")
    done = ask(home, "import", "mail", str(archive), *words, allowed=(0, 2))
    (summary,) = done.facts
    say(f"{archive.stem}: {summary['read']} read, {summary['problems']} told")
    return dict(summary)


def mails(archive: Path) -> Iterator[bytes]:
    """Give the whole mails of an archive; bare .tnef and .ics streams are none."""
    with zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            if name.endswith(".eml"):
                yield files.read(name)


def write_answers(exported: Done, path: Path) -> int:
    """Write a line for the bytes of each copy: what was read of it."""
    rows = [row for line in exported.facts for row in _copies(line)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return len(rows)


def _copies(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    digests = line["raw_sha256"]
    for one in [digests] if isinstance(digests, str) else digests:
        fields = ("subject", "from", "to", "attachments")
        yield {"raw_sha256": one} | {field: line[field] for field in fields}


def scored(data: Path, answers: Path) -> tuple[dict[tuple[str, str], tuple[int, int]], int]:
    """Let the data's own programme score the answers: right ones, of how many."""
    words = [sys.executable, str(data / "score_mime.py"), str(answers), "--data", str(data)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    missing = int(said.rpartition(": ")[2])
    found = {(x[1], x[2]): (int(x[3]), int(x[4])) for x in _SCORE.finditer(said)}
    return found, missing


if __name__ == "__main__":
    main()
