"""The house rules that no checker of style knows: sizes, who may read, and what the README names."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import projections
from commandline import every_command
from projections.reader import Reader

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 350
LONGEST_FUNCTION = 45


def ours() -> Iterator[Path]:
    for folder in ("domain", "projections", "adapters", "api"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def functions() -> Iterator[tuple[str, int]]:
    for file in ours():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", lines


def reading_functions() -> list[Any]:
    """Give the questions; `projections/reader.py` is what they are put together from."""
    names = {module.name for module in pkgutil.iter_modules(projections.__path__)} - {"reader"}
    modules = [importlib.import_module(f"projections.{name}") for name in sorted(names)]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.iscoroutinefunction(value)
        if value.__module__ == module.__name__
        if not value.__name__.startswith("_")
    ]


def test_no_file_is_longer_than_a_newcomer_reads_in_one_go():
    sizes = {str(file.relative_to(ROOT)): len(file.read_bytes().splitlines()) for file in ours()}
    assert sizes
    assert {file: lines for file, lines in sizes.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen():
    sizes = dict(functions())
    assert sizes
    assert {name: lines for name, lines in sizes.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("read", reading_functions(), ids=lambda read: read.__qualname__)
def test_who_reads_is_an_argument_of_every_reading_function(read):
    reader = inspect.signature(read).parameters.get("reader")
    assert reader is not None, f"{read.__module__}.{read.__name__} shows rows to anybody"
    assert reader.annotation is Reader
    assert reader.default is inspect.Parameter.empty


def test_the_readme_names_every_command():
    shown = re.sub(r"\s+", " ", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert [name for name, _ in every_command() if f"carteggio {name}" not in shown] == []
