"""Templates as people and programs have them: saved, chosen, written with values.

What `rendered` gives is what is sent: the builder takes its text and HTML as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from adapters.templating.rendering import check_words, words_of
from api.work.instance import Carteggio
from api.work.templatevalues import Asked, Occasion, Records, names_of, records_of, values_of
from domain import template as stream
from domain.attachmentname import USUAL, Attached, attachment_names
from domain.identity import template_id
from domain.recorded import Envelope
from domain.template import PARTS, Part, RetireTemplate, SaveTemplate, TemplateKind, TemplateSaved
from domain.values import Rejected, TemplateId
from projections.reader import EVERYTHING, Reader
from projections.templates import (
    TemplateFilter,
    TemplateRow,
    TemplateVersionRow,
    Use,
    templates_for,
    version_of,
)

__all__ = ["Attached", "Occasion", "Rendered", "chosen", "rendered", "retire", "save"]
FALLBACK = "en"
_SENDERS_OWN = "{% if sender.name %}{{ sender.name }}\n{% endif %}{{ company.name }}"
"""Of a shared mailbox without a name the company alone."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of a mail as a version of a template gives them.

    `text` and `html` are the whole body; `html` is empty where all parts are text. `file_names`
    are those of the files that were given, in their order; `file_name` is the first one.
    """

    template: TemplateId
    version: int
    language: str
    subject: str
    salutation: Part
    motivation: Part
    individual: Part
    closing: Part
    signature: Part
    text: str
    html: str
    file_names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    gaps: str = ""
    """The sentence that names what is missing, each value with its part."""

    @property
    def parts(self) -> Mapping[str, Part]:
        """Give the parts of the body by name, in order."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def file_name(self) -> str:
        """Give what the document's file is called; empty without one."""
        return next(iter(self.file_names), "")


# ---- commands


def new_template(carteggio: Carteggio, command_id: str) -> TemplateId:
    """Give the id of the template that a command saves first: the same for the same command."""
    return template_id(carteggio.company, command_id)


def check_template(wanted: TemplateSaved) -> None:
    """Refuse what is no template: Rejected (INVALID), with part and line where it is about one."""
    stream.check(wanted)
    check_words(wanted)


def save(
    carteggio: Carteggio,
    id: UUID,
    wanted: TemplateSaved,
    envelope: Envelope,
    based_on: int | None = None,
) -> int | None:
    """Save a template's next version; give the position, None if it says the same already.

    Raises Rejected (INVALID) with part and line of what is wrong, or CONFLICT.
    """
    check_template(wanted)
    return carteggio.journal.record(id, stream, SaveTemplate(wanted, based_on), envelope)


def retire(carteggio: Carteggio, id: UUID, envelope: Envelope) -> int | None:
    """Offer a template no longer; give the position, None if it is retired already."""
    return carteggio.journal.record(id, stream, RetireTemplate(), envelope)


async def refuse_taken(asked: Asked, id: UUID, wanted: TemplateSaved) -> None:
    """Refuse a name that another template has: people choose by it. Rejected (CONFLICT)."""
    others = await templates_for(*asked, TemplateFilter(name=wanted.name))
    if any(one.id != id and one.owner == wanted.owner for one in others):
        do = "save it as a new version of that one, or name it otherwise"
        raise Rejected("CONFLICT", f"name: there is a template {wanted.name!r} already; {do}")


# ---- choosing


async def chosen(
    carteggio: Carteggio,
    kind: str,
    language: str,
    company: str = "",
    *,
    of: TemplateKind = TemplateKind.DOCUMENT,
    use: Use | None = None,
    reader: Reader = EVERYTHING,
) -> TemplateId | None:
    """Give the template for a kind of document; None if none fits.

    The first that there is of: in the language (de-CH before de before another of de), in the
    recipient's (no language of its own), in English; among these for that kind of document before
    for any; among these of that company before of all. Templates of another kind of document or
    another company are never taken; without `use`, none that are a colleague's or a group's.
    """
    async with carteggio.reading() as (connection, names):
        asked = connection, names, reader
        rows = await templates_for(*asked, TemplateFilter(kind=of.value), use)
    if use is None:
        rows = _shared(rows)
    return best_of(rows, kind, language, company)


def best_of(
    rows: Sequence[TemplateRow], kind: str, language: str, company: str = ""
) -> TemplateId | None:
    """Choose among templates; a colleague's own before his group's, and that before those of all."""
    ranked = [
        (
            *(rank, kind != one.document_kind, company != one.company),
            *(one.owner is None, not one.roles, place),
        )
        for place, one in enumerate(rows)
        if one.document_kind in (kind, "") and one.company in (company, "")
        if (rank := _rank(one.language, language)) is not None
    ]
    return TemplateId(rows[min(ranked)[-1]].id) if ranked else None


def _shared(rows: Sequence[TemplateRow]) -> list[TemplateRow]:
    """Give those that are everybody's: for programs, and where no one in particular asks."""
    return [one for one in rows if one.owner is None and not one.roles]


def _rank(has: str, wanted: str) -> int | None:
    """Tell how far a language is from the one that is wanted; None: it is not taken."""
    own, other = has.casefold(), wanted.casefold()
    base = own.partition("-")[0]
    if not own:
        return 3
    if own == other:
        return 0
    if base == other.partition("-")[0]:
        return 1 if own == base else 2
    return 4 if base == FALLBACK else None


# ---- rendering


async def rendered(
    carteggio: Carteggio,
    template: UUID,
    mail: Occasion,
    *,
    version: int | None = None,
    replaced: Mapping[str, Part | str] | None = None,
    reader: Reader = EVERYTHING,
    use: Use | None = None,
    incomplete: bool = False,
) -> Rendered:
    """Write a version of a template (None: the one that holds) for one mail.

    `replaced` is what a person wrote in place of parts (subject, salutation, …), taken as it is.
    `incomplete`: missing values are told, and gaps `{{ name }}` stand in their places, with which no
    mail leaves (domain/doubts.py). Else raises Rejected: NOT_FOUND, or INVALID with the names of all
    values that are missing.
    """
    async with carteggio.reading() as (connection, names):
        asked = connection, names, reader
        return await rendered_in(
            asked, template, mail, version, replaced, use, incomplete=incomplete
        )


async def rendered_in(
    asked: Asked,
    template: UUID,
    mail: Occasion,
    version: int | None = None,
    replaced: Mapping[str, Part | str] | None = None,
    use: Use | None = None,
    *,
    incomplete: bool = False,
) -> Rendered:
    """Do the same on a connection that is at hand, for its reader: to be used for many mails."""
    row = await _version(asked, template, version, use)
    records = await records_of(asked, mail)
    language = row.saved.language or records.language or FALLBACK
    content = await _signed(asked, row.saved, language, records)
    files = names_of(records, content, language, mail.files)
    given = values_of(records, content, language, mail, files)
    words = words_of(content, given, replaced or {})
    if not incomplete:
        words.refuse_incomplete()
    return Rendered(
        TemplateId(template), row.version, language, words.subject, **words.parts,
        text=words.text, html=words.html, file_names=files, missing=tuple(words.missing),
        gaps=words.gaps,
    )  # fmt: skip


async def attachment_names_of(
    carteggio: Carteggio,
    document: UUID,
    files: Sequence[Attached],
    *,
    reader: Reader = EVERYTHING,
    template: UUID | None = None,
    use: Use | None = None,
    chooses: Use | None = None,
) -> tuple[str, ...]:
    """Name the files of a document as its mail does, for whoever prints or archives it.

    By the template that is named, of those that `use` may; else by the one that is chosen for its
    kind in mail of `chooses`, else as is usual.
    """
    async with carteggio.reading() as (connection, names):
        asked = connection, names, reader
        records = await records_of(asked, Occasion(document))
        paper = records.document
        if template is None and paper is not None:
            wanted = TemplateFilter(kind=TemplateKind.DOCUMENT.value)
            rows = await templates_for(*asked, wanted, chooses)
            rows = _shared(rows) if chooses is None else rows
            template = best_of(rows, paper.kind, records.language or FALLBACK)
        row = await _version(asked, template, None, use) if template else None
    pattern = row.saved.attachment_name if row else USUAL
    language = (row.saved.language if row else "") or records.language or FALLBACK
    return attachment_names(pattern or USUAL, records.named, language, files)


async def _version(
    asked: Asked, template: UUID, version: int | None, use: Use | None
) -> TemplateVersionRow:
    row = await version_of(*asked, template, version, use)
    if row is None:
        raise Rejected("NOT_FOUND", "there is no such template, or no such version of it")
    return row


async def _signed(
    asked: Asked, content: TemplateSaved, language: str, records: Records
) -> TemplateSaved:
    """Put the sender's own signature, else the company's, in the place of `auto`."""
    if not content.signature.is_auto:
        return content
    who = records.sender
    use = Use(who.id, who.role) if who else None
    rows = await templates_for(*asked, TemplateFilter(kind=TemplateKind.SIGNATURE.value), use)
    if use is None:
        rows = _shared(rows)
    mine = [one for one in rows if one.owner is not None]
    id = best_of(mine, "", language, content.company) or best_of(
        rows, "", language, content.company
    )
    row = await version_of(*asked, id) if id else None
    return replace(content, signature=row.saved.signature if row else Part(_SENDERS_OWN))
