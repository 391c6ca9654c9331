"""A mail begun in the context of a record: everything is proposed, and everything can be changed.

    document, party, message, attachment ─▶ sender, recipients, links, subject, quote, files ─▶ Draft

Nobody is added by himself: whoever receives such documents is proposed, all others are offered.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.work.drafts import Writer
from api.work.instance import Carteggio
from api.work.making import attached_of, attached_whole, quote_of
from api.work.originals import Original, original
from api.work.records import CERTIFIED
from api.work.senders import side_for
from api.work.sendingside import SendingSide, sendings_in
from domain.choosing import Target, TargetKind
from domain.composing import Quote
from domain.draft import UNDECIDED, Draft, written
from domain.hostnames import apart
from domain.replying import To, forward, reply
from domain.values import Address, DocumentId, MailboxId, MessageId, Rejected
from projections import company, documents, links, merges, parties
from projections.company import ColleagueRow
from projections.directory import ContactRow, DocumentRow, PartyRow
from projections.projection import Names
from projections.reader import Reader
from projections.surroundings import around

Asked = tuple[AsyncConnection[TupleRow], Names, Reader]


class How(StrEnum):
    """What is done with the message from which a mail is begun."""

    REPLY = "reply"
    REPLY_ALL = "reply_all"
    FORWARD = "forward"
    FORWARD_ATTACHED = "forward_attached"
    ABOUT = "about"
    """It is not answered; what it belongs to is what the new mail is about."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a mail is begun; nothing given: nowhere. `place` is an attachment of the message.

    `mailbox` is the one chosen to send from, `role` which contacts are to get it.
    """

    document: UUID | None = None
    party: UUID | None = None
    message: UUID | None = None
    how: How = How.REPLY
    place: int | None = None
    mailbox: UUID | None = None
    role: str = ""


class Group(StrEnum):
    """Why somebody is offered as a recipient."""

    PARTY = "party"
    SITE = "site"
    COLLEAGUE = "colleague"


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody who may be chosen as a recipient; `receives`: he gets documents of this kind."""

    address: str
    name: str
    role: str
    group: Group
    of: str
    receives: bool


@dataclass(frozen=True, slots=True)
class Possible:
    """An address that may stand as sender, and the mailbox that sends."""

    mailbox: MailboxId
    address: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mail as it is proposed, what else may be chosen, and what would stand below."""

    draft: Draft
    recipients: tuple[Offered, ...] = ()
    senders: tuple[Possible, ...] = ()
    quote: Quote | None = None
    undecided: str = ""
    """Which mailboxes may be meant, where nothing tells which; `draft.mailbox` is UNDECIDED then."""

    def decided(self) -> Draft:
        """Give the draft, to be sent in one step; Rejected (AMBIGUOUS): the mailbox is not named."""
        if self.undecided:
            raise Rejected("AMBIGUOUS", self.undecided)
        return self.draft


@dataclass(slots=True)
class _About:
    """What a mail is about, as it is found."""

    documents: list[DocumentRow] = field(default_factory=list)
    parties: list[PartyRow] = field(default_factory=list)
    offered: list[Offered] = field(default_factory=list)

    @property
    def targets(self) -> tuple[Target, ...]:
        every = [(TargetKind.PARTY, one.id) for one in self.parties]
        return (*every, *((TargetKind.DOCUMENT, one.id) for one in self.documents))

    @property
    def document(self) -> DocumentId | None:
        return DocumentId(self.documents[0].id) if len(self.documents) == 1 else None


async def composed(carteggio: Carteggio, writer: Writer, context: Context) -> Proposal:
    """Propose a mail; Rejected: the record is not there, or nothing is sent from any mailbox of his.

    Where nothing tells from which mailbox it is to leave, none is proposed.
    """
    of = None
    if context.message is not None:
        of = await original(carteggio, writer.sees, context.message)
    async with carteggio.reading() as (connection, names):
        asked = connection, names, writer.sees
        sides = await sendings_in(connection, names, writer.sends)
        him = await _colleague(asked, writer)
        about = await _about(asked, context)
        side = await _side(asked, context, sides, him, of, about)
        draft = await _sender(asked, side, him)
        about.offered += await _colleagues(asked)
    draft = replace(draft, targets=about.targets, language=_language(about))
    goes_on = of is not None and context.place is None and context.how is not How.ABOUT
    if not goes_on:
        brings = about.document is not None and of is None
        draft = replace(
            draft, document=about.document, presents=brings, to=_chosen(about, context)
        )
    if of is not None:
        draft = _of_message(draft, of, context, sides if isinstance(side, str) else [side])
    quote = None
    if of is not None and draft.quotes:
        forwards = draft.answers is None
        quote = await asyncio.to_thread(quote_of, carteggio, of, draft.language, forwards=forwards)
    undecided = side if isinstance(side, str) else ""
    return Proposal(draft, tuple(about.offered), _possible(sides), quote, undecided)


# ---- who sends


async def _colleague(asked: Asked, writer: Writer) -> ColleagueRow | None:
    if writer.colleague is None:
        return None
    people = await company.colleagues(*asked)
    return next((one for one in people if one.id == writer.colleague), None)


async def _side(
    asked: Asked,
    context: Context,
    sides: Sequence[SendingSide],
    him: ColleagueRow | None,
    of: Original | None,
    about: _About,
) -> SendingSide | str:
    """Give by what it is sent: the mailbox that is named, else the one that is meant, if any is."""
    if context.mailbox is not None:
        sides = [one for one in sides if one.mailbox == context.mailbox]
    received = of.mailbox if of is not None else None
    parties = [one.id for one in about.parties]
    return await side_for(asked, sides, him, received, (about.documents, parties))


async def _sender(asked: Asked, side: SendingSide | str, him: ColleagueRow | None) -> Draft:
    """Begin a draft as its sender: in his own name, else in that of the mailbox."""
    described = await company.description(*asked)
    firm = described.name if described is not None else ""
    if isinstance(side, str):
        return Draft(UNDECIDED, sender_name=him.name if him is not None else "", company=firm)
    boxes = await company.mailboxes_by_ids(*asked, [side.mailbox])
    box = boxes.get(side.mailbox)
    name = him.name if him is not None else box.name if box is not None else ""
    return Draft(
        mailbox=side.mailbox,
        sender=side.address,
        sender_name=name,
        company=firm,
        reply_to=(elsewhere,) if (elsewhere := side.configured.reply_to) else (),
    )


def _possible(sides: Iterable[SendingSide]) -> tuple[Possible, ...]:
    return tuple(
        Possible(one.mailbox, address)
        for one in sides
        for address in dict.fromkeys((one.address, *one.configured.senders))
    )


# ---- what it is about


async def _about(asked: Asked, context: Context) -> _About:
    """Find documents and parties, and whom they offer; what is not seen is not there."""
    about = _About()
    papers: list[UUID] = []
    whose: list[UUID] = []
    if context.document is not None:
        papers = [context.document]
    if context.message is not None:
        papers += (await links.documents_of(*asked, [context.message])).get(context.message, [])
        whose += (await links.parties_of(*asked, [context.message])).get(context.message, [])
    rows = await documents.by_ids(*asked, papers)
    about.documents = [rows[one] for one in dict.fromkeys(papers) if one in rows]
    if context.document is not None and context.document not in rows:
        raise Rejected("NOT_FOUND", "there is no such document that you may see")
    whose += [one.party for one in about.documents if one.party is not None]
    whose += [context.party] if context.party is not None else []
    counted = await merges.survivors_of(*asked, whose)
    ids = list(dict.fromkeys(counted.get(one, one) for one in whose))
    known = await parties.by_ids(*asked, ids)
    about.parties = [known[one] for one in ids if one in known]
    if context.party is not None and counted.get(context.party, context.party) not in known:
        raise Rejected("NOT_FOUND", "there is no such party that you may see")
    await _offer(asked, about, context.role)
    return about


async def _offer(asked: Asked, about: _About, role: str) -> None:
    """Offer contacts: of the party first, then of the sites; of each, who receives such documents first."""
    kinds = {one.kind for one in about.documents}
    own = {one.id: one.name for one in about.parties}
    sites: dict[UUID, str] = {}
    for paper in about.documents:
        for row in await around(*asked, paper.id):
            if row.party is not None and row.party not in own:
                sites.setdefault(row.party, row.title or row.number)
    for group, every in ((Group.PARTY, own), (Group.SITE, sites)):
        found = await _contacts(asked, list(every))
        for party, one in sorted(found, key=lambda found: _rank(found[1], kinds, role)):
            receives = not kinds.isdisjoint(one.receives)
            offered = Offered(one.address, one.name, one.role, group, every[party], receives)
            about.offered.append(offered)


async def _contacts(asked: Asked, of: list[UUID]) -> list[tuple[UUID, ContactRow]]:
    """Give the contacts of parties, and of those that count as them."""
    others = await merges.duplicates_of(*asked, of)
    whole = {party: party for party in of}
    whole |= {one: party for party, every in others.items() for one in every}
    rows = await parties.contacts_of(*asked, list(whole))
    return [(whole[party], row) for party in whole for row in rows.get(party, [])]


def _rank(row: ContactRow, kinds: set[str], role: str) -> tuple[bool, bool, bool]:
    wanted = bool(role) and row.role.casefold() == role.casefold()
    return not wanted, kinds.isdisjoint(row.receives), row.role == CERTIFIED


async def _colleagues(asked: Asked) -> list[Offered]:
    return [
        Offered(one.address, one.name, one.role, Group.COLLEAGUE, "", receives=False)
        for one in await company.colleagues(*asked)
    ]


def _chosen(about: _About, context: Context) -> tuple[str, ...]:
    """Propose who has the role, or else receives such documents; else the party's only contact."""
    people = [one for one in about.offered if one.group is Group.PARTY]
    wanted = context.role.casefold()
    by_role = [one for one in people if wanted and one.role.casefold() == wanted]
    chosen = by_role if wanted else [one for one in people if one.receives]
    if not chosen and not wanted and len(people) == 1:
        chosen = people
    found = {apart(one.address): one for one in reversed(chosen)}
    return tuple(written(Address(one.address, one.name)) for one in reversed(found.values()))


def _language(about: _About) -> str:
    return next((one.language for one in about.parties if one.language), "")


# ---- what is answered, passed on, or attached


def _of_message(
    draft: Draft, of: Original, context: Context, sides: Sequence[SendingSide]
) -> Draft:
    if context.place is not None:
        if not 0 <= context.place < len(of.content.attachments):
            raise Rejected("NOT_FOUND", "the message has no such attachment")
        files = tuple(attached_of(of, (context.place,)))
        return replace(draft, files=files, forwards=_forwards(of, context))
    match context.how:
        case How.REPLY | How.REPLY_ALL:
            return _reply(draft, of, sides, every=context.how is How.REPLY_ALL)
        case How.FORWARD:
            passed = forward(of.content)
            draft = replace(draft, subject=passed.subject, forwards=of.id, quotes=True)
            return replace(draft, files=tuple(attached_of(of, passed.files)))
        case How.FORWARD_ATTACHED:
            subject = forward(of.content).subject
            return replace(draft, subject=subject, forwards=of.id, files=(attached_whole(of),))
        case How.ABOUT:
            return draft


def _forwards(of: Original, context: Context) -> MessageId | None:
    """An attachment that is sent on goes on with its message only if that is passed on."""
    return of.id if context.how in (How.FORWARD, How.FORWARD_ATTACHED) else None


def _reply(draft: Draft, of: Original, sides: Sequence[SendingSide], *, every: bool) -> Draft:
    own = {one.address.casefold() for one in _possible(sides)}
    answer = reply(of.content, own, To.ALL if every else To.AUTHOR)
    return replace(
        draft,
        to=tuple(map(written, answer.to)),
        cc=tuple(map(written, answer.cc)),
        subject=answer.subject,
        answers=of.id,
        quotes=True,
    )
