"""Templates as files: found by their names, saved as they are edited."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from adapters.ids import uuid7
from adapters.templating.files import TemplateFile, written_template
from api.ids import id_in
from api.work.instance import Carteggio
from api.work.templates import check_template, new_template, refuse_taken, save
from api.work.templatevalues import Asked
from domain.recorded import Envelope
from domain.values import ColleagueId, Rejected
from projections import company
from projections.reader import EVERYTHING
from projections.templates import (
    TemplateFilter,
    TemplateRow,
    TemplateVersionRow,
    templates_by_ids,
    templates_for,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A template that a file was saved as; `position` None: it says the same already."""

    id: UUID
    name: str
    position: int | None


async def template_named(asked: Asked, text: str) -> TemplateRow:
    """Find a template by id or name, retired ones by their id; Rejected: none, or several.

    A name is the company's template's before a colleague's own: nobody may take it from programs.
    """
    if (id := id_in(text)) is not None:
        found = list((await templates_by_ids(*asked, [id])).values())
    else:
        every = await templates_for(*asked, TemplateFilter(name=text))
        found = [one for one in every if one.owner is None] or every
    if not found:
        do = "see which there are (template list)"
        raise Rejected("NOT_FOUND", f"there is no template {text!r}; {do}")
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found)
        raise Rejected(
            "AMBIGUOUS", f"several templates are called {text!r}; name one by id: {ids}"
        )
    return found[0]


async def save_file(carteggio: Carteggio, file: TemplateFile, envelope: Envelope) -> Kept:
    """Save what a file says: as the next version of its name's template, else as a new one."""
    async with carteggio.reading() as (connection, names):
        asked = connection, names, EVERYTHING
        owner = await _owner(asked, file.owner)
        wanted = replace(file.template, owner=owner)
        check_template(wanted)
        same = await templates_for(*asked, TemplateFilter(name=wanted.name))
        before = next((one for one in same if one.owner == owner), None)
        id = before.id if before else new_template(carteggio, str(uuid7()))
        await refuse_taken(asked, id, wanted)
    position = await asyncio.to_thread(save, carteggio, id, wanted, envelope)
    return Kept(id, wanted.name, position)


async def file_of(asked: Asked, row: TemplateRow, version: TemplateVersionRow) -> str:
    """Write a version as a file that can be edited and saved again, under the name of today."""
    people = {one.id: one.address for one in await company.colleagues(*asked)}
    saved = replace(version.saved, name=row.name)
    return written_template(saved, people.get(saved.owner, "") if saved.owner else "")


async def _owner(asked: Asked, address: str) -> ColleagueId | None:
    if not address:
        return None
    wanted = address.strip().casefold()
    people = await company.colleagues(*asked)
    row = next((one for one in people if one.address_key == wanted), None)
    if row is None:
        raise Rejected("NOT_FOUND", f"owner: no colleague has the address {address}")
    return ColleagueId(row.id)
