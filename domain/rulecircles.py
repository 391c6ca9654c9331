"""Rules by which mail would go round between mailboxes: refused when the last of them is saved.

Two conditions that cannot both hold of a mail make no circle: info hands invoices to accounting,
which hands what is no invoice back. That they cannot is seen where one asks what the other excludes.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from domain.classes import dataclass
from domain.conditions import All, Any, Condition, Not, Op, Says
from domain.mailfacts import TRUTHS
from domain.values import MailboxId, Rejected

_ONE_VALUE = frozenset({"direction", "language", "subject", "machine.kind"})
"""Fields of which a mail has one value."""
_MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class Route:
    """A rule lets mail of a mailbox (None: of every one) come to another."""

    rule: UUID
    name: str
    source: MailboxId | None
    target: MailboxId
    when: Condition

    def leads_to(self, other: "Route") -> bool:
        """Say whether what this one brings is mail that the other one sends on."""
        if other.target == self.target:
            return False
        return other.source in (None, self.target)


def refuse_circles(wanted: Sequence[Route], others: Sequence[Route]) -> None:
    """Raise Rejected (CIRCLE) if mail could come back to where a wanted rule took it from."""
    for one in wanted:
        if one.source == one.target:
            raise Rejected("CIRCLE", f"then: “{one.name}” takes mail to where it takes it from")
        for circle in _Search([*wanted, *others]).circles([one]):
            names = " → ".join(f"“{way.name}”" for way in (*circle, one))
            do = "let their conditions exclude each other (not), or leave one out"
            raise Rejected("CIRCLE", f"then: mail would go round by {names}: {do}")


@dataclass(slots=True)
class _Search:
    """Goes along routes; where there are too many ways it ends: what goes round is stopped anyway."""

    every: Sequence[Route]
    steps: int = 0

    def circles(self, path: list[Route]) -> Iterator[list[Route]]:
        """Give the ways on which mail comes back to the first rule's mailbox, none in two circles."""
        first, last = path[0], path[-1]
        for way in self._after(path):
            if not last.leads_to(way) or any(excluded(way.when, one.when) for one in path):
                continue
            if way.leads_to(first):
                yield [*path, way]
            else:
                yield from self.circles([*path, way])

    def _after(self, path: list[Route]) -> Iterator[Route]:
        rules, been = {one.rule for one in path}, {one.target for one in path}
        for way in self.every:
            self.steps += 1
            if self.steps > _MOST_STEPS:
                return
            if way.rule not in rules and way.target not in been:
                yield way


def excluded(one: Condition, other: Condition) -> bool:
    """Say whether it is plain that two conditions never hold of the same mail."""
    yes, no = set(_parts(one)), set(_parts(other))
    return any(_against(left, right) for left in yes for right in no)


def _parts(condition: Condition) -> Iterator[Says | Not]:
    """Give what has to hold for the whole to hold, as far as that is plain."""
    match condition:
        case All(parts):
            for part in parts:
                yield from _parts(part)
        case Any((only,)):
            yield from _parts(only)
        case Says():
            yield condition
        case Not(Not(inner)):
            yield from _parts(inner)
        case Not(Any(parts)):
            for part in parts:
                yield from _parts(Not(part))
        case Not():
            yield condition
        case _:
            return


def _against(left: Says | Not, right: Says | Not) -> bool:
    if isinstance(left, Not) or isinstance(right, Not):
        return _is_not(left, right) or _is_not(right, left)
    if left.field != right.field:
        return False
    if left.field in TRUTHS or left.op is right.op is Op.EXISTS:
        return left.op == right.op and set(left.wanted).isdisjoint(right.wanted)
    one_value = left.field in _ONE_VALUE and left.op is right.op is Op.IS
    return one_value and _words(left).isdisjoint(_words(right))


def _is_not(denied: Says | Not, said: Says | Not) -> bool:
    """Say whether what is said holds only where what is denied does."""
    if not isinstance(denied, Not) or not isinstance(said, Says):
        return False
    inner = denied.of
    if not isinstance(inner, Says):
        return False
    same = (inner.field, inner.op, inner.zone) == (said.field, said.op, said.zone)
    return same and _words(said) <= _words(inner)


def _words(one: Says) -> frozenset[str]:
    return frozenset(str(word).casefold() for word in one.wanted)
