"""Nothing personal is readable outside the read tables, which are clear text by design.

After an import of the labelled company a search goes over every other table, all that was logged,
and every other file of the instance: for all addresses, people, firms, subjects and file names,
in many ways of writing. The same search over the mailboxes shows that it would have found them,
and over the read tables, that it can look into tables.
"""

import csv
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from adapters.home import Home
from adapters.settings import Settings
from api.compose import compose
from api.work.instance import PROJECTIONS
from benchmarks.proofs.needles import WIDTH, Needles, coats
from benchmarks.proofs.orders import boxes
from benchmarks.proofs.promises import Promises, split, test_data, unpacked
from benchmarks.stage import Stopwatch, command, instance, say

READ_TABLE = re.compile(rf"({'|'.join(t.name for p in PROJECTIONS for t in p.tables)})__g\d+")
LOOK_UP = re.compile(r"matching_\w+")  # the reactions' own read tables
Tables = dict[str, bytes]


def main() -> None:
    data, promises, watch = test_data("secrets_scan"), Promises(), Stopwatch()
    mbox = {box.path.name: unpacked(box.path) for box in boxes(data)}
    needles = Needles(secrets_of(data, mbox))
    say(f"{len(needles.texts):,} texts, {needles.patterns:,} patterns")
    blind = [
        text for text in sorted(needles.texts)[::100] if not seen_in_every_coat(needles, text)
    ]
    promises.keep(not blind, f"{len(blind)} texts are not found in every coat")
    with instance() as home:
        logged = filled(home, data)
        tables, readable = dumped(home)
        places = {
            **{f"table {name}": rows for name, rows in tables.items()},
            "log": logged,
            "blobs": files_below(home.blobs),
            "other files": files_below(home.folder, but=(home.blobs, home.postgres / "data")),
        }
        found = needles.found(places)
        control = set().union(*needles.found(mbox).values())
        by_design = needles.found(readable)
    for place, texts in found.items():
        promises.keep(False, f"{place}: {len(texts)} texts are readable")  # noqa: FBT003
    promises.keep(len(control) > 0.8 * len(needles.texts), "the control finds too little")
    promises.keep(by_design, "the control in the read tables finds nothing")
    promises.conclude(
        "secrets_scan",
        {
            "texts": len(needles.texts),
            "patterns": needles.patterns,
            "readable": len(set().union(*found.values())),
            "scanned_octets": {name: len(octets) for name, octets in places.items()},
            "control_in_mailboxes": len(control),
            "control_in_read_tables": len(set().union(*by_design.values())),
            "clear_text_by_design": sorted(by_design),
            "seconds": round(watch.seconds),
        },
    )


# ---- what is searched for


def secrets_of(data: Path, mbox: Mapping[str, bytes]) -> set[str]:
    """Gather what names somebody or tells of somebody: from master data and from the mail."""
    found = set(_columns(data / "company"))
    for octets in mbox.values():
        for raw in split(octets):
            found.update(_of_mail(message_from_bytes(raw, policy=default)))
    return {" ".join(text.split()) for text in found}


def _columns(company: Path) -> Iterator[str]:
    wanted = {
        "contacts.csv": ("name", "email"),
        "colleagues.csv": ("name", "email"),
        "mailboxes.csv": ("address",),
        "parties.csv": ("name", "vat"),
    }
    for file, columns in wanted.items():
        with (company / file).open(newline="", encoding="utf-8") as rows:
            yield from (row[column] for row in csv.DictReader(rows) for column in columns)


def _of_mail(mail: EmailMessage) -> Iterator[str]:
    yield str(mail["Subject"] or "")
    for field in ("From", "To", "Cc", "Reply-To"):
        for name, address in getaddresses(map(str, mail.get_all(field, []))):
            yield from (name, address)
    yield str(mail["Message-ID"] or "").strip("<> ")
    for part in mail.walk():
        yield part.get_filename() or ""


def seen_in_every_coat(needles: Needles, text: str) -> bool:
    """Try the search itself: each way of writing a text, at each offset."""
    return all(
        text in needles.found_in(b"." * offset + coat + b".")
        for coat in coats(text)
        for offset in range(WIDTH)
        if len(coat) >= WIDTH
    )


# ---- where it is searched for


def filled(home: Home, data: Path) -> bytes:
    """Import the company with the most telling log there is; give all that was written."""
    every = [
        ("import", "directory", str(data / "company")),
        *(box.words for box in boxes(data)),
        ("replay", "--verify", "--json"),
        ("doctor", "--contents", "--json"),
    ]
    environment = os.environ | {"CARTEGGIO_LOG_LEVEL": "debug"}
    return b"".join(
        subprocess.run(
            command(home, *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        ).stdout
        for words in every
    )


def dumped(home: Home) -> tuple[Tables, Tables]:
    """Give the octets of every table: those that must not be readable, and the read tables."""
    closed, clear = Tables(), Tables()
    with compose(home, Settings()) as carteggio, carteggio.database.connect() as connection:
        for schema, name in connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
        ).fetchall():
            by_design = READ_TABLE.fullmatch(name) or LOOK_UP.fullmatch(name)
            (clear if by_design else closed)[f"{schema}.{name}"] = _rows(connection, schema, name)
    return closed, clear


def _rows(connection: Connection[TupleRow], schema: str, name: str) -> bytes:
    query = SQL("COPY {} TO STDOUT (FORMAT BINARY)").format(Identifier(schema, name))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return b"".join(bytes(piece) for piece in copy)


def files_below(folder: Path, but: tuple[Path, ...] = ()) -> bytes:
    """Give names and contents of all files, one after the other."""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(one) for one in but)
    ]
    kinds = Counter(path.suffix for path in found)
    say(f"{folder.name}: {kinds.total()} files")
    return b"\0".join(b"%s\0%s" % (str(path).encode(), path.read_bytes()) for path in found)


if __name__ == "__main__":
    main()
