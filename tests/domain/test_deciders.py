"""Given what happened, when a command comes, then this follows; a repeated command adds nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import access, account, company, document, mailbox, message, party
from domain.capture import as_copy, as_whole
from domain.content import Content
from domain.mailbox import Role
from domain.marking import MarkMessage, MessageMarked
from domain.message import (
    CaptureMessage,
    CloseMessage,
    CloseReason,
    FolderRole,
    MessageClosed,
    MessageCopyFound,
    MessageReceived,
    MessageReopened,
    ReopenMessage,
)
from domain.values import BlobName, ColleagueId, ContactId, MailboxId, PartyId, Rejected
from given import Story

BOX, OTHER_BOX = MailboxId(UUID(int=1)), MailboxId(UUID(int=2))
MONDAY = datetime(2026, 2, 2, 8, tzinfo=UTC)
RECEIVED = MessageReceived(
    mailbox=BOX,
    role=FolderRole.INBOX,
    received_at=MONDAY,
    size=120,
    raw=BlobName("blob"),
    content_key="same",
    header_key="id",
    folder="INBOX",
    raw_sha256="00",
    content=Content(reader=1, subject="Ordine", trace=(("return-path", "<a@b.example>"),)),
    files=(BlobName("file"),),
)
COPY = replace(RECEIVED, mailbox=OTHER_BOX, folder="Sent", role=FolderRole.SENT)


def mail() -> Story:
    return Story(message.Message(), message.evolve, message.decide)


def capture(received: MessageReceived, number: int = 1) -> CaptureMessage:
    return CaptureMessage(UUID(int=number), received)


def test_a_message_is_received_once() -> None:
    mail().when(capture(RECEIVED)).then(RECEIVED)


def test_the_same_place_seen_again_is_nothing_new() -> None:
    seen = message.Message(known=True, occurrences=frozenset({UUID(int=1)}))
    assert message.decide(seen, capture(RECEIVED)) == []


def test_marks_are_those_of_a_place_and_compared_as_sets() -> None:
    read = MessageMarked(BOX, "INBOX", flags=("seen", "flagged"))
    mail().given(RECEIVED, COPY).when(MarkMessage(BOX, "INBOX", ("seen", "flagged"))).then(read)
    again = MarkMessage(BOX, "INBOX", ("flagged", "seen"))
    mail().given(RECEIVED, COPY, read).when(again).then_nothing()
    mail().given(RECEIVED, read, COPY).when(MarkMessage(OTHER_BOX, "Sent")).then_nothing()


def test_what_left_a_folder_and_comes_back_keeps_its_marks_in_between() -> None:
    seen = replace(RECEIVED, flags=("seen",))
    left = MessageMarked(BOX, "INBOX", ("seen",), ("seen",), gone=True)
    back = MessageMarked(BOX, "INBOX", (), ("seen",), gone_before=True)
    mail().given(seen).when(MarkMessage(BOX, "INBOX", gone=True)).then(left)
    mail().given(seen, left).when(MarkMessage(BOX, "INBOX", gone=True)).then_nothing()
    mail().given(seen, left).when(MarkMessage(BOX, "INBOX")).then(back)


def test_what_was_never_in_a_folder_is_not_marked_there() -> None:
    with pytest.raises(Rejected, match="never seen in this folder"):
        message.decide(message.evolve(message.Message(), RECEIVED), MarkMessage(BOX, "Sent"))


def test_a_further_place_is_a_copy_with_its_own_trace() -> None:
    happened = message.decide(message.evolve(message.Message(), RECEIVED), capture(COPY, 2))
    (copy,) = happened
    assert isinstance(copy, MessageCopyFound)
    assert (copy.mailbox, copy.variant, copy.content, copy.files) == (OTHER_BOX, False, None, ())
    assert copy.trace == RECEIVED.content.trace


def test_a_copy_that_differs_is_kept_as_a_variant_with_its_content() -> None:
    other = replace(COPY, content_key="other")
    state = message.evolve(message.Message(), RECEIVED)
    (copy,) = message.decide(state, capture(other, 2))
    assert isinstance(copy, MessageCopyFound)
    assert (copy.variant, copy.content, copy.files) == (True, COPY.content, COPY.files)
    (again,) = message.decide(message.evolve(state, copy), capture(other, 3))
    assert isinstance(again, MessageCopyFound)
    assert not again.variant


def test_the_whole_of_a_message_known_by_its_header_is_no_variant() -> None:
    header = replace(RECEIVED, content_key="header", files=(), whole_size=120)
    arrives = CaptureMessage(UUID(int=2), replace(RECEIVED, size=120), "header")
    completed = as_whole(arrives.received, "header")
    mail().given(header).when(arrives).then(completed)
    other = as_copy(replace(RECEIVED, content_key="other"), variant=True)
    again = CaptureMessage(UUID(int=3), replace(RECEIVED, content_key="other"), "header")
    mail().given(header, completed).when(again).then(other)
    mail().given(header).when(replace(arrives, header_content_key="another")).then(
        as_copy(arrives.received, variant=True)
    )


def test_a_message_is_closed_and_reopened_with_reasons() -> None:
    closed = MessageClosed(CloseReason.COURTESY, "telefonato")
    close = CloseMessage(CloseReason.COURTESY, "telefonato")
    mail().given(RECEIVED).when(close).then(closed)
    mail().given(RECEIVED, closed).when(close).then_nothing()
    mail().given(RECEIVED, closed).when(ReopenMessage("no")).then(MessageReopened("no"))
    other = CloseMessage(CloseReason.SPAM)
    mail().given(RECEIVED, closed).when(other).then(MessageClosed(CloseReason.SPAM))
    mail().given(RECEIVED, closed, MessageReopened()).when(ReopenMessage()).then_nothing()


def test_an_unknown_message_cannot_be_closed() -> None:
    mail().when(CloseMessage(CloseReason.SPAM)).then_refused("NOT_FOUND")


ROSSI = party.PartyRegistered("erp", "C1", "customer", "it", "IT", 0, "Rossi", "IT1")
ANNA = party.ContactRegistered(ContactId(UUID(int=7)), "acquisti", 0, (), "a@rossi.example")


def firm() -> Story:
    return Story(party.Party(), party.evolve, party.decide)


def test_a_party_is_registered_and_then_changes_only_where_it_differs() -> None:
    firm().when(party.RegisterParty(ROSSI)).then(ROSSI)
    firm().given(ROSSI).when(party.RegisterParty(ROSSI)).then_nothing()
    renamed = replace(ROSSI, name="Rossi S.p.A.")
    changed = party.PartyChanged("customer", "it", "IT", 0, "Rossi S.p.A.", "IT1")
    firm().given(ROSSI).when(party.RegisterParty(renamed)).then(changed)
    firm().given(ROSSI, changed).when(party.RegisterParty(renamed)).then_nothing()


def test_contacts_are_taken_over_as_a_whole() -> None:
    moved = replace(ANNA, role="direzione")
    firm().given(ROSSI).when(party.SetContacts((ANNA,))).then(ANNA)
    firm().given(ROSSI, ANNA).when(party.SetContacts((ANNA,))).then_nothing()
    firm().given(ROSSI, ANNA).when(party.SetContacts((moved,))).then(moved)
    gone = party.ContactRemoved(ANNA.contact)
    firm().given(ROSSI, ANNA).when(party.SetContacts(())).then(gone)
    firm().given(ROSSI, ANNA, gone).when(party.SetContacts(())).then_nothing()
    firm().when(party.SetContacts((ANNA,))).then_refused("NOT_FOUND")


def test_a_contact_that_a_person_added_stays_until_a_person_removes_it() -> None:
    eve = replace(ANNA, contact=ContactId(UUID(int=8)), address="e@rossi.example")
    added = replace(eve, source=party.BY_PEOPLE)
    gone = party.ContactRemoved(eve.contact)
    firm().when(party.AddContact(added)).then_refused("NOT_FOUND")
    firm().given(ROSSI).when(party.AddContact(added)).then(added)
    firm().given(ROSSI, added).when(party.AddContact(added)).then_nothing()
    firm().given(ROSSI, ANNA).when(party.AddContact(ANNA)).then_nothing()
    firm().given(ROSSI, ANNA, added).when(party.SetContacts((ANNA,))).then_nothing()
    told = replace(eve, role="boss")
    known = replace(told, source=party.BY_PEOPLE)
    firm().given(ROSSI, added).when(party.SetContacts((told,))).then(known)
    firm().given(ROSSI, added, known).when(party.SetContacts(())).then_nothing()
    firm().given(ROSSI, added).when(party.RemoveContact(eve.contact)).then(gone)
    firm().given(ROSSI, added, gone).when(party.RemoveContact(eve.contact)).then_refused(
        "NOT_FOUND"
    )
    firm().given(ROSSI, ANNA).when(party.RemoveContact(ANNA.contact)).then_refused("INVALID")


def test_a_person_enters_a_party_once_with_its_first_contact() -> None:
    lead = replace(ROSSI, source=party.BY_PEOPLE, erp_id="N-1", kind="lead")
    firm().when(party.AddParty(lead, ANNA)).then(lead, ANNA)
    firm().given(lead).when(party.AddParty(lead, ANNA)).then_refused("INVALID")


ORDER = document.DocumentRegistered(
    "erp",
    "D1",
    document.DocumentRecord("sales_order", "2026/1", PartyId(UUID(int=3)), date(2026, 1, 2)),
)


def test_a_document_is_registered_and_then_changes_only_where_it_differs() -> None:
    paper = Story(document.Document(), document.evolve, document.decide)
    take = document.RegisterDocument(ORDER)
    paper.when(take).then(ORDER)
    Story(document.Document(), document.evolve, document.decide).given(ORDER).when(
        take
    ).then_nothing()
    dearer = replace(ORDER, record=replace(ORDER.record, amount="10.00"))
    changed = document.DocumentChanged(dearer.record)
    again = Story(document.Document(), document.evolve, document.decide).given(ORDER, changed)
    again.when(document.RegisterDocument(dearer)).then_nothing()
    Story(document.Document(), document.evolve, document.decide).given(ORDER).when(
        document.RegisterDocument(dearer)
    ).then(changed)


@pytest.mark.parametrize(
    "record",
    [
        company.CompanyDescribed("Firma", ("firma.example",)),
        company.ColleagueRegistered("vendite", collected=True, address="a@firma.example"),
        company.MailboxRegistered(certified=False, address="info@firma.example"),
    ],
)
def test_the_companys_own_records_change_only_where_they_differ(record: Any) -> None:
    own = Story(company.Own(), company.evolve, company.decide)
    own.when(company.TakeOver(record)).then(record)
    own.given(record).then_nothing()


ACCOUNT = account.AccountConfigured(BOX, "imap", 993, "tls", "imap.firma.example", "info")


def fetching() -> Story:
    return Story(account.Account(), account.evolve, account.decide)


def test_an_account_is_configured_paused_and_resumed() -> None:
    fetching().when(account.ConfigureAccount(ACCOUNT)).then(ACCOUNT)
    fetching().given(ACCOUNT).when(account.ConfigureAccount(ACCOUNT)).then_nothing()
    fetching().given(ACCOUNT).when(account.PauseAccount()).then(account.AccountPaused())
    paused = fetching().given(ACCOUNT, account.AccountPaused())
    paused.when(account.PauseAccount()).then_nothing()
    paused.when(account.ResumeAccount()).then(account.AccountResumed())
    fetching().given(ACCOUNT).when(account.ResumeAccount()).then_nothing()
    changed = account.AccountCredentialsChanged()
    fetching().given(ACCOUNT).when(account.ChangeCredentials()).then(changed)
    fetching().when(account.PauseAccount()).then_refused("NOT_FOUND")
    resumed = paused.given(account.AccountResumed(), changed)
    resumed.when(account.ResumeAccount()).then_nothing()


def test_an_account_that_was_removed_is_gone_until_it_is_configured_again() -> None:
    removed = account.AccountRemoved()
    fetching().when(account.RemoveAccount()).then_refused("NOT_FOUND")
    fetching().given(ACCOUNT).when(account.RemoveAccount()).then(removed)
    gone = fetching().given(ACCOUNT, account.AccountPaused(), removed)
    gone.when(account.RemoveAccount()).then_refused("NOT_FOUND")
    gone.when(account.ConfigureAccount(ACCOUNT)).then(ACCOUNT)
    again = fetching().given(ACCOUNT, account.AccountPaused(), removed, ACCOUNT)
    again.when(account.ResumeAccount()).then_nothing()


GIULIA, MARCO = ColleagueId(UUID(int=11)), ColleagueId(UUID(int=12))


def shared_mailbox() -> Story:
    registered = company.MailboxRegistered(certified=False, address="info@firma.example")
    return Story(mailbox.Mailbox(), mailbox.evolve, mailbox.decide).given(registered)


def test_a_mailbox_is_shared_with_each_colleague_in_one_role_until_that_is_revoked() -> None:
    reads = mailbox.MailboxShared(GIULIA, Role.READER)
    acts = mailbox.MailboxShared(GIULIA, Role.MEMBER)
    revoked = mailbox.MailboxShareRevoked(GIULIA)
    share = mailbox.ShareMailbox(GIULIA, Role.READER)
    revoke = mailbox.RevokeShare(GIULIA)
    shared_mailbox().when(share).then(reads)
    shared_mailbox().given(reads).when(share).then_nothing()
    shared_mailbox().given(reads).when(mailbox.ShareMailbox(GIULIA, Role.MEMBER)).then(acts)
    shared_mailbox().given(reads).when(mailbox.RevokeShare(MARCO)).then_nothing()
    shared_mailbox().given(reads).when(revoke).then(revoked)
    shared_mailbox().given(reads, revoked).when(revoke).then_nothing()
    shared_mailbox().given(reads, revoked).when(share).then(reads)


def test_a_mailbox_that_nobody_knows_is_not_shared() -> None:
    unknown = Story(mailbox.Mailbox(), mailbox.evolve, mailbox.decide)
    unknown.when(mailbox.ShareMailbox(GIULIA, Role.READER)).then_refused("NOT_FOUND")


def test_consent_is_given_lost_and_asked_for_anew_where_something_else_is_asked_for() -> None:
    asked = account.OAuth("microsoft", "client")
    there = replace(ACCOUNT, oauth=asked)
    given, lost = account.AccountConsentGiven(), account.AccountConsentLost("invalid_grant")
    lose = account.LoseConsent("invalid_grant")
    fetching().given(ACCOUNT).when(account.GiveConsent()).then_refused("NO_OAUTH")
    fetching().given(there).when(lose).then_nothing()
    fetching().given(there).when(account.GiveConsent()).then(given)
    fetching().given(there, given).when(lose).then(lost)
    fetching().given(there, given, lost).when(lose).then_nothing()
    dated = replace(there, oauth=replace(asked, secret_ends_on=date(2027, 1, 1)))
    fetching().given(there, given, dated).when(lose).then(lost)
    other = replace(there, oauth=replace(asked, client="another"))
    fetching().given(there, given, other).when(lose).then_nothing()
    fetching().given(there, given, ACCOUNT).when(lose).then_nothing()


TOKEN = access.TokenIssued("hash", (access.Scope.READ_MAIL,), None, None, "erp")


def test_a_token_is_issued_once_and_revoked_once() -> None:
    def token() -> Story:
        return Story(access.Token(), access.evolve, access.decide)

    token().when(access.IssueToken(TOKEN)).then(TOKEN)
    token().given(TOKEN).when(access.IssueToken(TOKEN)).then_nothing()
    token().given(TOKEN).when(access.RevokeToken()).then(access.TokenRevoked())
    token().given(TOKEN, access.TokenRevoked()).when(access.RevokeToken()).then_nothing()
    token().when(access.RevokeToken()).then_refused("NOT_FOUND")
    both = replace(TOKEN, colleague=GIULIA)
    token().when(access.IssueToken(both)).then_refused("INVALID")
    own = replace(both, mailboxes=())
    token().when(access.IssueToken(own)).then(own)
    nameless = replace(TOKEN, name=" ")
    token().when(access.IssueToken(nameless)).then_refused("INVALID")


def test_events_of_others_change_nothing() -> None:
    stranger = object()
    assert message.evolve(message.Message(), stranger) == message.Message()
    assert party.evolve(party.Party(), stranger) == party.Party()
    assert document.evolve(document.Document(), stranger) == document.Document()
    assert company.evolve(company.Own(), stranger) == company.Own()
    assert account.evolve(account.Account(), stranger) == account.Account()
    assert access.evolve(access.Token(), stranger) == access.Token()
    assert mailbox.evolve(mailbox.Mailbox(), stranger) == mailbox.Mailbox()


commands = st.sampled_from(
    [
        CloseMessage(CloseReason.SPAM),
        CloseMessage(CloseReason.COURTESY, "nota"),
        ReopenMessage(),
        capture(RECEIVED, 1),
        capture(COPY, 2),
    ]
)


@given(st.lists(commands, max_size=8), commands)
def test_a_command_given_twice_records_nothing_new(before: list[Any], command: Any) -> None:
    def record(state: message.Message, given_: Any) -> message.Message:
        for event in message.decide(state, given_):
            state = message.evolve(state, event)
        if isinstance(given_, CaptureMessage):
            state = replace(state, occurrences=state.occurrences | {given_.occurrence})
        return state

    state = record(message.Message(), capture(RECEIVED, 9))
    for one in before:
        state = record(state, one)
    once = record(state, command)
    assert message.decide(once, command) == []
