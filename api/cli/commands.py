"""Every command, and where it is: a module is imported when its command is run or explained.

To list commands none is imported: the line that a list shows of each is the first of its
docstring, read from the source.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True, slots=True)
class Group:
    """Commands under one name, and what they are about."""

    about: str
    commands: Mapping[str, str]


COMMANDS: Final[Mapping[str, str | Group]] = {
    "init": "instance.init",
    "config": "instance.config",
    "doctor": "instance.doctor",
    "sync": "syncing.sync",
    "history": "asking.history",
    "unanswered": "unanswered.unanswered",
    "remind": "reminding.remind",
    "close": "closing.close",
    "reopen": "closing.reopen",
    "trail": "asking.trail",
    "events": "asking.events",
    "mark": "marking.mark",
    "send": "sending.send",
    "serve": "serving.serve",
    "work": "running.work",
    "replay": "running.replay",
    "skip": "running.skip",
    "reread": "rereading.reread",
    "relink": "relinking.relink",
    "unmatched": "unmatched.unmatched",
    "deliveries": "deliveries.deliveries",
    "demo": "demo.demo",
    "import": Group(
        "Bring in mail files and master data.",
        {"mail": "importing.mail", "directory": "importing.directory"},
    ),
    "exclude": Group(
        "Say whose mail is never taken in.",
        {"add": "excluding.add", "remove": "excluding.remove", "list": "excluding.list_"},
    ),
    "account": Group(
        "Where mailboxes are fetched from, and by what they send.",
        {
            "add": "accounts.add",
            "pause": "accounts.pause",
            "resume": "accounts.resume",
            "remove": "accounts.remove",
            "list": "listing.list_",
            "consent": "consenting.consent",
            "test": "trying.try_out",
            "ledger": "ledger.ledger",
            "folders": "folders.folders",
            "left": "folders.left",
            "fetch": "folders.fetch",
            "sending": "sendingside.sending",
            "sending-list": "sendingside.list_",
            "sending-remove": "sendingside.remove",
        },
    ),
    "outbox": Group(
        "Mail that is to leave, and what becomes of it.",
        {
            "list": "outbox.list_",
            "show": "outbox.show",
            "cancel": "outbox.cancel",
            "resolve": "outbox.resolve",
            "retry": "outbox.retry",
        },
    ),
    "mailbox": Group(
        "Which mailboxes there are, and who sees them.",
        {
            "share": "mailboxes.share",
            "unshare": "mailboxes.unshare",
            "oversee": "mailboxes.oversee",
            "list": "mailboxes.list_",
        },
    ),
    "note": Group(
        "Internal notes on messages and documents.",
        {
            "add": "notes.add",
            "list": "notes.list_",
            "change": "notes.change",
            "withdraw": "notes.withdraw",
        },
    ),
    "tag": Group(
        "Words by which messages are found.",
        {"add": "tags.add", "remove": "tags.remove", "list": "tags.list_"},
    ),
    "permission": Group(
        "Who may send.",
        {
            "show": "permission.show",
            "company": "permission.company",
            "rule": "permission.rule",
            "colleague": "permission.colleague",
            "grant": "permission.grant",
            "withdraw": "permission.withdraw",
            "role": "permission.role",
            "mailbox": "permission.mailbox",
        },
    ),
    "export": Group(
        "Take out messages as facts, or raw mail.",
        {"messages": "exporting.messages", "mail": "exporting.mail"},
    ),
    "token": Group(
        "Let programs ask the API, and shut them out.",
        {"create": "tokens.create", "list": "tokens.list_", "revoke": "tokens.revoke"},
    ),
    "quarantine": Group(
        "Mail that could not be read in full.",
        {"list": "rereading.list_", "reprocess": "rereading.reprocess"},
    ),
    "contact": Group(
        "Contacts that master data does not know.",
        {"add": "contacts.add", "remove": "contacts.remove"},
    ),
    "form": Group(
        "Addresses that write for others: web forms.",
        {"add": "webforms.add", "remove": "webforms.remove", "list": "webforms.list_"},
    ),
    "parties": Group(
        "Parties that the master data has twice.",
        {"merge": "merging.merge", "unmerge": "merging.unmerge", "merged": "merging.merged"},
    ),
    "choices": Group(
        "To whom mail with an address belongs, by a person's word.",
        {
            "list": "remembering.list_",
            "remember": "remembering.remember",
            "forget": "remembering.forget",
        },
    ),
    "approval": Group(
        "Mail that another colleague has to approve before it leaves.",
        {
            "rule": "approvalrules.rule",
            "unrule": "approvalrules.unrule",
            "rules": "approvalrules.rules",
            "list": "approvals.list_",
            "show": "approvals.show",
            "approve": "approvals.approve",
            "refuse": "approvals.refuse",
            "withdraw": "approvals.withdraw",
            "send": "approvals.send",
        },
    ),
    "handover": Group(
        "Who has conversations in hand, and that they rest.",
        {
            "to": "handover.to",
            "back": "handover.back",
            "take": "handover.take",
            "snooze": "handover.snooze",
            "pause": "handover.pause",
            "continue": "handover.continue_",
            "undo": "handover.undo",
        },
    ),
    "absence": Group(
        "Who is away, and who stands in.",
        {"set": "absences.set_", "list": "absences.list_", "cancel": "absences.cancel"},
    ),
    "group": Group(
        "Groups of colleagues, among whom rules choose.",
        {
            "save": "staffgroups.save",
            "list": "staffgroups.list_",
            "retire": "staffgroups.retire",
        },
    ),
    "recipient": Group(
        "Addresses outside the company to which rules may send.",
        {
            "approve": "recipients.approve",
            "list": "recipients.list_",
            "withdraw": "recipients.withdraw",
        },
    ),
    "webhook": Group(
        "Programs that are told what happens.",
        {
            "add": "webhooks.add",
            "list": "webhooks.list_",
            "pause": "webhooks.pause",
            "resume": "webhooks.resume",
            "remove": "webhooks.remove",
            "replay": "webhooks.replay",
            "secret": "webhooks.secret",
            "test": "webhooks.test",
            "log": "webhooks.log",
        },
    ),
    "calendar": Group(
        "When offices are open: hours, holidays, exceptions.",
        {
            "save": "calendars.save",
            "list": "calendars.list_",
            "show": "calendars.show",
            "retire": "calendars.retire",
        },
    ),
    "report": Group("Figures.", {"response-times": "reporting.responses"}),
    "target": Group(
        "Within what time answers are wanted.",
        {"set": "targets.set_", "list": "targets.list_", "withdraw": "targets.withdraw"},
    ),
    "template": Group(
        "What mail is made from: words with places for values, in versions.",
        {
            "save": "templates.save",
            "list": "templates.list_",
            "show": "templates.show",
            "versions": "templates.versions",
            "preview": "templates.preview",
            "retire": "templates.retire",
            "samples": "templates.samples",
        },
    ),
    "rules": Group(
        "What is done with mail, and under which conditions.",
        {
            "save": "mailrules.save",
            "list": "mailrules.list_",
            "show": "mailrules.show",
            "order": "mailrules.order",
            "retire": "mailrules.retire",
            "test": "rehearsing.try_",
            "runs": "ruleruns.runs",
        },
    ),
    "trust": Group(
        "Mail servers that are believed about senders.",
        {"add": "trusting.add", "remove": "trusting.remove", "list": "trusting.list_"},
    ),
}
"""The names that people type; each with module and function in `api/cli`."""


class Commands(TyperGroup):
    """All commands, or those of a group."""

    def __init__(self, *, table: Mapping[str, str | Group] = COMMANDS, **given: Any) -> None:
        """Import nothing yet."""
        super().__init__(**given)
        self._table = table

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002  the library gives it
        """Give the names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: object, cmd_name: str) -> "Commands | Later | None":  # noqa: ARG002
        """Give a group, or what is known of a command without importing it."""
        match self._table.get(cmd_name):
            case Group(about, commands):
                return Commands(
                    table=commands,
                    name=cmd_name,
                    help=about,
                    no_args_is_help=True,
                    rich_markup_mode=self.rich_markup_mode,
                )
            case str(place):
                return Later(cmd_name, place)
            case None:
                return None


class Later(TyperCommand):
    """A command that stands for itself in lists, until it is run, explained or completed."""

    def __init__(self, name: str, place: str) -> None:
        """Read what a list shows of it."""
        self._module, _, self._function = place.partition(".")
        super().__init__(name, help=_docstrings(self._module)[self._function])

    def make_context(self, *given: Any, **more: Any) -> Any:
        """Begin the command itself."""
        return self.loaded().make_context(*given, **more)

    def loaded(self) -> Any:
        """Import the command."""
        one = typer.Typer(add_completion=False, rich_markup_mode="rich")
        one.command(self.name)(getattr(import_module(f"api.cli.{self._module}"), self._function))
        return get_command(one)


@cache
def _docstrings(module: str) -> Mapping[str, str]:
    """Give the docstrings of a module's functions."""
    spec = find_spec(f"api.cli.{module}")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    tree = ast.parse(Path(spec.origin).read_bytes())
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return {one.name: ast.get_docstring(one) or "" for one in functions}
