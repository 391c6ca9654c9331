"""Scenarios of answered and unanswered mail as they stand in tests/scenarios, and when their steps come.

Many are played in one office. So each has customers of its own, on domains of its own, and, where it
says something about calendars or absences, colleagues and mailboxes of its own.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
OFFICE = ZoneInfo("Europe/Rome")
OURS = "firm.example"
_SHUT = {"absence", "calendar", "target"}
"""Commands that would be felt in other scenarios."""
_AFTER_STEPS = 1_000
Facts = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """A scenario; `number` tells it from others."""

    number: int
    title: str
    steps: tuple[Facts, ...]
    then: tuple[Facts, ...]

    @property
    def alone(self) -> bool:
        """Tell whether it has colleagues and mailboxes of its own."""
        return any(step.get("do") in _SHUT for step in self.steps)

    def address(self, written: str) -> str:
        """Give the address that stands for one of the scenario."""
        local, _, domain = written.partition("@")
        if domain != OURS:
            return f"{local}@{domain.removesuffix('.example')}-s{self.number}.example"
        return f"{local}.s{self.number}@{domain}" if self.alone or local == "form" else written

    def header_id(self, mail: str) -> str:
        """Give the Message-ID of a mail."""
        return f"{mail}.s{self.number}@mail.example"


@dataclass(frozen=True)
class Act:
    """Something of a scenario that comes at a moment: a step of it, or what is asked then."""

    at: datetime
    turn: int
    scene: Scene
    facts: Facts

    @property
    def asks(self) -> bool:
        """Tell whether it is a question."""
        return self.turn == _AFTER_STEPS


def scenes() -> list[Scene]:
    """Read all scenarios."""
    read = [
        one
        for file in sorted(FOLDER.glob("*.toml"))
        for one in tomllib.loads(file.read_text(encoding="utf-8"))["scenario"]
    ]
    return [
        Scene(number, one["title"], tuple(one["steps"]), tuple(one["then"]))
        for number, one in enumerate(read, 1)
    ]


def moment(text: str) -> datetime:
    """Read a time of a scenario: the office's, unless an offset stands there."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=OFFICE)).astimezone(UTC)


def acts(played: list[Scene]) -> list[list[Act]]:
    """Give what comes at the same time, as time goes on; steps of a scenario keep their order."""
    every = sorted(
        (act for scene in played for act in _acts_of(scene)), key=lambda act: (act.at, act.turn)
    )
    return [list(some) for _, some in groupby(every, key=lambda act: (act.at, act.turn))]


def _acts_of(scene: Scene) -> Iterator[Act]:
    at, turn = datetime.min.replace(tzinfo=UTC), 0
    for step in scene.steps:
        turn = turn + 1 if at >= moment(step["at"]) else 0
        at = max(at, moment(step["at"]))
        yield Act(at, turn, scene, step)
    for question in scene.then:
        when = moment(question["asof"]) if "asof" in question else at
        yield Act(when, _AFTER_STEPS, scene, question)
