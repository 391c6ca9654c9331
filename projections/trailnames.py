"""What an event names beside its own stream's object: its trail tells of the event, too."""

from collections.abc import Iterable
from uuid import UUID

from domain.absence import AbsenceChanged, AbsenceEntered
from domain.account import AccountConfigured
from domain.alarms import MessageAlarmTold, MessageWaitBreached, MessageWaitWarned
from domain.approval import ApprovalAsked, ApprovalDenied, ApprovalGiven, ApprovalRefused
from domain.approvalrules import ApprovalRuleSet
from domain.attention import MessageHandedOver, MessageTaken
from domain.autoreply import AutoreplySent, AutoreplySuppressed
from domain.calendars import CalendarSaved, TargetSet
from domain.choosing import (
    MessageLinkChoiceWithdrawn,
    MessageLinkConfirmed,
    MessageLinkMoved,
    MessageLinkRejected,
)
from domain.document import DocumentChanged, DocumentRegistered
from domain.mailbox import MailboxShared, MailboxShareRevoked
from domain.mailrules import RuleSaved
from domain.merging import PartyMerged
from domain.message import (
    MessageLinked,
    MessageSetApart,
    MessageThreaded,
    MessageUnlinked,
)
from domain.missing import ReceiptMissed
from domain.outgoing import MailQueued
from domain.party import ContactRegistered, ContactRemoved
from domain.reading import OthersMailRead
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone
from domain.remembering import ChoiceRemembered
from domain.reminding import MessageReminded
from domain.ruleactions import PartyEventRegistered, RuleApplied
from domain.sendingrules import SendingRefused, SendRightGiven, SendRightTaken
from domain.sendingside import AccountSendingConfigured
from domain.sentdocument import DocumentSent
from domain.staffgroup import GroupSaved
from domain.tagging import MessageTagged


def named(event: object) -> Iterable[UUID]:
    """Give the objects that an event names."""
    match event:
        case MessageLinked(target=target) | MessageUnlinked(target=target):
            yield target
        case MessageLinkMoved(target=target, to=to, contact_of=whose):
            yield from (one for one in (target, to, whose) if one is not None)
        case MessageLinkConfirmed(target=target, contact_of=whose):
            yield from (one for one in (target, whose) if one is not None)
        case MessageLinkRejected(target=target) | MessageLinkChoiceWithdrawn(target=target):
            yield target
        case PartyMerged(into=into):
            yield into
        case ChoiceRemembered(party=party):
            yield party
        case ReceiptMissed(mail=mail, message=message):
            yield from (mail, message)
        case MailQueued(message=message, targets=targets, removed=removed, approval=approval):
            yield message
            if approval is not None:
                yield approval
            yield from (target for _, target in (*targets, *removed))
        case DocumentSent(mail=mail, message=message):
            yield mail
            yield message
        case ContactRegistered(contact=contact) | ContactRemoved(contact=contact):
            yield contact
        case DocumentRegistered(record=record) | DocumentChanged(record=record):
            yield from (one for one in (record.party, record.part_of) if one is not None)
        case AccountConfigured(mailbox=mailbox) | AccountSendingConfigured(mailbox=mailbox):
            yield mailbox
        case MessageThreaded(parent=other) | MessageSetApart(ancestor=other) if other is not None:
            yield other
        case ConversationRegrouped() | ConversationRegroupingUndone():
            yield from dict.fromkeys(regrouped(event))
        case ApprovalAsked(mailbox=mailbox, document=document, people=people):
            yield from (one for one in (mailbox, document, *people) if one is not None)
        case _:
            yield from _of_house(event)


def _of_house(event: object) -> Iterable[UUID]:
    match event:
        case MailboxShared(colleague=colleague) | MailboxShareRevoked(colleague=colleague):
            yield colleague
        case SendRightGiven(colleague=colleague) | SendRightTaken(colleague=colleague):
            yield colleague
        case CalendarSaved(mailboxes=mailboxes):
            yield from mailboxes
        case GroupSaved(members=members):
            yield from members
        case TargetSet(scope=scope) if scope.mailbox is not None:
            yield scope.mailbox
        case RuleApplied() | PartyEventRegistered():
            yield from _of_rules(event)
        case MessageTagged(rule=rule) if rule is not None:
            yield rule
        case RuleSaved(mailbox=mailbox) if mailbox is not None:
            yield mailbox
        case MessageTaken(colleague=colleague):
            yield colleague
        case MessageHandedOver(to=to) if to is not None:
            yield to
        case MessageReminded(to=to):
            yield from to
        case AbsenceEntered(away=away) | AbsenceChanged(away=away) if away.substitute is not None:
            yield away.substitute
        case AutoreplySent(responder=responder, mail=mail):
            yield from (responder, mail)
        case AutoreplySuppressed(responder=responder):
            yield responder
        case MessageWaitWarned(target=target) | MessageWaitBreached(target=target):
            yield target
        case MessageAlarmTold(told=told, escalated_to=escalated, mails=mails):
            yield from (*told, *escalated, *mails)
        case OthersMailRead(message=message, reader=reader):
            yield from (message, reader)
        case ApprovalGiven(approver=who) | ApprovalRefused(approver=who):
            yield who
        case ApprovalDenied(colleague=who):
            yield who
        case ApprovalRuleSet(scope=scope):
            yield from (one for one in (scope.mailbox, scope.colleague) if one is not None)
        case SendingRefused(mailbox, _, colleague, document):
            yield from (one for one in (mailbox, colleague, document) if one is not None)


def _of_rules(event: RuleApplied | PartyEventRegistered) -> Iterable[UUID]:
    """Give the rule, and whom or what it chose; who else might have been drawn is not named."""
    yield event.rule
    match event:
        case RuleApplied(done=done):
            every = (id for one in done for id in (one.to, one.mail))
            yield from dict.fromkeys(id for id in every if id is not None)
        case PartyEventRegistered(message=message):
            yield message


def regrouped(event: object) -> Iterable[UUID]:
    """Give the messages that a regrouping is about."""
    match event:
        case ConversationRegrouped():
            return event.everybody
        case ConversationRegroupingUndone(messages=messages):
            return messages
        case _:
            return ()
