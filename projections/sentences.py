"""Events in plain English, one sentence each."""

from domain.access import TokenIssued, TokenRevoked
from domain.account import AccountEvent
from domain.authentication import ServerDistrusted, ServerTrusted
from domain.choosing import (
    ChoosingEvent,
    MessageLinkChoiceWithdrawn,
    MessageLinkConfirmed,
    MessageLinkMoved,
    MessageLinkRejected,
)
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.document import DocumentChanged, DocumentRegistered
from domain.exclusion import ExclusionAdded, ExclusionRemoved
from domain.mailbox import MailboxShared, MailboxShareRevoked
from domain.mailrules import RuleEvent
from domain.marking import (
    MessageMarked,
    MessageMoved,
    MessageOrderFailed,
)
from domain.merging import MergingEvent, PartyMerged, PartyMergeUndone
from domain.message import (
    CaptureEvent,
    MessageClassified,
    MessageClosed,
    MessageCompleted,
    MessageCopyFound,
    MessageLinked,
    MessageReceived,
    MessageReopened,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.note import NoteEvent
from domain.operation import EventSkipped
from domain.party import (
    BY_PEOPLE,
    ContactRegistered,
    ContactRemoved,
    PartyChanged,
    PartyRegistered,
)
from domain.quarantine import ReprocessingOrdered
from domain.reading import OthersMailRead
from domain.recorded import Erased
from domain.regrouping import (
    ConversationRegrouped,
    ConversationRegroupingUndone,
    RegroupingKind,
)
from domain.relinking import RelinkingOrdered
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from domain.rereading import MessageReread
from domain.sendingrules import SendingRulesEvent
from domain.webform import WebFormDeclared, WebFormWithdrawn
from projections.sentences_of_absences import OfAbsences, of_absences
from projections.sentences_of_accounts import of_account
from projections.sentences_of_approvals import OfApprovals, of_approvals
from projections.sentences_of_attention import OfAttention, of_attention
from projections.sentences_of_calendars import OfCalendars, of_calendars
from projections.sentences_of_groups import OfGroups, of_groups
from projections.sentences_of_marks import cut, of_marks
from projections.sentences_of_notes import of_notes
from projections.sentences_of_permission import of_permission
from projections.sentences_of_reading import of_reading
from projections.sentences_of_rules import of_rules
from projections.sentences_of_runs import OfRuns, of_runs
from projections.sentences_of_sending import OfSending, of_sending


def sentence(event: object) -> str:
    """Say what happened."""
    match event:
        case MessageReceived() | MessageCopyFound() | MessageCompleted():
            return _of_mail(event)
        case MessageReread() | MessageClassified():
            return _of_mail(event)
        case MessageMarked() | MessageMoved() | MessageOrderFailed():
            return of_marks(event)
        case event if isinstance(event, ChoosingEvent):
            return _of_choices(event)
        case (
            MessageLinked()
            | MessageUnlinked()
            | MessageThreaded()
            | MessageSetApart()
            | MessageClosed()
            | MessageReopened()
        ):
            return _of_links(event)
        case ConversationRegrouped() | ConversationRegroupingUndone():
            return _of_regrouping(event)
        case PartyRegistered() | PartyChanged() | ContactRegistered() | ContactRemoved():
            return _of_party(event)
        case PartyMerged() | PartyMergeUndone():
            return _of_merging(event)
        case DocumentRegistered(record=record, title=title):
            what = f"{record.kind} {record.number or title}"
            return f"registered {what} ({event.source} {event.erp_id})"
        case DocumentChanged(record=record, title=title):
            return f"the record of {record.kind} {record.number or title} changed"
        case _:
            return _of_work(event)


def _of_work(event: object) -> str:
    """Say what happened in what has a module of sentences of its own."""
    match event:
        case event if isinstance(event, OfSending):
            return of_sending(event)
        case event if isinstance(event, NoteEvent):
            return of_notes(event)
        case event if isinstance(event, OfAttention):
            return of_attention(event)
        case event if isinstance(event, OfCalendars):
            return of_calendars(event)
        case event if isinstance(event, OfRuns):
            return of_runs(event)
        case event if isinstance(event, OfGroups):
            return of_groups(event)
        case event if isinstance(event, OfAbsences):
            return of_absences(event)
        case OthersMailRead():
            return of_reading(event)
        case event if isinstance(event, OfApprovals):
            return of_approvals(event)
        case event if isinstance(event, RuleEvent):
            return of_rules(event)
        case event if isinstance(event, SendingRulesEvent):
            return of_permission(event)
        case _:
            return _of_house(event)


def _of_mail(
    event: CaptureEvent | MessageReread | MessageClassified,
) -> str:
    match event:
        case MessageReceived():
            archived = ", archived" if event.archived else ""
            subject = cut(event.content.subject)
            return f'received in {event.folder}{archived}: "{subject}"'
        case MessageCopyFound(variant=variant):
            what = "a copy that says something else" if variant else "a further copy"
            return f"{what} was found in {event.folder}"
        case MessageCompleted():
            return (
                f"the whole of it was found in {event.folder}; until then only its header was here"
            )
        case MessageReread(reader=reader, content=content):
            said = "as before" if content is None else "otherwise than before"
            return f"read anew by version {reader} of the reader, {said}"
        case MessageClassified():
            who = f"machine mail ({event.kind})" if event.automatic else "written by a person"
            answer = "wants an answer" if event.wants_answer else "wants no answer"
            return f"{event.direction.value}, {who}, {answer}: {event.reason}"


def _of_choices(
    event: ChoosingEvent,
) -> str:
    match event:
        case MessageLinkConfirmed(kind, _, note):
            return f"said to belong to a {kind.value}" + (f": {cut(note)}" if note else "")
        case MessageLinkRejected(kind, _, note):
            return f"said not to belong to a {kind.value}" + (f": {cut(note)}" if note else "")
        case MessageLinkMoved(kind, _, to_kind, _, note):
            other = "another" if kind is to_kind else "a"
            said = f": {cut(note)}" if note else ""
            return f"moved from a {kind.value} to {other} {to_kind.value}{said}"
        case MessageLinkChoiceWithdrawn(kind):
            return f"what was said about a {kind.value} was taken back: rules decide again"


def _of_links(
    event: MessageLinked
    | MessageUnlinked
    | MessageThreaded
    | MessageSetApart
    | MessageClosed
    | MessageReopened,
) -> str:
    match event:
        case MessageSetApart(ancestor=None):
            return "begins no conversation of its own any more: the ground is gone"
        case MessageSetApart():
            return f"begins a conversation of its own by {event.rule} ({event.where}): {cut(event.evidence)}"
        case MessageThreaded(parent=None):
            return "goes on with no other mail any more: the ground is gone"
        case MessageThreaded():
            return (
                f"goes on with another mail by {event.rule} ({event.where}): {cut(event.evidence)}"
            )
        case MessageLinked():
            by = event.rule or "a person"
            place = f" ({event.where})" if event.where else ""
            doubt = "" if event.state.value == "automatic" else f", {event.state.value}"
            evidence = f": {cut(event.evidence)}" if event.evidence else ""
            return f"linked to {event.kind.value} by {by}{place}{doubt}{evidence}"
        case MessageUnlinked():
            reason = f": {cut(event.reason)}" if event.reason else ""
            return f"unlinked from {event.kind.value} by {event.rule or 'a person'}{reason}"
        case MessageClosed(reason, note):
            said = reason.value.replace("_", " ")
            return f"closed: {said}" + (f" ({cut(note)})" if note else "")
        case MessageReopened(note):
            return "reopened" + (f": {cut(note)}" if note else "")


def _of_regrouping(event: ConversationRegrouped | ConversationRegroupingUndone) -> str:
    note = f": {cut(event.note)}" if event.note else ""
    if isinstance(event, ConversationRegroupingUndone):
        return f"a regrouping of conversations was taken back{note}"
    if event.kind is RegroupingKind.MERGE:
        return f"conversations were merged into one, of {len(event.joined)} messages{note}"
    what = f"{len(event.messages)} message{'s' if len(event.messages) != 1 else ''}"
    if event.kind is RegroupingKind.MOVE:
        return f"{what} moved to another conversation{note}"
    return f"{what} split off into a conversation of their own{note}"


def _of_party(
    event: PartyRegistered | PartyChanged | ContactRegistered | ContactRemoved,
) -> str:
    match event:
        case PartyRegistered():
            return f"registered {event.kind} {event.name} ({event.source} {event.erp_id})"
        case PartyChanged():
            return f"the record of {event.kind} {event.name} changed"
        case ContactRegistered():
            name = f"{event.name} " if event.name else ""
            role = f", {event.role}" if event.role else ""
            done = "added by a person" if event.source == BY_PEOPLE else "registered or changed"
            return f"contact {name}<{event.address}>{role} {done}"
        case ContactRemoved():
            return "a contact was removed"


def _of_merging(event: MergingEvent) -> str:
    match event:
        case PartyMerged(note=note):
            return "merged into another party, as which it counts" + (
                f": {cut(note)}" if note else ""
            )
        case PartyMergeUndone():
            return "no longer merged: it stands by itself again"


def _of_house(event: object) -> str:
    if isinstance(event, AccountEvent):
        return of_account(event)
    match event:
        case CompanyDescribed(name, domains):
            return f"described {name} with the domains {cut(', '.join(domains))}"
        case ColleagueRegistered():
            return f"colleague {event.name or event.address} registered or changed"
        case MailboxRegistered(certified, address):
            return f"{'certified ' if certified else ''}mailbox {address} registered or changed"
        case MailboxShared(role=role):
            return f"shared with a colleague as {role.value}"
        case MailboxShareRevoked():
            return "no longer shared with a colleague"
        case TokenIssued(name=name, colleague=colleague):
            return f"token {name} issued{' to a colleague' if colleague else ''}"
        case TokenRevoked():
            return "the token was revoked"
        case RelinkingOrdered(note):
            return "all mail is matched again" + (f": {cut(note)}" if note else "")
        case EventSkipped(projection, position):
            return f"{projection} passed over the event at position {position}"
        case Erased(name):
            return f"{name}: erased"
        case _:
            return _of_policy(event)


def _of_policy(event: object) -> str:
    match event:
        case WebFormDeclared(address, mailbox=mailbox):
            where = ", in one mailbox" if mailbox else ""
            return f"{address} writes for others, who stand in Reply-To{where}"
        case WebFormWithdrawn():
            return "the address writes for itself again"
        case ServerTrusted(server):
            return f"what {server} says about senders is believed"
        case ServerDistrusted():
            return "what the server says about senders is believed no longer"
        case ExclusionAdded(side, pattern=pattern):
            return f"mail of {pattern} ({side.value}) is not taken in from now on"
        case ExclusionRemoved():
            return "such mail is taken in again"
        case ChoiceRemembered(_, mailbox, address, words):
            where = ", in one mailbox" if mailbox else ""
            about = f", with {cut(words)} in the subject" if words else ""
            return f"mail with {address} belongs to a party{where}{about}"
        case ChoiceForgotten():
            return "such mail is linked by the other rules again"
        case ReprocessingOrdered():
            return f"{_in_quarantine(event)} to be read once more"
        case _:
            return type(event).__name__


def _in_quarantine(event: ReprocessingOrdered) -> str:
    if event.messages:
        return f"{len(event.messages)} message{'s' if len(event.messages) > 1 else ''}"
    if event.mailboxes is None:
        return "all mail in quarantine"
    boxes = len(event.mailboxes)
    return f"all mail in quarantine of {boxes} mailbox{'es' if boxes != 1 else ''}"
