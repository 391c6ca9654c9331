"""Dataclasses that are made quickly: `__init__` is compiled when the first object is made.

They are those of the standard library, with frozen and slots, and to checkers of types nothing
else. It compiles up to six methods for each class as soon as that is defined, though, and a command
defines hundreds of which it needs few: that was a third of what it took to begin.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from types import MethodType
from typing import TYPE_CHECKING, Any, Final


def quick_dataclass(*, frozen: bool = False, slots: bool = False) -> Callable[[type], Any]:
    """Make classes into dataclasses that are compared by their fields; frozen ones have a hash."""

    def make(cls: type) -> Any:
        cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is written out for that
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
        kept = vars(made)
        methods = _comparing(made, frozen=frozen) | (_FROZEN if frozen else {})
        for name, method in methods.items():
            if kept.get(name) is None:
                setattr(made, name, method)
        made.__repr__ = made.__repr__ if "__repr__" in kept else _repr
        made.__init__ = _Beginning(made, frozen=frozen)
        told = made.__dataclass_params__
        told.init = told.repr = told.eq = True  # as printers of values ask
        told.frozen = frozen
        return made

    return make


class _Beginning:
    """Stands in a class for its `__init__` until somebody asks for that."""

    def __init__(self, made: Any, *, frozen: bool) -> None:
        self._made, self._frozen = made, frozen

    def __get__(self, one: object, kind: type | None = None) -> Callable[..., None]:
        """Put the real one into its place."""
        self._made.__init__ = begin = _compiled(self._made, frozen=self._frozen)
        return begin if one is None else MethodType(begin, one)


def _compiled(made: Any, *, frozen: bool) -> Callable[..., None]:
    """Take the `__init__` of a dataclass of the standard library that has the same fields."""
    specs = [(one.name, one.type, _anew(one)) for one in dataclasses.fields(made)]
    after = {name: value for name, value in vars(made).items() if name == "__post_init__"}
    twin: Any = dataclasses.make_dataclass(
        made.__name__, specs, namespace=after, frozen=frozen, repr=False, eq=False
    )
    begin: Callable[..., None] = twin.__init__
    begin.__qualname__ = f"{made.__qualname__}.__init__"
    return begin


def _anew(spec: dataclasses.Field[Any]) -> Any:
    names = ("default", "default_factory", "init", "kw_only")
    return dataclasses.field(**{name: getattr(spec, name) for name in names})


def _comparing(made: Any, *, frozen: bool) -> dict[str, Any]:
    """Give what compares two objects of a class, and what may be put into sets."""
    take = _taker([one.name for one in dataclasses.fields(made) if one.compare])

    def __eq__(self: object, other: object) -> bool:  # noqa: N807
        return take(self) == take(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807
        return hash(take(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _taker(names: list[str]) -> Callable[[object], object]:
    return attrgetter(*names) if names else lambda _nothing: ()


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (one.name for one in dataclasses.fields(self) if one.repr)
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{self.__class__.__qualname__}({told})"


def _refuse(self: object, name: str, *_value: object) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


_FROZEN: Final[dict[str, Any]] = {
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _state,
    "__setstate__": _restore,
}

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  it is exported
else:
    dataclass = quick_dataclass
