import importlib
import pkgutil
from dataclasses import is_dataclass
from typing import get_args

import domain
from domain.catalog import BY_CLASS, BY_NAME, CATALOG

NAMES = [
    "message.received",
    "message.copy_found",
    "message.completed",
    "message.marked",
    "message.moved",
    "message.order_failed",
    "message.classified",
    "message.linked",
    "message.unlinked",
    "message.threaded",
    "message.set_apart",
    "message.link_confirmed",
    "message.link_rejected",
    "message.link_choice_withdrawn",
    "message.link_moved",
    "message.closed",
    "message.reopened",
    "party.registered",
    "party.changed",
    "party.contact_registered",
    "party.contact_removed",
    "party.merged",
    "party.merge_undone",
    "document.registered",
    "document.changed",
    "company.described",
    "colleague.registered",
    "mailbox.registered",
    "mailbox.shared",
    "mailbox.share_revoked",
    "account.configured",
    "account.credentials_changed",
    "account.paused",
    "account.resumed",
    "account.consent_asked",
    "account.consent_given",
    "account.consent_lost",
    "account.removed",
    "account.sending_configured",
    "account.sending_credentials_changed",
    "account.sending_removed",
    "token.issued",
    "token.revoked",
    "message.reread",
    "quarantine.reprocessing_ordered",
    "web_form.declared",
    "web_form.withdrawn",
    "server.trusted",
    "server.distrusted",
    "exclusion.added",
    "exclusion.removed",
    "projection.event_skipped",
    "relinking.ordered",
    "choice.remembered",
    "choice.forgotten",
    "conversation.regrouped",
    "conversation.regrouping_undone",
    "outgoing.queued",
    "outgoing.sending_begun",
    "outgoing.accepted",
    "outgoing.deferred",
    "outgoing.refused",
    "outgoing.uncertain",
    "outgoing.resolved",
    "outgoing.cancelled",
    "delivery.receipt_missed",
    "document.sent",
    "company.sending_switched",
    "company.sending_rule_set",
    "colleague.sending_switched",
    "colleague.sending_granted",
    "colleague.sending_withdrawn",
    "colleague.role_given",
    "colleague.role_taken",
    "mailbox.send_right_given",
    "mailbox.send_right_taken",
    "sending.refused",
    "template.saved",
    "template.renamed",
    "template.retired",
    "webhook.registered",
    "webhook.changed",
    "webhook.secret_changed",
    "webhook.paused",
    "webhook.resumed",
    "webhook.replay_ordered",
    "webhook.removed",
    "message.noted",
    "message.note_changed",
    "message.note_withdrawn",
    "document.noted",
    "document.note_changed",
    "document.note_withdrawn",
    "calendar.saved",
    "calendar.retired",
    "target.set",
    "target.withdrawn",
    "absence.entered",
    "absence.changed",
    "absence.cancelled",
    "autoreply.sent",
    "autoreply.suppressed",
    "mailbox.autoreplies_halted",
    "group.saved",
    "group.retired",
    "rule.saved",
    "rule.retired",
    "message.taken",
    "message.handed_over",
    "message.snoozed",
    "message.wait_paused",
    "message.wait_continued",
    "message.attention_undone",
    "message.reminded",
    "recipient.approved",
    "recipient.withdrawn",
    "message.rule_applied",
    "message.tagged",
    "message.untagged",
    "party.event_registered",
    "message.wait_warned",
    "message.wait_breached",
    "message.alarm_told",
    "approval_rule.set",
    "approval_rule.withdrawn",
    "approval.asked",
    "approval.approved",
    "approval.refused",
    "approval.withdrawn",
    "approval.voided",
    "approval.denied",
    "reading.recorded",
]


def test_names_on_disk_never_change():
    assert [kind.name for kind in CATALOG] == NAMES


def test_a_name_and_a_class_stand_once():
    assert len(BY_NAME) == len(BY_CLASS) == len(CATALOG)


def test_every_event_of_every_union_is_in_the_catalogue():
    unions = [
        union
        for module in pkgutil.iter_modules(domain.__path__)
        for name, union in vars(importlib.import_module(f"domain.{module.name}")).items()
        if name.endswith("Event") and get_args(union)
    ]
    missing = [event for union in unions for event in get_args(union) if event not in BY_CLASS]
    assert unions
    assert missing == []


def test_events_are_frozen_facts_with_a_sentence():
    for kind in CATALOG:
        assert is_dataclass(kind.event)
        assert kind.event.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert kind.event.__doc__
        assert not kind.event.__doc__.startswith(f"{kind.event.__name__}(")


def test_every_older_version_is_brought_up():
    for kind in CATALOG:
        assert list(kind.upcasts) == list(range(1, kind.version))
