"""A draft is written by a template: the one that is named, or the one that its kind of document has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from api.work.drafts import Writer
from api.work.instance import Carteggio
from api.work.templates import Attached, Occasion, Rendered, attachment_names_of, chosen, rendered
from domain.choosing import TargetKind
from domain.composing import Sender, each_once
from domain.draft import Attached as File
from domain.draft import Draft, typed
from projections import company, documents
from projections.reader import EVERYTHING
from projections.templates import Use


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which template: `id`, or the one for the document's kind; `values` are free ones, by name.

    `file_names` are those, as they come, of files that are still to be attached, after the draft's.
    """

    id: UUID | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    file_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A draft in the words of a template; `gaps` names what is missing in it, each with its part.

    `file_names` is what all its files are called, also those still to be attached.
    """

    draft: Draft
    file_names: tuple[str, ...] = ()
    gaps: str = ""


async def by_template(carteggio: Carteggio, writer: Writer, draft: Draft, wanted: Wanted) -> Draft:
    """Give a draft in the words of a template, its files named by it.

    Where none fits it has its own words, and the document that it presents is named as is usual. What the draft says already stays. Raises Rejected: NOT_FOUND, or INVALID with all values that
    are missing.
    """
    return (await proposed(carteggio, writer, draft, wanted, incomplete=False)).draft


async def proposed(
    carteggio: Carteggio,
    writer: Writer,
    draft: Draft,
    wanted: Wanted,
    *,
    incomplete: bool = True,
) -> Written:
    """Give the same with gaps in the places of missing values, so that nothing else is missing."""
    use = await _use(carteggio, writer)
    id = wanted.id or await _fitting(carteggio, writer, draft, use)
    names = (*(one.name for one in draft.files if not one.content_id), *wanted.file_names)
    if id is None:
        return await _named(carteggio, writer, draft, wanted, names)
    found = await rendered(
        carteggio,
        id,
        _occasion(writer, draft, wanted),
        replaced={"subject": draft.subject} if draft.subject else {},
        reader=writer.sees,
        use=use,
        incomplete=incomplete,
    )
    return Written(_in_words(draft, found), found.file_names or names, found.gaps)


def _in_words(draft: Draft, found: Rendered) -> Draft:
    own = bool(draft.text or draft.html)
    return replace(
        draft,
        subject=found.subject,
        text=draft.text if own else found.text,
        html=draft.html if own else found.html,
        language=found.language,
        files=_called(draft, found.file_names),
        template=found.template,
        template_version=found.version,
    )


async def _named(
    carteggio: Carteggio, writer: Writer, draft: Draft, wanted: Wanted, names: tuple[str, ...]
) -> Written:
    """Name the document's file as is usual: as who prints or archives it is told as well."""
    if draft.document is None or not draft.presents or not names:
        return Written(draft, names)
    files = _occasion(writer, draft, wanted).files
    called = await attachment_names_of(carteggio, draft.document, files, reader=writer.sees)
    return Written(replace(draft, files=_called(draft, called)), called)


def _called(draft: Draft, names: Sequence[str]) -> tuple[File, ...]:
    rest = iter(names)
    return tuple(
        one if one.content_id else replace(one, name=next(rest, one.name)) for one in draft.files
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
        to=[one.spec for one in each_once(map(typed, draft.to))],
        sender=Sender(draft.sender, draft.sender_name, draft.company),
        colleague=writer.colleague,
        by_program=writer.colleague is None,
        values=wanted.values,
        files=[
            *(Attached(one.name, one.media_type) for one in draft.files if not one.content_id),
            *map(Attached, wanted.file_names),
        ],
    )
