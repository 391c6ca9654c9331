"""Cursors, and the promise that every reading function asks who reads."""

import contextlib
import importlib
import inspect
import pkgutil
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import projections
from domain.values import Rejected
from projections.reader import Order, decode_cursor, encode_cursor, text_key

times = st.datetimes(timezones=st.just(UTC))
keys = st.tuples(st.uuids() | times | st.text() | st.integers() | st.dates(), st.uuids())


@given(keys)
def test_a_cursor_leads_back_to_its_place(key) -> None:
    assert decode_cursor("mail.newest", encode_cursor("mail.newest", key)) == key


@given(keys, st.data())
def test_a_damaged_cursor_leads_nowhere_else(key, data) -> None:
    cursor = encode_cursor("mail.newest", key)
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.characters(exclude_characters=cursor[at]))
    place = key
    with contextlib.suppress(Rejected):
        place = decode_cursor("mail.newest", cursor[:at] + letter + cursor[at + 1 :])
    assert place == key


@pytest.mark.parametrize("text", ["", "x", "§", "AAAAAA==", "a" * 5000])
def test_what_is_no_cursor_is_refused(text) -> None:
    with pytest.raises(Rejected):
        decode_cursor("mail.newest", text)


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = encode_cursor("mail.newest", (datetime(2026, 1, 1, tzinfo=UTC),))
    with pytest.raises(Rejected, match="another list"):
        decode_cursor("mail.oldest", cursor)


def test_an_order_names_columns_with_collations_too() -> None:
    order = Order("x", ('p.name_key COLLATE "C"', "p.id"))

    class Row:
        name_key, id = "a", date(2026, 1, 1)

    assert order.key(Row()) == ("a", date(2026, 1, 1))


def test_names_compare_without_case_accents_and_length() -> None:
    assert text_key("  Société   ÀLPHA ") == "societe alpha"
    assert len(text_key("x" * 5000)) == 200


def _reading_functions():
    for found in pkgutil.iter_modules(projections.__path__):
        module = importlib.import_module(f"projections.{found.name}")
        for name, function in vars(module).items():
            is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(
                function
            )
            own = getattr(function, "__module__", "") == module.__name__
            if is_async and own and not name.startswith("_"):
                yield f"{found.name}.{name}", function


HELPERS = {"reader.rows_of", "reader.one_of", "reader.slice_of", "reader.capped_count"}


def test_every_reading_function_asks_who_reads() -> None:
    functions = dict(_reading_functions())
    assert len(functions) > 30
    without = {
        name
        for name, one in functions.items()
        if "reader" not in inspect.signature(one).parameters
    }
    assert without == HELPERS
