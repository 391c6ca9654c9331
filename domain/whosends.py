"""From which mailbox a mail is proposed to leave: what is known decides, and nothing is guessed."""

from collections.abc import Collection, Sequence
from typing import Final

from domain.classes import dataclass
from domain.permission import names_one_of
from domain.values import MailboxId

MOST_NAMED: Final = 10
"""So many mailboxes are named where it is open from which a mail leaves."""


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox that its sender may use. `names` are its address, and what its colleague is called by.

    `personal`: it is a colleague's; else it is shared. `certified`: it sends PEC.
    """

    mailbox: MailboxId
    address: str
    names: frozenset[str]
    personal: bool = False
    certified: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """What tells from which mailbox a mail leaves.

    `received` got the message that is answered or passed on; `author` is what the colleague who
    writes is called by. `responsible` is who the document is assigned to, as master data say, then
    what it is part of; `written` are addresses from which was written before about the document,
    then with the party, each the last one.
    """

    received: MailboxId | None = None
    author: Collection[str] = ()
    responsible: Sequence[str] = ()
    written: Sequence[str] = ()


def box_for(case: Case, boxes: Sequence[Box]) -> Box | None:
    """Choose the mailbox; None: several may be meant. The first line that names one alone wins.

    1  the mailbox that got the message which is answered or passed on
    2  the own mailbox of the colleague who writes
    3  that of whoever is responsible for the document, else for what it is part of
    4  the shared one from which was last written about the document, else with the party
    5  the only shared one, else the only one that there is

    What is certified mail (PEC) is proposed by the lines 1 to 3, or where there is nothing else.
    """
    shared = [one for one in boxes if not (one.personal or one.certified)]
    lines = (
        [one for one in boxes if one.mailbox == case.received],
        _of(case.author, [one for one in boxes if one.personal]),
        *([one for one in boxes if names_one_of(who, one.names)] for who in case.responsible),
        *([one for one in shared if one.address.casefold() == said] for said in case.written),
        shared,
        boxes,
    )
    return next((line[0] for line in lines if len(line) == 1), None)


def undecided(boxes: Sequence[Box]) -> str:
    """Say that nothing tells which mailbox is meant, and which there are."""
    named = ", ".join(one.address for one in boxes[:MOST_NAMED])
    more = f" and {len(boxes) - MOST_NAMED} more" if len(boxes) > MOST_NAMED else ""
    return f"nothing tells from which mailbox it is to leave; name one (--from): {named}{more}"


def _of(names: Collection[str], boxes: Sequence[Box]) -> list[Box]:
    return [one for one in boxes if not one.names.isdisjoint(names)]
