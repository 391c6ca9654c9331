"""Which documents a mail brings or is filed under by its sender's word: what rules are asked about."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from domain.values import DocumentId


@dataclass(frozen=True, slots=True)
class Bearing:
    """What of a mail bears on documents; each is a set of documents in the order of naming.

    `named` is the one it is about; `linked` what it is filed under by the sender's word. `answered`
    are those of the mail that it answers, which it inherits; `removed` it is not filed under.
    `passed_on` are those of mail that it forwards, or whose files it carries. `files`: it brings one.
    """

    named: DocumentId | None = None
    linked: tuple[DocumentId, ...] = ()
    removed: Collection[DocumentId] = ()
    answered: tuple[DocumentId, ...] = ()
    passed_on: tuple[DocumentId, ...] = ()
    files: bool = False


def presented(mail: Bearing) -> tuple[DocumentId, ...]:
    """Give the documents for each of which a mail has to be permitted and approved.

    An answer in a document's conversation that brings no file presents nothing of it; with a file
    it does, as nobody can tell whose file it is.
    """
    found = [] if mail.named is None else [mail.named]
    found += mail.passed_on
    found += (one for one in mail.linked if mail.files or one not in mail.answered)
    if mail.files:
        found += (one for one in mail.answered if one not in mail.removed)
    return _once(found)


def _once(every: Iterable[DocumentId]) -> tuple[DocumentId, ...]:
    return tuple(dict.fromkeys(every))
