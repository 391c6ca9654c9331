"""All mail is matched again: what would change is told first, and is what is recorded then."""

from collections import Counter
from pathlib import Path
from uuid import UUID

from adapters.matching import Lookups
from adapters.matching_due import Due
from api.work.instance import Carteggio
from api.work.reactions import Reactions
from api.work.relinking import decide, order, rehearse
from api.work.settling import all_decided
from api.work.tokens import by_operator
from instances import events_of
from office import fill
from reacting import happened, received


def judged_by_older_rules(carteggio: Carteggio) -> int:
    """Keep verdicts as an older version of the rule about numbers would have left them."""
    with carteggio.database.pool.connection() as connection:
        return connection.execute(
            "UPDATE matching_message SET verdict = convert_to(replace(convert_from(verdict, 'UTF8'),"
            ' \'"document-number","rule_version":3\', \'"document-number","rule_version":2\'), \'UTF8\')'
            " WHERE convert_from(verdict, 'UTF8') LIKE '%document-number%'"
        ).rowcount


def told(carteggio: Carteggio) -> tuple[int, Counter[tuple[str, str]]]:
    seen: list[int] = []
    done = rehearse(carteggio, lambda now: seen.append(now.messages), 5)
    assert seen[-1] == done.messages == done.of
    return done.changed, done.by_rule


def test_a_rehearsal_tells_what_the_order_does_and_records_nothing(
    carteggio: Carteggio, tmp_path: Path
) -> None:
    fill(carteggio, tmp_path / "erp")
    carteggio.feed.catch_up()
    assert told(carteggio)[0] == 0
    older, head = judged_by_older_rules(carteggio), carteggio.journal.head()
    assert older > 0
    changed, by_rule = told(carteggio)
    assert (changed, carteggio.journal.head()) == (older, head)
    assert by_rule == {("linked to a document, automatic", "document-number"): older}

    links = len(events_of(carteggio, "message.linked"))
    order(carteggio, by_operator(), "newer rules")
    carteggio.feed.catch_up()
    assert len(events_of(carteggio, "message.linked")) == links + older
    assert told(carteggio)[0] == 0


def test_mail_that_comes_is_decided_on_before_all_that_is_matched_again(
    carteggio: Carteggio,
) -> None:
    first, new = UUID(int=1), UUID(int=2)
    happened(carteggio.journal, [received(first, "a@acme.example", "info@firm.example", "Order")])
    carteggio.feed.catch_up()
    order(carteggio, by_operator())
    happened(carteggio.journal, [received(new, "b@acme.example", "info@firm.example", "Offer")])
    Reactions(carteggio.journal, carteggio.database).run_once()
    with carteggio.database.pool.connection() as connection:
        due = Due(connection)
        assert due.take_due(500).keys() == {first}
        assert Lookups(connection).verdicts([new]).keys() == {new}


def test_an_order_is_carried_through_and_tells_how_much_is_left(
    carteggio: Carteggio, tmp_path: Path
) -> None:
    fill(carteggio, tmp_path / "erp")
    carteggio.feed.catch_up()
    older, left = judged_by_older_rules(carteggio), list[int]()
    position = order(carteggio, by_operator())
    decide(carteggio, position or 0, left.append)
    assert left[-1] == 0
    assert all_decided(carteggio)
    assert told(carteggio)[0] == 0 < older


def test_look_ups_of_an_older_version_are_filled_anew_and_decide_nothing_else(
    carteggio: Carteggio, tmp_path: Path
) -> None:
    fill(carteggio, tmp_path / "erp")
    carteggio.feed.catch_up()
    before, head = _lookups(carteggio), carteggio.journal.head()
    with carteggio.database.pool.connection() as connection:
        connection.execute("UPDATE matching_position SET version = 0")
        connection.execute("DELETE FROM matching_contact")
    carteggio.feed.catch_up()
    assert _lookups(carteggio) == before
    assert carteggio.journal.head() == head


def _lookups(carteggio: Carteggio) -> dict[str, list[tuple[object, ...]]]:
    tables = (
        "contact",
        "number",
        "topic",
        "seeker",
        "own_id",
        "named_id",
        "seen",
        "ours",
        "mention",
        "merge",
        "choice",
        "remembered",
    )
    with carteggio.database.pool.connection() as connection:
        return {
            name: sorted(
                connection.execute(f"SELECT * FROM matching_{name}").fetchall(),  # noqa: S608
                key=str,
            )
            for name in tables
        }


def test_without_mail_there_is_nothing_to_match(carteggio: Carteggio) -> None:
    done = rehearse(carteggio, lambda _: None, 0)
    assert (done.of, done.changed, done.examples) == (0, 0, [])
