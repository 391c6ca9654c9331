"""How what waits stands to its targets: the clock's scenarios, as the command line asks."""

import asyncio
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from api.work.answers import unanswered_lines
from api.work.calendars import save_calendar, set_target
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from domain.calendars import CalendarSaved, TargetScope, TargetSet
from domain.hours import read_week
from domain.identity import mailbox_id

ROME = ZoneInfo("Europe/Rome")
INFO = "info@firm.example"
JANUARY = datetime(2026, 1, 1, tzinfo=ROME)
FIRM = CalendarSaved(
    "Europe/Rome", read_week("Mon-Fri 09:00-13:00 14:00-18:00"), "IT", "", (), (), JANUARY, "Firm"
)
TARGET = TargetSet(TargetScope(), 14_400, 7_200, 75, (), JANUARY)


def asked(carteggio: Carteggio, at: str) -> list[tuple[float, str | None, str]]:
    moment = datetime.fromisoformat(at).replace(tzinfo=ROME)
    carteggio.feed.catch_up(carteggio.journal.head())
    lines, _ = asyncio.run(unanswered_lines(carteggio, moment, 10))
    return [
        (
            one.business_seconds / 3600,
            f"{one.due.astimezone(ROME):%m-%d %H:%M}" if one.due else None,
            one.sla,
        )
        for one in lines
    ]


def test_the_api_tells_the_same(api, tmp_path):
    arrives(api.carteggio, tmp_path, "2026-04-03T17:00")
    save_calendar(api.carteggio, FIRM, by_operator())
    set_target(api.carteggio, TARGET, by_operator())
    api.caught_up()
    then = "2026-04-07T11:30:00+02:00"
    query = """query($then: AsOf) { unanswered(asOf: $then) { edges { node {
      businessAge due sla } } } }"""
    (edge,) = api.ask(query, then={"time": then})["unanswered"]["edges"]
    node = edge["node"]
    assert (node["businessAge"], node["sla"]) == ("PT3H30M", "AT_RISK")
    assert datetime.fromisoformat(node["due"]) == datetime(2026, 4, 7, 12, tzinfo=ROME)


def arrives(carteggio: Carteggio, folder: Path, at: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ada@acme.example", INFO, "Guasto"
    mail["Date"] = datetime.fromisoformat(at).replace(tzinfo=ROME)
    mail["Message-ID"] = "<m1@acme.example>"
    mail.set_content("Potete chiamarmi?")
    (folder / "m1.eml").write_bytes(mail.as_bytes())
    import_mail(carteggio, Wanted(folder / "m1.eml", INFO), lambda _: None)


def test_a_wait_is_measured_in_business_time_and_by_what_was_in_force_then(carteggio, tmp_path):
    arrives(carteggio, tmp_path, "2026-04-03T17:00")
    assert asked(carteggio, "2026-04-07T10:00") == [(89.0, None, "none")]
    save_calendar(carteggio, FIRM, by_operator())
    set_target(carteggio, TARGET, by_operator())
    assert asked(carteggio, "2026-04-07T10:00") == [(2.0, "04-07 12:00", "on_track")]
    assert asked(carteggio, "2026-04-07T11:30") == [(3.5, "04-07 12:00", "at_risk")]
    assert asked(carteggio, "2026-04-07T12:30") == [(4.5, "04-07 12:00", "breached")]
    box = mailbox_id(carteggio.identity_key, INFO)
    later = JANUARY.replace(month=4, day=7, hour=11)
    own = replace(TARGET, scope=TargetScope(box), first=28_800, next=None, since=later)
    set_target(carteggio, own, by_operator())
    assert asked(carteggio, "2026-04-07T12:30") == [(4.5, "04-07 17:00", "on_track")]
    assert asked(carteggio, "2026-04-07T10:00") == [(2.0, "04-07 12:00", "on_track")]
