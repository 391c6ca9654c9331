"""What has to be acknowledged before a mail leaves: a slip that a second look would have found.

A doubt blocks until whoever sends says that it is meant so, by the doubt's name: its code, for an
address with that, as in `OTHER_PARTY:ada@acme.example`. Nothing is said of whom else an address is.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from domain.classes import dataclass
from domain.composing import Composed
from domain.objections import Objection
from domain.values import Address

PLACEHOLDER: Final = "PLACEHOLDER_LEFT"
NO_ATTACHMENT: Final = "NO_ATTACHMENT"
OTHER_PARTY: Final = "OTHER_PARTY"
CONFIDENTIAL: Final = "CONFIDENTIAL"
NAMED: Final = frozenset((PLACEHOLDER, NO_ATTACHMENT, OTHER_PARTY, CONFIDENTIAL))
"""The codes of doubts: other objections cannot be acknowledged."""
_PLACEHOLDER: Final = re.compile(r"\{\{[^{}\n]{0,100}\}\}|\{%[^{}\n]{0,200}%\}")
_ATTACHED: Final = re.compile(
    r"\b(?:in allegato|allegat[oaie]|allego|alleghiamo|attached|attachment|enclosed|anbei|im anhang"
    r"|beiliegend|ci-jointe?s?|pièces? jointes?|w załączeniu|w załączniku|adjunt[oa]s?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Known:
    """Whose an address is by master data: the parties, as they count, and how confidential it is."""

    parties: frozenset[UUID]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom a mail is about, and up to which level its sender is cleared (None: all).

    Without `parties` it is about nobody, and may go to anybody.
    """

    parties: frozenset[UUID] = frozenset()
    clearance: int | None = None


def doubts(
    mail: Composed,
    known: Mapping[str, Known],
    circle: Circle,
    acknowledged: Collection[str],
    *,
    presents: bool = False,
) -> list[Objection]:
    """Give what has to be acknowledged; what was, does not block. `known` is by Address.key.

    `presents`: it is sent to bring a document, and so has to have a file.
    """
    found = (*_words(mail, presents=presents), *_people(mail, known, circle))
    return [replace(one, blocks=name not in acknowledged) for name, one in found]


def _words(mail: Composed, *, presents: bool) -> Iterator[tuple[str, Objection]]:
    for field in ("subject", "text", "html"):
        if left := _PLACEHOLDER.search(getattr(mail, field)):
            sentence = f"{left.group()[:60]} was not filled in; fill it in, or take it out"
            yield PLACEHOLDER, Objection(field, PLACEHOLDER, _meant(sentence, PLACEHOLDER))
    if any(not one.content_id for one in mail.files):
        return
    words = _ATTACHED.search(f"{mail.subject}\n{mail.text or mail.html}")
    if words or presents:
        why = f"the text says {words.group()!r}" if words else "a document is to be sent"
        sentence = _meant(f"{why}, and no file is attached; attach it", NO_ATTACHMENT)
        yield NO_ATTACHMENT, Objection("files", NO_ATTACHMENT, sentence)


def _people(
    mail: Composed, known: Mapping[str, Known], circle: Circle
) -> Iterator[tuple[str, Objection]]:
    for field in ("to", "cc", "bcc"):
        for place, address in enumerate(getattr(mail, field)):
            whose = known.get(address.key)
            if whose is not None:
                yield from _person(f"{field}[{place}]", address, whose, circle)


def _person(
    field: str, address: Address, whose: Known, circle: Circle
) -> Iterator[tuple[str, Objection]]:
    if circle.clearance is not None and whose.level > circle.clearance:
        name = f"{CONFIDENTIAL}:{address.key}"
        sentence = f"{address.spec} is confidential; ask whoever may see it, or leave it out"
        yield name, Objection(field, CONFIDENTIAL, _meant(sentence, name))
    if circle.parties and whose.parties and not whose.parties & circle.parties:
        name = f"{OTHER_PARTY}:{address.key}"
        sentence = f"{address.spec} is known as somebody else's than whom this mail is about"
        yield name, Objection(field, OTHER_PARTY, _meant(f"{sentence}; check it", name))


def _meant(sentence: str, name: str) -> str:
    return f"{sentence} (if it is meant so, acknowledge {name})"
