"""Cursors, and the promise that every reading function asks who reads."""

import base64
import contextlib
import importlib
import inspect
import json
import pkgutil
import zlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import projections
from domain.values import Rejected
from projections.reader import Order, decode_cursor, encode_cursor, text_key

VALUES = {
    "t": st.datetimes(timezones=st.just(UTC)),
    "d": st.dates(),
    "u": st.uuids(),
    "i": st.integers(),
    "s": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
}
kinds = st.text(st.sampled_from("tduis"), min_size=1, max_size=3)
places = kinds.flatmap(lambda of: st.tuples(st.just(of), st.tuples(*(VALUES[one] for one in of))))
MAIL = Order("mail.newest", ("m.received_at", "m.id"))


def order_of(kinds: str) -> Order:
    return Order("mail.newest", ("m.x",) * len(kinds), kinds=kinds)


def made_up(values: object, order: str = "mail.newest") -> str:
    """Make a cursor as whoever has read this code can."""
    said = json.dumps([1, order, values]).encode()
    return base64.urlsafe_b64encode(zlib.crc32(said).to_bytes(4, "big") + said).decode()


@given(places)
def test_a_cursor_leads_back_to_its_place(place) -> None:
    of, key = place
    assert decode_cursor(order_of(of), encode_cursor("mail.newest", key)) == key


@given(places, st.data())
def test_a_damaged_cursor_leads_nowhere_else(place, data) -> None:
    of, key = place
    cursor = encode_cursor("mail.newest", key)
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.characters(exclude_characters=cursor[at]))
    found = key
    with contextlib.suppress(Rejected):
        found = decode_cursor(order_of(of), cursor[:at] + letter + cursor[at + 1 :])
    assert found == key


@pytest.mark.parametrize("text", ["", "x", "§", "AAAAAA==", "a" * 5000])
def test_what_is_no_cursor_is_refused(text) -> None:
    with pytest.raises(Rejected):
        decode_cursor(MAIL, text)


UUID_ = "defb3dac1245802db0e43ed929bab04b"


@pytest.mark.parametrize(
    "values",
    [
        [], 5, {}, [[]], ["tu"], [["x", "y"]], [["i", 5], ["s", "x"]], [["t", 5], ["u", UUID_]],
        [["d", "2026-01-01"], ["u", UUID_]], [["t", "2026-01-01T00:00:00Z"]],
        [["t", "2026-01-01T00:00:00Z"], ["u", None]], [["t", "x"], ["u", UUID_], ["u", UUID_]],
        [["t", "2026-01-01T00:00:00Z"], ["u", 5]], [["i", float("inf")], ["u", UUID_]],
        [[["t"], "x"], ["u", UUID_]], [["i", "1" * 5000], ["u", UUID_]],
    ],
)  # fmt: skip
def test_a_cursor_that_somebody_made_up_is_refused(values) -> None:
    with pytest.raises(Rejected):
        decode_cursor(MAIL, made_up(values))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_no_database_takes_is_no_place(text) -> None:
    with pytest.raises(Rejected):
        decode_cursor(order_of("s"), made_up([["s", text]]))


def test_a_cursor_that_is_nested_without_end_is_refused() -> None:
    said = b"[" * 100_000
    text = base64.urlsafe_b64encode(zlib.crc32(said).to_bytes(4, "big") + said).decode()
    with pytest.raises(Rejected):
        decode_cursor(MAIL, text)


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = encode_cursor("mail.newest", (datetime(2026, 1, 1, tzinfo=UTC),))
    with pytest.raises(Rejected, match="another list"):
        decode_cursor(Order("mail.oldest", ("m.x",), kinds="t"), cursor)


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


def test_every_order_says_what_its_columns_hold() -> None:
    orders = {
        id(one): one
        for found in pkgutil.iter_modules(projections.__path__)
        for one in vars(importlib.import_module(f"projections.{found.name}")).values()
        if isinstance(one, Order)
    }
    assert len(orders) > 8
    assert {one.name: len(one.kinds) for one in orders.values()} == {
        one.name: len(one.columns) for one in orders.values()
    }
