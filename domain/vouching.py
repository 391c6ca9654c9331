"""Who may use a signed token of ours: whoever got hold of a mail can copy what stands in it."""

from collections.abc import Iterable

from domain.classes import dataclass
from domain.content import Content
from domain.correspondents import FORWARDED
from domain.message import Direction
from domain.values import Address

_WRITES = ("from", "pec_sender", FORWARDED)
"""Roles of who wrote; what stands in a web form anybody can have typed there."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """With whom a mail is exchanged, by address keys; or that it stays among ourselves."""

    addresses: frozenset[str] = frozenset()
    among_us: bool = False


NOBODY = Speaking()


def speaking(
    correspondents: Iterable[tuple[str, str]], way: Direction, *, forged: bool
) -> Speaking:
    """Tell whose word a token stands on: the writer's, or in mail of ours that of its readers.

    A mail whose sender a server of ours found forged is nobody's.
    """
    if forged:
        return NOBODY
    inbound = way is Direction.INBOUND
    addresses = (one for role, one in correspondents if not inbound or role in _WRITES)
    return Speaking(frozenset(map(str.casefold, addresses)), way is Direction.INTERNAL)


def takes_part(who: Speaking, named: Content) -> bool:
    """Tell whether somebody takes part in a message: as its author or as one of its readers."""
    single = (one for one in (named.sender, named.pec_sender) if one is not None)
    several = (*named.authors, *named.reply_to, *named.to, *named.cc, *named.bcc)
    return who.among_us or not who.addresses.isdisjoint(map(_key, (*several, *single)))


def _key(address: Address) -> str:
    return address.key
