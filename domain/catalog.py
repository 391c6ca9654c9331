"""Every event under its name on disk. A name never changes; older forms are brought up to date."""

from collections.abc import Callable, Mapping
from dataclasses import field

from domain.absence import AbsenceCancelled, AbsenceChanged, AbsenceEntered
from domain.access import TokenIssued, TokenRevoked
from domain.account import (
    AccountConfigured,
    AccountConsentAsked,
    AccountConsentGiven,
    AccountConsentLost,
    AccountCredentialsChanged,
    AccountPaused,
    AccountRemoved,
    AccountResumed,
)
from domain.alarms import MessageAlarmTold, MessageWaitBreached, MessageWaitWarned
from domain.approval import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalVoided,
    ApprovalWithdrawn,
)
from domain.approvalrules import ApprovalRuleSet, ApprovalRuleWithdrawn
from domain.attention import (
    MessageAttentionUndone,
    MessageHandedOver,
    MessageSnoozed,
    MessageTaken,
    MessageWaitContinued,
    MessageWaitPaused,
)
from domain.authentication import ServerDistrusted, ServerTrusted
from domain.autoreply import AutorepliesHalted, AutoreplySent, AutoreplySuppressed
from domain.calendars import CalendarRetired, CalendarSaved, TargetSet, TargetWithdrawn
from domain.choosing import (
    MessageLinkChoiceWithdrawn,
    MessageLinkConfirmed,
    MessageLinkMoved,
    MessageLinkRejected,
)
from domain.classes import dataclass
from domain.company import ColleagueRegistered, CompanyDescribed, MailboxRegistered
from domain.document import DocumentChanged, DocumentRegistered
from domain.exclusion import ExclusionAdded, ExclusionRemoved
from domain.mailbox import MailboxShared, MailboxShareRevoked
from domain.mailrules import RuleRetired, RuleSaved
from domain.marking import MessageMarked, MessageMoved, MessageOrderFailed
from domain.merging import PartyMerged, PartyMergeUndone
from domain.message import (
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
from domain.missing import ReceiptMissed
from domain.note import (
    DocumentNoteChanged,
    DocumentNoted,
    DocumentNoteWithdrawn,
    MessageNoteChanged,
    MessageNoted,
    MessageNoteWithdrawn,
)
from domain.operation import EventSkipped
from domain.outgoing import (
    MailAccepted,
    MailCancelled,
    MailDeferred,
    MailQueued,
    MailRefused,
    MailResolved,
    MailSendingBegun,
    MailUncertain,
)
from domain.party import ContactRegistered, ContactRemoved, PartyChanged, PartyRegistered
from domain.quarantine import ReprocessingOrdered
from domain.reading import OthersMailRead
from domain.recipients import RecipientApproved, RecipientWithdrawn
from domain.regrouping import ConversationRegrouped, ConversationRegroupingUndone
from domain.relinking import RelinkingOrdered
from domain.remembering import ChoiceForgotten, ChoiceRemembered
from domain.reminding import MessageReminded
from domain.rereading import MessageReread
from domain.ruleactions import PartyEventRegistered, RuleApplied
from domain.sendingrules import (
    ColleagueSendingSwitched,
    CompanySendingSwitched,
    OfficeRoleGiven,
    OfficeRoleTaken,
    SendingGranted,
    SendingRefused,
    SendingRuleSet,
    SendingWithdrawn,
    SendRightGiven,
    SendRightTaken,
)
from domain.sendingside import (
    AccountSendingConfigured,
    AccountSendingCredentialsChanged,
    AccountSendingRemoved,
)
from domain.sentdocument import DocumentSent
from domain.staffgroup import GroupRetired, GroupSaved
from domain.tagging import MessageTagged, MessageUntagged
from domain.template import TemplateRenamed, TemplateRetired, TemplateSaved
from domain.webform import WebFormDeclared, WebFormWithdrawn
from domain.webhook import (
    WebhookChanged,
    WebhookPaused,
    WebhookRegistered,
    WebhookRemoved,
    WebhookReplayOrdered,
    WebhookResumed,
    WebhookSecretChanged,
)

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class EventType:
    """An event's name on disk, its class, its version, and what brings older versions up.

    `upcasts[n]` turns the fields of version n into those of version n + 1.
    """

    name: str
    event: type
    version: int = 1
    upcasts: Mapping[int, Callable[[Fields], Fields]] = field(default_factory=dict, compare=False)


CATALOG: tuple[EventType, ...] = (
    EventType("message.received", MessageReceived),
    EventType("message.copy_found", MessageCopyFound),
    EventType("message.completed", MessageCompleted),
    EventType("message.marked", MessageMarked),
    EventType("message.moved", MessageMoved),
    EventType("message.order_failed", MessageOrderFailed),
    EventType("message.classified", MessageClassified),
    EventType("message.linked", MessageLinked),
    EventType("message.unlinked", MessageUnlinked),
    EventType("message.threaded", MessageThreaded),
    EventType("message.set_apart", MessageSetApart),
    EventType("message.link_confirmed", MessageLinkConfirmed),
    EventType("message.link_rejected", MessageLinkRejected),
    EventType("message.link_choice_withdrawn", MessageLinkChoiceWithdrawn),
    EventType("message.link_moved", MessageLinkMoved),
    EventType("message.closed", MessageClosed),
    EventType("message.reopened", MessageReopened),
    EventType("party.registered", PartyRegistered),
    EventType("party.changed", PartyChanged),
    EventType("party.contact_registered", ContactRegistered),
    EventType("party.contact_removed", ContactRemoved),
    EventType("party.merged", PartyMerged),
    EventType("party.merge_undone", PartyMergeUndone),
    EventType("document.registered", DocumentRegistered),
    EventType("document.changed", DocumentChanged),
    EventType("company.described", CompanyDescribed),
    EventType("colleague.registered", ColleagueRegistered),
    EventType("mailbox.registered", MailboxRegistered),
    EventType("mailbox.shared", MailboxShared),
    EventType("mailbox.share_revoked", MailboxShareRevoked),
    EventType("account.configured", AccountConfigured),
    EventType("account.credentials_changed", AccountCredentialsChanged),
    EventType("account.paused", AccountPaused),
    EventType("account.resumed", AccountResumed),
    EventType("account.consent_asked", AccountConsentAsked),
    EventType("account.consent_given", AccountConsentGiven),
    EventType("account.consent_lost", AccountConsentLost),
    EventType("account.removed", AccountRemoved),
    EventType("account.sending_configured", AccountSendingConfigured),
    EventType("account.sending_credentials_changed", AccountSendingCredentialsChanged),
    EventType("account.sending_removed", AccountSendingRemoved),
    EventType("token.issued", TokenIssued),
    EventType("token.revoked", TokenRevoked),
    EventType("message.reread", MessageReread),
    EventType("quarantine.reprocessing_ordered", ReprocessingOrdered),
    EventType("web_form.declared", WebFormDeclared),
    EventType("web_form.withdrawn", WebFormWithdrawn),
    EventType("server.trusted", ServerTrusted),
    EventType("server.distrusted", ServerDistrusted),
    EventType("exclusion.added", ExclusionAdded),
    EventType("exclusion.removed", ExclusionRemoved),
    EventType("projection.event_skipped", EventSkipped),
    EventType("relinking.ordered", RelinkingOrdered),
    EventType("choice.remembered", ChoiceRemembered),
    EventType("choice.forgotten", ChoiceForgotten),
    EventType("conversation.regrouped", ConversationRegrouped),
    EventType("conversation.regrouping_undone", ConversationRegroupingUndone),
    EventType("outgoing.queued", MailQueued),
    EventType("outgoing.sending_begun", MailSendingBegun),
    EventType("outgoing.accepted", MailAccepted),
    EventType("outgoing.deferred", MailDeferred),
    EventType("outgoing.refused", MailRefused),
    EventType("outgoing.uncertain", MailUncertain),
    EventType("outgoing.resolved", MailResolved),
    EventType("outgoing.cancelled", MailCancelled),
    EventType("delivery.receipt_missed", ReceiptMissed),
    EventType("document.sent", DocumentSent),
    EventType("company.sending_switched", CompanySendingSwitched),
    EventType("company.sending_rule_set", SendingRuleSet),
    EventType("colleague.sending_switched", ColleagueSendingSwitched),
    EventType("colleague.sending_granted", SendingGranted),
    EventType("colleague.sending_withdrawn", SendingWithdrawn),
    EventType("colleague.role_given", OfficeRoleGiven),
    EventType("colleague.role_taken", OfficeRoleTaken),
    EventType("mailbox.send_right_given", SendRightGiven),
    EventType("mailbox.send_right_taken", SendRightTaken),
    EventType("sending.refused", SendingRefused),
    EventType("template.saved", TemplateSaved),
    EventType("template.renamed", TemplateRenamed),
    EventType("template.retired", TemplateRetired),
    EventType("webhook.registered", WebhookRegistered),
    EventType("webhook.changed", WebhookChanged),
    EventType("webhook.secret_changed", WebhookSecretChanged),
    EventType("webhook.paused", WebhookPaused),
    EventType("webhook.resumed", WebhookResumed),
    EventType("webhook.replay_ordered", WebhookReplayOrdered),
    EventType("webhook.removed", WebhookRemoved),
    EventType("message.noted", MessageNoted),
    EventType("message.note_changed", MessageNoteChanged),
    EventType("message.note_withdrawn", MessageNoteWithdrawn),
    EventType("document.noted", DocumentNoted),
    EventType("document.note_changed", DocumentNoteChanged),
    EventType("document.note_withdrawn", DocumentNoteWithdrawn),
    EventType("calendar.saved", CalendarSaved),
    EventType("calendar.retired", CalendarRetired),
    EventType("target.set", TargetSet),
    EventType("target.withdrawn", TargetWithdrawn),
    EventType("absence.entered", AbsenceEntered),
    EventType("absence.changed", AbsenceChanged),
    EventType("absence.cancelled", AbsenceCancelled),
    EventType("autoreply.sent", AutoreplySent),
    EventType("autoreply.suppressed", AutoreplySuppressed),
    EventType("mailbox.autoreplies_halted", AutorepliesHalted),
    EventType("group.saved", GroupSaved),
    EventType("group.retired", GroupRetired),
    EventType("rule.saved", RuleSaved),
    EventType("rule.retired", RuleRetired),
    EventType("message.taken", MessageTaken),
    EventType("message.handed_over", MessageHandedOver),
    EventType("message.snoozed", MessageSnoozed),
    EventType("message.wait_paused", MessageWaitPaused),
    EventType("message.wait_continued", MessageWaitContinued),
    EventType("message.attention_undone", MessageAttentionUndone),
    EventType("message.reminded", MessageReminded),
    EventType("recipient.approved", RecipientApproved),
    EventType("recipient.withdrawn", RecipientWithdrawn),
    EventType("message.rule_applied", RuleApplied),
    EventType("message.tagged", MessageTagged),
    EventType("message.untagged", MessageUntagged),
    EventType("party.event_registered", PartyEventRegistered),
    EventType("message.wait_warned", MessageWaitWarned),
    EventType("message.wait_breached", MessageWaitBreached),
    EventType("message.alarm_told", MessageAlarmTold),
    EventType("approval_rule.set", ApprovalRuleSet),
    EventType("approval_rule.withdrawn", ApprovalRuleWithdrawn),
    EventType("approval.asked", ApprovalAsked),
    EventType("approval.approved", ApprovalGiven),
    EventType("approval.refused", ApprovalRefused),
    EventType("approval.withdrawn", ApprovalWithdrawn),
    EventType("approval.voided", ApprovalVoided),
    EventType("approval.denied", ApprovalDenied),
    EventType("reading.recorded", OthersMailRead),
)

BY_NAME: Mapping[str, EventType] = {kind.name: kind for kind in CATALOG}
BY_CLASS: Mapping[type, EventType] = {kind.event: kind for kind in CATALOG}
