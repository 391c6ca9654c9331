"""Mail like a company's, as much of it as is asked for, the same for the same seed.

    python -m benchmarks.mailmaker mail.mbox --messages 3000 --directory erp/
    python -m benchmarks.mailmaker mail.mbox --megabytes 650

It is written as it is made, so its size does not matter. Everybody in it is made up.
"""

import argparse
import base64
import csv
import json
import quopri
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

from benchmarks.mailwords import FILES, LANGUAGES, PEOPLE, Language

FIRST_DAY = datetime(2024, 1, 8, 6, 0, tzinfo=UTC)
OWN_DOMAIN = "werkstatt.example"
MAILBOX = f"office@{OWN_DOMAIN}"
COLLEAGUES = tuple(f"{name}@{OWN_DOMAIN}" for name in ("office", "sales", "orders", "accounts"))
_REMEMBERED = 600


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the ERP, as its number is written in mail."""

    id: str
    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Party:
    """A firm that writes and is written to."""

    id: str
    name: str
    domain: str
    language: Language
    people: tuple[tuple[str, str], ...]
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it lies in a mailbox, with the time of its delivery."""

    raw: bytes
    at: datetime


@dataclass(slots=True)
class _Said:
    """What a reply needs of what it answers."""

    id: str
    references: str
    subject: str
    party: Party
    person: tuple[str, str]
    inbound: bool


@dataclass(slots=True)
class Maker:
    """Makes the firms, then one message after the other."""

    seed: int
    attachments: bool = True
    parties: list[Party] = field(default_factory=list)
    _chance: Random = field(init=False)
    _said: list[_Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)
        self.parties = [self._party(number) for number in range(1, 201)]

    def _party(self, number: int) -> Party:
        chance = self._chance
        language = chance.choice(LANGUAGES)
        domain = f"{chance.choice(PEOPLE)[1].casefold()}-{number}.example"
        people = tuple(self._person(domain) for _ in range(chance.randint(1, 4)))
        documents = tuple(
            Document(f"D{number}-{at}", kind, f"{prefix}-2024-{number:03}{at:03}")
            for at in range(chance.randint(2, 9))
            for kind, prefix in [
                chance.choice((("offer", "Q"), ("order", "SO"), ("invoice", "INV")))
            ]
        )
        firm = f"{domain.partition('.')[0].title()} {language.form}"
        return Party(f"C{number:04}", firm, domain, language, people, documents)

    def _person(self, domain: str) -> tuple[str, str]:
        first, last = self._chance.choice(PEOPLE)[0], self._chance.choice(PEOPLE)[1]
        local = f"{first}.{last}.{self._chance.randrange(100)}".casefold()
        return f"{first} {last}", f"{local}@{domain}"

    def messages(self) -> Iterator[Mail]:
        """Give mail without end, a few minutes apart."""
        at = FIRST_DAY
        while True:
            at += timedelta(seconds=self._chance.randrange(20, 900))
            yield Mail(self._message(at), at + timedelta(seconds=self._chance.randrange(1, 30)))

    def _message(self, at: datetime) -> bytes:
        chance = self._chance
        before = chance.choice(self._said) if self._said and chance.random() < 0.45 else None
        said = self._answer(before) if before else self._question()
        if len(self._said) < _REMEMBERED:
            self._said.append(said)
        else:
            self._said[chance.randrange(_REMEMBERED)] = said
        person = _mailbox(*said.person)
        colleague = MAILBOX if said.inbound else chance.choice(COLLEAGUES)
        sender, to = (person, colleague) if said.inbound else (colleague, person)
        fields = [
            f"Return-Path: <{said.person[1] if said.inbound else colleague}>",
            f"Received: from mx.{said.party.domain} by mail.{OWN_DOMAIN}; {format_datetime(at)}",
            f"From: {sender}",
            f"To: {to}",
            *([f"Cc: {chance.choice(COLLEAGUES)}"] if chance.random() < 0.2 else []),
            f"Subject: {_encoded(said.subject)}",
            f"Date: {format_datetime(at)}",
            f"Message-ID: {said.id}",
            *([f"In-Reply-To: {before.id}", f"References: {said.references}"] if before else []),
            "MIME-Version: 1.0",
        ]
        return self._with_body(fields, said, before)

    def _question(self) -> _Said:
        chance = self._chance
        party = chance.choice(self.parties)
        number = chance.choice(party.documents).number if chance.random() < 0.6 else ""
        subject = f"{chance.choice(party.language.subjects)} {number}".strip()
        inbound = chance.random() < 0.7
        return _Said(self._id(party), "", subject, party, chance.choice(party.people), inbound)

    def _answer(self, before: _Said) -> _Said:
        prefix = before.party.language.reply
        bare = before.subject
        subject = bare if bare.startswith(prefix) else f"{prefix} {bare}"
        references = " ".join(f"{before.references} {before.id}".split()[-12:])
        return _Said(
            self._id(before.party), references, subject, before.party, before.person,
            not before.inbound,
        )  # fmt: skip

    def _id(self, party: Party) -> str:
        return f"<{self._chance.getrandbits(80):020x}@{party.domain}>"

    def _with_body(self, fields: list[str], said: _Said, before: _Said | None) -> bytes:
        chance = self._chance
        text = self._text(said, before)
        kind = chance.random()
        if kind < 0.45:
            return _joined([*fields, *_plain(text)])
        boundary = f"=_{chance.getrandbits(64):016x}"
        inner = [*_plain(text), f"--{boundary}", *_html(text)]
        if kind < 0.8 or not self.attachments:
            return _joined([*fields, *_multipart("alternative", boundary, inner)])
        outer = f"=#{chance.getrandbits(64):016x}"
        parts = [*_multipart("alternative", boundary, inner)]
        for _ in range(chance.choice((1, 1, 1, 2))):
            parts += [f"--{outer}", *self._attachment(said)]
        return _joined([*fields, *_multipart("mixed", outer, parts)])

    def _text(self, said: _Said, before: _Said | None) -> str:
        chance, language = self._chance, said.party.language
        sentences = [chance.choice(language.sentences) for _ in range(chance.randint(3, 25))]
        quoted = [f"> {one}" for one in chance.choices(language.sentences, k=6)] if before else []
        name = said.person[0] if said.inbound else "Werkstatt"
        return "\n".join([language.greeting, "", *sentences, "", *quoted, "", "-- ", name])

    def _attachment(self, said: _Said) -> list[str]:
        chance = self._chance
        stem, suffix, kind = chance.choice(FILES)
        name = f"{stem} {said.party.documents[0].number}.{suffix}"
        size = min(2_000_000, int(chance.lognormvariate(11.0, 0.9)))
        content = base64.encodebytes(chance.randbytes(size)).decode()
        return [
            f'Content-Type: {kind}; name="{name}"',
            f'Content-Disposition: attachment; filename="{name}"',
            "Content-Transfer-Encoding: base64", "", content,
        ]  # fmt: skip

    def write_directory(self, folder: Path) -> None:
        """Write the master data that the mail is linked by."""
        folder.mkdir(parents=True, exist_ok=True)
        company = {"name": "Werkstatt", "domains": [OWN_DOMAIN]}
        (folder / "company.json").write_text(json.dumps(company))
        _csv(folder / "mailboxes.csv", [("address", "name"), (MAILBOX, "office")])
        _csv(
            folder / "parties.csv",
            [
                ("party_id", "kind", "name", "language"),
                *((one.id, "customer", one.name, one.language.code) for one in self.parties),
            ],
        )
        _csv(
            folder / "contacts.csv",
            [
                ("party_id", "name", "email"),
                *((one.id, *person) for one in self.parties for person in one.people),
            ],
        )
        _csv(
            folder / "documents.csv",
            [
                ("doc_id", "type", "number", "party_id", "date"),
                *(
                    (each.id, each.kind, each.number, one.id, "2024-01-05")
                    for one in self.parties
                    for each in one.documents
                ),
            ],
        )


def write_mbox(
    path: Path, mail: Iterator[Mail], *, messages: int | None = None, octets: int | None = None
) -> tuple[int, int]:
    """Write an mbox (mboxrd) of so many messages or octets; say how many of both."""
    count = written = 0
    with path.open("wb") as mbox:
        for one in mail:
            written += mbox.write(
                f"From sender@localhost {one.at:%a %b %d %H:%M:%S %Y}\n".encode()
            )
            written += mbox.write(one.raw.replace(b"\nFrom ", b"\n>From ") + b"\n")
            count += 1
            if count == messages or (octets is not None and written >= octets):
                break
    return count, written


def write_maildir(path: Path, mail: Iterator[Mail], messages: int) -> None:
    """Write the same mail as a Maildir."""
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    for number, one in zip(range(messages), mail, strict=False):
        name = f"{int(one.at.timestamp())}.{number}.bench:2,S"
        (path / "cur" / name).write_bytes(one.raw)


def _plain(text: str) -> list[str]:
    return [
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable",
        "", quopri.encodestring(text.encode()).decode(),
    ]  # fmt: skip


def _html(text: str) -> list[str]:
    rows = "".join(
        f"<p style='margin:0;font-family:Calibri'>{line}</p>\n" for line in text.split("\n")
    )
    html = f"<html><head><style>p{{color:#222}}</style></head><body>{rows}</body></html>"
    return [
        "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: quoted-printable",
        "", quopri.encodestring(html.encode()).decode(),
    ]  # fmt: skip


def _multipart(kind: str, boundary: str, inner: list[str]) -> list[str]:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"'
    return [head, "", f"--{boundary}", *inner, f"--{boundary}--", ""]


def _joined(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _mailbox(name: str, address: str) -> str:
    return f"{_encoded(name)} <{address}>"


def _encoded(text: str) -> str:
    """Write an encoded word where one is needed (RFC 2047)."""
    if text.isascii():
        return text
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def _csv(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("mbox", type=Path)
    asked.add_argument("--messages", type=int)
    asked.add_argument("--megabytes", type=int)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--directory", type=Path, help="where to write the master data")
    given = asked.parse_args()
    maker = Maker(given.seed)
    if given.directory:
        maker.write_directory(given.directory)
    octets = given.megabytes * 1_000_000 if given.megabytes else None
    wanted = given.messages or (None if octets else 3_000)
    count, written = write_mbox(given.mbox, maker.messages(), messages=wanted, octets=octets)
    print(json.dumps({"messages": count, "octets": written}))


if __name__ == "__main__":
    main()
