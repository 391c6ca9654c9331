"""How the demo shows what it found: tables of at most a hundred columns, one line a row."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.setting import plain
from api.demo.run import Known, TakenIn
from api.work.answers import HistoryLine, WaitingLine

WIDEST = 100
_LEAST = 12
_WAYS = {"inbound": "from", "outbound": "to", "internal": "inside"}


def screen() -> Console:
    """Give where the demo prints: a file or pipe gets the same tables, without colours."""
    console = Console(highlight=False)
    width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    return Console(highlight=False, width=width)


def done_table(taken: TakenIn, known: Known) -> Table:
    """Show what was taken in."""
    counts, records, total = taken.counts, taken.records, known.messages
    table = _table("What was taken in", 18, -6, 56)
    for name, number, remark in (
        (
            "Parties",
            records["parties"],
            f"customers, suppliers, leads; {records['contacts']} contacts",
        ),
        ("Documents", records["documents"], "offers, orders, delivery notes, invoices"),
        ("Mail read", counts.read, f"from {taken.mailboxes} mailboxes"),
        ("  stored", counts.stored, f"{counts.copies} of these are further copies of a message"),
        ("  known already", counts.known, ""),
        ("Messages", total, "each counted once, wherever it lay"),
        ("  with a party", known.with_party, _share(known.with_party, total)),
        ("  with a document", known.with_document, _share(known.with_document, total)),
        ("  automatic", known.automatic, "newsletters, receipts, bounces: nobody waits there"),
    ):
        table.add_row(name, f"{number:,}", Text(remark, style="dim"))
    table.add_row("Seconds", f"{taken.seconds:.1f}", "")
    return table


def waiting_table(lines: Sequence[WaitingLine], zone: ZoneInfo, width: int) -> Table:
    """Show what nobody has answered."""
    title = f"Nobody has answered these {len(lines)}; the longest wait comes first"
    table = _table(title, 6, -4, 19, 26, width, heads=("since", "for", "from", "party", "subject"))
    now = datetime.now(UTC)
    for line in lines:
        table.add_row(
            f"{line.since.astimezone(zone):%d %b}",
            _age(now, line.since),
            plain(line.sender),
            plain(", ".join(line.parties)),
            plain(line.subject),
        )
    return table


def history_table(title: str, lines: Sequence[HistoryLine], zone: ZoneInfo, width: int) -> Table:
    """Show the mail with a party."""
    heads = ("received", "", "who", "documents", "subject")
    table = _table(f"The mail with {title}, the newest first", 12, 6, 15, 21, width, heads=heads)
    for line in lines:
        table.add_row(
            f"{line.at.astimezone(zone):%d %b %H:%M}",
            _WAYS.get(line.direction or "", "?"),
            plain(line.who),
            plain(", ".join(line.documents)),
            plain(line.subject),
        )
    return table


def _age(now: datetime, since: datetime) -> str:
    hours = int((now - since).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f} %"


def _table(title: str, *widths: int, heads: Sequence[str] = ()) -> Table:
    """Begin a table of columns so wide (negative: to the right); the last takes what is left."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold")
    table.title_style, table.padding, table.show_header = "bold", (0, 1, 0, 0), bool(heads)
    *first, last = widths
    left = max(last - sum(abs(one) + 2 for one in first) - 3, _LEAST)
    for at, width in enumerate([*first, left if heads else last]):
        table.add_column(
            heads[at] if heads else "",
            justify="right" if width < 0 else "left",
            width=abs(width),
            no_wrap=True,
            overflow="ellipsis",
        )
    return table
