"""A mail about an order leaves, is read by the customer's own program, and its answer comes home.

The labelled company is taken over, with all its mail. By the command line alone, and over real
servers on this machine, an order is sent from a template with two files; the customer reads it by
IMAP with the standard library and answers with it. What he read is what was sent, and both mails
stand under the order and the customer.

    python -m benchmarks.proofs.order_mail
"""

import csv
import email.policy
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, make_msgid
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.home import Home
from benchmarks.proofs.orders import boxes
from benchmarks.proofs.promises import Promises, ask, differences, test_data
from benchmarks.stage import ROOT, Stopwatch, command, instance, say

if TYPE_CHECKING:
    from dovecot import MailAccount
    from submitting import Submitting

FROM: Final = "ordini@officine-bramante.example"
FILES: Final = {"Auftrag Größe.pdf": b"%PDF-1.7 \x00\xff" * 2_000, "note è così.txt": b"Righe\r\n"}
_TRIES: Final = 200


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the company's books, and who writes for its customer."""

    number: str
    party: str
    contact: str


def an_order(data: Path) -> Order:
    """Give an order of a customer who has one contact at least."""
    with (data / "company/contacts.csv").open(newline="", encoding="utf-8") as rows:
        contacts = {row["party_id"]: row["email"] for row in csv.DictReader(rows)}
    with (data / "company/documents.csv").open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["type"] == "sales_order" and row["party_id"] in contacts:
                return Order(row["number"], row["party_id"], contacts[row["party_id"]])
    raise SystemExit("the company has no order of a customer with a contact")


@contextmanager
def servers() -> Iterator["Submitting"]:
    """Run a server that takes mail and gives it by IMAP."""
    sys.path.append(str(ROOT / "tests" / "support"))
    from submitting import submitting  # noqa: PLC0415  only now can it be found

    with submitting() as running:
        yield running


def take_over(home: Home, data: Path, office: "MailAccount", server: "Submitting") -> None:
    """Take over the company and its mail, and say by what the office reads and sends."""
    ask(home, "import", "directory", str(data / "company"))
    for box in boxes(data):
        ask(home, *box.words)
    host = ("--host", server.dovecot.host, "--security", "plain", "--user", office.user)
    read = ("add", "--mailbox", FROM, "--port", str(server.dovecot.imap))
    sent = (
        "sending",
        FROM,
        "--port",
        str(server.submission),
        "--login",
        "password",
        "--sent-copy",
        "append",
    )
    for words in (read, sent):
        done = subprocess.run(
            command(home, "account", *words, *host),
            input=office.password,
            text=True,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            raise SystemExit(done.stderr)


def send(home: Home, order: Order, folder: Path) -> Any:
    """Send the order from a template with two files."""
    ask(home, "template", "samples", str(folder / "templates"))
    samples = sorted((folder / "templates").glob("*.toml"))
    ask(home, "template", "save", *map(str, samples))
    attached = []
    for name, octets in FILES.items():
        (folder / name).write_bytes(octets)
        attached += ["--attach", str(folder / name)]
    about = ("--document", order.number, "--kind", "sales_order", "--from", FROM)
    more = ("--to", order.contact, *attached, "--json")
    dry = ask(home, "send", *about, *more, "--dry-run")
    say(dry.out.strip())
    return json.loads(ask(home, "send", *about, *more).out)


def until_kept(home: Home, office: "MailAccount") -> None:
    """Work until nothing is in the outbox, and the copy lies in the Sent folder."""
    with subprocess.Popen(command(home, "work"), stderr=subprocess.DEVNULL) as work:
        try:
            for _ in range(_TRIES):
                waiting = ask(home, "outbox", "list", "--json").out.strip()
                if not waiting and copies(office):
                    return
            raise SystemExit("the mail never left, or no copy of it was kept")
        finally:
            work.terminate()


def lines_of(raw: bytes) -> bytes:
    """Give octets with the ends of lines that mail has."""
    return b"\r\n".join(raw.splitlines())


def copies(account: "MailAccount") -> int:
    """Count what lies in the Sent folder."""
    with account.login() as client:
        answer, (count,) = client.select("Sent", readonly=True)
    return int(count or 0) if answer == "OK" else 0


def newest(account: "MailAccount", folder: str = "INBOX") -> bytes:
    """Read the last mail of a folder by the standard library's IMAP."""
    with account.login() as client:
        _, (count,) = client.select(f'"{folder}"', readonly=True)
        _, parts = client.fetch((count or b"0").decode(), "(RFC822)")
    (part,) = [one for one in parts if isinstance(one, tuple)]
    return part[1]


def read_rightly(promises: Promises, raw: bytes, order: Order, told: Any) -> EmailMessage:
    """Compare what arrived with what was to be sent."""
    mail = message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    files = {
        one.get_filename(): sha256(one.get_payload(decode=True)).hexdigest()  # type: ignore[arg-type]
        for one in mail.iter_attachments()
    }
    promises.keep(mail["To"].addresses[0].addr_spec == order.contact, "To is the contact")
    promises.keep(mail["From"].addresses[0].addr_spec == FROM, "From is the mailbox")
    promises.keep(order.number in mail["Subject"], "the subject names the order")
    promises.keep(plain is not None and order.number in plain.get_content(), "the text names it")
    promises.keep(rich is None or order.number in rich.get_content(), "so does the HTML")
    digests = sorted(sha256(octets).hexdigest() for octets in FILES.values())
    promises.keep(sorted(files.values()) == digests, "the files' octets are the same")
    suffixes = sorted(Path(name or "").suffix for name in files)
    promises.keep(suffixes == [".pdf", ".txt"], f"extensions are kept: {sorted(map(str, files))}")
    promises.keep("Bcc" not in mail, "nobody is told of blind copies")
    say(f"{told.get('mail')}: {mail['Subject']!r} with {', '.join(map(repr, files))}")
    return mail


def answer(mail: EmailMessage, order: Order) -> bytes:
    """Write an answer as another program would: new words, threading, no quoted text."""
    reply = EmailMessage()
    reply["From"] = order.contact
    reply["To"] = getaddresses([str(mail["Reply-To"] or mail["From"])])[0][1]
    reply["Subject"] = "Antwort"
    reply["Message-ID"] = make_msgid(domain=order.contact.partition("@")[2])
    reply["Date"] = format_datetime(datetime.now(UTC) + timedelta(minutes=1))
    reply["In-Reply-To"] = mail["Message-ID"]
    reply["References"] = mail["Message-ID"]
    reply.set_content("Gut erhalten, wann können Sie liefern?\n")
    return reply.as_bytes(policy=email.policy.SMTP)


def stands_in(home: Home, *words: str) -> set[str]:
    """Give the subjects of a history."""
    return {fact["subject"] for fact in ask(home, "history", *words, "--json").facts}


def prove(home: Home, data: Path, server: "Submitting") -> tuple[Promises, dict[str, Any]]:
    """Send, read, answer, and look where both stand."""
    promises, watch, order = Promises(), Stopwatch(), an_order(data)
    office, customer = server.dovecot.add_user(), server.dovecot.add_user()
    take_over(home, data, office, server)
    told = send(home, order, home.folder.parent)
    until_kept(home, office)
    (left,) = server.sink.mails
    customer.append(left)
    mail = read_rightly(promises, newest(customer), order, told)
    kept = newest(office, "Sent")
    promises.keep(
        lines_of(kept) in lines_of(left), "the copy in Sent is what left, octet by octet"
    )
    office.append(answer(mail, order))
    ask(home, "sync", "--mailbox", FROM)
    both = {str(mail["Subject"]), "Antwort"}
    for whose in (order.number, order.party):
        seen = stands_in(home, whose)
        promises.keep(both <= seen, f"both mails stand under {whose}")
    became = ask(home, "deliveries", "--document", order.number, "--json").facts
    promises.keep(all(one["answered_at"] for one in became), "the mail is told as answered")
    promises.keep(copies(office) == 1, f"{copies(office)} copies lie in Sent")
    different = differences(home)
    promises.keep(not different, f"read models are what the events say: {different}")
    return promises, {"order": order.number, "became": became, "seconds": watch.seconds}


def main() -> None:
    """Prove it on the labelled company."""
    data = test_data("order_mail")
    with servers() as server, instance() as home:
        promises, figures = prove(home, data, server)
    promises.conclude("order_mail", figures)


if __name__ == "__main__":
    main()
