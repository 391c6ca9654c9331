"""Lists by pages: one shape for all of them (the Relay connection), and what may be asked."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, Generic, TypeVar

import strawberry
from strawberry import UNSET

from domain.values import Rejected
from projections.reader import COUNTED_EXACTLY, Order, Page, Slice, decode_cursor

MOST: Final = 100
USUAL: Final = 50

T = TypeVar("T")
R = TypeVar("R")


@strawberry.type(description="A number of matches; beyond 1,000 it is no longer counted.")
class Count:
    value: int = strawberry.field(description="The number, at most 1,000.")
    is_exact: bool = strawberry.field(description="False: there are more than that.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follows.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before.")
    start_cursor: str | None = strawberry.field(
        description="The first edge's cursor; for `before`."
    )
    end_cursor: str | None = strawberry.field(description="The last edge's cursor; for `after`.")


@strawberry.type(description="An object at its place in a list.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The place; opaque, and only good in this list.")
    node: T = strawberry.field(description="The object.")


@strawberry.type(
    description="A page of a list: `first` objects `after` a cursor, or `last` `before` one."
)
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page's objects, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")
    total_count: Count = strawberry.field(description="How many match on all pages.")


def page(
    order: Order,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page:
    """Check what is asked for: 1 to 100 objects, in one direction."""
    first, after, last, before = given(first), given(after), given(last), given(before)
    forward = first is not None or after is not None
    backward = last is not None or before is not None
    if forward and backward:
        raise Rejected("INVALID", "first and after go together, or last and before, not both")
    if backward:
        if last is None:
            raise Rejected("INVALID", "before needs last: how many objects before it")
        edge = decode_cursor(order, before) if before is not None else None
        return Page(last=at_most("last", last), before=edge)
    wanted = USUAL if first is None else at_most("first", first)
    return Page(wanted, decode_cursor(order, after) if after is not None else None)


def at_most(name: str, wanted: int) -> int:
    """Check how many are asked for."""
    if not 1 <= wanted <= MOST:
        raise Rejected("INVALID", f"{name} has to be from 1 to {MOST}, not {wanted}")
    return wanted


def slice_in(rows: Iterable[R], order: Order, page: Page) -> Slice[R]:
    """Give a page of rows that are all at hand, by an ascending order."""
    return slice_of_ordered(sorted(rows, key=order.key), order, page)


def slice_of_ordered(ordered: Sequence[R], order: Order, page: Page) -> Slice[R]:
    """Give a page of rows that are all at hand, the least first, whichever way the order goes."""
    if order.descending:
        turned = Page(
            page.last or 0, page.before, page.first if page.last is None else None, page.after
        )
        found = slice_of_ordered(ordered, replace(order, descending=False), turned)
        return replace(
            found, rows=found.rows[::-1], has_next=found.has_previous, has_previous=found.has_next
        )
    total = len(ordered)
    if page.last is None:
        begin = 0 if page.after is None else bisect_right(ordered, page.after, key=order.key)
        end = min(total, begin + page.first)
    else:
        end = total if page.before is None else bisect_left(ordered, page.before, key=order.key)
        begin = max(0, end - page.last)
    exact = total <= COUNTED_EXACTLY
    counted = min(total, COUNTED_EXACTLY)
    return Slice(list(ordered[begin:end]), end < total, begin > 0, counted, exact)


def connection(found: Slice[R], order: Order, node: Callable[[R], T | None]) -> Connection[T]:
    """Make a page of rows; a row without a node has gone since it was found."""
    edges = [
        Edge(cursor=order.cursor(row), node=made)
        for row in found.rows
        if (made := node(row)) is not None
    ]
    return Connection(edges=edges, page_info=page_info(found, order), total_count=count(found))


def page_info(found: Slice[R], order: Order) -> PageInfo:
    """Tell where a page lies."""
    rows = found.rows
    return PageInfo(
        has_next_page=found.has_next,
        has_previous_page=found.has_previous,
        start_cursor=order.cursor(rows[0]) if rows else None,
        end_cursor=order.cursor(rows[-1]) if rows else None,
    )


def count(found: Slice[R]) -> Count:
    """Tell how many there are."""
    return Count(value=found.total, is_exact=found.total_exact)


def given(value: T | None) -> T | None:
    """Give an input's value; None if it was left out."""
    if isinstance(value, str):
        text(value)
    return None if value is UNSET else value


def text(value: str) -> str:
    """Give a text; refuse one that no database takes, and no event may hold."""
    if "\0" in value or (
        not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value)
    ):
        raise Rejected("INVALID", "a text holds NUL, or half of a surrogate pair")
    return value
