"""A draft is written by a template: the one that is named, or the one that its kind of document has."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from api.work.drafts import Writer
from api.work.instance import Carteggio
from api.work.templates import Attached, Occasion, chosen, rendered
from domain.choosing import TargetKind
from domain.composing import Sender
from domain.draft import Draft, typed
from projections import company, documents
from projections.reader import EVERYTHING
from projections.templates import Use


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which template: `id`, or the one for the document's kind; `values` are free ones, by name."""

    id: UUID | None = None
    values: Mapping[str, str] = field(default_factory=dict)


async def by_template(carteggio: Carteggio, writer: Writer, draft: Draft, wanted: Wanted) -> Draft:
    """Give a draft in the words of a template, its files named by it; as it is where none fits.

    What the draft says already stays. Raises Rejected: NOT_FOUND, or INVALID with all values that
    are missing.
    """
    use = await _use(carteggio, writer)
    id = wanted.id or await _fitting(carteggio, writer, draft, use)
    if id is None:
        return draft
    found = await rendered(
        carteggio,
        id,
        _occasion(writer, draft, wanted),
        replaced={"subject": draft.subject} if draft.subject else {},
        reader=writer.sees,
        use=use,
    )
    names = found.file_names or tuple(one.name for one in draft.files)
    files = tuple(replace(one, name=name) for one, name in zip(draft.files, names, strict=False))
    own = bool(draft.text or draft.html)
    return replace(
        draft,
        subject=found.subject,
        text=draft.text if own else found.text,
        html=draft.html if own else found.html,
        language=found.language,
        files=files if len(files) == len(draft.files) else draft.files,
        template=found.template,
        template_version=found.version,
    )


async def _use(carteggio: Carteggio, writer: Writer) -> Use | None:
    if writer.colleague is None:
        return None
    async with carteggio.reading() as asked:
        people = await company.colleagues(*asked, EVERYTHING)
    role = next((one.role for one in people if one.id == writer.colleague), "")
    return Use(writer.colleague, role)


async def _fitting(
    carteggio: Carteggio, writer: Writer, draft: Draft, use: Use | None
) -> UUID | None:
    if draft.document is None:
        return None
    async with carteggio.reading() as (connection, names):
        row = await documents.by_id(connection, names, writer.sees, draft.document)
    if row is None:
        return None
    return await chosen(carteggio, row.kind, draft.language, use=use, reader=writer.sees)


def _occasion(writer: Writer, draft: Draft, wanted: Wanted) -> Occasion:
    whose = [id for kind, id in draft.targets if kind is TargetKind.PARTY]
    return Occasion(
        document=draft.document,
        party=whose[0] if whose and draft.document is None else None,
        to=[typed(one).spec for one in draft.to],
        sender=Sender(draft.sender, draft.sender_name, draft.company),
        colleague=writer.colleague,
        values=wanted.values,
        files=[Attached(one.name, one.media_type) for one in draft.files if not one.content_id],
    )
