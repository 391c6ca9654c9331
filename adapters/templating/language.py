"""The language of templates: values, conditions, one loop, a few filters, and nothing that grows.

    {{ document.number }}   {% if document.due_on %}…{% endif %}   {{ contact.name | default("…") }}

It is Jinja's, of which what is named in `_ALLOWED` is let through: no calls, no assignments, no
arithmetic, no macros, no other templates. A loop goes over the attachments and holds no loop; so
the time a part takes is bounded by its length, and its output by MOST_OUTPUT. Behind that stands
Jinja's own sandbox.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.templating.values import FILTERS, SCHEMA, TESTS, Schema
from domain.values import Rejected

MOST_OUTPUT: Final = 1_000_000
"""Letters that a part may become."""
_MOST_NODES: Final = 2_000
_DEEPEST: Final = 25
_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr,
    nodes.Getitem, nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.List, nodes.Tuple,
)  # fmt: skip
_MAY: Final = "values in {{ }}, if, for, ~, comparisons and filters"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a part of a template, and in which of its lines (from 1)."""

    part: str
    line: int
    sentence: str

    def __str__(self) -> str:
        """Say it."""
        return f"{self.part}, line {self.line}: {self.sentence}"


class _Wrong(Exception):
    """A part cannot be let through."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


def faults(sources: Mapping[str, tuple[str, bool]]) -> list[Fault]:
    """Give what is wrong with parts, each given with whether it is HTML; one fault a part."""
    found = []
    for part, (source, is_html) in sources.items():
        try:
            _compiled(source, is_html)
        except _Wrong as wrong:
            found.append(Fault(part, wrong.line, str(wrong)))
    return found


def written(part: str, source: str, values: Mapping[str, Any], *, is_html: bool) -> str:
    """Put the values into a part; values are escaped in HTML.

    Raises Rejected (INVALID) for a part that is no template, and for one that becomes too long.
    """
    try:
        template, pieces, size = _compiled(source, is_html), [], 0
        for piece in template.generate(**values):
            size += len(piece)
            if size > MOST_OUTPUT:
                raise Rejected(
                    "INVALID", f"{part}: it becomes longer than {MOST_OUTPUT:,} letters"
                )
            pieces.append(piece)
    except _Wrong as wrong:
        raise Rejected("INVALID", str(Fault(part, wrong.line, str(wrong)))) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError) as trouble:
        raise Rejected("INVALID", f"{part}: it cannot be written: {trouble}") from trouble
    return "".join(pieces)


# ---- compiling


def _environment(*, is_html: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=is_html,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=0,
    )
    made.globals.clear()
    made.filters = dict(FILTERS)
    made.tests = dict(TESTS)
    return made


_ENVIRONMENTS: Final = {is_html: _environment(is_html=is_html) for is_html in (False, True)}


@lru_cache(maxsize=128)
def _compiled(source: str, is_html: bool) -> Template:  # noqa: FBT001  a key of the cache
    environment = _ENVIRONMENTS[is_html]
    try:
        tree = environment.parse(source)
        _check(tree)
        return environment.from_string(tree)
    except TemplateSyntaxError as fault:
        raise _Wrong(fault.lineno, fault.message or "it cannot be read") from None
    except (SecurityError, SyntaxError, RecursionError, MemoryError):
        raise _Wrong(1, "it is nested too deep") from None


def _check(tree: nodes.Template) -> None:
    """Let through what is bounded, and names only values that there are."""
    for place, (node, depth) in enumerate(_walk(tree)):
        if place >= _MOST_NODES:
            raise _Wrong(node.lineno, "it is too long: use fewer values and conditions")
        if depth > _DEEPEST:
            raise _Wrong(node.lineno, "it is nested too deep")
        if not isinstance(node, _ALLOWED):
            raise _Wrong(node.lineno, f"{_word(node)} is not possible here; there are {_MAY}")
    _names(tree, {})


def _walk(root: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


def _word(node: nodes.Node) -> str:
    match node:
        case nodes.Call():
            return "calling something"
        case nodes.BinExpr():
            return "arithmetic"
        case nodes.Assign() | nodes.AssignBlock():
            return "set"
        case nodes.Slice():
            return "a slice"
        case _:
            return type(node).__name__.lower()


# ---- names


def _names(node: nodes.Node, loop: Mapping[str, Schema]) -> None:
    """Check every value that is named; `loop` is what a loop's name stands for."""
    match node:
        case nodes.For():
            _loop(node, loop)
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            found = _schema(node, loop)
            if isinstance(found, dict) or found == "*":
                example = next(iter(found), "") if isinstance(found, dict) else "name"
                sentence = f"{_dotted(node)} is no value by itself; name one in it, such as"
                raise _Wrong(node.lineno, f"{sentence} {_dotted(node)}.{example}")
        case _:
            for child in node.iter_child_nodes():
                _names(child, loop)


def _loop(node: nodes.For, loop: Mapping[str, Schema]) -> None:
    if loop:
        raise _Wrong(node.lineno, "a loop can hold no other one")
    if node.recursive or not isinstance(node.target, nodes.Name):
        raise _Wrong(node.lineno, "a loop is like: for one in attachments")
    each = _schema(node.iter, {}) if isinstance(node.iter, nodes.Name) else None
    if not isinstance(each, list):
        raise _Wrong(node.lineno, "a loop goes over attachments and nothing else")
    if node.target.name in SCHEMA:
        raise _Wrong(node.lineno, f"{node.target.name} is a value: call it otherwise in the loop")
    within = {node.target.name: each[0], "loop": {"index": "", "first": "", "last": ""}}
    parts = [*node.body, *node.else_, *([node.test] if node.test else [])]
    for child in parts:
        _names(child, within)


def _schema(node: nodes.Node, loop: Mapping[str, Schema]) -> Schema:
    """Give what a name stands for; refuse one that stands for nothing."""
    match node:
        case nodes.Name(name=name):
            known: Mapping[str, Schema] = {**SCHEMA, **loop}
            if name not in known:
                raise _Wrong(node.lineno, f"there is no value {name}; there are {_list(known)}")
            return known[name]
        case nodes.Getattr(node=inner, attr=attr):
            return _inside(node, _schema(inner, loop), attr)
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(attr))):
            return _inside(node, _schema(inner, loop), attr)
        case _:
            raise _Wrong(node.lineno, "a value is named like document.number")


def _inside(node: nodes.Node, outer: Schema, attr: str) -> Schema:
    if outer == "*":
        return ""
    if not isinstance(outer, dict) or attr not in outer:
        sentence = f"there is no value {_dotted(node)}"
        known = f"; there are {_list(outer)}" if isinstance(outer, dict) else ""
        raise _Wrong(node.lineno, sentence + known)
    return outer[attr]


def _list(known: Mapping[str, Schema]) -> str:
    return ", ".join(sorted(known))


def _dotted(node: nodes.Node) -> str:
    match node:
        case nodes.Getattr(node=inner, attr=attr):
            return f"{_dotted(inner)}.{attr}"
        case nodes.Getitem(node=inner, arg=nodes.Const(value=attr)):
            return f"{_dotted(inner)}.{attr}"
        case nodes.Name(name=name):
            return str(name)
        case _:
            return "?"
