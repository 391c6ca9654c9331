"""What is printed as a table for people, and as CSV or JSON for programs."""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from rich.text import Text

from api.cli.setting import print_rows
from api.cli.tables import Rows

T = TypeVar("T")
_BEGINS_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


class Format(StrEnum):
    """In which form lines are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def print_as(
    form: Format,
    rows: Sequence[T],
    facts: Callable[[T], Mapping[str, Any]],
    table: Rows,
    cells: Callable[[T], Iterable[str | Text]],
) -> None:
    """Print lines: a table, CSV with the names of the fields (RFC 4180), or one JSON object each."""
    if form is not Format.CSV:
        print_rows(rows, facts, table, cells, as_json=form is Format.JSON)
        return
    writer = csv.writer(sys.stdout)
    for number, row in enumerate(rows):
        said = facts(row)
        if number == 0:
            writer.writerow(said)
        writer.writerow([_cell(one) for one in said.values()])


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case tuple() | list():
            return _cell("; ".join(map(str, value)))
        case str() if value.startswith(_BEGINS_FORMULA):
            return "'" + value  # what people write in mail must not become a formula
        case _:
            return value
