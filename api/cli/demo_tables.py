"""How the demo shows what it found: tables as every command prints them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from api.cli.setting import plain
from api.cli.tables import Rows, table_of
from api.demo.run import Known, TakenIn
from api.work.answers import HistoryLine, WaitingLine

WIDE = 110
_LONG_NAME = 24
_ARROWS = {"inbound": "←", "outbound": "→", "internal": "↔"}


def done_table(taken: TakenIn, known: Known) -> Rows:
    """Show what was taken in."""
    table = table_of("=", "#", "~", title="What was taken in")
    table.show_header = False
    for name, number, remark in _done(taken, known):
        table.add_row(name, f"{number:,}", Text(remark, style="dim"))
    return table


def _done(taken: TakenIn, known: Known) -> list[tuple[str, int, str]]:
    counts, records, total = taken.counts, taken.records, known.messages
    contacts = f"customers, suppliers, leads; with {records['contacts']} contacts"
    return [
        ("Parties", records["parties"], contacts),
        ("Documents", records["documents"], "offers, orders, delivery notes, invoices"),
        ("Mail read", counts.read, f"{taken.mailboxes} mailboxes, their INBOX and Sent"),
        ("Messages", total, f"the others are further copies: {counts.copies}"),
        ("  with a party", known.with_party, _share(known.with_party, total)),
        ("  with a document", known.with_document, _share(known.with_document, total)),
        ("  automatic", known.automatic, "newsletters, receipts, bounces: nobody waits there"),
    ]


def waiting_table(lines: Sequence[WaitingLine], zone: ZoneInfo, width: int) -> Rows:
    """Show what nobody has answered."""
    title = f"Nobody has answered these {len(lines)}; the longest wait comes first"
    wide = width >= WIDE
    shown = ("=since", "#for", "from", "subject", "=party", "name")[: 6 if wide else 5]
    table = table_of(*shown, title=title)
    now = datetime.now(UTC)
    for line in lines:
        code, _, name = ", ".join(line.parties).partition(" ")
        sender = plain(line.sender)
        sender.truncate(max(_LONG_NAME, width // 5), overflow="ellipsis")
        cells = (
            f"{line.since.astimezone(zone):%d %b}",
            _age(now, line.since),
            sender,
            plain(line.subject),
            plain(code),
            plain(name),
        )
        table.add_row(*cells[: len(shown)])
    return table


def history_table(title: str, lines: Sequence[HistoryLine], zone: ZoneInfo, width: int) -> Rows:
    """Show the mail with a party, and where there is room why it is there."""
    wide = width >= WIDE
    heads = ("=received", "=", "who", "subject", "documents", "because")
    shown = heads if wide else heads[:-1]
    table = table_of(*shown, title=f"The mail with {plain(title)}, the newest first")
    for line in lines:
        cells = (
            f"{line.at.astimezone(zone):{'%d %b %H:%M' if wide else '%d %b'}}",
            _ARROWS.get(line.direction or "", "?"),
            plain(line.who),
            plain(line.subject),
            plain(", ".join(line.documents)),
            plain(line.because),
        )
        table.add_row(*cells[: len(shown)])
    return table


def _age(now: datetime, since: datetime) -> str:
    hours = int((now - since).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f} %"
