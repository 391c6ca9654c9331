"""What a letter of the sample is, before it becomes bytes, and the stories that letters tell."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from api.demo.company import Person

HERE = Path(__file__).parent
FLAGS = frozenset(
    {
        "new",
        "same",
        "bare",
        "stripped",
        "phone",
        "erp",
        "auto",
        "machine",
        "alias",
        "wrongdate",
        "open",
    }
)


@dataclass(frozen=True, slots=True)
class File:
    """An attachment."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its author wrote it: `text` and `html` with the history below."""

    id: str
    sent_at: datetime
    author: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    text: str
    html: str
    language: str
    client: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    thread_index: str = ""
    files: tuple[File, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    dated: datetime | None = None
    """What the Date header says, where it is wrong."""

    @property
    def automatic(self) -> bool:
        return any(name == "Auto-Submitted" for name, _ in self.extra)


@dataclass(frozen=True, slots=True)
class Step:
    """One mail of a story: when, which way, through which mailbox, with which text."""

    back: int
    clock: str
    way: str
    box: str
    text: str
    flags: frozenset[str]
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class Story:
    """An affair with a party, step by step."""

    key: str
    party: str
    series: str
    quantity: int
    project: str
    ref: str
    documents: tuple[str, ...]
    steps: tuple[Step, ...]


def stories() -> list[Story]:
    """Read all stories, in the order of their files."""
    found = []
    for path in sorted((HERE / "stories").glob("*.toml")):
        tables = tomllib.loads(path.read_text("utf-8")).get("story", [])
        found += [_story(f"{path.stem}-{at}", table) for at, table in enumerate(tables)]
    return found


@cache
def forms(language: str) -> dict[str, Any]:
    """Give a language's greetings, prefixes, quote lines, dates and file names."""
    path = HERE / "texts" / f"{language}_forms.toml"
    return tomllib.loads(path.read_text("utf-8"))


@cache
def texts(language: str) -> dict[str, list[dict[str, str]]]:
    """Give a language's bodies: several wordings of each kind of letter."""
    found: dict[str, list[dict[str, str]]] = {}
    for part in ("sales", "service", "trade"):
        path = HERE / "texts" / f"{language}_{part}.toml"
        found |= tomllib.loads(path.read_text("utf-8"))
    return found


def _story(key: str, table: dict[str, Any]) -> Story:
    return Story(
        key,
        table["with"],
        table["series"],
        table["quantity"],
        table["project"],
        table["ref"],
        tuple(table["documents"]),
        tuple(_step(line) for line in table["steps"]),
    )


def _step(line: str) -> Step:
    back, clock, way, box, text, *rest = line.split()
    flags = frozenset(word for word in rest if "=" not in word)
    if not flags <= FLAGS:
        raise ValueError(f"a story does not know {sorted(flags - FLAGS)}: {line}")
    options = dict(word.split("=", 1) for word in rest if "=" in word)
    return Step(int(back), clock, way, box, text, flags, options)
