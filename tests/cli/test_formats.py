"""Lines for programs: what people wrote in mail stays text, in any script."""

import csv
import io
from datetime import UTC, datetime

import pytest

from api.cli.formats import Format, print_as
from api.cli.setting import table_of


def printed(capsys: pytest.CaptureFixture[str], value: object) -> str:
    print_as(Format.CSV, [value], lambda one: {"told": one}, table_of("told"), lambda _: [""])
    rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert next(rows) == ["told"]
    return next(rows)[0]


@pytest.mark.parametrize("begins", "=+-@\t\r\n＝＋－＠")
def test_no_text_becomes_a_formula_in_a_spreadsheet(
    capsys: pytest.CaptureFixture[str], begins: str
):
    text = f'{begins}HYPERLINK("http://evil.example")'
    assert printed(capsys, text) == "'" + text
    assert printed(capsys, [text, "b"]).startswith("'")


def test_text_of_any_script_lines_and_quotes_comes_back_as_it_was(
    capsys: pytest.CaptureFixture[str],
):
    for text in ("Größe, «Ελλάδα» 日本語 \u202e🙂", 'two\nlines; "quoted"', "1-2=x"):
        assert printed(capsys, text) == text
    assert printed(capsys, -5) == "-5"
    assert printed(capsys, datetime(2026, 2, 2, 8, tzinfo=UTC)) == "2026-02-02T08:00:00Z"
