"""docs/architecture.md names files and functions that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FILE = re.compile(r"`((?:domain|projections|adapters|api)/[\w/]+\.py)`((?: `[A-Za-z_.]+`)?)")
STEPS = sorted(set(FILE.findall(PAGE)))


def test_the_page_walks_through_the_code():
    assert len(STEPS) > 15


@pytest.mark.parametrize(("file", "named"), STEPS)
def test_a_named_function_is_in_the_named_file(file: str, named: str):
    code = (ROOT / file).read_text(encoding="utf-8")
    for name in named.strip(" `").split("."):
        assert re.search(rf"(?:def|class) {name}\b" if name else "", code)


def test_files_of_a_folders_table_are_there():
    for folder, table in re.findall(r"\| in `(\w+)/` \|.*?\n(.*?)\n\n", PAGE, re.DOTALL):
        for name in re.findall(r"`([\w*]+\.py)`", table):
            assert list((ROOT / folder).glob(name)), f"{folder}/{name}"
