"""How the time to match a message grows with what is known: 10 thousand against 1 million numbers.

Look-ups are filled with addresses and document numbers that nobody in the mail has, four addresses
to ten numbers, beside those of the office whose mail is matched; every tenth number has the digits
of one that is named. All messages are matched again, many times in turns with few and with much
known, and nothing is recorded. Growth compares the medians.
"""

import argparse
from collections.abc import Iterator
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.logs import set_up_logs
from adapters.matching import number_key, ref
from adapters.matching_people import domain_ref
from adapters.settings import Settings
from api.compose import compose
from api.work.directory import import_directory
from api.work.docket import docket_of
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from api.work.masterdata import Tables
from api.work.openquestions import answer_questions
from benchmarks.mailmaker import MAILBOX, Maker, write_mbox
from benchmarks.stage import Stopwatch, instance, middle, ratio, say, tell
from domain.numbers import parse_number

MOST_GROWTH = 1.3
MOST_MB = 200
_STRANGERS = 1 << 100
_TURNS = 2
"""Others use the machine too, now more and now less."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=300)
    asked.add_argument("--few", type=int, default=10_000)
    asked.add_argument("--much", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=10)
    given = asked.parse_args()
    set_up_logs("warning")
    with instance() as home, compose(home, Settings()) as carteggio:
        maker, place = Maker(1), home.folder.parent
        maker.write_directory(place / "erp")
        import_directory(carteggio, place / "erp", "erp")
        write_mbox(place / "mail.mbox", maker.messages(), messages=given.messages)
        import_mail(carteggio, Wanted(place / "mail.mbox", MAILBOX), lambda _: None)
        carteggio.feed.catch_up()
        times: dict[int, list[float]] = {}
        sizes: dict[int, float] = {}
        for known in _TURNS * (given.few, given.much):
            sizes.setdefault(known, _know(carteggio, known))
            taken = [_matched(carteggio) for _ in range(given.rounds)]
            times.setdefault(known, []).extend(taken)
            say(f"{known:,} numbers: {1_000 * middle(taken):.2f} ms a message")
    growth = ratio(middle(times[given.much]), middle(times[given.few]))
    tell(
        "matching",
        {
            "messages": given.messages,
            "numbers": [given.few, given.much],
            "addresses": [given.few * 4 // 10, given.much * 4 // 10],
            "ms_a_message": [round(1_000 * middle(one), 3) for one in times.values()],
            "growth": growth,
            "look_ups_mb": [round(one, 1) for one in sizes.values()],
            "marks": {"growth": MOST_GROWTH},
            "missed": ["growth"] if growth > MOST_GROWTH else [],
        },
    )


def _know(carteggio: Carteggio, numbers: int) -> float:
    """Let so many numbers and addresses of strangers be known; give the megabytes they take."""
    with carteggio.database.pool.connection() as connection:
        for table, column in (("number", "document"), ("contact", "contact")):
            forget = SQL("DELETE FROM {} WHERE {} >= %s")
            names = Identifier(f"matching_{table}"), Identifier(column)
            connection.execute(forget.format(*names), (UUID(int=_STRANGERS),))
        _copy(connection, "matching_number", _numbers(numbers))
        _copy(connection, "matching_contact", _contacts(numbers * 4 // 10))
    with carteggio.database.connect() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE matching_number, matching_contact")
        row = connection.execute(
            "SELECT pg_total_relation_size('matching_number')"
            " + pg_total_relation_size('matching_contact')"
        ).fetchone()
    return 0.0 if row is None else row[0] / 1e6


def _copy(connection: Connection, table: str, rows: Iterator[tuple[object, ...]]) -> None:
    columns = {
        "matching_number": "document, party, key, number, kind, issued_on, short",
        "matching_contact": "contact, address, party, domain",
    }[table]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _numbers(count: int) -> Iterator[tuple[object, ...]]:
    for at in range(count):
        text = f"{2015 + at % 10}/{at // 10}" if at % 10 else f"ZZ-{at}"
        number = parse_number(text)
        if number is not None:
            stranger = UUID(int=_STRANGERS + at)
            yield (
                stranger,
                UUID(int=_STRANGERS + at // 50),
                number_key(number),
                text,
                "",
                None,
                False,
            )


def _contacts(count: int) -> Iterator[tuple[object, ...]]:
    for at in range(count):
        domain = f"firma{at // 4}.example"
        party = UUID(int=_STRANGERS + at // 4)
        yield UUID(int=_STRANGERS + at), ref(f"p{at}@{domain}"), party, domain_ref(domain)


def _matched(carteggio: Carteggio) -> float:
    """Match every message again; give the seconds for one."""
    with carteggio.database.pool.connection() as connection:
        rows = connection.execute("SELECT message FROM matching_message").fetchall()
        due = {row[0]: row[0] for row in rows}
        tables, watch = Tables.on(connection, quiet=True), Stopwatch()
        docket = docket_of(tables, due, carteggio.signing)
        answer_questions(tables, docket)
        taken = watch.seconds
        connection.rollback()
    return taken / len(due)


if __name__ == "__main__":
    main()
