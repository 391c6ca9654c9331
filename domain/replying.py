"""Answering a message and passing it on: to whom, under which subject, with which references."""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from domain.classes import dataclass
from domain.composing import one_line
from domain.content import Content
from domain.hostnames import apart
from domain.objections import is_id
from domain.quoting import author_of
from domain.signedtoken import without_token
from domain.subject import unmarked
from domain.values import Address

MOST_REFERENCES: Final = 100
_POST: Final = re.compile(r"<mailto:([^<>?\s]+)", re.IGNORECASE)


class To(StrEnum):
    """Whom an answer is for."""

    AUTHOR = "author"
    ALL = "all"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer begins with."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """What passing on begins with; `files` are places among the original's attachments."""

    subject: str
    references: tuple[str, ...]
    files: tuple[int, ...] = ()


def reply(content: Content, own: Collection[str], whom: To = To.AUTHOR) -> Reply:
    """Begin an answer. `own` are the addresses in whose name it is written, in lower case.

    Reply-To stands for the author (RFC 5322 3.6.2). Who answers a mail of his own goes on with
    those to whom he wrote. For a mail of no list, LIST is ALL.
    """
    to, cc = _recipients(content, frozenset(own), whom)
    id = content.message_id
    return Reply(to, cc, marked("Re", content.subject), (id,) if is_id(id) else (), chain(content))


def forward(content: Content, pictures: Collection[int] = ()) -> Forward:
    """Begin passing a mail on within the text; `pictures` stand in the quote already."""
    files = tuple(
        place
        for place, one in enumerate(content.attachments)
        if one.inside is None and place not in pictures
    )
    return Forward(marked("Fwd", content.subject), chain(content), files)


def marked(mark: str, subject: str) -> str:
    """Give a subject with exactly one mark, whatever marks in whatever language it had."""
    return f"{mark}: {unmarked(one_line(subject))}".rstrip()


def chain(content: Content) -> tuple[str, ...]:
    """Give the References of what follows a mail (RFC 5322 3.6.4), the nearest last.

    Of more than 100 the first and the last ones stay: where it began, and what is near. A mail
    that had other ids before is named by these too, the one that it has now being the last.
    """
    earlier = content.references or content.in_reply_to[:1]
    names = (*content.also_known_as, content.pec_message_id, content.message_id)
    own = [one for one in dict.fromkeys(names) if one]
    ids = dict.fromkeys((*(id for id in earlier if id not in own), *own))
    kept = [id for id in ids if is_id(id)]
    return tuple(kept if len(kept) <= MOST_REFERENCES else kept[:1] + kept[1 - MOST_REFERENCES :])


def _recipients(
    content: Content, own: Collection[str], whom: To
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    author = author_of(content)
    if whom is To.LIST and (post := _POST.search(content.signal("list-post"))):
        return (Address(post[1]),), ()
    if _is_own(author, own):
        to = _others((*content.to,), own) or (author,)
        return to, _others(content.cc, own, to) if whom is not To.AUTHOR else ()
    answer_to = content.reply_to if content.pec_sender is None else ()
    to = _others(answer_to or (author,), own) or ((author,) if author.spec else ())
    if whom is To.AUTHOR:
        return to, ()
    return to, _others((*content.to, *content.cc), own, to)


def _others(
    people: Iterable[Address], own: Collection[str], but: Iterable[Address] = ()
) -> tuple[Address, ...]:
    taken = {apart(one.spec) for one in but}
    found: dict[str, Address] = {}
    for one in people:
        if "@" in one.spec and apart(one.spec) not in taken and not _is_own(one, own):
            found.setdefault(apart(one.spec), one)
    return tuple(found.values())


def _is_own(address: Address, own: Collection[str]) -> bool:
    return without_token(address.key) in own
