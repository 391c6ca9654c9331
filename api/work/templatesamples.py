"""Templates to begin with, each for the word by which the company's ERP calls that sort of document."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from adapters.templating.files import SAMPLES, read_template
from api.work.instance import Carteggio
from domain.kinds import kind_of
from projections.documents import kinds_of_documents
from projections.reader import EVERYTHING

_KIND: Final = re.compile(r'^document_kind = "[^"\n]*"$', re.MULTILINE)
_TO_SUPPLIERS: Final = re.compile(
    r"purchase|supplier|acquist|fornitor|bestell|lieferant|achat|fournisseur|compra|proveedor"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to be edited: its name, its text, and for which kind of document it is."""

    name: str
    text: str
    kind: str


async def kinds_of(carteggio: Carteggio) -> list[str]:
    """Give the kinds of documents that the company has, by the ERP's words."""
    async with carteggio.reading() as (connection, names):
        return await kinds_of_documents(connection, names, EVERYTHING)


def samples(kinds: Collection[str]) -> Iterator[Sample]:
    """Give the samples for a company with these kinds of documents."""
    for path in sorted(SAMPLES.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        kind = meant(read_template(text.encode()).template.document_kind, kinds)
        yield Sample(path.name, _KIND.sub(f'document_kind = "{kind}"', text), kind)


def meant(kind: str, kinds: Collection[str]) -> str:
    """Give the company's word for a sample's kind; the sample's own where none is meant alone.

    What goes to suppliers is none of them.
    """
    sort = kind_of(kind)
    if kind in kinds or sort is None:
        return kind
    alike = {one for one in kinds if kind_of(one) is sort and not _TO_SUPPLIERS.search(one)}
    return alike.pop() if len(alike) == 1 else kind
