"""Which of some documents a text names by number: what is written most alike, at each place once."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from uuid import UUID

from domain.classes import dataclass
from domain.kinds import Kind
from domain.numbers import Number, Sighting, contradicts, same

_YET_TO_COME = timedelta(days=7)
"""A document issued later than so long after a mail is not what the mail is about."""


@dataclass(frozen=True, slots=True)
class NumberedDocument:
    """A document of a party, with the numbers under which it may be named.

    `short` are the same without their year, as people leave it out. `part_of` is the document that
    it is a part of: a due date often bears its invoice's number.
    """

    document: UUID
    party: UUID
    numbers: tuple[Number, ...]
    short: tuple[Number, ...] = ()
    kind: Kind | None = None
    issued_on: date | None = None
    part_of: UUID | None = None


Likeness = tuple[int, ...]


def named(
    seen: Sequence[Sighting], documents: Sequence[NumberedDocument], at: date | None
) -> Iterator[tuple[Sighting, list[NumberedDocument]]]:
    """Give each sighting that is a document's number with those that it may be, the longest first.

    A number inside a longer one that is known too (`47011` in `RE-2025-47011`) names nothing.
    """
    there = [one for one in documents if not _later(one, at)]
    keys = {number.key for one in there for number in (*one.numbers, *one.short)}
    seen = [one for one in seen if one.number.key in keys]  # nearly none
    taken: list[Sighting] = []
    for sighting in sorted(seen, key=_longest_first):
        if any(sighting.within(other) for other in taken):
            continue
        likenesses = {one.document: _likeness(one, sighting) for one in there}
        best = max((one for one in likenesses.values() if one), default=None)
        if best:
            taken.append(sighting)
            yield sighting, _wholes([one for one in there if likenesses[one.document] == best])


def _wholes(found: list[NumberedDocument]) -> list[NumberedDocument]:
    """Leave out parts that bear the number of their whole: that is what the number names."""
    names = {one.document for one in found}
    return [one for one in found if one.part_of not in names]


def _longest_first(sighting: Sighting) -> tuple[int, int, int]:
    number = sighting.number
    return -len(number.groups), -(sighting.end - sighting.begin), sighting.begin


def _later(document: NumberedDocument, at: date | None) -> bool:
    issued = document.issued_on
    return issued is not None and at is not None and issued > at + _YET_TO_COME


def _likeness(document: NumberedDocument, seen: Sighting) -> Likeness:
    """Tell how well a number that was seen is the document's; empty where it is not at all."""
    called = None if None in (document.kind, seen.kind) else document.kind is seen.kind
    whole = [
        _alike(one, seen) for one in document.numbers if _meant(one, seen, called_so=bool(called))
    ]
    short = [
        _alike(one, seen) for one in document.short if called and _meant(one, seen, called_so=True)
    ]
    if called is False or not (whole or short):
        return ()
    best = max(whole, default=()) or max(short)
    dated = seen.dated is not None and seen.dated == document.issued_on
    return int(bool(whole)), int(called or False), int(dated), *best


def is_telling(document: NumberedDocument, seen: Sighting) -> bool:
    """Tell whether what was seen says by itself that it is this document's number.

    A word before it does, or letters that both share, or more digits than an amount or a month has.
    """
    return not seen.bare or any(_shares(one, seen) for one in document.numbers)


def names_alone(document: NumberedDocument, seen: Sighting) -> bool:
    """Tell whether a number says enough where nothing else is known of a mail."""
    several = len(seen.number.groups) > 1 and is_telling(document, seen)
    return bool(seen.kind) or several or any(_shares(one, seen) for one in document.numbers)


def _shares(number: Number, seen: Sighting) -> bool:
    return not {*number.letters}.isdisjoint(seen.number.letters)


def _meant(number: Number, seen: Sighting, *, called_so: bool) -> bool:
    """Tell whether a number is what was seen: a day has to bear its letters, or a word for it."""
    if seen.day and not (seen.kind or _shares(number, seen)):
        return False
    return same(number, seen.number, called_so=called_so) and not contradicts(number, seen)


def _alike(number: Number, seen: Sighting) -> Likeness:
    """The same letters count most, then the same order of the groups."""
    return len({*number.letters} & {*seen.number.letters}), int(
        number.groups == seen.number.groups
    )
