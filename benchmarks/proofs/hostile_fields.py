"""Nothing that a person, a template or a file brings along makes a further header or recipient.

Thousands of mails are built whose subjects, names, texts and file names hold what breaks header
fields elsewhere. Each is read back by the standard library and by our own reader: it has the fields
that it should have and no others, the recipients that were composed and no others, and what may be
kept is kept. A mail may be refused, but only for what the objections name, as too long a name.

    python -m benchmarks.proofs.hostile_fields [--mails 2000] [--seed 1]
"""

import argparse
import random
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import AddressHeader
from email.message import MIMEPart
from email.policy import default

from adapters.building.builder import Built, build, preview
from adapters.mime.reader import read
from benchmarks.proofs.promises import Promises
from benchmarks.stage import Stopwatch
from domain.composing import Composed, File, Sender, one_line
from domain.filenames import distinct, safe_name, shown
from domain.objections import objections
from domain.values import Address, Rejected

FIELDS = [
    "Date", "From", "Reply-To", "To", "Cc", "Subject", "Message-ID", "References",
    "X-Carteggio-Id", "MIME-Version", "Content-Type",
]  # fmt: skip
MAY_REFUSE = {"NAME_TOO_LONG", "SUBJECT_TOO_LONG", "OTHER_EXTENSION"}
BREAKS = (
    "\r\n", "\n", "\r", "\r\n ", "\n\t", "\0", "\v", "\f", "\x1c", "\x1e", "\x85", "\u2028", "\u2029",
    "%0d%0a", "\\r\\n", "=0D=0A", "&#10;", "\u560a\u560d", "\r\n\r\n", "=\r\n", "\x7f", "\x1b[2J",
)  # fmt: skip
ATTACKS = (
    "Bcc: evil@evil.example", "To: evil@evil.example", "X-Evil: 1", ".\r\nMAIL FROM:<e@evil.example>",
    "Content-Type: text/html\r\n\r\n<b>", "--=_boundary--", "<evil@evil.example>", ", evil@evil.example",
    '"evil" <evil@evil.example>', "evil@evil.example;", "(comment <evil@evil.example>)", "{{ subject }}",
    "=?utf-8?q?=0D=0ABcc:_evil=40evil.example?=", "=?utf-8?b?DQpCY2M6IGVAZXZpbC5leGFtcGxl?=",
    "=?utf-8?q?open", "?=", '\\"', '"', "\\", "'", "<", ">", "group: a@evil.example;", "\u202egpj.exe",
    '"; filename="evil.exe', "; name=evil.exe", "*=utf-8''evil.exe", "../../evil", "C:\\evil", "con.pdf",
)  # fmt: skip
WORDS = (
    "Offerta", "Angebot für Österreich", "Łódź", "заказ", "見積書", "👩‍👧 grüßt", "שלום", "مرحبا",
    "e\u0301\u0301", "\ud83d\ude00", "\ud800", "\udfff", "\u200b", "\u202a", "\u2066", "\ufeff", "  ",
    "x" * 70, "ü" * 90, "a" * 998, "é" * 1_500, "long words " * 60, "\U000e0041", "ß", "\xa0", "\t",
)  # fmt: skip


def hostile(chance: random.Random) -> str:
    """Make a text of words, breaks and attacks in any order."""
    kinds = chance.choices((WORDS, BREAKS, ATTACKS), (5, 3, 4), k=chance.randint(1, 7))
    return "".join(chance.choice(kind) for kind in kinds)


def mail_of(number: int, chance: random.Random) -> Composed:
    """Compose a mail all of whose free words are hostile."""
    names = [hostile(chance) for _ in range(5)]
    if chance.random() < 0.9:  # else some are too long, and the mail is refused
        names = [one[:200] for one in names]
    people = [Address(f"p{place}@x.example", names[place]) for place in range(4)]
    return Composed(
        message_id=f"c.{number}@ditta.example",
        at=datetime(2026, 3, 9, tzinfo=UTC),
        sender=Sender("anna@ditta.example", hostile(chance).replace("@", " ")[:180], "Ditta SRL"),
        to=tuple(people[:2]),
        cc=(people[2],),
        bcc=(Address("blind@y.example", names[4]),),
        reply_to=(people[3],),
        subject=hostile(chance),
        text=f"Buongiorno {hostile(chance)},\n{hostile(chance)}",
        html=f"<p title='{hostile(chance)}'>{hostile(chance)}</p>" if number % 2 else "",
        files=(
            File(f"{hostile(chance)}.pdf", "application/pdf", "a"),
            File(f"{hostile(chance)}.xyz", "application/octet-stream", "b"),
        ),
        references=(hostile(chance), "one@x.example"),
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mails", type=int, default=2_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    chance, promises, watch = random.Random(given.seed), Promises(), Stopwatch()
    refused: Counter[str] = Counter()
    built = 0
    while built < given.mails:
        mail = mail_of(built + refused.total(), chance)
        try:
            made = build(mail, {"a": b"%PDF", "b": b"octets"})
        except Rejected:
            found = objections(mail, {"a": 4, "b": 6})
            codes = {one.code for one in found if one.blocks}
            refused.update(sorted(codes)[:1])
            promises.keep(codes and codes <= MAY_REFUSE, f"refused for {codes}")
            continue
        built += 1
        check(mail, made, promises)
    promises.conclude(
        "hostile_fields",
        {"mails": built, "refused": dict(refused), "seconds": round(watch.seconds, 1)},
    )


def check(mail: Composed, made: Built, promises: Promises) -> None:
    """Read a mail back both ways, and compare."""
    bad = [
        *(f"by our reader: {one}" for one in by_us(mail, made)),
        *(f"by the standard library: {one}" for one in by_others(mail, made)),
    ]
    if made.recipients != tuple(one.spec for one in mail.recipients):
        bad.append("envelope")
    if b"blind" in made.raw or any(len(line) > 998 for line in made.raw.split(b"\r\n")):
        bad.append("octets")
    promises.keep(not bad, f"{mail.message_id}: {', '.join(bad)}")


def by_us(mail: Composed, made: Built) -> list[str]:
    """Give what our reader finds otherwise than it was composed."""
    reading = read(made.raw)
    content, names = reading.content, distinct(safe_name(one.name) for one in mail.files)
    same = {
        "defects": not content.defects,
        "subject": content.subject == one_line(mail.subject),
        "to": [one.spec for one in content.to] == [one.spec for one in mail.to],
        "cc": [one.spec for one in content.cc] == [one.spec for one in mail.cc],
        "bcc": content.bcc == (),
        "from": [one.spec for one in content.authors] == [mail.sender.spec],
        "reply-to": [one.spec for one in content.reply_to] == [one.spec for one in mail.reply_to],
        "names": all(
            kept(one.name) == kept(one_line(two.name))
            for one, two in zip(
                (*content.to, *content.cc, *content.reply_to, *content.authors),
                (*mail.to, *mail.cc, *mail.reply_to, mail.sender.address),
                strict=False,
            )
        ),
        "text": content.text == preview(mail).text,
        "files": [one.name for one in content.attachments] == names,
        "octets": reading.files == (b"%PDF", b"octets"),
        "references": content.references[-1] == "one@x.example",
    }
    return [name for name, fits in same.items() if not fits]


def by_others(mail: Composed, made: Built) -> list[str]:
    """Give what the standard library finds otherwise than it was composed."""
    read_back = message_from_bytes(made.raw, policy=default)
    names = distinct(safe_name(one.name) for one in mail.files)
    files = [part for part in read_back.walk() if part.get_filename()]
    body = read_back.get_body(preferencelist=("plain",))
    same = {
        "fields": read_back.keys() == FIELDS,
        "parts": sum(1 for _ in read_back.walk()) == (6 if preview(mail).html else 4),
        "subject": read_back["subject"] == one_line(mail.subject),
        "to": specs(read_back["to"]) == [one.spec for one in mail.to],
        "cc": specs(read_back["cc"]) == [one.spec for one in mail.cc],
        "from": specs(read_back["from"]) == [mail.sender.spec],
        "reply-to": specs(read_back["reply-to"]) == [one.spec for one in mail.reply_to],
        "files": [part.get_filename() for part in files] == names,
        "octets": [part.get_payload(decode=True) for part in files] == [b"%PDF", b"octets"],
        "text": body is not None and text_of(body) == preview(mail).text,
    }
    return [name for name, fits in same.items() if not fits]


def text_of(part: MIMEPart) -> str:
    """Give the text of a part with line ends as they were composed."""
    return str(part.get_content()).replace("\r\n", "\n")


def specs(field: AddressHeader) -> list[str]:
    """Give the addresses of a field."""
    return [one.addr_spec for one in field.addresses]


def kept(name: str) -> str:
    """Give of a name what our reader shows: it takes quotes off both ends, and blanks."""
    return shown(name).strip(" '\"\xa0")


if __name__ == "__main__":
    main()
