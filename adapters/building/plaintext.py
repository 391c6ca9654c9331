"""The text that goes beside HTML, with nothing lost: links, rows, lists, quotes, picture names.

Other than `adapters/mime/text.py`, which gives what a person reads: here a link keeps where it
leads, a table its cells, a quote its marks. Reads clean HTML only, in one pass without recursion.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_BLANKS: Final = re.compile(r"[ \t\n\r\f\xa0]+")
_APART: Final = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre")
)
"""Blocks with an empty line before and after."""
_BLOCKS: Final = _APART | {
    "div", "li", "dt", "dd", "tr", "td", "th", "caption", "center", "figure", "figcaption",
    "header", "footer", "section", "summary", "details", "hgroup", "body", "html", "address",
    "thead", "tbody", "tfoot",
}  # fmt: skip
_VOID: Final = frozenset(("br", "hr", "img", "col", "wbr", "input", "meta"))
_MOST_OF_A_ROW: Final = 400
_MOST_LINES: Final = 8
_RULE: Final = "-" * 40


@dataclass(slots=True)
class _Box:
    """An open block: its finished lines, the line being written, and what its kind needs."""

    tag: str
    lines: list[str] = field(default_factory=list)
    line: str = ""
    cells: list[list[str]] = field(default_factory=list)
    number: int | None = None
    holds_table: bool = False


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [_Box("html")]
        self.links: list[tuple[str, list[str]]] = []
        self.preformatted = 0

    # ---- what the parser tells

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self._end_line()
            if tag in _APART and not self._nests(tag):
                self._apart()
            self.open.append(_Box(tag, number=_first_number(tag, given)))
            self.preformatted += tag == "pre"
        elif tag == "br":
            self._end_line(always=True)
        elif tag == "hr":
            self._end_line()
            self.open[-1].lines.append(_RULE)
        elif tag == "img" and given.get("alt", "").strip():
            self._say(f"[{_BLANKS.sub(' ', given['alt']).strip()}]")
        elif tag == "a":
            self.links.append((given.get("href", ""), []))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.links:
            address, said = self.links.pop()
            self._lead(address, "".join(said))
        elif tag in _BLOCKS and len(self.open) > 1:
            self._end_line()
            self.preformatted -= tag == "pre"
            self._take(self.open.pop())

    def handle_data(self, data: str) -> None:
        if self.preformatted:
            first, *others = data.replace("\xa0", " ").split("\n")
            self._say(first)
            for line in others:
                self._end_line(always=True)
                self._say(line)
            return
        self._say(_BLANKS.sub(" ", data))

    # ---- what is written

    def _say(self, words: str) -> None:
        for _, said in self.links:
            said.append(words)
        box = self.open[-1]
        if not self.preformatted and (not box.line or box.line[-1] == " "):
            words = words.removeprefix(" ")
        box.line += words

    def _lead(self, address: str, said: str) -> None:
        """Say where a link leads, unless its words do."""
        shown = said.strip()
        if not address or _same(shown, address):
            return
        if not shown:
            self._say(f"<{address}>")
            return
        box = self.open[-1]
        gap = " " if box.line and not box.line.endswith(" ") else ""
        self._say(f"{gap}<{address}>")

    def _end_line(self, *, always: bool = False) -> None:
        box = self.open[-1]
        line = box.line if self.preformatted else box.line.strip()
        if always or line.strip():
            box.lines.append(line.rstrip())
        box.line = ""

    def _apart(self) -> None:
        lines = self.open[-1].lines
        if lines and lines[-1]:
            lines.append("")

    def _take(self, box: _Box) -> None:
        """Put a finished block into the one around it."""
        outer, lines = self.open[-1], _trimmed(box.lines)
        outer.holds_table = outer.holds_table or box.holds_table or box.tag == "table"
        match box.tag:
            case "td" | "th":
                outer.cells.append(lines)
                return
            case "tr":
                lines = _trimmed([*lines, *_row(box.cells, tables=box.holds_table)])
            case "li":
                lines = _item(lines, self._mark(outer))
            case "dd":
                lines = [f"  {line}".rstrip() for line in lines]
            case "blockquote":
                lines = [_quote(line) for line in lines]
        outer.lines += lines
        if lines and box.tag in _APART and not self._nests(box.tag):
            self._apart()

    def _nests(self, tag: str) -> bool:
        return tag in ("ul", "ol") and self.open[-1].tag == "li"

    def _mark(self, outer: _Box) -> str:
        if outer.number is None:
            return "- "
        outer.number += 1
        return f"{outer.number - 1}. "

    def written(self) -> str:
        while len(self.open) > 1:
            self.handle_endtag(self.open[-1].tag)
        self._end_line()
        return "\n".join(_trimmed(self.open[0].lines))


def plain_text(source: str) -> str:
    """Give the text of clean HTML, lines ending with LF."""
    writer = _Writer()
    writer.feed(source)
    writer.close()
    return writer.written()


def _first_number(tag: str, given: dict[str, str]) -> int | None:
    if tag != "ol":
        return None
    start = given.get("start", "1")
    return int(start) if re.fullmatch(r"-?[0-9]{1,9}", start) else 1


def _row(cells: list[list[str]], *, tables: bool) -> list[str]:
    """Write the cells of a row in one line; a row that arranges whole texts gives them in turn."""
    if not any(cells):
        return []
    count, octets = sum(map(len, cells)), sum(len(line) for cell in cells for line in cell)
    short = count <= max(_MOST_LINES, len(cells)) and octets <= max(
        _MOST_OF_A_ROW, 80 * len(cells)
    )
    if len(cells) > 1 and short and not tables:
        return [" | ".join(" / ".join(filter(None, cell)) for cell in cells).strip()]
    return [line for cell in cells for line in cell]


def _item(lines: list[str], mark: str) -> list[str]:
    if not lines:
        return [mark.rstrip()]
    within = " " * len(mark)
    return [mark + lines[0], *(f"{within}{line}".rstrip() for line in lines[1:])]


def _quote(line: str) -> str:
    return f">{line}" if line.startswith(">") else f"> {line}".rstrip()


def _trimmed(lines: Iterable[str]) -> list[str]:
    """Leave empty lines at both ends out, and more than one together."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _same(shown: str, address: str) -> bool:
    """Tell whether a link's words are where it leads."""
    plain = re.sub(r"(?i)^(?:https?://|mailto:|tel:)", "", address).rstrip("/")
    return re.sub(r"(?i)^https?://", "", shown).rstrip("/").casefold() == plain.casefold()
