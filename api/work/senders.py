"""From which mailbox a mail is proposed to leave: what is known of it is looked up, and decided."""

import json
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.work.sendingside import SendingSide
from domain.permission import COLLEAGUE_ID, RESPONSIBLE
from domain.values import MailboxId, Rejected
from domain.whosends import Box, Case, box_for, undecided
from projections import company
from projections.company import ColleagueRow, CompanyRow
from projections.directory import DocumentRow
from projections.projection import Names
from projections.reader import Reader
from projections.surroundings import around
from projections.timelines import last_sent_as

Asked = tuple[AsyncConnection[TupleRow], Names, Reader]


async def side_for(
    asked: Asked,
    sides: Sequence[SendingSide],
    him: ColleagueRow | None,
    received: MailboxId | None,
    about: tuple[Sequence[DocumentRow], Sequence[UUID]],
) -> SendingSide | str:
    """Choose by what a mail is sent; else say what is to be chosen (domain/whosends.py).

    `him` is the colleague who writes, `received` the mailbox that got what is answered, `about` are
    the documents and parties. Raises Rejected (NO_SENDING) where nothing may be sent by any.
    """
    if not sides:
        do = "say by what one sends (account sending), or have one shared as member"
        raise Rejected("NO_SENDING", f"there is no mailbox from which you may send: {do}")
    described = await company.description(*asked)
    boxes = await _boxes(asked, sides, described)
    papers, parties = about
    paper = papers[0] if len(papers) == 1 else None
    shared = [one.address.casefold() for one in boxes if not (one.personal or one.certified)]
    targets = [*([paper.id] if paper else []), *parties] if len(shared) > 1 else []
    case = Case(
        received=received,
        author=_names(him, described) if him is not None else (),
        responsible=[one async for one in _responsible(asked, paper)] if paper else (),
        written=[
            said
            for one in targets
            if (said := await last_sent_as(*asked, one, shared)) is not None
        ],
    )
    found = box_for(case, boxes)
    if found is None:
        return undecided(boxes)
    return next(one for one in sides if one.mailbox == found.mailbox)


async def _boxes(
    asked: Asked, sides: Sequence[SendingSide], described: CompanyRow | None
) -> list[Box]:
    people = [_names(one, described) for one in await company.colleagues(*asked)]
    certified = {one.id for one in await company.mailboxes(*asked) if one.certified}
    boxes = []
    for side in sides:
        own = side.address.casefold()
        whose = next((names for names in people if own in names), frozenset[str]())
        names = whose | {own}
        boxes.append(
            Box(side.mailbox, side.address, names, bool(whose), side.mailbox in certified)
        )
    return boxes


def _names(one: ColleagueRow, described: CompanyRow | None) -> frozenset[str]:
    """Give what a colleague is called by: address, aliases of it, ERP id."""
    known = described.names_of(one.address_key) if described else frozenset((one.address_key,))
    code = str(json.loads(one.attributes).get(COLLEAGUE_ID, "")).strip().casefold()
    return known | {code} if code else known


async def _responsible(asked: Asked, paper: DocumentRow) -> AsyncIterator[str]:
    """Give who is responsible for a document, then for what it is part of, up to the whole."""
    rows = {one.id: one for one in await around(*asked, paper.id)}
    at: UUID | None = paper.id
    while at is not None and (row := rows.pop(at, None)) is not None:
        if said := str(json.loads(row.attributes).get(RESPONSIBLE, "")):
            yield said
        at = row.part_of
