"""Values that are made quickly are what the standard library makes of the same words."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest

from domain.classes import dataclass, quick_dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    text: Any
    seen: Any = field(default=(), compare=False)
    hidden: Any = field(default="", repr=False)


@dataclass(slots=True)
class Board:
    name: Any
    signs: Any = field(default_factory=list)


def twins(**options: Any) -> list[Any]:
    def made(by: Callable[..., Any]) -> Any:
        class Twin:
            """Words."""

            one: int
            two: list[int] = field(default_factory=list, compare=False)
            three: str = field(default="x", kw_only=True, repr=False)

        return by(**options)(Twin)

    return [made(quick_dataclass), made(dataclasses.dataclass)]


OPTIONS: list[dict[str, Any]] = [
    {"frozen": frozen, "slots": slots} for frozen in (False, True) for slots in (False, True)
]


@pytest.mark.parametrize("options", OPTIONS)
def test_they_take_the_same_words_and_show_them_the_same_way(options):
    quick, plain = twins(**options)
    assert quick.__match_args__ == plain.__match_args__
    assert [one.name for one in dataclasses.fields(quick)] == ["one", "two", "three"]
    for make in (
        lambda kind: kind(1),
        lambda kind: kind(1, [2], three="y"),
        lambda kind: kind(one=3),
    ):
        assert repr(make(quick)) == repr(make(plain))
        assert dataclasses.asdict(make(quick)) == dataclasses.asdict(make(plain))


@pytest.mark.parametrize("options", OPTIONS)
def test_they_tell_the_same_words_to_whoever_asks(options):
    quick, plain = twins(**options)
    assert inspect.signature(quick) == inspect.signature(plain)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("given", "named"), [((), {}), ((1, [], "x"), {}), ((1,), {"four": 4})])
def test_they_refuse_the_same_words(options, given, named):
    said = []
    for kind in twins(**options):
        with pytest.raises(TypeError) as refused:
            kind(*given, **named)
        said.append(str(refused.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("options", OPTIONS)
def test_they_are_compared_the_same_way(options):
    for kind in twins(**options):
        assert kind(1, [2]) == kind(1, [3])
        assert kind(1) != kind(2)
        assert kind(1) != 1
        assert (kind.__hash__ is None) is not options["frozen"]
    assert len({Sign("a"), Sign("a", seen=1), Sign("b")}) == 2


def test_frozen_ones_stay_as_they_are():
    sign: Any = Sign("a")
    with pytest.raises(FrozenInstanceError):
        sign.text = "b"
    with pytest.raises(FrozenInstanceError):
        del sign.text
    assert replace(sign, text="b") == Sign("b")


def test_each_gets_defaults_of_its_own():
    first, second = Board("one"), Board("two")
    first.signs.append(1)
    assert second.signs == []


def test_they_are_copied_and_sent_to_other_processes():
    sign = Sign("a", seen=(1,))
    for other in (copy.copy(sign), copy.deepcopy(sign), pickle.loads(pickle.dumps(sign))):  # noqa: S301
        assert (other, other.seen) == (sign, (1,))
