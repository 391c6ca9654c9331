"""Tables for a terminal of any width: a row is a line, and words are never cut without a sign.

What is piped is never shortened, so that it can be searched; a terminal gets what fits into it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

_GAP: Final = 2
_ENDLESS: Final = 1 << 30
_ALIGNED: Final = 60
"""What is piped is aligned up to here; what is longer moves the rest of its own row alone."""
_NARROW: Final = 18
_NARROW_PROSE: Final = 28
"""Texts are shortened to these before columns are left out, and to the half of them after."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and what is done with it where there is little room."""

    heading: str
    number: bool = False
    whole: bool = False
    prose: bool = False
    spare: bool = False

    @property
    def floor(self) -> int:
        """Say how narrow it may get."""
        return _ENDLESS if self.whole else _NARROW_PROSE if self.prose else _NARROW

    @classmethod
    def read(cls, text: str) -> "Column":
        """Read a heading with its marks.

        `#` a number, which stands right; `=` a date or code, never shortened; `~` sentences,
        which go on in the next line; `?` left out first.
        """
        heading = text.lstrip("#=~?")
        marks = text[: len(text) - len(heading)]
        return cls(heading, "#" in marks, "#" in marks or "=" in marks, "~" in marks, "?" in marks)


class Rows:
    """A table to be filled and printed."""

    def __init__(self, columns: Sequence[Column], title: str | None) -> None:
        self._columns, self._title = columns, title
        self._rows: list[list[Text]] = []
        self.show_header = True

    def add_row(self, *cells: str | Text) -> None:
        """Add a row; a plain text may hold colours as `[red]late[/]`."""
        self._rows.append([x if isinstance(x, Text) else Text.from_markup(x) for x in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._title:
            yield Text(self._title, style="bold")
        room = options.max_width if console.is_terminal else None
        shown = self._fitting(room)
        widths = self._widths(shown, room)
        if room is None:
            yield from self._lines(shown, widths)
        else:
            yield self._table(shown, widths, ruled=self.show_header)
        if not self._rows:
            yield Text("(nothing)", style="dim")
        left_out = [x.heading for at, x in enumerate(self._columns) if at not in shown]
        if left_out:
            yield Text(f"(no room for: {', '.join(left_out)})", style="dim")

    def _fitting(self, room: int | None) -> list[int]:
        """Say which columns are shown, so that none is narrower than it is of use."""
        shown = list(range(len(self._columns)))
        spare = [at for at in shown if self._columns[at].spare]
        while room is not None and spare and self._least(shown) > room:
            shown.remove(spare.pop())
        return shown

    def _least(self, shown: Sequence[int]) -> int:
        least = (min(self._natural(at), self._columns[at].floor) for at in shown)
        return sum(least) + _GAP * (len(shown) - 1)

    def _natural(self, at: int) -> int:
        heading = len(self._columns[at].heading) if self.show_header else 0
        return max([heading, *(row[at].cell_len for row in self._rows)])

    def _widths(self, shown: Sequence[int], room: int | None) -> list[int]:
        """Take from the widest texts until all fits."""
        widths = [self._natural(at) for at in shown]
        if room is None:
            return widths
        over = sum(widths) + _GAP * (len(shown) - 1) - room
        for share in (1, 2):
            floors = [self._columns[at].floor // share for at in shown]
            while over > 0 and (soft := [i for i, x in enumerate(widths) if x > floors[i]]):
                widths[max(soft, key=widths.__getitem__)] -= 1
                over -= 1
        return widths

    def _lines(self, shown: Sequence[int], widths: Sequence[int]) -> Iterator[Text]:
        """Give the rows without a table around them, none of them shortened."""
        headings = [Text(one.heading, style="bold") for one in self._columns]
        for row in [headings, *self._rows] if self.show_header else self._rows:
            line = Text(no_wrap=True, overflow="ignore", end="")
            for at, width in zip(shown, widths, strict=True):
                gap = " " * max(0, min(width, _ALIGNED) - row[at].cell_len)
                number = self._columns[at].number
                line.append_text(Text.assemble(*((gap, row[at]) if number else (row[at], gap))))
                line.append(" " * _GAP)
            line.rstrip()
            yield line.append("\n")

    def _table(self, shown: Sequence[int], widths: Sequence[int], *, ruled: bool) -> Table:
        table = Table(
            box=box.SIMPLE_HEAD if ruled else None,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1 if ruled else _GAP, 0, 0),
            show_header=self.show_header,
            header_style="bold",
        )
        for at, width in zip(shown, widths, strict=True):
            column = self._columns[at]
            table.add_column(
                column.heading,
                justify="right" if column.number else "left",
                width=width,
                no_wrap=not column.prose,
                overflow="fold" if column.prose else "ellipsis",
            )
        for row in self._rows:
            table.add_row(*(row[at] for at in shown))
        return table


def table_of(*columns: str, title: str | None = None) -> Rows:
    """Begin a table; headings may begin with the marks of `Column.read`."""
    return Rows([Column.read(column) for column in columns], title)
