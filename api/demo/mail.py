"""The sample company's mail: some three hundred messages that end at the moment asked for."""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import parseaddr
from pathlib import Path

from api.demo.company import (
    DOMAIN,
    SAMPLE,
    Company,
    load,
    rows,
    shifted_company,
    shifted_documents,
)
from api.demo.correspondence import Filed, told
from api.demo.letters import Letter, stories
from api.demo.mime import delivered, delivery_time, rendered
from api.demo.notices import bounce, invitation, notices
from api.demo.notices import left_open as open_notices
from api.demo.pec import BOX as PEC_BOX
from api.demo.pec import certified
from api.demo.pec import left_open as open_certified
from api.demo.workdays import REFERENCE, Calendar


@dataclass(frozen=True, slots=True)
class SampleMail:
    """A message in a folder: `raw` with CRLF line ends, `received_at` in UTC."""

    mailbox: str
    folder: str
    received_at: datetime
    raw: bytes


def sample_mail(until: datetime) -> list[SampleMail]:
    """Write the sample's mail so that its last day is that of `until`, and nothing lies after it.

    The same moment gives the same bytes; another moment moves the dates and nothing else.
    """
    calendar = Calendar(until.astimezone(UTC))
    company = load(calendar)
    found = [mail for story in stories() for mail in _copies(told(story, company, calendar))]
    found += _notices(company, calendar) + _certified(company, calendar)
    return sorted(found, key=lambda mail: (mail.received_at, mail.mailbox, mail.folder, mail.raw))


def left_open() -> set[str]:
    """Give the Message-IDs of the mail that nobody answers in the sample; any day has the same."""
    calendar = Calendar(datetime.combine(REFERENCE, time(20), UTC))
    company = load(calendar)
    letters = (filed for story in stories() for filed in told(story, company, calendar))
    asked = {filed.letter.id for filed in letters if filed.left_open}
    return asked | open_notices() | open_certified()


def write_sample(folder: Path, until: datetime) -> None:
    """Write `directory/` with the master data and `mailboxes/` with one mbox a mailbox folder.

    `unanswered.txt` beside them has the Message-IDs of what is meant to wait, one a line.
    """
    mails = sample_mail(until)
    calendar = Calendar(until.astimezone(UTC))
    (folder / "mailboxes").mkdir(parents=True, exist_ok=True)
    (folder / "directory").mkdir(parents=True, exist_ok=True)
    boxes = [_written(folder / "mailboxes", row, mails) for row in rows("mailboxes.csv")]
    for name in ("parties.csv", "contacts.csv", "colleagues.csv"):
        (folder / "directory" / name).write_bytes((SAMPLE / name).read_bytes())
    _write_rows(folder / "directory" / "documents.csv", shifted_documents(calendar))
    _write_rows(folder / "directory" / "mailboxes.csv", boxes)
    company = json.dumps(shifted_company(calendar), indent=1, ensure_ascii=False)
    (folder / "directory" / "company.json").write_text(company + "\n", "utf-8")
    (folder / "unanswered.txt").write_text("".join(f"{id}\n" for id in sorted(left_open())))


def _copies(letters: list[Filed]) -> list[SampleMail]:
    found: list[SampleMail] = []
    for filed in letters:
        if filed.sent:
            found.append(_sent(filed.letter, filed.sent))
        found += [_received(filed.letter, box) for box in filed.received]
        if filed.undeliverable:
            found.append(_bounced(filed.letter, filed.sent))
    return found


def _sent(letter: Letter, box: str) -> SampleMail:
    return SampleMail(address(box), "Sent", _utc(letter.sent_at), rendered(letter))


def _received(letter: Letter, box: str) -> SampleMail:
    # An auto-reply has the null path (RFC 3834 3.3).
    sender = "" if letter.automatic else letter.author.address
    at = delivery_time(letter)
    raw = delivered(rendered(letter), sender, address(box), at)
    return SampleMail(address(box), "INBOX", _utc(at), raw)


def _bounced(letter: Letter, box: str) -> SampleMail:
    at = letter.sent_at + timedelta(seconds=75)
    raw = delivered(bounce(letter, at), "", address(box), at)
    return SampleMail(address(box), "INBOX", _utc(at), raw)


def _notices(company: Company, calendar: Calendar) -> list[SampleMail]:
    found = []
    for letter, path, boxes in notices(company, calendar):
        invites = letter.text.find(" ti ha invitato a: ") > 0
        for box in boxes:
            to = address(box)
            raw = invitation(letter, calendar, to) if invites else rendered(letter)
            at = delivery_time(letter)
            found.append(SampleMail(to, "INBOX", _utc(at), delivered(raw, path, to, at)))
    return found


def _certified(company: Company, calendar: Calendar) -> list[SampleMail]:
    found = []
    for mail in certified(company, calendar):
        raw = mail.raw
        if mail.folder == "INBOX":
            raw = delivered(raw, mail.sender, PEC_BOX, mail.at, "certamail.example")
        found.append(SampleMail(PEC_BOX, mail.folder, _utc(mail.at), raw))
    return found


def address(box: str) -> str:
    """Give a mailbox's address from its short name."""
    return f"{'matteo.sorgato' if box == 'matteo' else box}@{DOMAIN}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _written(folder: Path, row: dict[str, str], mails: list[SampleMail]) -> dict[str, str]:
    place = (row["address"], row["folder"])
    kept = [mail for mail in mails if (mail.mailbox, mail.folder) == place]
    (folder / row["file"]).write_bytes(b"".join(_mbox_entry(mail) for mail in kept))
    return {**row, "messages": str(len(kept))}


def _mbox_entry(mail: SampleMail) -> bytes:
    # mboxrd (RFC 4155 leaves the quoting open): a further > before every >*From line.
    lines = mail.raw.replace(b"\r\n", b"\n").split(b"\n")
    quoted = (b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines)
    body = b"\n".join(quoted)
    stamp = mail.received_at.replace(tzinfo=None).ctime()
    return f"From {_envelope(mail)} {stamp}\n".encode() + body.rstrip(b"\n") + b"\n\n"


def _envelope(mail: SampleMail) -> str:
    head = mail.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    first = head.split("\r\n")[0]
    path = parseaddr(first.partition(": ")[2])[1] if first.startswith("Return-Path") else ""
    return path or (mail.mailbox if mail.folder == "Sent" else "MAILER-DAEMON")


def _write_rows(path: Path, table: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
