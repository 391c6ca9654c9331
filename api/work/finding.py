"""What people type finds what they mean: a code, an id, an address, the beginning of a name."""

from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.ids import id_in
from domain.identity import account_id, colleague_id, header_key, mailbox_id
from domain.values import Rejected
from projections import company, documents, merges, messages, parties
from projections.directory import DocumentRow, PartyRow
from projections.projection import Names
from projections.reader import Page, Reader, text_key

_CHOICE = 8


@dataclass(frozen=True, slots=True)
class Found:
    """An object of any kind, with the words that name it."""

    id: UUID
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds objects for one reader; `key` is the company's identity key."""

    connection: AsyncConnection[TupleRow]
    names: Names
    reader: Reader
    key: bytes

    async def party(self, text: str) -> PartyRow:
        """Find one party by ERP code, id, address of a contact, or the beginning of its name."""
        found = await self._parties(text.strip())
        if not found:
            raise Rejected("NOT_FOUND", f"no party has the code, address or name {text!r}")
        if len(found) > 1:
            shown = "; ".join(f"{one.erp_id} {one.name}" for one in found[:_CHOICE])
            more = " …" if len(found) > _CHOICE else ""
            raise Rejected("AMBIGUOUS", f"{text!r} may mean several parties: {shown}{more}")
        return found[0]

    async def counted(self, party: UUID) -> UUID:
        """Give the party as which one counts, to whom its mail is linked."""
        return await merges.survivor_of(self.connection, self.names, self.reader, party)

    async def document(self, text: str) -> DocumentRow:
        """Find one document by ERP id, id, or number."""
        found = await self._documents(text.strip())
        if not found:
            raise Rejected("NOT_FOUND", f"no document has the id or number {text!r}")
        if len(found) > 1:
            shown = "; ".join(f"{one.erp_id} ({one.kind} {one.called})" for one in found[:_CHOICE])
            raise Rejected("AMBIGUOUS", f"{text!r} may mean several documents: {shown}")
        return found[0]

    async def anything(self, text: str) -> Found:
        """Find a message, a party, a document, a mailbox or a colleague."""
        text = text.strip()
        if message := await self._message(text):
            return message
        if row := await self._single_document(text):
            return Found(row.id, "document", f"{row.kind} {row.called}")
        if own := await self._own(text):
            return own
        if not await self._parties(text):
            if (id := id_in(text)) is not None:
                return Found(id, "object", str(id))
            kinds = "party, document, message, mailbox or colleague"
            raise Rejected("NOT_FOUND", f"there is no {kinds} that {text!r} names")
        party = await self.party(text)
        return Found(party.id, "party", f"{party.erp_id} {party.name}")

    async def _parties(self, text: str) -> list[PartyRow]:
        asked = self.connection, self.names, self.reader
        if (id := id_in(text)) is not None:
            return list((await parties.by_ids(*asked, [id])).values())
        if found := await parties.by_erp_id(*asked, text):
            return found
        if "@" in text:
            return await self._as_they_count(await parties.by_address(*asked, text))
        named = await parties.page(*asked, parties.PartyFilter(text=text), Page(first=_CHOICE + 1))
        exact = [one for one in named.rows if one.name_key == text_key(text)]
        return exact if len(exact) == 1 else named.rows

    async def _as_they_count(self, rows: list[PartyRow]) -> list[PartyRow]:
        asked = self.connection, self.names, self.reader
        found = {await merges.survivor_of(*asked, row.id): row for row in rows}
        return list((await parties.by_ids(*asked, list(found))).values())

    async def _documents(self, text: str) -> list[DocumentRow]:
        asked = self.connection, self.names, self.reader
        if (id := id_in(text)) is not None:
            return list((await documents.by_ids(*asked, [id])).values())
        return await documents.by_erp_id(*asked, text) or await documents.by_number(
            *asked, "", text
        )

    async def _single_document(self, text: str) -> DocumentRow | None:
        return await self.document(text) if await self._documents(text) else None

    async def _message(self, text: str) -> Found | None:
        asked = self.connection, self.names, self.reader
        if (id := id_in(text)) is not None:
            rows = list((await messages.by_ids(*asked, [id])).values())
        else:
            bare = text.removeprefix("<").removesuffix(">")
            rows = await messages.by_header_key(*asked, header_key(self.key, bare))
        if len(rows) > 1:
            ids = ", ".join(str(one.id) for one in rows)
            raise Rejected("AMBIGUOUS", f"several messages have this Message-ID: {ids}")
        return Found(rows[0].id, "message", rows[0].subject or "(no subject)") if rows else None

    async def _own(self, text: str) -> Found | None:
        if "@" not in text:
            return None
        asked = self.connection, self.names, self.reader
        if await company.mailbox_by_address(*asked, text):
            return Found(mailbox_id(self.key, text), "mailbox", text)
        own = colleague_id(self.key, text)
        people = await company.colleagues(*asked)
        return next((Found(own, "colleague", one.name) for one in people if one.id == own), None)


def account_of(key: bytes, address: str) -> UUID:
    """Give the id of the account that fetches a mailbox."""
    return account_id(key, mailbox_id(key, address.strip()))
