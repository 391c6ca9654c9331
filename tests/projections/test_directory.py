"""Parties, documents, mailboxes and tokens, looked up as people look them up."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.access import Scope, TokenIssued, TokenRevoked
from domain.account import AccountConfigured, AccountPaused
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.document import DocumentChanged, DocumentRecord, DocumentRegistered
from domain.mailbox import MailboxShared, MailboxShareRevoked, Role
from domain.party import ContactRegistered, ContactRemoved, PartyChanged, PartyRegistered
from domain.values import ColleagueId, ContactId
from projections import access, company, documents, folders, parties
from projections.directory import directory
from projections.documents import DocumentFilter
from projections.parties import PartyFilter
from projections.reader import EVERYTHING, Page, Reader
from worlds import MAILBOXES, PARTIES, Log, create, fill, named, names_for

ALL = (directory, company.company, access.access, folders.folders)
NAMES = names_for(*ALL)
ACME = PartyRegistered("erp", "C1", "customer", "it", "IT", 0, "Àcme S.p.A.", "IT 012.34")
CONTACTS = [ContactId(named(("contact", at))) for at in range(3)]
LONG = "x" * 20_000


@pytest.fixture
async def read(database):
    async with await database.connect_async() as reading:

        def filled(*events):
            log = Log()
            for stream, event in events:
                log.add(stream, event)
            with database.connect() as connection:
                create(connection, NAMES, *ALL)
                for one in ALL:
                    fill(connection, NAMES, one, log.events, [2])
            return reading

        yield filled


def contact(at, address, party=0, level=0):
    event = ContactRegistered(CONTACTS[at], "sales", level, ("invoice",), address, f"Name {at}")
    return PARTIES[party], event


async def test_a_party_is_found_by_code_vat_number_and_address(read) -> None:
    reading = read(
        (PARTIES[0], ACME),
        contact(0, "Ada@Client.example"),
        contact(1, "old@client.example"),
        (PARTIES[0], ContactRemoved(CONTACTS[1])),
        contact(2, "ada@client.example", party=1),
        (PARTIES[1], replace(ACME, erp_id="C2", kind="supplier", name="Beta")),
    )
    ask = (reading, NAMES, EVERYTHING)

    def ids(rows):
        return [row.id for row in rows]

    assert ids(await parties.by_erp_id(*ask, "C1")) == [PARTIES[0]]
    assert ids(await parties.by_erp_id(*ask, "C1", "supplier")) == []
    assert set(ids(await parties.by_vat_number(*ask, "it01234"))) == {PARTIES[0], PARTIES[1]}
    assert await parties.by_vat_number(*ask, "") == []
    assert set(ids(await parties.by_address(*ask, "ADA@client.example"))) == set(PARTIES[:2])
    assert await parties.by_address(*ask, "old@client.example") == []
    found = await parties.contacts_of(*ask, PARTIES)
    assert [row.address for row in found[PARTIES[0]]] == ["Ada@Client.example"]
    assert await parties.names_of(*ask, PARTIES) == {PARTIES[0]: "Àcme S.p.A.", PARTIES[1]: "Beta"}


async def test_parties_come_in_the_order_of_their_names(read) -> None:
    words = ["zeta", "Àlpha", "beta", "Álphons"]
    reading = read(
        *((named(name), replace(ACME, name=name, erp_id=name, vat_number="")) for name in words)
    )
    ask = (reading, NAMES, EVERYTHING)
    page = await parties.page(*ask, PartyFilter(), Page(first=3))
    assert [row.name for row in page.rows] == ["Àlpha", "Álphons", "beta"]
    after = parties.BY_NAME.key(page.rows[-1])
    rest = await parties.page(*ask, PartyFilter(), Page(first=3, after=after))
    assert [row.name for row in rest.rows] == ["zeta"]
    begins = await parties.page(*ask, PartyFilter(text="ALPH"))
    assert [row.name for row in begins.rows] == ["Àlpha", "Álphons"]
    assert (await parties.page(*ask, PartyFilter(text="zeta", kinds=("lead",)))).rows == []


async def test_reserved_records_are_hidden_from_lower_clearance(read) -> None:
    order = DocumentRecord("order", "A 1", PARTIES[1])
    reading = read(
        (PARTIES[0], ACME),
        contact(0, "boss@client.example", level=3),
        (PARTIES[1], ACME),
        (PARTIES[1], PartyChanged("customer", "it", "IT", 3, "Secret")),
        (named("order"), DocumentRegistered("erp", "D1", order)),
    )
    low, high = Reader(None, clearance=2), Reader(None, clearance=3)
    assert set(await parties.by_ids(reading, NAMES, low, PARTIES)) == {PARTIES[0]}
    assert set(await parties.by_ids(reading, NAMES, high, PARTIES)) == set(PARTIES[:2])
    assert await parties.contacts_of(reading, NAMES, low, PARTIES) == {}
    assert await parties.by_address(reading, NAMES, low, "boss@client.example") == []
    assert await documents.by_id(reading, NAMES, low, named("order")) is None
    assert await documents.by_id(reading, NAMES, high, named("order")) is not None


async def test_documents_are_found_by_number_id_and_party(read) -> None:
    def record(number, day):
        return DocumentRecord("order", number, PARTIES[0], day, amount="12.50", currency="EUR")

    reading = read(
        (named(1), DocumentRegistered("erp", "D1", record("OR/1", date(2026, 1, 1)))),
        (named(2), DocumentRegistered("erp", "D2", record("OR/2", None))),
        (named(3), DocumentRegistered("erp", "D3", record("or/20", date(2026, 2, 1)))),
        (named(2), DocumentChanged(record("OR/2", date(2026, 3, 1)), (("agent", "Ada"),))),
    )
    ask = (reading, NAMES, EVERYTHING)
    assert [row.id for row in await documents.by_number(*ask, "order", "or/ 2")] == [named(2)]
    assert [row.id for row in await documents.by_number(*ask, "", "OR/20")] == [named(3)]
    assert [row.erp_id for row in await documents.by_erp_id(*ask, "D2")] == ["D2"]
    page = await documents.page(*ask, DocumentFilter(parties=(PARTIES[0],)), Page(first=2))
    assert [row.erp_id for row in page.rows] == ["D2", "D3"]
    assert page.rows[0].attributes == '{"agent":"Ada"}'
    assert [
        row.erp_id for row in (await documents.page(*ask, DocumentFilter(text="or/2"))).rows
    ] == ["D2", "D3"]
    day = date(2026, 1, 31)
    assert [
        row.erp_id for row in (await documents.page(*ask, DocumentFilter(to_day=day))).rows
    ] == ["D1"]


async def test_values_longer_than_an_index_bears_are_kept(read) -> None:
    reading = read(
        (PARTIES[0], replace(ACME, name=LONG, erp_id=LONG, vat_number=LONG)),
        contact(0, LONG),
        (named(1), DocumentRegistered("erp", LONG, DocumentRecord("order", LONG, None))),
    )
    ask = (reading, NAMES, EVERYTHING)
    assert len(await parties.by_erp_id(*ask, LONG)) == 1
    assert len(await parties.by_address(*ask, LONG)) == 1
    assert len(await documents.by_number(*ask, "order", LONG)) == 1


async def test_a_reader_sees_own_mailboxes_accounts_and_tokens(read) -> None:
    account, token, wide = named("account"), named("token"), named("wide")
    hers, ada = named("hers"), ColleagueId(named("ada"))
    soon = datetime(2026, 5, 1, tzinfo=UTC)
    reading = read(
        (named("company"), CompanyDescribed("House", ("house.example",), (("a@x", "b@x"),))),
        (named("ada"), ColleagueRegistered("sales", True, "ada@house.example", "Ada")),
        (MAILBOXES[0], MailboxRegistered(False, "Info@house.example")),
        (MAILBOXES[1], MailboxRegistered(True, "pec@house.example")),
        (account, AccountConfigured(MAILBOXES[0], "imap", 993, "tls", "mail.example", "ada")),
        (account, AccountPaused()),
        (token, TokenIssued("h", (Scope.READ_MAIL,), (MAILBOXES[0],), soon, "erp")),
        (wide, TokenIssued("h", (Scope.READ_AUDIT,), None, None, "boss")),
        (wide, TokenRevoked()),
        (hers, TokenIssued("h", (Scope.READ_MAIL,), (), None, "ada", ada)),
        (MAILBOXES[0], MailboxShared(ada, Role.READER)),
        (MAILBOXES[1], MailboxShared(ada, Role.READER)),
        (MAILBOXES[1], MailboxShareRevoked(ada)),
    )
    own, other = Reader((MAILBOXES[0],)), Reader((MAILBOXES[1],))
    assert [row.id for row in await company.mailboxes(reading, NAMES, own)] == [MAILBOXES[0]]
    assert len(await company.mailboxes(reading, NAMES, EVERYTHING)) == 2
    address = "info@house.example"
    assert await company.mailbox_by_address(reading, NAMES, other, address) is None
    assert set(await company.mailboxes_by_ids(reading, NAMES, own, MAILBOXES)) == {MAILBOXES[0]}
    assert [row.paused for row in await company.accounts(reading, NAMES, own)] == [True]
    assert await company.accounts(reading, NAMES, other) == []
    described = await company.description(reading, NAMES, own)
    assert described is not None
    assert (described.domains, described.aliases) == (["house.example"], '{"a@x":"b@x"}')
    assert [row.name for row in await company.colleagues(reading, NAMES, own)] == ["Ada"]
    assert [row.id for row in await access.tokens(reading, NAMES, own)] == [token]
    revoked = await access.token(reading, NAMES, EVERYTHING, wide)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert revoked.mailboxes is None
    assert await access.token(reading, NAMES, own, wide) is None
    for reader, count in ((own, 1), (other, 0), (EVERYTHING, 1)):
        assert len(await access.members(reading, NAMES, reader)) == count
    (shared,) = await access.shared_with(reading, NAMES, EVERYTHING, ada)
    assert (shared.mailbox, shared.role) == (MAILBOXES[0], "reader")
