"""A firm that wants answers in time: mail comes in at a moment, and somebody looks at another."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from domain.calendars import CalendarSaved, TargetScope, TargetSet
from domain.hours import read_week
from domain.identity import mailbox_id

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio
    from domain.values import MailboxId
    from smtpscript import Sink

    Tell = Callable[[Carteggio, datetime], Awaitable[int]]

ROME = ZoneInfo("Europe/Rome")
INFO, SERVICE = "info@firm.example", "service@firm.example"
ANNA, CARLO, DORA = "anna@firm.example", "carlo@firm.example", "dora@firm.example"
JANUARY = datetime(2026, 1, 1, tzinfo=ROME)
FIRM = CalendarSaved(
    "Europe/Rome", read_week("Mon-Fri 09:00-13:00 14:00-18:00"), "IT", "", (), (), JANUARY, "Firm"
)
TARGET = TargetSet(TargetScope(), 14_400, 7_200, 75, (), JANUARY)
FILES = {
    "company.json": '{"name": "Firm", "domains": ["firm.example"]}',
    "colleagues.csv": f"name,email,role,mailbox_collected\nAnna,{ANNA},sales,yes\n"
    f"Carlo,{CARLO},service,no\nDora,{DORA},head,no\n",
    "mailboxes.csv": f"address\n{INFO}\n{SERVICE}\n{ANNA}\n",
}


def moment(at: str) -> datetime:
    """Read a moment as the firm's clock shows it."""
    read = datetime.fromisoformat(at)
    return read if read.tzinfo else read.replace(tzinfo=ROME)


@dataclass
class Alarmed:
    """A firm with a calendar and a target, and a folder for mail that comes in."""

    carteggio: "Carteggio"
    folder: Path
    mails: int = 0

    def begin(self, calendar: CalendarSaved = FIRM, target: TargetSet = TARGET) -> "Alarmed":
        from api.work.calendars import save_calendar, set_target  # noqa: PLC0415
        from api.work.directory import import_directory  # noqa: PLC0415
        from api.work.tokens import by_operator  # noqa: PLC0415

        (self.folder / "erp").mkdir()
        for name, text in FILES.items():
            (self.folder / "erp" / name).write_text(text)
        import_directory(self.carteggio, self.folder / "erp")
        save_calendar(self.carteggio, calendar, by_operator())
        set_target(self.carteggio, target, by_operator())
        return self

    def wants(self, target: TargetSet) -> None:
        """Set another target."""
        from api.work.calendars import set_target  # noqa: PLC0415
        from api.work.tokens import by_operator  # noqa: PLC0415

        set_target(self.carteggio, target, by_operator())

    def box(self, address: str) -> "MailboxId":
        return mailbox_id(self.carteggio.identity_key, address)

    def arrives(self, at: str, to: str = INFO, answers: str = "", sender: str = "") -> str:
        """Let a mail come into a mailbox; give its Message-ID."""
        return self._taken(at, sender or "Ada <ada@acme.example>", to, answers, to, "INBOX")

    def answers(self, at: str, question: str, box: str = INFO) -> str:
        """Let an answer lie in the folder of sent mail."""
        return self._taken(at, box, "ada@acme.example", question, box, "Sent")

    def _taken(self, at: str, sender: str, to: str, answers: str, box: str, place: str) -> str:
        from api.work.importing import Wanted, import_mail  # noqa: PLC0415

        self.mails += 1
        mail, id = EmailMessage(), f"<m{self.mails}@mail.example>"
        mail["From"], mail["To"], mail["Subject"] = sender, to, "Preventivo 4711"
        mail["Date"], mail["Message-ID"] = moment(at), id
        if answers:
            mail["In-Reply-To"] = answers
        mail.set_content("Quanto costa?" if place == "INBOX" else "Cento euro.")
        path = self.folder / f"{self.mails}.eml"
        path.write_bytes(mail.as_bytes())
        import_mail(self.carteggio, Wanted(path, box, place), lambda _: None)
        return id

    def caught_up(self) -> None:
        """Let links and read models know all that happened."""
        from api.work.settling import settle  # noqa: PLC0415

        settle(self.carteggio, self.carteggio.journal.head())

    def look(self, at: str) -> list[str]:
        """Look at a moment, until nothing is left; give what is told by then, in order."""
        from api.work.alarms import look  # noqa: PLC0415

        async def all_of_it() -> None:
            while await look(self.carteggio, moment(at)):
                self.caught_up()

        self.caught_up()
        asyncio.run(all_of_it())
        self.caught_up()
        return self.told(at)

    def left(self, sink: "Sink", worker: "ReadingWorker", tell: "Tell | None" = None) -> list[Any]:
        """Let somebody tell, if anybody, then let leave what is in the outbox; give the mails."""
        from composed import as_others_read  # noqa: PLC0415
        from outgoing import lane_of  # noqa: PLC0415

        before = len(sink.mails)

        async def go() -> None:
            while tell is not None and await tell(self.carteggio, datetime.now(UTC)):
                pass
            async with lane_of(self.carteggio, self.box(INFO), worker) as lane:
                await lane.drain()

        asyncio.run(go())
        self.caught_up()
        return [as_others_read(raw) for raw in sink.mails[before:]]

    def told(self, at: str) -> list[str]:
        """Give the stages that were to be told by a moment."""
        rows = sorted(self._noticed(at), key=lambda row: row.held)
        return [row.stage for row in rows]

    def _noticed(self, at: str) -> list[Any]:
        from projections.alarms import noticed  # noqa: PLC0415
        from projections.reader import EVERYTHING, AsOf  # noqa: PLC0415

        async def asked() -> list[Any]:
            async with self.carteggio.reading() as asking:
                page = await noticed(*asking, EVERYTHING, as_of=AsOf(time=moment(at)))
                return page.rows

        return asyncio.run(asked())
