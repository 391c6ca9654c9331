"""What proofs share: promises that are kept or broken, and what an instance is asked at the end."""

import hashlib
import lzma
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.home import Home
from adapters.settings import Settings
from api.compose import compose
from benchmarks.stage import command, lines, say, tell

_SEPARATED = re.compile(
    rb"(?ms)^From sender@localhost [^\n]*\n(.*?)(?=^From sender@localhost |\Z)"
)
_QUOTED = re.compile(rb"(?m)^>(>*From )")


@dataclass(slots=True)
class Promises:
    """The promises of one proof; a broken one is told at once, and at the end."""

    broken: list[str] = field(default_factory=list)

    def keep(self, kept: object, sentence: str) -> None:
        """Note a promise that is broken unless `kept` is true."""
        if not kept:
            say(f"BROKEN: {sentence}")
            self.broken.append(sentence)

    def conclude(self, name: str, figures: dict[str, Any]) -> None:
        """Print the one line, and end with 1 if a promise is broken."""
        tell(name, figures | {"broken": self.broken})
        sys.exit(bool(self.broken))


def test_data(name: str) -> Path:
    """Give the folder of the test data; without it a proof is passed over, and says so."""
    if folder := os.environ.get("CARTEGGIO_TEST_DATA", ""):
        return Path(folder)
    say(f"{name} is passed over: CARTEGGIO_TEST_DATA does not name the folder of the test data")
    sys.exit(0)


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> list[Any]:
        return lines(self.out)


def ask(home: Home, *words: str, allowed: tuple[int, ...] = (0,)) -> Done:
    """Run a command of ours; a traceback or another exit code ends the proof."""
    done = subprocess.run(command(home, *words), capture_output=True, text=True, check=False)
    if done.returncode not in allowed or "Traceback" in done.stderr + done.stdout:
        raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stderr[-4_000:]}")
    return Done(done.returncode, done.stdout, done.stderr)


def digest(raw: bytes) -> str:
    """Name a mail by its bytes."""
    return hashlib.sha256(raw).hexdigest()


def split(mbox: bytes) -> Iterator[bytes]:
    """Cut an mbox of the test data, without our own reader: we are compared with it."""
    for raw in _SEPARATED.findall(mbox):
        yield _QUOTED.sub(rb"\1", raw.removesuffix(b"\n"))


def unpacked(path: Path) -> bytes:
    """Give the mbox that lies packed."""
    return lzma.decompress(path.read_bytes())


def exported_digests(home: Home, folder: Path) -> Counter[str]:
    """Export all raw mail, and count the places of each mail by the bytes of its file."""
    ask(home, "export", "mail", str(folder))
    of = {file.name: digest(file.read_bytes()) for file in folder.glob("*.eml")}
    manifest = lines((folder / "manifest.jsonl").read_text(encoding="utf-8"))
    return Counter(of.get(line["file"], "not written") for line in manifest)


def differences(home: Home) -> int:
    """Compare all read models with what the events say."""
    (told,) = ask(home, "replay", "--verify", "--json", allowed=(0, 1)).facts
    return int(told["differences"])


def unsound(home: Home, *, contents: bool = True) -> list[str]:
    """Give what the doctor does not find good; `contents` opens every blob."""
    words = ["doctor", "--json", *(["--contents"] if contents else [])]
    found = ask(home, *words, allowed=(0, 1)).facts
    return [f"{one['part']}: {one['said']}" for one in found if one["state"] == "bad"]


def swept(home: Home) -> int:
    """Sweep the blobs that kills left and nobody names: what `carteggio work` does a day later."""
    with compose(home, Settings()) as carteggio:
        return carteggio.blobs.sweep(timedelta(0))


@dataclass(frozen=True, slots=True)
class Log:
    """What the journal says of captured mail."""

    received: int
    most_for_one: int
    copies: int


def journal_of(home: Home) -> Log:
    """Count how often messages were received."""
    query = (
        "SELECT coalesce(sum(received), 0)::int8, coalesce(max(received), 0)::int8,"
        " coalesce(sum(copies), 0)::int8 FROM (SELECT"
        " count(*) FILTER (WHERE topic = 'message.received') AS received,"
        " count(*) FILTER (WHERE topic IN ('message.copy_found', 'message.completed')) AS copies"
        " FROM stored_events GROUP BY originator_id) AS each"
    )
    with compose(home, Settings()) as carteggio, carteggio.database.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return Log(*row)


def count_missing(wanted: Counter[str], found: Counter[str]) -> int:
    """Say how many of those wanted were not found."""
    return (wanted - found).total()


def addresses_of(words: Iterable[str]) -> set[str]:
    """Give addresses as they are compared."""
    return {one.strip().casefold() for one in words if one.strip()}
