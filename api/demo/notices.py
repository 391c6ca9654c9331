"""Mail that machines write: bounces, newsletters, lists, tracking, an invitation."""

import tomllib
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from api.demo.chance import token
from api.demo.clients import message_id, paragraphs, shown_date
from api.demo.company import DOMAIN, Company, Person
from api.demo.letters import HERE, Letter
from api.demo.mime import header_block, rendered, settle_boundaries
from api.demo.workdays import Calendar, local, on

SENTENCE = (
    "This is the mail system at host mx.{domain}.\n\n"
    "I'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients. It's attached below.\n\n"
    "<{recipient}>: host mail.{host}[192.0.2.99] said: 550 5.1.1\n"
    "    <{recipient}>: Recipient address rejected: User unknown\n"
)
EVENT = """BEGIN:VCALENDAR
PRODID:-//Studio Prandelli//Agenda 2.1//IT
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:{uid}@{domain}
DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}
DTSTART:{begin:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
SUMMARY:{summary}
LOCATION:Via dei Lampionai 7\\, Rovereto
ORGANIZER;CN="{name}":mailto:{address}
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{box}
SEQUENCE:0
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""


def bounce(letter: Letter, at: datetime) -> bytes:
    """Say that a letter of ours reached nobody (RFC 3464), its headers below (RFC 6522)."""
    recipient = letter.to[0]
    fields = [
        ("From", f"Mail Delivery System <MAILER-DAEMON@mx.{DOMAIN}>"),
        ("To", letter.author.address),
        ("Subject", "Undelivered Mail Returned to Sender"),
        ("Date", format_datetime(local(at))),
        ("Message-ID", f"<{at:%Y%m%d%H%M%S}.{token(letter.id, 10)}@mx.{DOMAIN}>"),
        ("Auto-Submitted", "auto-replied"),
    ]
    report = EmailMessage(policy=SMTP)
    report.set_content(
        SENTENCE.format(domain=DOMAIN, host=recipient.domain, recipient=recipient.address)
    )
    report.make_mixed()
    report.attach(_status(recipient.address))
    report.attach(_headers_of(letter))
    report.set_type("multipart/report")
    report.set_param("report-type", "delivery-status")
    settle_boundaries(report, f"bounce {letter.id}")
    return header_block(fields) + report.as_bytes(policy=SMTP)


def notices(company: Company, calendar: Calendar) -> list[tuple[Letter, str, tuple[str, ...]]]:
    """Give each notice with its envelope sender and the mailboxes that have it."""
    return [_notice(table, company, calendar) for table in _tables()]


def left_open() -> set[str]:
    """Give the Message-IDs of what wants an answer all the same, and gets none."""
    return {_id(table) for table in _tables() if table.get("open")}


def invitation(letter: Letter, calendar: Calendar, box: str) -> bytes:
    """Give an invitation: the letter with a text/calendar part (RFC 6047)."""
    begin = on(calendar.day(-5), time(10)).astimezone(UTC)
    event = EVENT.format(
        uid=token(letter.id, 24),
        domain=letter.author.domain,
        stamp=letter.sent_at.astimezone(UTC),
        begin=begin,
        end=begin + timedelta(minutes=90),
        summary=letter.subject,
        name=letter.author.name,
        address=letter.author.address,
        box=box,
    )
    message = EmailMessage(policy=SMTP)
    message.set_content(letter.text + "\n", charset="utf-8", cte="quoted-printable")
    message.add_alternative(event, subtype="calendar", charset="utf-8", cte="base64")
    *_, part = message.iter_parts()
    part.set_param("method", "REQUEST")
    settle_boundaries(message, letter.id)
    head, _, _ = rendered(letter).partition(b"Content-Type:")
    return head.replace(b"MIME-Version: 1.0\r\n", b"") + message.as_bytes(policy=SMTP)


def _status(recipient: str) -> EmailMessage:
    lines = (
        f"Reporting-MTA: dns; mx.{DOMAIN}\n\n"
        f"Final-Recipient: rfc822; {recipient}\n"
        f"Original-Recipient: rfc822;{recipient}\n"
        "Action: failed\nStatus: 5.1.1\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address rejected\n"
    )
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = "message/delivery-status"
    part.set_payload([message_from_bytes(block.encode()) for block in lines.split("\n\n")])
    return part


def _headers_of(letter: Letter) -> EmailMessage:
    head = rendered(letter).partition(b"MIME-Version:")[0].replace(b"\r\n", b"\n")
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = "text/rfc822-headers; charset=us-ascii"
    part.set_payload(head.decode("ascii"))
    return part


def _tables() -> list[dict[str, Any]]:
    text = (HERE / "texts" / "notices.toml").read_text("utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["notice"]
    return found


def _id(table: dict[str, Any]) -> str:
    return message_id("thunderbird", table["subject"], table["from"][1].partition("@")[2])


def _notice(
    table: dict[str, Any], company: Company, calendar: Calendar
) -> tuple[Letter, str, tuple[str, ...]]:
    back, clock = table["at"].split()
    at = calendar.at(int(back), f"{clock}:17")
    author = _person(table["from"], "thunderbird")
    language = "de" if "Frühbucher" in table["subject"] or "Neue" in table["subject"] else "it"
    ahead = shown_date(language, calendar.day(-5))
    text = table["text"].strip().format(day=ahead, date=shown_date(language, at))
    to = (_person(table["to"]),) if "to" in table else (company.boxes[table["boxes"][0]],)
    letter = Letter(
        _id(table),
        at,
        author,
        to,
        (),
        table["subject"],
        text,
        paragraphs(text),
        language,
        "gmail" if table.get("html") else "plain",
        extra=_extra(table),
    )
    return letter, table.get("path", author.address), tuple(table["boxes"])


def _person(table: list[str], client: str = "plain") -> Person:
    name, address = table
    return Person(name, address, "it", "", client=client)


def _extra(table: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in table.get("headers", []))
