"""What tells how mailboxes are managed is seen in the audit log by who manages them alone."""

from pathlib import Path
from typing import Any

import pytest

from api.work import excluding, webforms
from api.work.accounts import Entered, configure
from api.work.directory import import_directory
from api.work.importing import register_mailbox
from api.work.reprocessing import order
from api.work.sharing import share, unshare
from api.work.tokens import by_operator, issue
from domain import authentication
from domain.access import Scope
from domain.authentication import ServerTrusted, TrustServer
from domain.exclusion import Side
from domain.identity import colleague_id, server_id
from domain.mailbox import Role
from domain.quarantine import ReprocessingOrdered
from domain.values import MailboxId
from office import FILES, INFO, SALES
from serving import Api

GIULIA = "giulia@firm.example"
SEEN = """{ auditLog(first: 100) { edges { node { event summary data } } }
  mailboxes { address audit(first: 100) { edges { node { event } } } } }"""
LOG = "{ auditLog(first: 100) { edges { node { event summary data } } } }"
MANAGES = (Scope.MANAGE_MAILBOXES, Scope.READ_AUDIT, Scope.READ_MAIL)
MANAGED = ("account.", "exclusion.", "web_form.", "server.", "quarantine.")


@pytest.fixture
def managed(api: Api, tmp_path: Path) -> Api:
    """Give an instance with an account, an exclusion, a form and an order in each mailbox and in all."""
    carteggio = api.carteggio
    people = {"colleagues.csv": f"name,email,role,mailbox_collected\nGiulia,{GIULIA},sales,no\n"}
    for name, text in (FILES | people).items():
        (tmp_path / name).write_text(text)
    import_directory(carteggio, tmp_path)
    for address in (INFO, SALES):
        host = f"imap.{address.partition('@')[0]}.example"
        configure(carteggio, Entered(address, host, 993, "tls", address, "x"))
    boxes: list[MailboxId | None] = [
        None,
        *(register_mailbox(carteggio, x) for x in (INFO, SALES)),
    ]
    for box, name in zip(boxes, ("all", "info", "sales"), strict=True):
        excluding.add(carteggio.journal, f"{name}.example", Side.SENDER, box, "", by_operator())
        form = webforms.form_of(carteggio, f"form@{name}.example", mailbox=box)
        webforms.declare(carteggio, *form, by_operator())
        wanted = ReprocessingOrdered(mailboxes=None if box is None else (box,))
        order(carteggio, wanted, [], by_operator())
    id = server_id(carteggio.company, "mx.all.example")
    carteggio.journal.record(
        id, authentication, TrustServer(ServerTrusted("mx.all.example")), by_operator()
    )
    api.caught_up()
    return api


def told(api: Api, token: str | None = None, query: str = LOG) -> list[dict[str, Any]]:
    found = [edge["node"] for edge in api.ask(query, token)["auditLog"]["edges"]]
    return [one for one in found if one["event"].startswith(MANAGED)]


def names(entries: list[dict[str, Any]]) -> list[str]:
    return sorted(one["event"] for one in entries)


def test_a_colleague_reads_in_the_log_of_his_mailbox_nothing_of_how_it_is_fetched(managed: Api):
    carteggio = managed.carteggio
    box, who = register_mailbox(carteggio, INFO), colleague_id(carteggio.identity_key, GIULIA)
    share(carteggio, box, who, Role.READER, by_operator())
    token = str(issue(carteggio, "g", [Scope.READ_MAIL, Scope.READ_AUDIT], [], None, who))
    managed.caught_up()
    seen = managed.ask(SEEN, token)
    (own,) = seen["mailboxes"]
    assert [edge["node"]["event"] for edge in own["audit"]["edges"]] == [
        "mailbox.registered", "mailbox.shared",
    ]  # fmt: skip
    assert told(managed, token) == []
    assert "imap." not in str(seen)
    unshare(carteggio, box, who, by_operator())
    managed.caught_up()
    assert told(managed, token) == []


def test_who_manages_one_mailbox_is_told_what_concerns_that_one_only(managed: Api):
    box = register_mailbox(managed.carteggio, INFO)
    token = managed.issue(MANAGES, mailboxes=[box])
    seen = told(managed, token)
    assert names(seen) == [
        "account.configured", "account.credentials_changed", "exclusion.added",
        "quarantine.reprocessing_ordered", "web_form.declared",
    ]  # fmt: skip
    assert "all mail in quarantine of 1 mailbox to be read once more" in [
        one["summary"] for one in seen
    ]
    assert not any(word in str(seen) for word in ("sales", "all.example"))


def test_who_manages_all_is_told_all_of_it_and_who_reads_all_only_none(managed: Api):
    assert len(names(told(managed))) == 14
    everywhere = managed.issue(MANAGES)
    assert names(told(managed, everywhere)) == names(told(managed))
    assert told(managed, managed.issue([Scope.READ_MAIL, Scope.READ_AUDIT])) == []
