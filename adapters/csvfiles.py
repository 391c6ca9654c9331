"""CSV files as ERPs and spreadsheets write them: several encodings, commas or semicolons.

A line that cannot be used is told with its number; the others are given.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DELIMITERS: Final = ",;\t|"
_LONGEST_FIELD: Final = 1 << 20
_LONGEST_TOLD: Final = 200


class BadFile(Exception):
    """A file cannot be used at all; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row by its columns' names, in lower case; `number` is its first line in the file."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A row that cannot be used, and why."""

    file: str
    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}: {self.reason}"


def read_lines(path: Path, needed: tuple[str, ...]) -> Iterator[Line | BadLine]:
    """Give the rows of a file; raise BadFile without its header or a `needed` column."""
    try:
        text = decoded(path.read_bytes())
    except OSError as trouble:
        raise BadFile(f"it cannot be read: {trouble.strerror or trouble}") from trouble
    csv.field_size_limit(_LONGEST_FIELD)
    rows = _rows(text)
    header = next((row for _, row in rows if isinstance(row, list) and _names_columns(row)), None)
    if header is None:
        raise BadFile("the file is empty; its first line has to name the columns")
    names = [_name(column) for column in header]
    if missing := [name for name in needed if name not in names]:
        there = ", ".join(names)[:_LONGEST_TOLD]
        raise BadFile(f"the column {missing[0]!r} is missing; there is {there}")
    if twice := [name for name in needed if names.count(name) > 1]:
        raise BadFile(f"the column {twice[0]!r} stands there twice")
    for number, row in rows:
        if line := _line(path.name, number, names, row):
            yield line


def decoded(octets: bytes) -> str:
    """Read text in the encoding that it shows: UTF-8, UTF-16 (also without a mark), or Windows'."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return octets.decode("utf-16", "replace")
    head = octets[:200]
    if head.count(b"\0") > len(head) // 3:
        little = head[1::2].count(b"\0") > head[::2].count(b"\0")
        return octets.decode("utf-16-le" if little else "utf-16-be", "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _rows(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Give the rows with their first line's number; a text in place of one says what is wrong.

    A quotation mark that is never closed would take all the rows after it along: a row that
    cannot be read ends where its line does, and reading goes on in the next one.
    """
    lines = io.StringIO(text, newline="").readlines()
    delimiter, at = _delimiter(text), 0
    while at < len(lines):
        rest = (lines[number] for number in range(at, len(lines)))
        reader, begun = csv.reader(rest, delimiter=delimiter, strict=True), at
        try:
            for row in reader:
                yield begun + 1, row
                begun = at + reader.line_num
            return
        except csv.Error as trouble:
            yield begun + 1, _why(trouble)
            at = begun + 1


def _why(trouble: csv.Error) -> str:
    said = str(trouble)
    if any(sign in said for sign in ("expected after", "unexpected end", "field limit")):
        return (
            "a quotation mark is not closed, or stands inside a quoted text without being doubled"
        )
    return f"it is no CSV: {said}"


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=header.count)


def _names_columns(row: list[str]) -> bool:
    """Tell the header from empty lines, and from `sep=;`, by which Excel is told the delimiter."""
    return any(row) and not (row[0].strip().casefold() == "sep=" and not any(row[1:]))


def _name(column: str) -> str:
    return "_".join(column.strip().casefold().replace("-", " ").split())


def _line(file: str, number: int, names: list[str], row: list[str] | str) -> Line | BadLine | None:
    if isinstance(row, str):
        return BadLine(file, number, row)
    if not any(value.strip() for value in row):
        return None
    if len(row) > len(names) and any(row[len(names) :]):
        return BadLine(file, number, f"it has {len(row)} fields, the header {len(names)}")
    if any("\0" in value for value in row):
        return BadLine(file, number, "it holds a NUL character")
    values = dict(zip(names, (value.strip() for value in row), strict=False))
    return Line(number, {name: values.get(name, "") for name in names})
