"""Who is away and lets mail be answered, at which mailboxes, and with which words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from api.work.addressees import Asked, known_of
from api.work.instance import Carteggio
from api.work.templates import rendered
from api.work.templatevalues import Occasion
from domain.composing import Automatic, Composed, Sender
from domain.content import Content
from domain.values import Address
from projections import company, parties
from projections.absences import AbsenceRow, in_force
from projections.company import ColleagueRow, CompanyRow, MailboxRow
from projections.reader import EVERYTHING

_LONGEST_SUBJECT = 900


@dataclass(frozen=True, slots=True)
class Absentee:
    """A colleague who is away, his mailbox, and all addresses that are his, in lower case.

    `since`: what came before then is not answered, as he was there, or nobody fetched the mailbox.
    """

    colleague: ColleagueRow
    mailbox: MailboxRow
    absence: AbsenceRow
    since: datetime
    addresses: frozenset[str]
    company: str
    substitute: str


async def absentees(carteggio: Carteggio, now: datetime) -> dict[UUID, Absentee]:
    """Give those who are away now and let mail be answered, by mailbox; the newest absence counts.

    Only mailboxes that are fetched are meant.
    """
    async with carteggio.reading() as (connection, names):
        asked: Asked = connection, names, EVERYTHING
        away = sorted(await in_force(*asked, now), key=lambda one: one.said_at)
        newest = {row.colleague: row for row in away if row.answers}
        if not newest:
            return {}
        people = {one.id: one for one in await company.colleagues(*asked)}
        boxes = {one.id: one for one in await company.mailboxes(*asked)}
        accounts = await company.accounts(*asked)
        firm = await company.description(*asked)
    found = {}
    for row in newest.values():
        own = _addresses(people[row.colleague], firm) if row.colleague in people else frozenset()
        for account in accounts:
            box = boxes.get(account.mailbox)
            if box is not None and box.address_key in own:
                since = max(row.begins, account.active_since)
                found[box.id] = _absentee(people, box, row, since, own, firm)
    return found


def _absentee(
    people: Mapping[UUID, ColleagueRow],
    box: MailboxRow,
    row: AbsenceRow,
    since: datetime,
    own: frozenset[str],
    firm: CompanyRow | None,
) -> Absentee:
    instead = people.get(row.substitute) if row.substitute else None
    return Absentee(
        colleague=people[row.colleague],
        mailbox=box,
        absence=row,
        since=since,
        addresses=own,
        company=firm.name if firm else "",
        substitute=(instead.name or instead.address) if instead else "",
    )


def _addresses(who: ColleagueRow, firm: CompanyRow | None) -> frozenset[str]:
    return firm.names_of(who.address_key) if firm else frozenset((who.address_key,))


@dataclass(frozen=True, slots=True)
class Words:
    """An answer, and what it was made from."""

    mail: Composed
    template: UUID | None = None
    version: int = 0


async def words_for(
    carteggio: Carteggio, one: Absentee, content: Content, to: Address, now: datetime
) -> Words:
    """Write the answer to a mail, in the language of who wrote it, by master data.

    Raises Rejected where the template has gone, or lacks values.
    """
    party, language = await _party(carteggio, content, to)
    sender = Sender(one.mailbox.address, one.colleague.name, one.company)
    subject = f"Auto: {content.subject}"[:_LONGEST_SUBJECT]  # RFC 3834 3.1.5
    mail = Composed("", now, sender, to=(to,), subject=subject, automatic=Automatic.REPLIED)
    if one.absence.template is None:
        chosen, text = _text(one.absence.answered, language)
        return Words(replace(mail, text=text, language=chosen))
    made = await rendered(
        carteggio,
        one.absence.template,
        Occasion(party=party, to=[to.spec], sender=sender, colleague=one.colleague.id,
                 values=_values(one)),
    )  # fmt: skip
    mail = replace(mail, text=made.text, html=made.html, language=made.language)
    return Words(mail, made.template, made.version)


def _text(texts: Mapping[str, str], language: str) -> tuple[str, str]:
    """Give the text in a language (de for de-CH), else the one that was entered first."""
    wanted = language.partition("-")[0].lower()
    chosen = wanted if wanted in texts else next(iter(texts))
    return chosen, texts[chosen]


def _values(one: Absentee) -> dict[str, str]:
    """Give what a template may say of an absence: `until`, the last day of it, and `substitute`."""
    ends = one.absence.ends
    last = (ends - timedelta(minutes=1)).astimezone(ZoneInfo(one.absence.zone)) if ends else None
    return {
        "until": last.date().isoformat() if last else "",
        "substitute": one.substitute,
    }


async def _party(carteggio: Carteggio, content: Content, to: Address) -> tuple[UUID | None, str]:
    """Give the one party of who wrote, if it is one, and its language."""
    known = await known_of(carteggio, (*content.authors, to))
    found = {party for one in known.values() for party in one.parties}
    if len(found) != 1:
        return None, ""
    (party,) = found
    async with carteggio.reading() as (connection, names):
        row = await parties.by_id(connection, names, EVERYTHING, party)
    return party, row.language if row else ""
