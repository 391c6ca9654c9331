"""Given, when, then: deciders are tested by the events that were and the events that follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.values import Rejected


@dataclass
class Story:
    """What happened so far to one stream, and what happens next."""

    initial: Any
    evolve: Callable[[Any, object], Any]
    decide: Callable[[Any, Any], Sequence[object]]
    past: list[object] = field(default_factory=list)
    command: Any = None

    def given(self, *events: object) -> "Story":
        self.past.extend(events)
        return self

    def when(self, command: object) -> "Story":
        self.command = command
        return self

    def _happens(self) -> list[object]:
        state = self.initial
        for event in self.past:
            state = self.evolve(state, event)
        return list(self.decide(state, self.command))

    def then(self, *events: object) -> None:
        assert self._happens() == list(events)

    def then_nothing(self) -> None:
        assert self._happens() == []

    def then_refused(self, code: str) -> None:
        with pytest.raises(Rejected) as refusal:
            self._happens()
        assert refusal.value.code == code
        assert str(refusal.value) == refusal.value.sentence
